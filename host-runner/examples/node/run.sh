#!/bin/sh
# Installs what the example needs and runs it: run.sh COMPONENT.wasm, with BASE_URL, CLIENT_ID and CLIENT_SECRET set.
set -eu
component=$(realpath "$1")
cd "$(dirname "$0")"
npm ci --omit=dev --silent --no-audit --no-fund --ignore-scripts
exec node example.mjs "$component"
