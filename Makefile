# Convene. `make` alone says what there is.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8000
# Everything below is relative: the folder may have any name.
BIN := .venv/bin
LOCK_OPTIONS := --generate-hashes --universal --python-version 3.11 --quiet \
	--no-emit-index-url --no-emit-find-links --no-header --no-annotate

.PHONY: help
help: ## this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: .venv/requirements ## the whole service with a demo organisation (PORT=8000 HOST=127.0.0.1); Ctrl-C ends it
	@exec $(BIN)/python -m scheduler demo --with-parent --host '$(HOST)' --port '$(PORT)'

.PHONY: test
test: .venv/requirements-dev .venv/browser ## all tests, browser tests included
	@$(BIN)/python -m pytest --numprocesses=2 --dist=worksteal

.PHONY: test-live
test-live: .venv/requirements-dev ## ask the vendors themselves (credentials: see tests/live/test_live.py)
	@$(BIN)/python -m pytest --noconftest -o addopts="-q -rs --import-mode=importlib --tb=short" tests/live

.PHONY: lint
lint: .venv/requirements-dev ## style and likely mistakes (ruff)
	@$(BIN)/python -m ruff check --quiet .
	@$(BIN)/python -m ruff format --check --quiet .

.PHONY: format
format: .venv/requirements-dev ## let ruff lay out the code
	@$(BIN)/python -m ruff check --fix-only --quiet .
	@$(BIN)/python -m ruff format --quiet .

.PHONY: types
types: .venv/requirements-dev ## types (mypy)
	@$(BIN)/python -m mypy --no-error-summary

.PHONY: openapi
openapi: .venv/requirements ## write openapi.yaml from the code
	@$(BIN)/python -m scheduler openapi > openapi.yaml.new
	@mv openapi.yaml.new openapi.yaml

.PHONY: lock
lock: ## newest versions that requirements*.in allow, with hashes (needs uv)
	@uv pip compile $(LOCK_OPTIONS) --upgrade requirements.in -o requirements.txt
	@uv pip compile $(LOCK_OPTIONS) --upgrade requirements-dev.in -c requirements.txt -o requirements-dev.txt

.PHONY: bench
bench: .venv/requirements-dev ## the solver beside its rivals, into docs/benchmarks.md; BENCH=name: another
	@$(BIN)/python -m benchmarks.$(or $(BENCH),compare)

.PHONY: bench-list
bench-list: ## the benchmarks there are
	@ls benchmarks/*.py | sed -e 's|benchmarks/||' -e 's|\.py$$||' -e '/^_/d' -e 's|^|  make bench BENCH=|'

.PHONY: prove
prove: .venv/requirements-dev ## race, kill and compare: docs/reliability.md (PROVE="--seed 2 --rounds 20" and more)
	@$(BIN)/python -m benchmarks.prove $(PROVE)

.PHONY: clean
clean: ## remove what make has made, but not var/, where the data is
	@rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp holds the lock file it was made from: equal means there is nothing to install. (Dates would not do:
# a fresh checkout has any.) The development set contains the other.
.PHONY: FORCE
FORCE:

.venv/requirements: FORCE
	@cmp -s requirements.txt $@ || cmp -s requirements-dev.txt .venv/requirements-dev || scripts/install requirements.txt '$(PYTHON)'

.venv/requirements-dev: FORCE
	@cmp -s requirements-dev.txt $@ || scripts/install requirements-dev.txt '$(PYTHON)'

.venv/browser: FORCE
	@scripts/browser
