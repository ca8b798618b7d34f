#!/bin/sh
# Fails when a line of a comment or of a page goes beyond column 120. Tables, code and the connection guide may.
set -eu
cd "$(dirname "$0")/../.."
export LC_ALL=C.UTF-8

files() { # the repository's files with this ending
    find . -name "*.$1" -type f ! -path '*/target*' ! -path '*/node_modules/*' ! -path './wit/deps/*'
}

wide=$(
    { files rs; files wit; } | xargs grep -nE '^.{121,}$' | grep -E ':[0-9]+: *//' || true
    files md | grep -v '/connection-guide.md$' | xargs awk '
        FNR == 1 { code = 0 }
        /^ *```/ { code = !code }
        !code && !/^ *\|/ { print FILENAME ":" FNR ":" $0 }
    ' | grep -E '^[^:]*:[0-9]+:.{121,}$' | grep -vE '^[^:]*:[0-9]+: *`' || true
)
if [ -n "$wide" ]; then
    printf 'beyond column 120:\n%s\n' "$wide" >&2
    exit 1
fi
