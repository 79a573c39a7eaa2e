# One list of commands, the same for people and for CI. `make help` lists them.
PYTHON  ?= python3
PROJECT ?= projects/demo
VENV    := .venv
TS_SDK  := tests/serving/typescript
BIN     := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.DEFAULT_GOAL := help

help:  ## what can be made
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(VENV)/.installed  ## the virtual environment with narrator in it

# Locked names, versions and hashes; narrator itself is linked in place.
$(VENV)/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "narrator needs Python 3.11 or newer; say which one with: make PYTHON=python3.12 ..."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing narrator into $(VENV) (once)"
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.lock
	@echo "installing the development tools into $(VENV) (once)"
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.lock
	@touch $@

# The services' own SDKs for JavaScript, judges of `narrator serve`. Tests that need them are skipped where they cannot be had.
$(TS_SDK)/node_modules/.installed: $(TS_SDK)/package-lock.json
	@if ! command -v npm >/dev/null; then \
	  echo "no npm here: tests with the JavaScript SDKs are skipped"; \
	elif echo "installing the JavaScript SDKs into $(@D) (once)" && \
	  npm ci --prefix $(TS_SDK) --ignore-scripts --no-audit --no-fund --silent --prefer-offline \
	    --fetch-retries=1 --fetch-retry-mintimeout=1000 --fetch-timeout=20000 >/dev/null; then \
	  touch $@; \
	else \
	  echo "npm could not: tests with the JavaScript SDKs are skipped"; \
	fi

book: $(VENV)/.installed  ## make the audiobook of PROJECT (default projects/demo)
	@$(BIN)/narrator book $(PROJECT)

chapter: $(VENV)/.installed  ## make one chapter: make chapter CHAPTER=3
	@$(BIN)/narrator chapter $(PROJECT) $(CHAPTER)

check-book: $(VENV)/.installed  ## prove coverage, plan and price; spends nothing
	@$(BIN)/narrator check $(PROJECT)

serve: $(VENV)/.installed  ## the stand-in services, on this machine
	@$(BIN)/narrator serve

# Python keeps what it has compiled even where it is told not to: the tests start narrator many times.
test soak: export PYTHONDONTWRITEBYTECODE =
test: $(VENV)/.installed-dev $(TS_SDK)/node_modules/.installed  ## the test suite
	@$(BIN)/python -m pytest -q -n auto --dist worksteal -m "not soak"

soak: $(VENV)/.installed-dev  ## the long tests that `make test` leaves out
	@$(BIN)/python -m pytest -q -m soak

lint: $(VENV)/.installed-dev  ## ruff: rules and format
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

format: $(VENV)/.installed-dev  ## rewrite the code in the house format
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

types: $(VENV)/.installed-dev  ## mypy, strict
	@$(BIN)/mypy

bench: $(VENV)/.installed-dev  ## every benchmark of docs/benchmarks.md
	@$(BIN)/python -m benchmarks

lock:  ## renew the lock files from pyproject.toml (needs uv)
	@for extra in "" "--group dev --group bench"; do \
	  out=requirements$${extra:+-dev}.lock; \
	  printf 'hatchling\neditables\n' | uv pip compile pyproject.toml - --extra espeak --extra serve $$extra --universal \
	    --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --upgrade -q -o $$out; \
	done

check-left: $(VENV)/.installed-dev  ## check what `make book` left, and that a second run does nothing
	@$(BIN)/python -m tests.check_left $(PROJECT)

ci:  ## what CI runs
	@bash .ci/run

.PHONY: help install book chapter check-book serve test soak lint format types bench lock check-left ci
