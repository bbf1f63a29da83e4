#!/usr/bin/env bash
# Builds wasm_is_cool.wasm from src/lib.rs, and shapes.wasm from src/shapes.rs. The results are committed, so that
# building linmem needs none of this. `build.sh shapes` builds only that one.
#
# Needs a rustc that can build for wasm32-unknown-unknown: rustup's, after `rustup target add wasm32-unknown-unknown`,
# or Debian's, after `apt-get update && apt-get install -y rustc libstd-rust-dev-wasm32 lld`. The committed file was
# made with the latter. RUSTC=/path/to/rustc chooses another one.
#
# These guests are built with debug information. A store instruction has no name and no line; the DWARF sections have the
# line of the source of each instruction, so that the writer of a byte is a line of the source. The paths must be the
# same on every machine: the prefix of this folder is removed from all of them.
set -euo pipefail
cd "$(dirname "$0")"

target=wasm32-unknown-unknown
has_target() { [ -d "$("$1" --print sysroot 2>/dev/null)/lib/rustlib/$target/lib" ]; }

linker=()
if [ -n "${RUSTC:-}" ]; then
  rustc=$RUSTC
elif command -v rustc >/dev/null && has_target rustc; then
  rustc=rustc
elif has_target /usr/bin/rustc; then
  rustc=/usr/bin/rustc   # by its path: rustup's rustc stands before it on PATH, and is left alone
  linker=(-C linker=wasm-ld)
else
  echo "error: no rustc here can build for $target; see the top of $0" >&2
  exit 1
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$rustc" trim.rs --edition 2021 -O -o "$work/trim"

# One codegen unit gives one object file, and so one unit of debug information, which trim.rs keeps. The linker's -O0
# keeps its strings in their place; the code was optimised before.
build() { # SOURCE NAME
  "$rustc" "$1" --crate-name "$2" --crate-type cdylib --edition 2021 --target "$target" \
    -C opt-level=s -C debuginfo=2 -C codegen-units=1 -C panic=abort -C link-arg=-O0 "${linker[@]}" \
    --remap-path-prefix "$PWD=" --emit link,obj --out-dir "$work"
  "$work/trim" "$work/$2.wasm" "$work/$2.o" "$2.wasm"
  if grep -aoE "/(root|home|work|usr|build|tmp|Users)/[[:print:]]*|$PWD" "$2.wasm"; then
    echo "error: $2.wasm holds the paths above, which belong to this machine" >&2
    exit 1
  fi
  sha256sum "$2.wasm"
  wc -c "$2.wasm"
}

only=${1:-}
case $only in
  "" | wasm_is_cool | shapes) ;;
  *) echo "error: there is no guest $only; build wasm_is_cool or shapes" >&2; exit 2 ;;
esac
[ "$only" = shapes ] || build src/lib.rs wasm_is_cool
[ "$only" = wasm_is_cool ] || build src/shapes.rs shapes
"$rustc" --version
