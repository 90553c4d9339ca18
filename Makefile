# Everything that there is to do with this repository. `make` lists it.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

ROOT := $(CURDIR)
TOOLS := target/tools
STAMPS := target/stamps
WASM := wasm32-unknown-unknown

WORKER_BUILD := 0.8.7
WASM_BINDGEN := 0.2.129
CARGO_DENY := 0.20.2
CARGO_FUZZ := 0.13.2

# The package `node` brings the version that wrangler wants, whatever the machine has. npm itself keeps the machine's.
NPM := PATH="$(PATH)" npm
export PATH := $(ROOT)/node_modules/.bin:$(ROOT)/$(TOOLS)/bin:$(PATH)
export WRANGLER_SEND_METRICS := false
export LOCAL_QSTASH_BIN := $(ROOT)/target/debug/local-qstash
export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER := wasm-bindgen-test-runner

RUST_SOURCES := $(shell find src -name '*.rs') Cargo.toml Cargo.lock
say = @printf '\033[1m== %s\033[0m\n' "$(1)"

.PHONY: help
help:
	@awk -F' ## ' '/^[a-z-]+:.* ## / { split($$1, name, ":"); printf "  make %-15s %s\n", name[1], $$2 }' $(MAKEFILE_LIST)

# -- Setup: from lock files, once; a second call has nothing to do ------------------------------------------------

.PHONY: setup
setup: $(STAMPS)/wasm-target $(STAMPS)/tools $(STAMPS)/node ## install everything that building and testing needs

# The sources of the standard library, which scripts/for-size/cargo builds anew.
$(STAMPS)/wasm-target: Makefile
	$(call say,Rust: the $(WASM) target)
	@mkdir -p $(@D)
	rustup target add $(WASM)
	rustup component add rust-src
	@touch $@

# Built lightly: they run for seconds, and optimising them takes minutes.
$(STAMPS)/tools: Makefile
	$(call say,Rust tools: worker-build $(WORKER_BUILD) and wasm-bindgen $(WASM_BINDGEN) (once; some minutes))
	@mkdir -p $(@D)
	@export CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_DEBUG=0; \
	install() { cargo install "$$1" --version "$$2" --locked --root $(TOOLS) --target-dir "$(TOOLS)/build-$$1" && rm -rf "$(TOOLS)/build-$$1"; }; \
	install wasm-bindgen-cli $(WASM_BINDGEN) & other=$$!; \
	install worker-build $(WORKER_BUILD); wait $$other
	@touch $@

$(STAMPS)/deny: Makefile
	$(call say,Rust tools: cargo-deny $(CARGO_DENY) (once; some minutes))
	@mkdir -p $(@D)
	@export CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_DEBUG=0; \
	cargo install cargo-deny --version $(CARGO_DENY) --locked --root $(TOOLS) --target-dir $(TOOLS)/build-deny && rm -rf $(TOOLS)/build-deny
	@touch $@

$(STAMPS)/fuzz: Makefile
	$(call say,Rust tools: nightly and cargo-fuzz $(CARGO_FUZZ) (once; some minutes))
	@mkdir -p $(@D)
	rustup toolchain list | grep -q '^nightly' || rustup toolchain install nightly --profile minimal
	@export CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_DEBUG=0; \
	cargo install cargo-fuzz --version $(CARGO_FUZZ) --locked --root $(TOOLS) --target-dir $(TOOLS)/build-fuzz && rm -rf $(TOOLS)/build-fuzz
	@touch $@

$(STAMPS)/node: package.json package-lock.json
	$(call say,npm packages)
	@mkdir -p $(@D)
	$(NPM) ci --no-audit --no-fund
	@touch $@

# For the tests only: neither building nor deploying needs a browser.
$(STAMPS)/browser: scripts/browser.sh
	$(call say,Chromium)
	@mkdir -p $(@D)
	scripts/browser.sh --install
	@touch $@

# -- Build --------------------------------------------------------------------------------------------------------

.PHONY: build
build: build/index_bg.wasm ## build the Worker into build/

WORKER_SCRIPTS := $(addprefix scripts/,build-worker.sh bindgen-worker.mjs bundle-worker.sh mortal-glue.mjs anonymous.sh for-size/cargo for-size/classes.mjs for-size/link.mjs shorten-names.mjs order-functions.mjs wasm-file.mjs)

build/index_bg.wasm: $(RUST_SOURCES) src/worker/entry.mjs $(WORKER_SCRIPTS) | setup
	$(call say,Worker)
	scripts/build-worker.sh --locked --features deploy
	@touch $@

.PHONY: build-embed
build-embed: examples/embed/build/index_bg.wasm

