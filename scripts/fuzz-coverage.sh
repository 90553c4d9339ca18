#!/usr/bin/env bash
# How much of the code that reads what comes from outside the corpora and chance go through, file by file.
set -euo pipefail
cd "$(dirname "$0")/.."

# The rooms of which all that reads is fuzzed.
ROOMS=(signature callback json/read base64.rs dlq lineage policy http_url operator time ids.rs settings job/order.rs sweep/orders.rs)

rustup component add llvm-tools
tools=$(dirname "$(find "$(rustc --print sysroot)" -name llvm-cov -print -quit)")
out=$PWD/target/fuzz-coverage
rm -f "$out"/*.profraw
RUSTFLAGS="-C instrument-coverage" LLVM_PROFILE_FILE="$out/%p.profraw" \
  cargo test --locked --manifest-path fuzz/Cargo.toml --target-dir "$out" --test replay
"$tools/llvm-profdata" merge --sparse "$out"/*.profraw --output "$out/replay.profdata"
test=$(find "$out/debug/deps" -name 'replay-*' -perm -u+x -printf '%T@ %p\n' | sort -n | tail -1 | cut -d' ' -f2)
"$tools/llvm-cov" report "$test" --instr-profile "$out/replay.profdata" --use-color=0 "${ROOMS[@]/#/$PWD/src/}"
