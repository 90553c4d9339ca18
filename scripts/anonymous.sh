#!/usr/bin/env bash
# Prints a cargo option for the crate in the current folder: panic locations must not carry where on the building
# machine the sources lie. Said on the command line, it is added to the flags of .cargo/config.toml.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
cargo=${CARGO_HOME:-$HOME/.cargo}

# The folder of a registry is there, to be named, when the sources are.
cargo fetch --locked --quiet --target wasm32-unknown-unknown
maps=("$root/=" "$cargo/=")
for registry in "$cargo"/registry/src/*/; do maps+=("$registry="); done
# Where the sources of the standard library are installed, the compiler names them there.
maps+=("$(rustc --print sysroot)/lib/rustlib/src/rust/=/rustc/$(rustc -vV | sed -n 's/^commit-hash: //p')/")

flags=''
for map in "${maps[@]}"; do flags+="\"--remap-path-prefix=$map\", "; done
echo "--config=target.wasm32-unknown-unknown.rustflags=[${flags%, }]"