examples/embed/build/index_bg.wasm: $(RUST_SOURCES) $(wildcard examples/embed/src/*.rs examples/embed/Cargo.*) $(WORKER_SCRIPTS) | setup
	$(call say,Example: a Worker that embeds the library)
	cd examples/embed && ../../scripts/build-worker.sh --locked
	@touch $@

.PHONY: build-npm
build-npm: pkg/wasm/redrive.wasm ## build the generated part of the npm package into pkg/wasm/

NPM_SCRIPTS := $(addprefix scripts/,build-npm.sh common-js.mjs anonymous.sh for-size/cargo for-size/classes.mjs for-size/link.mjs move-texts.mjs shorten-names.mjs order-functions.mjs wasm-file.mjs)

pkg/wasm/redrive.wasm: $(RUST_SOURCES) $(wildcard pkg/src/*.mjs) $(NPM_SCRIPTS) | setup
	$(call say,npm package)
	scripts/build-npm.sh
	@touch $@

.PHONY: types
types: ## write pkg/types.d.cts, the declarations of the Rust types, anew; a test holds it to them
	WRITE_TYPES=1 cargo test --locked --package workflow-redrive --features npm --lib npm::types::declarations

.PHONY: local-qstash
local-qstash:
	cargo build --locked --package local-qstash

# -- Run ----------------------------------------------------------------------------------------------------------

.PHONY: run
run: build local-qstash ## watch a failed run come back by itself, then play with it
	node scripts/demo.mjs --stay

.PHONY: demo
demo: build local-qstash ## the same, and exit
	node scripts/demo.mjs

# -- Test ---------------------------------------------------------------------------------------------------------

.PHONY: test
test: test-rust test-fuzz test-simulation test-wasm test-npm test-conformance test-e2e test-load ## run every test

.PHONY: test-rust
test-rust: setup
	$(call say,Rust tests)
	cargo test --locked --workspace --exclude simulation --features workflow-redrive/npm

SIMULATION := --locked --profile simulation --package simulation
SEEDS := 100000

.PHONY: test-simulation
test-simulation: setup
	$(call say,Simulation: whole worlds from seeds)
	cargo test $(SIMULATION)

.PHONY: sim
sim: setup ## run SEEDS=100000 simulated worlds, FROM=0 on; the first broken promise tells its story
	cargo run $(SIMULATION) -- --seeds $(SEEDS) --from $(or $(FROM),0)

.PHONY: test-fuzz
test-fuzz:
	$(call say,Fuzzing: the corpora and what chance makes of them)
	cargo test --locked --manifest-path fuzz/Cargo.toml --target-dir target/fuzz

# Each target for so many seconds, or the one that is named: make fuzz TARGET=callback SECONDS=3600
.PHONY: fuzz
fuzz: TARGET = $(notdir $(basename $(wildcard fuzz/fuzz_targets/*.rs)))
fuzz: SECONDS = 60
fuzz: $(STAMPS)/fuzz ## fuzz every target for a minute with libFuzzer (nightly); TARGET= and SECONDS= say otherwise
	$(call say,Fuzzing with libFuzzer)
	@for target in $(TARGET); do \
	  mkdir -p target/fuzz-corpus/$$target; \
	  cargo +nightly fuzz run --features libfuzzer --target-dir target/fuzz-nightly $$target \
	    target/fuzz-corpus/$$target fuzz/corpus/$$target -- -max_total_time=$(SECONDS) -print_final_stats=1; \
	done

TEST_WASM := cargo test --locked --package workflow-redrive --features npm --target $(WASM) --test npm

.PHONY: test-wasm
test-wasm: setup $(STAMPS)/browser
	$(call say,WebAssembly tests: in Node.js and in Chromium)
	$(TEST_WASM)
	@{ read -r browser; read -r CHROMEDRIVER; } < <(scripts/browser.sh); \
	printf '{"goog:chromeOptions": {"binary": "%s"}}' "$$browser" >target/webdriver.json; \
	export CHROMEDRIVER WASM_BINDGEN_TEST_WEBDRIVER_JSON=$(ROOT)/target/webdriver.json; \
	export WASM_BINDGEN_USE_BROWSER=1 WASM_BINDGEN_TEST_TIMEOUT=60 WASM_BINDGEN_TEST_DRIVER_TIMEOUT=30; \
	$(TEST_WASM)

.PHONY: test-npm
test-npm: build-npm local-qstash $(STAMPS)/browser
	$(call say,The npm package in every runtime)
	node --test 'tests/npm/*.test.mjs'

.PHONY: test-conformance
test-conformance: setup local-qstash
	$(call say,local-qstash against the official SDK)
	node --test 'local-qstash/conformance/*.test.mjs'

.PHONY: test-e2e
test-e2e: build build-embed local-qstash
	$(call say,The built Worker in workerd)
	node --test 'tests/e2e/*.test.mjs'

.PHONY: test-load
test-load: build local-qstash
	$(call say,Load and faults)
	node --test 'tests/load/*.test.mjs'

# For so many minutes, and so many callbacks: make soak MINUTES=60 CALLBACKS=72000
MINUTES ?= 10
CALLBACKS ?= 12000
.PHONY: soak
soak: build local-qstash ## ten minutes of load, with faults of everything: nothing is lost or doubled
	LOAD_MINUTES=$(MINUTES) LOAD_CALLBACKS=$(CALLBACKS) node --test 'tests/load/*.test.mjs'

# -- Measure ------------------------------------------------------------------------------------------------------

# Linux alone tells what a process has used. Results go to target/bench; those that benches/README.md quotes are in benches/results.
.PHONY: bench
bench: bench-compare bench-bulk bench-receiver bench-micro bench-core bench-size ## measure the Worker and the npm package beside the official SDKs

.PHONY: bench-compare
bench-compare: build
	$(call say,Callbacks over HTTP: the Worker beside the official SDKs)
	cargo build --locked --profile bench --package rig --package plot
	@mkdir -p target/bench
	node benches/compare/index.mjs --out target/bench/compare.json
	target/release/plot target/bench/compare.json target/bench/throughput.svg

# Built without the last of optimisation: that takes minutes, and the queue is fast enough.
.PHONY: bench-bulk
bench-bulk: build-npm ## empty a queue of 10,000 entries: resumeAll against the official SDK's loop
	CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 cargo build --locked --release --package local-qstash
	LOCAL_QSTASH_BIN=$(ROOT)/target/release/local-qstash node benches/bulk/bulk.mjs

.PHONY: bench-receiver
bench-receiver: build-npm ## `Receiver.verify` against the official one, in Node.js
	node benches/receiver/index.mjs

.PHONY: bench-micro
bench-micro: build-npm ## verify, extract and decide of the npm package in Node.js and in workerd, and its first call
	@mkdir -p target/bench
	node benches/micro/index.mjs --out target/bench/micro.json

.PHONY: bench-core
bench-core: ## the parts of a delivery natively, with criterion
	cargo bench --locked --package core-benches

.PHONY: bench-size
bench-size: build build-npm ## the history of sizes, and in it what is built now: benches/results/sizes.jsonl
	node benches/size/history.mjs

# -- Check --------------------------------------------------------------------------------------------------------

.PHONY: check
check: check-format check-clippy check-docs check-deny check-package check-npm size ## format, lints, docs, licences, package, size

.PHONY: check-format
check-format:
	cargo fmt --all --check
	cargo fmt --manifest-path examples/embed/Cargo.toml --check
	cargo fmt --manifest-path fuzz/Cargo.toml --check

.PHONY: check-clippy
check-clippy: setup
	$(call say,Clippy: each feature alone; native and WebAssembly)
	cargo clippy --locked --workspace --all-targets -- -D warnings
	for feature in worker deploy npm; do \
	  cargo clippy --locked --package workflow-redrive --all-targets --features $$feature -- -D warnings; \
	done
	cargo clippy --locked --manifest-path fuzz/Cargo.toml --target-dir target/fuzz --all-targets -- -D warnings
	cargo clippy --locked --package workflow-redrive --target $(WASM) -- -D warnings
	for feature in worker deploy npm; do \
	  cargo clippy --locked --package workflow-redrive --target $(WASM) --features $$feature -- -D warnings; \
	done

.PHONY: check-docs
check-docs:
	$(call say,Documentation)
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --workspace --features workflow-redrive/deploy

# The advisory database is fetched; where it cannot be reached, the rest is checked all the same.
.PHONY: check-deny
check-deny: $(STAMPS)/deny
	$(call say,Licences; duplicates; sources; advisories)
	cargo deny --log-level error check licenses bans sources
	scripts/check-advisories.sh

.PHONY: check-package
check-package: build
	$(call say,Packages)
	cargo package --locked --package workflow-redrive --no-verify --allow-dirty --quiet
	wrangler deploy --dry-run --outdir target/deploy

.PHONY: check-npm
check-npm: build-npm
	$(call say,npm package: types and manifest and size)
	attw --pack pkg
	publint --strict pkg
	node scripts/size-npm.mjs

.PHONY: size
size: build ## print the size of the deployable and hold it to its budget
	node scripts/size.mjs

.PHONY: clean
clean:
	cargo clean
	rm -rf build examples/embed/build pkg/wasm pkg/LICENSE node_modules
