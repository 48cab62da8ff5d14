# Everything a developer says: `make` lists it. Needs Python 3.11 or later, make and git.

PYTHON ?= python3
BIN := .venv/bin
# Where `make truth`, `make compare` and tests that need real data find it.
SHARED ?= ../shared
# The commit that `make compare` compares this tree with; ONLY=demo or ONLY=replay takes one input.
BASE ?= HEAD
PYTEST ?= $(BIN)/pytest --numprocesses auto --dist worksteal
LOCK := uv pip compile --universal --generate-hashes --no-header --no-annotate --quiet

export SAM_CLI_TELEMETRY := 0
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-all truth compare check format build deploy lock bench chromium clean

help: ## Say what can be said
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/.installed ## Make .venv with everything, .venv/bin/pulse included

demo: setup ## Show the main job on a made-up day
	$(BIN)/pulse demo

test: setup check chromium ## Check everything, then test it (about 8 minutes on two cores)
	$(PYTEST)

test-all: setup check chromium ## All tests, those too that `make test` only samples
	PULSE_TEST_ALL=1 $(PYTEST)
	$(MAKE) truth

truth: setup ## Replay all companies of the real data against the truth
	$(BIN)/python tests/replay/truth.py --shared $(SHARED)

compare: setup ## Replay by commit BASE (HEAD) and by this tree: do state and mails stay the same?
	$(BIN)/python tests/comparison/compare.py --base $(BASE) --shared $(SHARED) $(if $(ONLY),--only $(ONLY))

check: setup ## Format, lint, types, architecture, template
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/sam validate --lint

format: setup ## Bring the code into shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

build: setup ## Build the functions for Lambda, into .aws-sam/build (needs python3.13)
	$(BIN)/python -m pulse_cli.laptop.sam

deploy: build ## Deploy to AWS; asks for what samconfig.toml does not say
	$(BIN)/sam deploy --guided

bench: setup ## Measure
	$(BIN)/pytest bench -s -p no:xdist

lock: ## Resolve and hash all requirements anew (needs uv: pip install uv)
	$(LOCK) --upgrade --python-version 3.11 requirements/dev.in -o requirements/dev.txt
	$(LOCK) --upgrade --python-version 3.13 functions/requirements.in -o functions/requirements.txt
	$(LOCK) --upgrade --python-version 3.13 requirements/runtime.in -o requirements/runtime.txt

chromium: # The browser of the tests that look at mails; they say so when there is none.
	@infra/chromium.sh

clean: ## Remove what was made, .venv excepted
	rm -rf .aws-sam build out .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

.venv/.installed: .venv/.requirements pyproject.toml
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.requirements: requirements/dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo 'Pulse needs Python 3.11 or later: make setup PYTHON=/path/to/python3' >&2; exit 1; }
	$(PYTHON) -m venv .venv
	@echo 'Installing the locked requirements into .venv: a minute or two, the first time.'
	$(BIN)/pip install --quiet --no-deps --require-hashes --requirement requirements/dev.txt
	@touch $@
