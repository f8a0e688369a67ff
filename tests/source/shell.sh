#!/bin/sh
# Runs shellcheck over the scripts. Skipped (77) without shellcheck.
#   shell.sh ROOT
set -eu
cd "$1"
command -v shellcheck >/dev/null 2>&1 || exit 77
shellcheck .ci/run server/run server/install tests/run tests/chart/install tests/clients/install tests/source/*.sh
