#!/usr/bin/env bash
# Builds the Worker of the crate in the current folder into ./build, as small as it gets.
# Needs the tools that `make setup` installs: target/tools and node_modules of the repository.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)

export WASM_BINDGEN_BIN=$root/scripts/bindgen-worker.mjs
export WASM_OPT_BIN=$root/node_modules/.bin/wasm-opt
export ESBUILD_BIN=$root/scripts/bundle-worker.sh
export CARGO_TARGET_DIR=$root/target
# What the runtime calls, where the crate brings it; else it is worker-build's.
export WORKER_ENTRY=
[[ ! -f src/worker/entry.mjs ]] || WORKER_ENTRY=$PWD/src/worker/entry.mjs

# Workers run on one engine, and that has vectors.
export WASM_FEATURES=+simd128
# Calls are a twentieth of the time of a callback: this much of inlining is 6 KB.
export INLINE_THRESHOLD=40
anonymous=$("$root/scripts/anonymous.sh")
PATH=$root/scripts/for-size:$PATH "$root/target/tools/bin/worker-build" --release . "$@" "$anonymous"

# What every runtime of the last years knows: all that wasm-opt knows would load in the newest ones only.
features=(--enable-bulk-memory --enable-multivalue --enable-mutable-globals --enable-nontrapping-float-to-int
  --enable-reference-types --enable-sign-ext --enable-simd)

# worker-build always keeps function names, which are a fifth of the download. What is kept for later instead of being
# said twice compresses worse; so do functions that are inlined into their one caller, but that is 4 % of a callback's
# time. The lowest memory is the end of the stack, and no address that is calculated.
"$WASM_OPT_BIN" build/index_bg.wasm -o build/index_bg.wasm "${features[@]}" \
  -Os --skip-pass=local-cse --low-memory-unused --converge \
  --strip-debug --strip-producers
node "$root/scripts/shorten-names.mjs" build/index_bg.wasm build/index.js
node "$root/scripts/order-functions.mjs" build/index_bg.wasm
