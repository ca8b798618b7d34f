#!/usr/bin/env bash
# Builds the component twice, in two folders and with two folders of crates, and compares the bytes: whoever builds a
# release can see that it was made from these sources. No path of the builder may be in it.
# Usage: check-reproducible.sh [PACKAGE]
set -euo pipefail
cd "$(dirname "$0")/../.."
source=$PWD
package=${1:-asymbl-connector}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
home=${CARGO_HOME:-$HOME/.cargo}

build() { # FOLDER CARGO_HOME
  mkdir -p "$1" "$2/registry"
  git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents --target-directory="$1"
  # What was downloaded once is only unpacked anew.
  for part in index cache; do
    [ ! -d "$home/registry/$part" ] || cp -r "$home/registry/$part" "$2/registry/"
  done
  [ ! -f "$home/config.toml" ] || cp "$home/config.toml" "$2/"
  CARGO_HOME=$2 COMPONENT_TARGET_DIR=$1/made ASYMBL=${ASYMBL:-$source/target/debug/asymbl} \
    "$1/host-runner/scripts/build-component.sh" "$package=$1/made.wasm"
}

build "$work/one" "$work/crates"
build "$work/two/further down" "$work/other crates"
sha256sum "$work/one/made.wasm" "$work/two/further down/made.wasm" | sed "s|$work/||"
cmp "$work/one/made.wasm" "$work/two/further down/made.wasm"
for path in "$work" "$source" "$home" "$HOME/"; do
  if grep -aqF "$path" "$work/one/made.wasm"; then
    echo "the component holds the path $path of its builder" >&2
    exit 1
  fi
done
