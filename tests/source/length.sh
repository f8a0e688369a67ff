#!/bin/sh
# Fails for a source file of more than 400 lines: it holds more than one noun.
#   length.sh ROOT
set -eu
cd "$1"
find . -path ./build -prune -o -type f \( -name '*.[chS]' -o -name '*.py' -o -name '*.js' \
    -o -name '*.mjs' -o -name '*.css' -o -name '*.html' -o -name '*.sh' -o -name run \) -exec wc -l {} + |
    awk '$2 != "total" && $1 > 400 { print $2 ": " $1 " lines; at most 400"; bad = 1 } END { exit bad }'
