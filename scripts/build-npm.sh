#!/usr/bin/env bash
# Builds the generated part of the npm package: pkg/wasm/ with one WebAssembly file and the package's JavaScript, once
# as ES module and once as CommonJS.
# Needs the tools that `make setup` installs: target/tools and node_modules of the repository.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
bin=$root/node_modules/.bin
target=${CARGO_TARGET_DIR:-$root/target}
made=$target/npm

anonymous=$(scripts/anonymous.sh)
# No value of JavaScript is ever held in the core, so that there is no table of them.
PATH=$root/scripts/for-size:$PATH WASM_FEATURES=-reference-types cargo build --locked --release --package workflow-redrive --lib --features npm \
  --target wasm32-unknown-unknown "$anonymous"
rm -rf "$made" pkg/wasm
mkdir -p "$made" pkg/wasm/cjs

"$root/target/tools/bin/wasm-bindgen" "$target/wasm32-unknown-unknown/release/workflow_redrive.wasm" \
  --target bundler --out-dir "$made" --out-name redrive --no-typescript --remove-producers-section
# What every runtime of the last years knows; with all that wasm-opt knows the file would load in the newest ones only.
features=(--enable-bulk-memory --enable-multivalue --enable-mutable-globals --enable-nontrapping-float-to-int
  --enable-sign-ext)
# The lowest memory is the end of the stack, and no address that is calculated. What is said twice compresses better
# than what is kept for later.
# Control flow that is taken apart and put together anew, twice, is half a kilobyte shorter; some passes see more of it then.
"$bin/wasm-opt" "$made/redrive_bg.wasm" -o pkg/wasm/redrive.wasm "${features[@]}" \
  -Os --gufa --monomorphize --flatten --rereloop -Os --flatten --rereloop -Os \
  -Os --one-caller-inline-max-function-size=0 --skip-pass=local-cse --low-memory-unused --converge \
  --strip-debug --strip-producers
node scripts/shorten-names.mjs pkg/wasm/redrive.wasm "$made/redrive_bg.js"
node scripts/move-texts.mjs pkg/wasm/redrive.wasm "$made/texts.mjs"
node scripts/order-functions.mjs pkg/wasm/redrive.wasm

# The bindings keep their state in module variables. As the body of a function they can be had anew with each instance.
exported=$(sed -nE 's/^export (class|function) ([$_[:alnum:]]+).*/\2/p' "$made/redrive_bg.js" | paste -sd,)
{
  echo 'export function createGlue() {'
  sed 's/^export //' "$made/redrive_bg.js"
  echo "return { $exported };"
  echo '}'
} >"$made/glue.mjs"

# Functions and classes keep their names, for the reader of a stack trace. (Classes are variables, once they are bundled.)
# Files of the two formats have one name: so they are neighbours in the tarball, where the second compresses to next to
# nothing, as long as they are smaller than what gzip looks back at (32 KB) and say everything but imports and exports in
# the same words. That is why the texts are files of their own.
classes=$(sed -nE 's/^(export )?class (\w+) .*/\2/p' pkg/src/*.mjs | paste -sd,)
modules() {
  "$bin/esbuild" "$1" --bundle --format=esm --target=es2022 --platform=neutral --alias:redrive-glue="$made/glue.mjs" \
    --external:./texts.js --log-level=warning |
    "$bin/terser" --module --ecma 2022 --compress passes=2 --mangle "reserved=[$classes]" --keep-fnames \
      --keep-classnames >"pkg/wasm/$2"
  node scripts/common-js.mjs "pkg/wasm/$2" "pkg/wasm/cjs/$2"
}
modules pkg/src/index.mjs core.js
modules "$made/texts.mjs" texts.js
echo '{"type":"commonjs"}' >pkg/wasm/cjs/package.json
cp LICENSE pkg/LICENSE
