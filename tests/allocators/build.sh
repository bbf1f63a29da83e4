#!/usr/bin/env bash
# Builds the guests with the allocators of toolchains. The modules are committed, so that tests need
# none of these tools. They work in every version of them that has the same allocators.
#
#   rustc        with `rustup target add wasm32-unknown-unknown`; it has dlmalloc
#   python3      with `pip install ziglang==0.13.0`; it has emmalloc for C, and Zig's own allocator
#   WASI_LIBC    the folder `usr` of Debian's package `wasi-libc`, which has dlmalloc
#   asc          of the npm package `assemblyscript`
set -euo pipefail
cd "$(dirname "$0")"

zig() { "${PYTHON:-python3}" -m ziglang "$@"; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

c_exports=(--export=malloc --export=free --export=realloc -z stack-size=4096)
zig cc -target wasm32-freestanding -nostdlib -isystem "$WASI_LIBC/include/wasm32-wasi" \
  -Oz -mbulk-memory -c c.c -o "$work/c.o"
zig wasm-ld --no-entry --strip-debug "${c_exports[@]}" \
  "$work/c.o" "$WASI_LIBC/lib/wasm32-wasi/libc.a" -o c_dlmalloc.wasm
zig cc -target wasm32-wasi -mexec-model=reactor -Oz -mbulk-memory \
  "${c_exports[@]/#/-Wl,}" -o c_emmalloc.wasm c.c
zig build-exe zig.zig -target wasm32-freestanding -O ReleaseSmall -fno-entry -rdynamic \
  --stack 4096 -mcpu=generic+bulk_memory -femit-bin="$work/zig.wasm"
cp "$work/zig.wasm" .

rustc rust.rs --crate-name guest --crate-type cdylib --edition 2024 \
  --target wasm32-unknown-unknown -C opt-level=s -C panic=abort -C codegen-units=1 -C lto \
  -C strip=debuginfo -C link-arg=-zstack-size=4096 -o rust.wasm

asc heap.ts -Osize --exportRuntime --use abort= -o heap.wasm
asc heap.ts -Osize --runtime stub --use abort= -o stub.wasm
asc managed.ts -Osize --exportRuntime --use abort= -o managed.wasm

if grep -aoE "/(root|home|work|usr|build|tmp|Users)/[[:print:]]*|$PWD" ./*.wasm; then
  echo "error: the modules hold the paths above, which belong to this machine" >&2
  exit 1
fi
wc -c ./*.wasm
