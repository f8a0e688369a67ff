#!/bin/sh
# Fails for a header that does not compile alone.
#   headers.sh ROOT CC...
set -eu
cd "$1"
shift

bad=0
for header in model/*.h model/kernels/*.h server/*.h web/*.h; do
    [ -e "$header" ] || continue
    printf '#include "%s"\n' "$header" |
        "$@" -std=c17 -D_GNU_SOURCE -Wall -Wextra -Werror -I. -fsyntax-only -x c - || bad=1
done
exit "$bad"
