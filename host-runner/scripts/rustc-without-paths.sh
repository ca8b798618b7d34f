#!/usr/bin/env bash
# Runs rustc so that what it makes names no folder of whoever builds. Cargo counts RUSTFLAGS into the names of symbols,
# so folders in them would make each build another one; what a wrapper adds, it does not count.
# REMAPPED holds what to replace, a line each: FOLDER=NAME.
flags=()
while IFS= read -r remapped; do
  [ -z "$remapped" ] || flags+=("--remap-path-prefix=$remapped")
done <<<"${REMAPPED:-}"
exec "$@" "${flags[@]}"
