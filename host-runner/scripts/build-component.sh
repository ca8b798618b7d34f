#!/usr/bin/env bash
# Builds guests for wasm32-unknown-unknown, with whichever toolchain this machine has or can get, and wraps each into a
# component by the built command. Usage: build-component.sh PACKAGE=OUTPUT.wasm ...
set -euo pipefail

cd "$(dirname "$0")/../.."
[ $# -gt 0 ] || { echo "usage: build-component.sh PACKAGE=OUTPUT.wasm ..." >&2; exit 2; }
target=wasm32-unknown-unknown
export CARGO_TARGET_DIR=${COMPONENT_TARGET_DIR:-target-component}
# 128-bit SIMD is on in every runtime of components; texts are looked at 16 bytes at a time with it.
export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS="-C target-feature=+simd128"
# Panic messages name source files: without the folders of whoever builds, so that all builds are the same.
cargo fetch --locked --quiet
REMAPPED=$PWD=/connector
for crates in "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*; do
  REMAPPED+=$'\n'$crates=/crates
done
without_paths=$PWD/host-runner/scripts/rustc-without-paths.sh

has_target() { [ -d "$("${1:-rustc}" --print sysroot)/lib/rustlib/$target/lib" ]; }
has_std_sources() { [ -f "$(/usr/bin/rustc --print sysroot)/lib/rustlib/src/rust/library/Cargo.lock" ]; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }

# Debian's rustc brings the sources of its std instead of a compiled one for this target: build that too.
use_debian_rustc() {
  export RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1
  # Its rust-lld comes in another package, together with all of LLVM, or not at all.
  export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=wasm-ld-22
  build_std=(-Zbuild-std=std,panic_abort)
}

build_std=()
if has_target; then
  :
elif [ -x /usr/bin/rustc ] && has_std_sources && command -v wasm-ld-22 >/dev/null; then
  use_debian_rustc # a former run of this script installed it: asking rustup again would only cost a time-out
elif command -v rustup >/dev/null && timeout 120 rustup target add "$target" >/dev/null 2>&1; then
  :
elif command -v apt-get >/dev/null; then
  echo "No $target for this toolchain: installing Debian's rustc-web, rust-web-src and lld-22." >&2
  as_root apt-get update >&2 && as_root apt-get install -y --no-install-recommends rustc-web rust-web-src lld-22 >&2 || {
    echo "Could not install them. Run as root: apt-get update && apt-get install rustc-web rust-web-src lld-22" >&2
    exit 1
  }
  use_debian_rustc
else
  echo "This machine has no Rust toolchain for $target. Install one: 'rustup target add $target'," >&2
  echo "or a distribution's rustc together with its std sources (Debian: rustc-web, rust-web-src, lld-22)." >&2
  exit 1
fi

packages=()
for wanted in "$@"; do packages+=(--package "${wanted%%=*}"); done
REMAPPED=$REMAPPED RUSTC_WRAPPER=$without_paths \
  cargo build "${packages[@]}" --profile component --target "$target" "${build_std[@]}"

for wanted in "$@"; do
  package=${wanted%%=*}
  core="$CARGO_TARGET_DIR/$target/component/${package//-/_}.wasm"
  "${ASYMBL:-target/debug/asymbl}" componentize "$core" --output "${wanted#*=}"
done
