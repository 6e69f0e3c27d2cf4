# Everything a newcomer or a machine needs; `make help` lists it. Only Python 3.11+, its venv and
# pip, and make are expected outside; all other tools are installed into .venv from the lock.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.ready
UV     := .lock-tools/bin/uv
ARGS   ?=
# Three on two cores, because screens wait until nothing moves; each takes what lies together.
SPREAD := -n 3 --dist worksteal

export PIP_DISABLE_PIP_VERSION_CHECK := 1
# The tests start hundreds of processes; without cached bytecode each compiles the program again.
export PYTHONDONTWRITEBYTECODE :=

# `make oracle HOME=DIR` names what is read; it is not where programs keep their files.
ifeq ($(origin HOME),command line)
unexport HOME
endif

.DEFAULT_GOAL := help
.PHONY: help setup run test test-fast coverage check fix oracle bench soak demo-story team-demo screenshots lock clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## (.*)/  make \1|\2/' | \
	while IFS='|' read -r name text; do printf '%-20s%s\n' "$$name" "$$text"; done

setup: $(STAMP) ## create .venv from the lock (again only when the lock or the project changed)

# The lock is complete, so nothing is left to resolve: left to resolve, pip looks past a pin that
# another part asks for with an extra, and fails as soon as a newer release is out.
# The version is read from ingest/__init__.py, so a new version is installed again too.
$(STAMP): requirements-dev.lock pyproject.toml ingest/__init__.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Tailboard needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Say which one to use: make setup PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes --no-deps -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --no-index -e .
	@touch $(STAMP)

run: setup ## start Tailboard; ARGS="status --json" passes arguments
	@$(BIN)/tailboard $(ARGS)

test: setup ## run the tests; ARGS="tests/unit -k lease" passes arguments to pytest
	$(BIN)/python -m pytest $(SPREAD) $(ARGS)

test-fast: setup ## the unit tests: in about a minute, what most changes break
	$(BIN)/python -m pytest $(SPREAD) tests/unit $(ARGS)

coverage: setup ## the tests once more, counting branches; fails below 90 % of ingest
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest $(SPREAD) $(ARGS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --skip-covered --include 'tui/*' | tail -1
	$(BIN)/coverage report --skip-covered --include 'ingest/*' --fail-under 90

check: setup ## format, lint, types and import rules; changes nothing
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fix: setup ## format the code and apply safe lint fixes
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

oracle: setup ## read a Codex home twice, with Tailboard and with a second, simple reading; HOME=DIR, ARGS="--show 3"
	$(BIN)/python -m tests.oracle --home "$(if $(filter command,$(origin HOME)),$(HOME),$(HOME)/.codex)" $(ARGS)

bench: setup ## measure; ARGS are passed on
	$(BIN)/python -m tests.bench $(ARGS)

soak: setup ## all tests with many more examples: 500 kills, 2,500 histories, 200,000 random keys; an hour of a dashboard at work; takes two hours or more
	TAILBOARD_SOAK=1 $(BIN)/python -m pytest $(SPREAD) $(ARGS)
	$(BIN)/python -m tests.bench --live 3600

demo-story: setup ## compose the story of `tailboard demo` anew, after tests/demo was changed
	$(BIN)/python -m tests.demo

team-demo: setup ## two made-up members share projects through a PostgreSQL server of its own
	$(BIN)/python -m tests.team_demo

screenshots: setup ## take pictures of every screen; ARGS="board help" takes only these
	$(BIN)/python -m tests.pictures $(ARGS)

LOCK_FLAGS := --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	--no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock'

# uv resolves for every platform at once, which pip cannot; it lives in a folder of its own, and
# only here: installing needs pip alone. Existing pins are kept; delete a lock to renew them all.
lock: ## write requirements*.lock anew from pyproject.toml
	test -x $(UV) || { $(PYTHON) -m venv .lock-tools && .lock-tools/bin/python -m pip install --quiet 'uv>=0.9,<1'; }
	$(UV) pip compile $(LOCK_FLAGS) --output-file requirements.lock pyproject.toml
	$(UV) pip compile $(LOCK_FLAGS) --constraint requirements.lock --extra dev --extra agents --extra team --extra vectors --output-file requirements-dev.lock pyproject.toml

clean: ## remove what can be made again: environment, caches, builds
	rm -rf $(VENV) .lock-tools .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist htmlcov .coverage .coverage.*
	find ingest tui tests -name __pycache__ -type d -prune -exec rm -rf {} +
