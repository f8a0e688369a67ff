#!/bin/sh
# Fails for a global name in a level's library that does not end in that level: the linker could
# give it to the others, with instructions that their processors lack.
#   names.sh NM LIBRARY...
set -eu
nm=$1
shift

bad=0
for library in "$@"; do
    level=${library##*_}
    level=${level%.a}
    "$nm" --extern-only --defined-only "$library" |
        awk -v level="$level" 'NF == 3 && $3 !~ "_" level "$" { print level ": " $3; bad = 1 }
            NF == 3 { names++ }
            END { exit bad || !names }' || bad=1
done
exit "$bad"
