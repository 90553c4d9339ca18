// As `index.mjs`: the same as what `require` gets.
export * from "./index.cjs";
