# `make demo` plays a call, `make test` runs every check. Both set up .venv by themselves.

PYTHON ?= python3
SCENARIO ?= bridged
FRAMEWORK ?= pipecat
WORKERS ?= 4
BIN := .venv/bin
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: help demo install test lint clean

help:
	@echo "make demo [SCENARIO=name]  play a call on this machine (escalate demo --list: all names)"
	@echo "     [FRAMEWORK=livekit]   with a LiveKit bot instead of a Pipecat one"
	@echo "make install               set up .venv for the demo"
	@echo "make test                  lint, types and every test; no account, key or network"
	@echo "make lint                  ruff and mypy alone"
	@echo "make clean                 remove .venv and what tools left behind"

demo: .venv/demo-$(FRAMEWORK).stamp
	@$(BIN)/escalate demo --scenario $(SCENARIO) --framework $(FRAMEWORK)

install: .venv/demo-$(FRAMEWORK).stamp

test: lint
	$(BIN)/pytest -n $(WORKERS) --dist worksteal

lint: .venv/test.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

clean:
	rm -rf .venv build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	$(PYTHON) -m venv .venv

# The examples serve with FastAPI, which Pipecat brings along and LiveKit does not.
.venv/demo-%.stamp: pyproject.toml | $(BIN)/python
	@echo "installing into .venv, once; this takes about a minute"
	$(PIP) -e '.[$*,emulator]' fastapi
	@touch $@

# The group `dev` of pyproject.toml needs pip 25.1; the one that venv brings may be older.
.venv/test.stamp: pyproject.toml | $(BIN)/python
	$(PIP) --upgrade 'pip>=25.1'
	$(PIP) -e '.[pipecat,livekit,emulator,redis,encryption]' --group dev
	@touch $@
