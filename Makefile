# Everything a fresh machine needs, with Python >= 3.11 (venv, pip) and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DEMO := demo-workspace$(if $(DATA),-$(basename $(notdir $(DATA))))

.PHONY: help install demo test lint types unit bench lock clean

help:
	@echo "make demo                  the main job on 49,688 real products (DATA=file.csv [LABEL=column]: on your own)"
	@echo "make test                  lint, types, tests, README commands"
	@echo "make install | bench | clean | lock"

install: $(READY)

# Third-party versions and hashes are fixed in requirements.lock; torch, whose build depends on the machine, in
# pyproject.toml. It comes last, so that it finds its own requirements already there.
$(READY): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Shelver needs Python 3.11 or newer; name one with: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "$$($(BIN)/python tools/torch_pin.py)"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: install
	$(BIN)/shelver demo -w "$(DEMO)" $(if $(DATA),--data "$(DATA)") $(if $(LABEL),--label "$(LABEL)")

test: lint types unit

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: install
	$(BIN)/mypy

unit: install
	$(BIN)/python -m pytest -n auto --dist loadgroup

bench: install
	$(BIN)/python benchmarks/main_job.py

# Bring requirements.lock up to date: newest versions that pyproject.toml allows, with the hashes of all their files.
lock:
	$(PYTHON) tools/lock.py

clean:
	rm -rf $(VENV) build dist src/*.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis demo-workspace*
