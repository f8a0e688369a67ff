#!/bin/sh
# Fails where a layer includes one above it, or where a wrapped library leaks out of its wrapper.
#   layers.sh ROOT
set -eu
cd "$1"

# Includes of a server file that may only use what is below it.
server_may_not() { # FILES FORBIDDEN
    # shellcheck disable=SC2086 # FILES is a glob
    grep -nE "#include \"server/($2)" $1 2>/dev/null || true
}

# The only files that may include a library's header.
only_in() { # HEADER FILES
    grep -rlE --include='*.[ch]' "#include <$1>" model server tests/unit | grep -vE "^($2)$" |
        sed "s#\$#: only $2 may include <$1>#" || true
}

bad=$(
    grep -rnE '#include "(server|web|tests|benchmarks)/' model || true
    grep -rnE '#include "(tests|benchmarks)/' server web || true
    grep -rnE '#include "(server|model|tests)/' web || true
    grep -rnE --include='*.[ch]' '#include "[^/"]+"' model server web tests | grep -v '\.pb-c\.h"' || true
    server_may_not 'server/buf.[ch] server/log.[ch] server/format.[ch] server/scan*.[ch]' \
        '(app|api|http|routes|protocol|batch|metrics|registry|settings)'
    server_may_not 'server/image*.[ch] server/batch.[ch] server/answer.[ch] server/metrics.h' \
        '(api|http|routes|protocol|command)'
    server_may_not 'server/protocol*.[ch]' '(app|api|http|routes|metrics|settings|command)'
    server_may_not 'server/api*.[ch]' '(http|command)'
    server_may_not 'server/routes.[ch]' '(http|command|app)'
    only_in 'microhttpd\.h' 'server/http[a-z_]*\.[ch]'
    only_in 'png\.h' 'server/image\.c|tests/unit/test_image\.c'
    only_in 'sqlite3\.h' 'server/feedback\.c'
    only_in 'cblas\.h' 'none'
    grep -rnE '#include "[a-z/]*onnx\.pb-c\.h"' model server tests | grep -v '^model/onnx' || true
)
[ -z "$bad" ] || {
    printf '%s\n' "$bad"
    exit 1
}
