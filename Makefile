# Everything a newcomer or a maintainer runs. Needs Python 3.11 to 3.13 and make; `make help` lists the targets.
PYTHON ?= python3
VENV ?= .venv
DEMO ?= .run
# Test processes at once; `make test WORKERS=0` runs all in one.
WORKERS ?= auto
ROUNDS ?= 500
SEED ?= 1
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
RUNS := $(VENV)/.runs
MEMESNIPE := $(BIN)/memesnipe --store $(DEMO)

.DEFAULT_GOAL := help
.PHONY: help install run test soak lint types docs docs-check audit-deps secrets hooks sbom dist bench lock clean

help: ## List the targets.
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | awk -F '\t' '{ printf "  make %-12s %s\n", $$1, $$2 }'

install: $(STAMP) ## Create the environment in $(VENV) and install everything, pinned by hash.

define make_venv
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null || { \
	  echo "MemeSnipe needs Python 3.11, 3.12 or 3.13; $(PYTHON) is $$($(PYTHON) --version 2>/dev/null || echo missing)." >&2; \
	  echo "Name another one: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	@echo "Installing into $(VENV); this takes a minute or two."
	$(PYTHON) -m venv $(VENV)
endef
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check

# What the program needs; enough to run it.
$(RUNS): requirements.lock pyproject.toml
	$(make_venv)
	$(PIP_INSTALL) --require-hashes -r requirements.lock
	$(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

# That, and what tests and tools need.
$(STAMP): requirements-dev.lock pyproject.toml
	$(make_venv)
	$(PIP_INSTALL) --require-hashes -r requirements-dev.lock
	$(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@ $(RUNS)

run: $(RUNS) ## Simulate a market, backtest momentum_5m on it, trade it on paper, show the account.
	rm -rf $(DEMO)
	$(MEMESNIPE) ingest simulate
	$(MEMESNIPE) backtest --strategy momentum_5m
	$(MEMESNIPE) trade --strategy momentum_5m
	$(MEMESNIPE) trade status

test: $(STAMP) ## Run all tests.
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

soak: $(STAMP) ## Kill traders at random on a hostile venue, for ROUNDS rounds (500) from SEED (1) on; half an hour.
	PYTHONPATH=tests $(BIN)/python tests/live/killed_rounds.py --rounds $(ROUNDS) --seed $(SEED)

lint: $(STAMP) ## Check style and formatting.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP) ## Check types, strictly.
	$(BIN)/mypy --strict memesnipe_cli commands
	$(BIN)/mypy --strict .ci

docs: $(STAMP) ## Write docs/commands/ anew from every command's --help.
	$(BIN)/python docs/generate.py

docs-check: $(STAMP) ## Fail where docs/commands/ is not what --help says.
	$(BIN)/python docs/generate.py --check

audit-deps: $(STAMP) ## Ask for known vulnerabilities of what is pinned; REQUIRED=1 fails where nobody answers.
	$(BIN)/python .ci/audit_dependencies.py $(if $(REQUIRED),--required)

secrets: $(STAMP) ## Look for secrets in all tracked files and all that git remembers.
	$(BIN)/python .ci/scan_secrets.py

hooks: $(STAMP) ## Check each commit of this checkout for style and secrets before it is made.
	$(BIN)/pre-commit install

sbom: $(STAMP) ## Write what a release consists of to dist/: hashed requirements, bill of materials (CycloneDX).
	PYTHON=$(PYTHON) BIN=$(BIN) .ci/sbom

dist: sbom ## Build the wheel beside them, and the checksums of all.
	rm -rf build
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation -w dist .
	cd dist && sha256sum *.whl *.lock *.json > SHA256SUMS

bench: $(STAMP) ## Run the benchmarks; each prints its ratios.
	@for script in benchmarks/[a-z]*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

lock: $(STAMP) ## Resolve the dependencies anew, with hashes (needs pip-tools on the PATH).
	pip-compile --quiet --extra dev --generate-hashes --allow-unsafe --strip-extras --no-header \
	  --no-emit-index-url --no-emit-trusted-host --no-emit-find-links -o requirements-dev.lock pyproject.toml
	$(MAKE) install
	$(BIN)/python .ci/runtime_lock.py build > requirements.lock

clean: ## Remove what the targets above made.
	rm -rf $(VENV) $(DEMO) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis *.egg-info
