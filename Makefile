# `make demo` and `make test` do all the set-up themselves; see README.md.

COMPONENT := target-component/asymbl.wasm
HOSTILE := target-component/hostile-guest.wasm
SOURCES := $(shell find guest wit tests/hostile-guest host-runner/componentize host-runner/scripts Cargo.toml Cargo.lock -type f)

.PHONY: demo test component lint bench clean

# Sync a practice org through the sandboxed component, change it, sync again, show what changed.
demo: $(COMPONENT)
	cargo build --bins
	@target/debug/asymbl demo --component $(COMPONENT)

# Every test: the guest's logic natively, the host, the practice org, and the real component end to end.
test: $(COMPONENT)
	cargo build --bins
	cargo test --workspace

# The WebAssembly component (and the hostile one of the tests), built when sources changed.
component: $(COMPONENT)

$(COMPONENT) $(HOSTILE) &: $(SOURCES)
	host-runner/scripts/build-component.sh asymbl-connector=$(COMPONENT) hostile-guest=$(HOSTILE)
	@touch $(COMPONENT) $(HOSTILE)

lint:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --quiet -- -D warnings

# Ratios measured in one run; see tests/benches.
bench: $(COMPONENT)
	cargo bench --package connector-tests

clean:
	rm -rf target target-component
