#!/bin/sh
# Fails where clang-format would change a line. Skipped (77) without clang-format.
#   format.sh ROOT
set -eu
cd "$1"
command -v clang-format >/dev/null 2>&1 || exit 77
find . -path ./build -prune -o -name '*.[ch]' -exec clang-format --dry-run -Werror {} +
