#!/bin/sh
# Installs what the example needs and runs it: run.sh COMPONENT.wasm, with BASE_URL, CLIENT_ID and CLIENT_SECRET set.
set -eu
component=$(realpath "$1")
cd "$(dirname "$0")"
[ -x .venv/bin/pip ] || python3 -m venv .venv
.venv/bin/pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.txt
exec .venv/bin/python example.py "$component"
