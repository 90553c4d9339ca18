#!/usr/bin/env node
/**
 * The same module as CommonJS: `common-js.mjs <from.js> <to.js>`. All but its imports and exports stays word for word, as
 * two files that are to be compressed together should have it.
 */
import { readFileSync, writeFileSync } from "node:fs";

const [from, to] = process.argv.slice(2);
const renamed = (names) => names.replace(/([\w$]+) as ([\w$]+)/g, "$1:$2");
const swapped = (names) => names.replace(/([\w$]+) as ([\w$]+)/g, "$2:$1");
const script = readFileSync(from, "utf8")
  .replace(/\bimport\{([^}]+)\}from("\.[^"]+");/, (_, names, path) => `const{${renamed(names)}}=require(${path});`)
  .replace(/export\{([^}]+)\};\s*$/, (_, names) => `module.exports={${swapped(names)}};`);
writeFileSync(to, `"use strict";${script}`);
