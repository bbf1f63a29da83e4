#!/bin/sh
# Fills the corpora with the shipped sessions and pages (`steps`) and guests (`module`), and modules with debug information (`types`). `session`, `allocators` and `hostlog` need no seeds.
# Folders given as arguments are searched for more guests.
set -eu
cd "$(dirname "$0")"
mkdir -p corpus/steps corpus/module corpus/session corpus/allocators corpus/hostlog corpus/types

# Names by number: two folders may hold a file of the same name.
n=0
find ../guest ../docs ../README.md -name '*.steps' -o -name '*.md' | sort | while read -r file; do
  n=$((n + 1))
  cp "$file" "corpus/steps/seed-$n"
done

# A text module becomes a binary one in the fuzzer itself, which mutates it from there.
n=0
find ../guest "$@" -name target -prune -o \( -name '*.wat' -o -name '*.wasm' \) -print | sort | while read -r file; do
  n=$((n + 1))
  cp "$file" "corpus/module/seed-$n"
done

cp ../tests/types/*.wasm ../guest/rust/*.wasm corpus/types/
