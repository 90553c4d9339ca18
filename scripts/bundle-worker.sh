#!/usr/bin/env bash
# esbuild, as worker-build calls it in the folder of a Worker's parts. Where the crate has an entry of its own, that one
# stands before the bindings, in place of worker-build's.
set -euo pipefail
[[ -z ${WORKER_ENTRY:-} ]] || cp "$WORKER_ENTRY" shim.js
exec "$(dirname "$0")/../node_modules/.bin/esbuild" "$@"
