# The words every contributor needs; `make` alone explains them. CONTRIBUTING.md says when to use which.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo test bench build format lint clean

# Passed through: `make demo DEMO_FLAGS=--once`, `make test SWIFT_TEST_FLAGS='--filter Partition' PYTEST_FLAGS='-k login'`.
DEMO_FLAGS ?=
SWIFT_TEST_FLAGS ?=
PYTEST_FLAGS ?=
BENCH_FLAGS ?=

say = @printf '\033[1m==> %s\033[0m\n'
export SWIFT_TEST_FLAGS PYTEST_FLAGS

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## install, build and start calltrail with demo data and a PostgreSQL of its own (DEMO_FLAGS=--once for a smoke test)
	$(say) 'installing what is missing (apt)'
	@deploy/install-deps build run
	$(say) 'building the release binary (some minutes the first time)'
	@deploy/require-swift
	@swift build -c release --product calltrail
	$(say) 'starting the demo; Ctrl-C ends it'
	@exec "$$(swift build -c release --show-bin-path)/calltrail" demo $(DEMO_FLAGS)

test: ## every test: Swift against a throw-away PostgreSQL, then end to end against the debug binary
	$(say) 'installing what is missing (apt, PyPI)'
	@deploy/install-deps all
	@deploy/install-python-tools
	$(say) 'building the tests (some minutes the first time)'
	@deploy/require-swift
	@swift build --build-tests
	$(say) 'running the tests'
	@Tests/Support/with-postgres.sh Tests/Support/run-tests.sh

bench: ## the benchmarks, against a throw-away PostgreSQL with durable settings (BENCH_FLAGS is passed on)
	$(say) 'installing what is missing (apt, PyPI)'
	@deploy/install-deps all
	@deploy/install-python-tools
	@deploy/install-python-tools bench
	$(say) 'building the release binary (some minutes the first time)'
	@deploy/require-swift
	@swift build -c release --product calltrail
	$(say) 'running the benchmarks'
	@PATH="$(CURDIR)/.venv/bin:$$PATH" CALLTRAIL_BINARY="$$(swift build -c release --show-bin-path)/calltrail" \
		Tests/Support/with-postgres.sh --durable bench/run $(BENCH_FLAGS)

# In a folder of its own: with another standard library everything is compiled anew, and again by the next demo.
build: ## the release binary as it is deployed: it needs no Swift on the machine that runs it (deploy/README.md)
	@deploy/install-deps build
	@deploy/require-swift
	@swift build --scratch-path .build-static -c release --static-swift-stdlib --product calltrail
	@echo 'built .build-static/release/calltrail'

format: ## rewrite the Swift sources in the project's format
	@swift format --in-place --parallel --recursive Sources Tests Package.swift

lint: ## format, forbidden imports, shell scripts, and what deploy/ holds
	$(say) 'Swift format'
	@swift format lint --strict --parallel --recursive Sources Tests Package.swift
	$(say) 'imports'
	@.ci/check-imports
	@deploy/install-deps build
	@swift build --explicit-target-dependency-import-check error
	$(say) 'scripts and deployment files'
	@deploy/lint

clean: ## remove what was built and downloaded; the demo's data in .calltrail stays
	@rm -rf .build .build-static .venv bench/.venv
