# `make demo` and `make test` do all the set-up themselves; see README.md.

COMPONENT := target-component/asymbl.wasm
HOSTILE := target-component/hostile-guest.wasm
TEMPLATE := target-component/template.wasm
SOURCES := $(shell find guest wit tests/hostile-guest host-runner/cli/src/commands/componentize.rs host-runner/scripts Cargo.toml Cargo.lock -type f ! -name '*.md')

.PHONY: demo test fields clients soak fuzz reproducible component dist lint bench clean

# `--workspace`, so that what is built for running serves the tests too: Cargo unites features over the packages that it
# is given.
BINS := cargo build --workspace --bins

# Sync a practice org through the sandboxed component, change it, sync again, show what changed.
demo: $(COMPONENT)
	$(BINS)
	@target/debug/asymbl demo --component $(COMPONENT)

# Every test: the guest's logic natively, the host, the practice org, and the real component end to end. Tests that need
# a program which is missing are skipped. Cargo hides what a passed test prints, so it is said here. `cargo test` alone
# fails without Chromium.
CHROMIUM := $(shell command -v chromium || command -v chromium-browser || command -v google-chrome || command -v google-chrome-stable)
MISSING := $(foreach program,node npm python3,$(if $(shell command -v $(program)),,$(program)))
test: $(COMPONENT)
	$(BINS)
	@$(if $(CHROMIUM),,echo "NOTE: no Chromium in PATH: the report's page is NOT looked at" >&2)
	@$(if $(MISSING),echo "NOTE: not in PATH: $(MISSING): the examples and clients that need it are NOT run" >&2)
	$(if $(CHROMIUM),,ASYMBL_TEST_WITHOUT_BROWSER=1) cargo test --workspace

# What a changed field needs, in a few minutes: the mapping's tests, which write their snapshots; the component; the page
# that is printed from it; and the tests of the contract, the records and the pages.
fields:
	INSTA_UPDATE=always cargo test --workspace --lib -- models:: reads:: unified::
	$(MAKE) $(COMPONENT)
	target/debug/asymbl guide > docs/connection-guide.md
	cargo test --workspace --test end_to_end -- contract:: sync:: cli:: inspection::documents inspection::fields

# The heavy released clients against the practice org: the Salesforce CLI and Airbyte's source (about 1 GB to install).
clients:
	cargo test --workspace --test end_to_end real_clients:: -- --ignored --nocapture

# Thousands of random lives of an org, through the real component; SOAK_SEEDS and SOAK_FIRST choose which. A thousand
# faults of a fleet, ten in a life (FLEET_LIVES), and 10,000 schedules. And a hundred tenants in one process of Node.js.
soak: $(COMPONENT)
	SOAK_SEEDS=$${SOAK_SEEDS:-3000} cargo test --workspace --test end_to_end soak:: -- --nocapture
	FLEET_LIVES=$${FLEET_LIVES:-100} cargo test --workspace --test end_to_end fleet::faults -- --nocapture
	ISOLATED_TENANTS=100 cargo test --workspace --test end_to_end examples::the_node -- --nocapture

# The property tests of all crates and the mutations of real inputs, many times; FUZZ_CASES chooses how many.
fuzz: $(COMPONENT)
	$(BINS)
	PROPTEST_CASES=$${FUZZ_CASES:-100000} cargo test --workspace --lib
	FUZZ_CASES=$${FUZZ_CASES:-100000} cargo test --workspace --test end_to_end fuzz::
	DAMAGES=$${FUZZ_CASES:-3000} FAULTS=all cargo test --workspace --test end_to_end -- damage:: matrix::

# Builds the component twice, elsewhere, and compares the bytes.
reproducible:
	$(BINS)
	host-runner/scripts/check-reproducible.sh

# The WebAssembly component (with the template and the hostile one of the tests), built when sources changed.
component: $(COMPONENT)

$(COMPONENT) $(HOSTILE) $(TEMPLATE) &: $(SOURCES)
	$(BINS)
	host-runner/scripts/build-component.sh asymbl-connector=$(COMPONENT) hostile-guest=$(HOSTILE) connector-template=$(TEMPLATE)
	@touch $(COMPONENT) $(HOSTILE) $(TEMPLATE)

# A release, in dist/: the component with its metadata, contract, schemas, bills of materials and an OCI layout, and a
# static command that holds the component. Needs the Rust target of STATIC and musl's C compiler (Debian: musl-tools).
STATIC := x86_64-unknown-linux-musl
dist: $(COMPONENT)
	$(BINS)
	rm -rf dist
	target/debug/dist target/debug/asymbl target-component/wasm32-unknown-unknown/component/asymbl_connector.wasm dist
	ASYMBL_EMBED=$(CURDIR)/dist/asymbl.wasm CC_$(subst -,_,$(STATIC))=musl-gcc \
		cargo build --release --package asymbl --target $(STATIC)
	cp target/$(STATIC)/release/asymbl dist/
	cd dist && find . -type f ! -name SHA256SUMS -printf '%P\n' | sort | xargs sha256sum > SHA256SUMS

# Format, width of comments and pages, clippy, documentation, and the dependencies' licences, advisories and use.
lint:
	cargo fmt --all --check
	host-runner/scripts/check-width.sh
	host-runner/scripts/check-dependencies.sh
	cargo clippy --workspace --all-targets --quiet -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --quiet

# What sandbox, mirror, server, fleet and the practice org's pages cost, as ratios in one run.
# The first one takes part of the clients that people use where they are installed, as its head says.
bench: $(COMPONENT)
	cargo build --release --package asymbl
	mkdir -p target/bench
	cargo bench --bench clients -- --save $(CURDIR)/target/bench
	cargo bench --bench guest
	cargo bench --bench sandbox
	cargo bench --bench tenants
	cargo bench --bench neighbours
	cargo bench --bench serve
	cargo bench --bench fleet
	cargo bench -p practice-org --bench page

clean:
	rm -rf target target-component dist
