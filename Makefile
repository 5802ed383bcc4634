# Two commands are enough: `make demo` and `make test`. The rest is for people working on Winnow.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DEV := $(VENV)/.installed-dev
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable
POOL ?= ../shared/data/pool
WORKSPACE ?= .winnow/demo
HOST ?= 127.0.0.1
PORT ?= 8501
PYTEST_WORKERS ?= 2
TEST_ENV := HF_HUB_OFFLINE=1 TOKENIZERS_PARALLELISM=false

.DEFAULT_GOAL := help
.PHONY: help demo install browser test test-targets soak lint types walk walk-demo bench wheel clean

help:            ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(STAMP)   ## install, build the sample workspace, serve the studio on http://127.0.0.1:8501
	$(BIN)/winnow demo --workspace "$(WORKSPACE)" --host "$(HOST)" --port "$(PORT)"

install: $(DEV)  ## create .venv and install everything, what tests need included

$(STAMP): pyproject.toml constraints.txt
	@command -v "$(PYTHON)" >/dev/null || \
	  { echo "There is no $(PYTHON) on this machine."; \
	    echo "Install Python 3.11 or newer, or name one: make $(or $(firstword $(MAKECMDGOALS)),demo) PYTHON=/path/to/python3.12"; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Winnow needs Python 3.11 or newer; $(PYTHON) is $$("$(PYTHON)" -V 2>&1)."; \
	    echo "Name another one: make $(or $(firstword $(MAKECMDGOALS)),demo) PYTHON=/path/to/python3.12"; exit 1; }
	@"$(PYTHON)" -m venv $(VENV) || \
	  { echo "$(PYTHON) cannot make a virtual environment."; echo "Install its venv module (Debian: apt-get install python3-venv)."; exit 1; }
	$(PIP) .
	@touch $(STAMP)

$(DEV): $(STAMP)
	$(PIP) '.[dev,targets]'
	@touch $(DEV)

browser: $(DEV)  ## find a Chromium, or install one
	@$(BIN)/python -m tests.browser.find || \
	  { if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	      apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null; \
	    else $(BIN)/playwright install chromium; fi; $(BIN)/python -m tests.browser.find; }

test: $(DEV) browser ## run every test, browser tests included
	$(TEST_ENV) $(BIN)/python -m pytest -n $(PYTEST_WORKERS) --dist loadfile tests

test-targets: $(DEV) .venvs/llamafactory/.installed .venvs/ms-swift/.installed ## exports read by trainers that need environments of their own
	$(TEST_ENV) $(BIN)/python -m tests.targets.write .venvs/exports
	$(TEST_ENV) .venvs/llamafactory/bin/python tests/targets/load_llamafactory.py .venvs/exports/llamafactory .venvs/exports/expected.json
	$(TEST_ENV) .venvs/ms-swift/bin/python tests/targets/load_ms_swift.py .venvs/exports/ms-swift .venvs/exports/expected.json

.venvs/%/.installed: tests/targets/constraints-%.txt
	@"$(PYTHON)" -m venv .venvs/$*
	.venvs/$*/bin/python -m pip install --quiet --disable-pip-version-check --constraint $< $* torch torchvision
	@touch $@

soak: $(DEV)     ## the tests that kill processes, at their full counts
	$(TEST_ENV) WINNOW_SOAK=1 $(BIN)/python -m pytest -m soak --timeout=3600 tests

lint: $(DEV)     ## ruff: rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(DEV)    ## mypy, strict on core and studio
	$(BIN)/mypy core studio

walk-demo: $(DEV) ## the sample recipe trains and learns in every stage
	$(TEST_ENV) $(BIN)/python -m tests.walk.demo

walk: $(DEV)     ## the whole path over a real pool: make walk POOL=DIR
	$(TEST_ENV) $(BIN)/python -m tests.walk.pool "$(POOL)"

bench: $(DEV) browser ## print every benchmark: make bench POOL=DIR
	$(BIN)/python -m benchmarks.all "$(POOL)"

wheel: $(DEV)    ## build the wheel into dist/
	$(BIN)/python -m build --wheel

clean:           ## remove what make made
	rm -rf $(VENV) .venvs .winnow build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache
