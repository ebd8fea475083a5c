# Parley. `make help` lists what can be done.
PYTHON    ?= python3
STATE     ?= $(if $(RECORDING),state-recording,state)
PORT      ?= 8000
HOST      ?= 127.0.0.1
RECORDING ?=
SPEED     ?= 3600
SEED      ?= 1
SINCE     ?=
UNTIL     ?=
WITHOUT   ?=
TESTS     ?= tests
SECONDS   ?= 60
TARGET    ?=
SEEDS     ?= 1000
COUNT     ?= 10000000
BUGS      ?=
WORKERS   ?= 2

VENV   := .venv
BIN    := $(VENV)/bin
STAMPS := $(VENV)/stamps
CORE   := $(shell find core -type f -not -path '*/build/*' -not -path '*/__pycache__/*' -not -path 'core/fuzz/*' \
  -not -path 'core/sim/*' -not -path 'core/tests/*' 2>/dev/null)

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1
export PIP_ROOT_USER_ACTION := ignore
export PIP_NO_WARN_SCRIPT_LOCATION := 1

.DEFAULT_GOAL := help
.PHONY: help run test check check-core agreement replay fuzz simulate bench core install install-dev format month verify demo-keys clean clean-state

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## / {printf "  \033[36m%-12s\033[0m %s\n", $$1, $$2}' Makefile

run: install ## Start everything: PORT=8000 STATE=state; a recorded market with RECORDING=dir SPEED=3600
	@exec $(BIN)/python manage.py up --state "$(STATE)" --host "$(HOST)" --port $(PORT) --seed $(SEED) --speed "$(SPEED)" \
	  $(if $(RECORDING),--recording "$(RECORDING)") $(if $(SINCE),--since "$(SINCE)") $(if $(UNTIL),--until "$(UNTIL)") \
	  $(if $(WITHOUT),--without "$(WITHOUT)") $(if $(PAIRS),--pairs)

test: install-dev ## Every test: unit, integration, browser, processes (TESTS=folder for a part)
ifeq ($(TESTS),tests)
	@$(BIN)/python -m pytest tests/architecture tests/unit tests/integration -n $(WORKERS) \
	  --dist loadfile --no-loadscope-reorder
	@$(BIN)/python -m pytest tests/e2e
	@$(BIN)/python -m pytest tests/processes
else
	@$(BIN)/python -m pytest $(TESTS)
endif
# The browser's driver keeps an event loop in its thread, in which Django refuses its ORM: a run of its own. What starts
# whole stacks runs alone, so that it measures and kills nothing of its neighbors.

check: install-dev ## What CI checks besides the tests: ruff, types, import contracts, style
	@$(BIN)/python -m ruff check .
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/python -m mypy
	@$(BIN)/python manage.py check --fail-level WARNING
	@PARLEY_TEST_SERVERS=0 $(BIN)/python -m pytest tests/architecture -q

check-core: ## The core's C++ tests under ASan, UBSan and TSan, some simulated seeds, every fuzz target for a moment
	@PATH="$$PATH:$(abspath $(BIN))" $(PYTHON) core/check.py sanitize

agreement: ## Engine and reference book on the same random commands, event by event: COUNT=10000000
	@$(PYTHON) core/check.py agree --count $(COUNT)

replay: ## Journal random inputs over restarts and rebuild the state, by its hash: COUNT=10000000
	@$(PYTHON) core/check.py replay --count $(COUNT)

fuzz: ## Fuzz the core's decoders: SECONDS=60 each, TARGET=commands for one (needs clang)
	@$(PYTHON) core/check.py fuzz --seconds $(SECONDS) --target "$(TARGET)"

simulate: ## Simulate engine, gateway, disk, network and clocks with faults: SEEDS=1000, one SEED=n, or BUGS=1
	@$(PYTHON) core/check.py simulate $(if $(BUGS),--bugs,$(if $(filter command line,$(origin SEED)),--seed $(SEED),--seeds $(SEEDS)))

bench: install-dev ## Measure: latency of an order, fan-out to sockets, the engine
	@$(BIN)/python -m bench

core: $(STAMPS)/core ## Build the compiled core and install it

install: $(STAMPS)/requirements $(STAMPS)/client $(STAMPS)/core ## Virtual environment, dependencies and the compiled core

install-dev: $(STAMPS)/requirements-dev $(STAMPS)/client $(STAMPS)/core ## The same, with what the tests need

format: install-dev ## Sort imports and fix what ruff can fix
	@$(BIN)/python -m ruff check --fix-only .

verify: install ## Verify the audit trail of the running instance
	@$(BIN)/python manage.py verify_audit

clean: ## Remove the virtual environment and everything that was built
	rm -rf $(VENV) core/build build dist .ruff_cache .mypy_cache .pytest_cache .hypothesis .import_linter_cache

clean-state: install ## Remove the state folder: database, journal, demo keys
	@$(BIN)/python -c "import sys; sys.path.insert(0, '.'); from terminal.supervisor import state; state.remove('$(STATE)')"

$(STAMPS)/python:
	@$(PYTHON) terminal/requisites.py
	@$(PYTHON) -m venv $(VENV)
	@mkdir -p $(STAMPS)
	@touch $@

$(STAMPS)/requirements: requirements.txt | $(STAMPS)/python
	@echo "installing the dependencies (some ten minutes the first time: quickfix is compiled)"
	@$(BIN)/python -m pip install -qq -r requirements.txt
	@touch $@

$(STAMPS)/client: clients/python/pyproject.toml | $(STAMPS)/requirements
	@$(BIN)/python -m pip install -qq --no-deps --editable clients/python
	@touch $@

$(STAMPS)/requirements-dev: requirements-dev.txt requirements.txt requirements-ccxt.txt | $(STAMPS)/requirements
	@$(BIN)/python -m pip install -qq -r requirements-dev.txt
	@$(BIN)/python -m pip install -qq --no-deps -r requirements-ccxt.txt
	@touch $@

$(STAMPS)/core: $(CORE) | $(STAMPS)/requirements
	@$(PYTHON) terminal/requisites.py --compiler
	@echo "building the compiled core"
	@$(BIN)/python -m pip install -qq --no-deps --force-reinstall ./core
	@touch $@
