# Every target sets up what it needs. `make help` lists them.
# PYTHON=python3.12 picks another interpreter, VENV=... another environment,
# ARGS="-k text" goes to pytest, JOBS=4 runs that many test processes.

PYTHON ?= python3
VENV   ?= .venv
JOBS   ?= 2
ARGS   ?=
VERSION ?=

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS   += --no-print-directory
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# Start-up times are a promise of this project: let Python keep its byte code.
unexport PYTHONDONTWRITEBYTECODE
export PIP_DISABLE_PIP_VERSION_CHECK := 1

BIN     := $(VENV)/bin
PIP     := $(BIN)/python -m pip -qq
RUNTIME := $(VENV)/.runtime
DEV     := $(VENV)/.dev

empty :=
space := $(empty) $(empty)
DISTRIBUTIONS := core $(patsubst %/pyproject.toml,%,$(sort $(wildcard plugins/*/pyproject.toml)))
PROJECTS      := $(addsuffix /pyproject.toml,$(DISTRIBUTIONS))
SOURCES       := $(wildcard $(addsuffix /src,$(DISTRIBUTIONS)))
TESTS         := $(wildcard $(addsuffix /tests,$(DISTRIBUTIONS)) tests)

# Folders in tests that use Node's packages, each with a package.json.
NODE_PROJECTS := $(wildcard $(addsuffix /package.json,$(TESTS)) $(addsuffix /*/package.json,$(TESTS)))
NODE_READY    := $(patsubst %/package.json,%/node_modules/.ready,$(NODE_PROJECTS))

.PHONY: help demo test lint proto docs bench dist release pins clean distclean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: $(RUNTIME)  ## real histories to states, then an inbox of your own
	@$(BIN)/python tests/demo.py

test: $(DEV) $(NODE_READY)  ## all tests
	@$(BIN)/python -m pytest -n $(JOBS) --dist worksteal $(ARGS)

lint: $(DEV)  ## ruff and mypy --strict
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check . || { echo "Run $(BIN)/ruff format ." >&2; exit 1; }
	@MYPYPATH="$(subst $(space),:,$(SOURCES))" $(BIN)/mypy --no-error-summary \
	  conftest.py docs proto .ci/*.py $(SOURCES) $(TESTS)
	@echo "lint: nothing to complain of"

proto: $(DEV)  ## generate the protobuf code anew
	@$(BIN)/python proto/generate.py

docs: $(DEV)  ## the documentation, into docs/_build/html
	@$(BIN)/python -m sphinx -b html -W --keep-going -q docs docs/_build/html
	@echo "docs: docs/_build/html/index.html"

bench: $(DEV)  ## how fast it is
	@$(BIN)/python -m tests.benchmarks.run $(ARGS)

dist: $(DEV)  ## wheels, sdists and bills of materials, into dist
	@$(BIN)/python .ci/dist.py $(ARGS)

release: $(DEV)  ## versions, changelog and notes of VERSION=x.y.z
	@$(BIN)/python .ci/release.py "$(VERSION)" $(ARGS)
	@$(BIN)/python -c "from tests.compat.page import PAGE, page; PAGE.write_text(page(), 'utf-8')"

pins: | $(BIN)/python  ## bring constraints.txt up to the pyproject files (ARGS=--upgrade)
	@$(PIP) install uv
	@printf './%s\n' $(DISTRIBUTIONS) | $(BIN)/uv pip compile --quiet --universal \
	  --python-version 3.11 --fork-strategy fewest --no-annotate --custom-compile-command "make pins" \
	  $(addprefix --no-emit-package ,$(shell sed -n 's/^name = "\(.*\)"/\1/p' $(PROJECTS))) \
	  --group dev --group build - --output-file constraints.txt $(ARGS)

clean:  ## remove what was built, but not the environment
	@rm -rf build dist docs/_build .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage
	@rm -rf __pycache__; find core plugins proto tests docs -name __pycache__ -prune -exec rm -rf {} +

distclean: clean  ## remove the environment as well
	@rm -rf $(VENV) $(dir $(NODE_READY))

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name one with make PYTHON=...")'
	@$(PYTHON) -m venv --clear $(VENV)

# What it takes to run: the distributions, editable, and what they depend on.
$(RUNTIME): constraints.txt $(PROJECTS) | $(BIN)/python
	@echo "Setting up $(VENV) ..."
	@$(PIP) install -c constraints.txt "pip>=26" hatchling editables
	@$(PIP) install -c constraints.txt --no-build-isolation $(addprefix -e ./,$(DISTRIBUTIONS))
	@touch $@

# What it takes to work on it: the groups in pyproject.toml.
$(DEV): $(RUNTIME) pyproject.toml
	@$(PIP) install -c constraints.txt --group dev
	@touch $@

$(NODE_READY): %/node_modules/.ready: %/package.json
	@command -v npm >/dev/null || { echo "npm is not here: checks that use it will say so." >&2; exit 0; }; \
	cd $* && if [ -f package-lock.json ]; then npm ci --silent --no-audit --no-fund; \
	else npm install --silent --no-audit --no-fund --no-package-lock; fi && touch node_modules/.ready
