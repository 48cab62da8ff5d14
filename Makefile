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
.PHONY: help setup demo quick test test-all coverage mutants truth compare check format build deploy \
	lock bench messages chromium clean

help: ## Say what can be said
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/.installed ## Make .venv with everything, .venv/bin/pulse included

demo: setup ## Show the main job on a made-up day
	$(BIN)/pulse demo

quick: setup ## Test what needs no AWS, process or browser (under 30 seconds)
	$(PYTEST) -m quick

# The checks run beside the tests, whose first minutes wait for a deployment; what they find is
# said at once, and once more at the end.
test: setup chromium ## Check and test everything, the longest tests by samples (under 6 minutes)
	@mkdir -p build
	@{ $(MAKE) --no-print-directory check >build/check.log 2>&1 || \
		{ cat build/check.log >&2; false; }; } & checks=$$!; \
	$(PYTEST) --durations=20; tested=$$?; \
	wait $$checks; checked=$$?; cat build/check.log; exit $$((tested || checked))

test-all: setup check chromium ## Test all with a fresh seed, going on where it stopped (an hour)
	SHARED=$(SHARED) $(BIN)/python -m tests.nightly --numprocesses auto --dist worksteal

coverage: setup ## Branch coverage of functions/ by tests that start no process (some minutes)
	$(PYTEST) -m "quick or inside" --cov --cov-context=test --cov-report=term

mutants: setup ## Change FILE=functions/pulse/... a little, again and again; tell what no test sees
	$(BIN)/python -m tests.mutants $(FILE) $(TESTS)

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

messages: setup ## Bring the catalogs of translations in line with code and templates
	$(BIN)/python -m pulse_cli.messages

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
