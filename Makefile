# Portcullis: one command to run it, one to test it. `make` alone lists them.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

CARGO ?= cargo
PYTHON ?= python3
VENV := .venv
BROWSER := tests/browser
TOOLS := infra/.venv
ARCHITECTURE ?= x86_64
CONFIG ?= config.toml
CDK := cd infra && npx cdk
CONTEXT = -c config=$(abspath $(CONFIG))
N ?= 1000000
FIRST ?= any
OPENINGS ?= 200

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /|/' | awk -F'|' '{ printf "  make %-12s %s\n", $$1, $$2 }'

.PHONY: build
build: ## Build everything (dev profile)
	@command -v $(CARGO) >/dev/null || { echo "cargo is missing: curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh"; exit 1; }
	$(CARGO) build --workspace --bins

# At a terminal the demo has a process group of its own: its Ctrl-C is not for make, which would end with an error.
.PHONY: demo
demo: build ## Run the whole system on this machine and open its page
	@if [ -t 0 ]; then set -m; fi; target/debug/local demo --data data && exit

# cargo-lambda would fetch a target of its own choice with rustup; we build for the one that is there.
.PHONY: lambda
lambda: $(TOOLS)/.made ## Build the two functions for AWS Lambda into target/lambda (ARCHITECTURE=x86_64)
	@command -v $(CARGO) >/dev/null || { echo "cargo is missing: curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh"; exit 1; }
	PATH="$(CURDIR)/$(TOOLS)/bin:$$PATH" $(CARGO) lambda build --locked --profile ship --$(subst _,-,$(ARCHITECTURE)) --skip-target-check -p poller -p responder

.PHONY: boot
boot: ## Start what `make lambda` built under the Runtime API's emulator: cold start, memory, size
	@for name in poller responder; do test -x target/lambda/$$name/bootstrap || { echo "target/lambda/$$name/bootstrap is missing: make lambda"; exit 1; }; done
	@$(CARGO) build --package local --bin boot
	@target/debug/boot target/lambda

# Only the package that it needs. The AWS SDKs, which take minutes and near 8 GB of memory to build, are no part of it.
.PHONY: replay
replay: ## Show what would have been asked about your CloudTrail files: make replay FILES="..."
	@test -n "$(strip $(FILES))" || { echo 'name the files or folders: make replay FILES="logs/ more.json.gz"'; exit 2; }
	@command -v $(CARGO) >/dev/null || { echo "cargo is missing: curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh"; exit 1; }
	@$(CARGO) build --package local --bin local
	@target/debug/local replay $(FILES)

.PHONY: test
test: test-rust test-python test-browser test-infra ## Run every test

.PHONY: test-rust
test-rust: build ## Unit tests, wire tests, the two functions end to end
	$(CARGO) test --workspace

.PHONY: soak
soak: ## Play N random runs (a million by default) from seed FIRST on (drawn), and every path to a greater depth
	SEEDS=$(N) FIRST=$(FIRST) $(CARGO) test --release -p simulation --test seeds
	DEPTH=12 STATES=500000 $(CARGO) test --release -p simulation --test search

# One seed draws the same openings, clicks, kills and faults again; what meets what is up to the machine.
.PHONY: chaos
chaos: build ## Two functions, 200 openings, faults and SIGKILL at random (OPENINGS=200 SEED=)
	OPENINGS=$(OPENINGS) SEED=$${SEED:-$$RANDOM} $(CARGO) test --workspace --test chaos every_card

.PHONY: test-python
test-python: build $(VENV)/.made ## The stand-ins against moto and Slack's own SDK
	$(VENV)/bin/python -m pytest -q tests/python

.PHONY: test-browser
test-browser: build $(BROWSER)/node_modules/.made ## The page in headless Chromium
	@scripts/need-chromium
	cd $(BROWSER) && npm test

.PHONY: test-infra
test-infra: infra/node_modules/.made $(TOOLS)/.made ## The CDK app: assertions, cdk-nag, cfn-lint, snapshots
	cd infra && npm run check && npm test

.PHONY: synth
synth: infra/node_modules/.made ## Make the CloudFormation templates, offline (CONFIG=config.toml; after make lambda)
	$(CDK) synth --quiet $(CONTEXT)

.PHONY: diff
diff: infra/node_modules/.made ## What make deploy would change
	$(CDK) diff $(CONTEXT)

.PHONY: deploy
deploy: infra/node_modules/.made ## Deploy everything (CONFIG=config.toml; docs/setup.md first)
	$(CDK) deploy --all $(CONTEXT)

.PHONY: fuzz
fuzz: ## Hostile input for all that reads what others send (SECONDS_EACH=600; needs cargo-fuzz)
	scripts/fuzz

CHECKS ?= advisories bans licenses sources

.PHONY: deny
deny: ## Licences, known defects, duplicates and origins of all dependencies (needs cargo-deny; CHECKS=...)
	@command -v cargo-deny >/dev/null || { echo "cargo-deny is missing: cargo install --locked cargo-deny"; exit 1; }
	cargo-deny --locked check $(CHECKS)

.PHONY: mutants
mutants: ## Which changes of the domain and the signature check no test sees (needs cargo-mutants and cargo-nextest; an hour)
	@for tool in cargo-mutants cargo-nextest; do command -v $$tool >/dev/null || { echo "$$tool is missing: cargo install --locked $$tool"; exit 1; }; done
	$(CARGO) mutants --package shared --output target --jobs 2

.PHONY: lint
lint: ## rustfmt and clippy, warnings are errors
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings

.PHONY: fmt
fmt: ## Format the code
	$(CARGO) fmt --all

# A virtual environment of our own: nothing is installed outside this folder.
$(VENV)/.made: tests/python/requirements.txt
	@command -v $(PYTHON) >/dev/null || { echo "python3 is missing: install Python 3.10 or newer (Debian: sudo apt-get install python3-venv)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -r tests/python/requirements.txt
	@touch $@

$(TOOLS)/.made: infra/requirements.txt
	@command -v $(PYTHON) >/dev/null || { echo "python3 is missing: install Python 3.10 or newer (Debian: sudo apt-get install python3-venv)"; exit 1; }
	$(PYTHON) -m venv $(TOOLS)
	$(TOOLS)/bin/pip install --quiet --disable-pip-version-check -r infra/requirements.txt
	@touch $@

%/node_modules/.made: %/package-lock.json
	@command -v npm >/dev/null || { echo "npm is missing: install Node.js 20 or newer (Debian: sudo apt-get install nodejs npm; others: https://nodejs.org)"; exit 1; }
	cd $* && npm ci --no-audit --no-fund
	@touch $@
