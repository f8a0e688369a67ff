#!/bin/sh
# Runs ruff over the Python files. Skipped (77) without it.
#   python.sh ROOT
set -eu
cd "$1"
ruff=build/venv/bin/ruff
[ -x "$ruff" ] || ruff=$(command -v ruff) || exit 77
set -- --isolated --line-length 100 --exclude build
"$ruff" check --quiet "$@" --select E,F,W,I,UP,B,SIM,C4,RET,PIE .
"$ruff" format --quiet --check --diff "$@" .
