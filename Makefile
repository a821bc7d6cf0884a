# The two commands of the README are `make demo` and `make test`; both need only Python 3.11 and make.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin

.PHONY: setup setup-dev demo test check format e2e drills bench bench-ingest bars messages lock screenshots docs-reference changelog clean

setup: $(VENV)/.ready
setup-dev: $(VENV)/.ready-dev

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Heirloom needs Python 3.11 or newer: make PYTHON=python3.11 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.9'

$(VENV)/.ready: requirements.lock pyproject.toml hatch_build.py | $(BIN)/python
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet -r requirements.lock
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --no-deps -e .
	@touch $@

$(VENV)/.ready-dev: requirements-dev.lock $(VENV)/.ready
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet -r requirements-dev.lock
	@touch $@

demo: setup
	$(BIN)/heirloom demo $(DEMO_FLAGS)

test: setup-dev
	$(BIN)/python -m pytest -m "not drill and not wheel"

check: setup-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/heirloom manage makemigrations --check --dry-run

format: setup-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

e2e: setup-dev
	$(BIN)/python -m pytest -m e2e

drills: setup-dev
	$(BIN)/python -m pytest -m drill

bars: setup-dev
	$(BIN)/python -m benchmarks.bars $(OF)

messages: setup-dev
	$(BIN)/python scripts/messages.py

lock:
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --extra condition --extra postgres pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --extra dev --extra condition --extra postgres -c requirements.lock pyproject.toml -o requirements-dev.lock

screenshots: setup-dev
	$(BIN)/python -m scripts.screenshots $(ONLY)

docs-reference: setup-dev
	$(BIN)/python -m scripts.reference

changelog: setup
	$(BIN)/python -m scripts.changelog $(VERSION)

clean:
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis

bench-ingest: setup-dev
	$(BIN)/python -m benchmarks.ingest

bench: bars
