#!/usr/bin/env bash
# Prints cargo options, a line each, that build the standard library anew with the crate: for size, with a panic that is
# one instruction, since nobody sees its message, and with small functions inlined before LLVM sees them, which it would
# do later for speed only. A twentieth of the WebAssembly.
#
# These are options that the compiler does not promise to keep, so each is tried first. Where the toolchain has other ones
# or comes without the sources of its library (`rustup component add rust-src`), nothing is printed and a note is left:
# the build is as good, and larger. Cargo takes the options with RUSTC_BOOTSTRAP=1 in its environment.
set -euo pipefail
flags=(-Zunstable-options -Cpanic=immediate-abort -Zlocation-detail=none -Zinline-mir=yes -Zinline-mir-threshold=30)
target=wasm32-unknown-unknown

without() {
  echo "note: $1; the standard library is taken as it is, and the WebAssembly gets larger than \`make check\` allows" >&2
  exit
}
[[ -f $(rustc --print sysroot)/lib/rustlib/src/rust/library/Cargo.lock ]] ||
  without "there is no rust-src beside this compiler"
RUSTC_BOOTSTRAP=1 rustc "${flags[@]}" --target $target --print cfg >/dev/null 2>&1 ||
  without "this compiler does not know all of ${flags[*]}"

printf -v list '"%s", ' "${flags[@]}"
echo "-Zbuild-std=std,panic_abort"
echo "-Zbuild-std-features=optimize_for_size"
echo "--config=target.$target.rustflags=[${list%, }]"
