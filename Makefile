# make demo   open napari with a phantom and ask the toy model about it
# make test   everything that must hold: lint, imports, types, tests with real windows
# make env    the environment alone;  make lint;  make bench;  make docs-shots;  make clean

PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && { echo $$p; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
XVFB := xvfb-run -a -s "-screen 0 1600x1000x24"
STAMP := $(VENV)/.installed
PIP = $(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt

.PHONY: env demo test lint bench parity docs-shots clean system

env: $(STAMP)

$(STAMP): pyproject.toml constraints.txt napari.yaml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed, and none was found on PATH."; exit 1; }
	@test -x $(BIN)/python || { echo "[env] making $(VENV) with $(PYTHON)"; $(PYTHON) -m venv $(VENV); }
	@echo "[env] 1/3 pip itself (all of it: some minutes the first time, 2 GB of disk)"
	@$(PIP) -q --upgrade pip
	@echo "[env] 2/3 torch, pinned to its CPU build where the index has one"
	@$(PIP) torch==2.13.0
	@echo "[env] 3/3 napari, the model libraries, this project, the tools of the tests"
	@$(PIP) -e ".[all]" --group dev
	@touch $(STAMP)
	@echo "[env] ready"

system:
	@tools/system-packages

demo: env system
	@if [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ] || [ "$$(uname -s)" = Darwin ]; then $(BIN)/medvlm demo; \
	else echo "[demo] no screen here: the same in a window under Xvfb, saved as demo.png"; \
	$(BIN)/medvlm demo --screenshot demo.png; fi

lint: env
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports
	@$(BIN)/mypy

test: env system lint
	@PYTHON=$(BIN)/python tools/run-tests

parity: env
	@$(BIN)/python tools/parity-page $(BIN)/medvlm > docs/parity.md
	@echo "docs/parity.md written"

docs-shots: env system
	$(XVFB) $(BIN)/python tools/docs_shots.py

bench: env
	@for b in benchmarks/bench_*.py; do echo "== $$b"; $(BIN)/python $$b || exit 1; done
	@echo "== medvlm bench demo-model"; $(BIN)/medvlm bench demo-model

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache build dist
