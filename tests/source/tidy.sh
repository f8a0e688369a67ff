#!/bin/sh
# Runs clang-tidy over every C file of the product. Skipped (77) without clang-tidy.
#   tidy.sh ROOT BUILD
set -eu
cd "$1"
command -v clang-tidy >/dev/null 2>&1 || exit 77
find model server -name '*.c' -print0 |
    xargs -0 -P "$(nproc)" -n 4 clang-tidy --quiet -p "$2" 2>/dev/null
