# `make demo` plays a call, `make test` runs every check. Both set up .venv by themselves.

PYTHON ?= python3
SCENARIO ?= bridged
FRAMEWORK ?= pipecat
# Most tests wait for calls that are played in real time.
WORKERS ?= $(shell n=$$(nproc); echo $$((n < 4 ? 4 * n : 16)))
COMPAT ?= pipecat-1.8.0 pipecat-1.12 pipecat-newest livekit-1.5.17 livekit-1.6 livekit-1.7 livekit-newest
BIN := .venv/bin
# Dozens of processes are started, and each would compile everything anew.
export PYTHONDONTWRITEBYTECODE =
ALONE = $(BIN)/pytest --last-failed --last-failed-no-failures none
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: help demo install test pytest alone sip weights lint compat together clean ALWAYS

help:
	@echo "make demo [SCENARIO=name]  play a call on this machine (escalate demo --list: all names)"
	@echo "     [FRAMEWORK=livekit]   with a LiveKit bot instead of a Pipecat one"
	@echo "make install               set up .venv for the demo"
	@echo "make test                  lint, types and every test; no account, key or network"
	@echo "make compat [COMPAT=...]   the adapters' tests on old and new releases of their frameworks"
	@echo "make together              whether both frameworks install together at their newest releases"
	@echo "make sip                   every story with real telephones (kamailio, sipp, baresip, linphone)"
	@echo "make weights               learn again from tests/handoff/replies, after lines were added there"
	@echo "make lint                  ruff and mypy alone"
	@echo "make clean                 remove .venv and what tools left behind"

demo: .venv/demo-$(FRAMEWORK).stamp
	@$(BIN)/escalate demo --scenario $(SCENARIO) --framework $(FRAMEWORK)

install: .venv/demo-$(FRAMEWORK).stamp

# Types are checked beside the tests, and make way for the calls that those play in real time.
test: .venv/test.stamp
	@$(MAKE) --no-print-directory -j 2 lint pytest

# Calls are played in real time: what fails beside the others, where a machine lags, is tried alone.
pytest: .venv/test.stamp
	$(BIN)/pytest -n $(WORKERS) --dist load --maxschedchunk 1 || $(ALONE)

alone: .venv/test.stamp
	$(ALONE)

sip: .venv/test.stamp
	SIP_STORIES=all $(BIN)/pytest tests/sip -n $(WORKERS) --dist load --maxschedchunk 1

weights: .venv/weights.stamp
	$(BIN)/python -m tests.handoff.learn

lint: .venv/test.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	nice -n 19 $(BIN)/mypy

# One environment and one line for each release, and every release is tried whatever the others do.
compat:
	@$(MAKE) --no-print-directory --keep-going $(COMPAT:%=compat-%)

# What fails beside the others gets one chance alone: these calls are played in real time.
compat-%: .venv/compat-%/installed
	@run=".venv/compat-$*/bin/pytest -q -o cache_dir=$(<D)/cache tests/$(framework)_adapter"; \
	  said=$$($$run -n $(WORKERS) --dist worksteal 2>&1 || $$run -n 0 --last-failed 2>&1) \
	  || { echo "$$said"; echo "$*: failed"; exit 1; }; \
	  echo "$*: $$(echo "$$said" | grep -E ' in [0-9.]+s' | paste -sd';')"

# Resolved and not installed. Each by itself is what the environments of `compat` hold.
together: .venv/test.stamp
	@both="pipecat-ai==$(call newest,pipecat-ai) livekit-agents==$(call newest,livekit-agents)"; \
	  $(PIP) --dry-run -e '.[pipecat,livekit]' $$both && echo "together: $$both"

clean:
	rm -rf .venv build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	$(PYTHON) -m venv .venv

# The examples serve with FastAPI, which Pipecat brings along and LiveKit does not.
.venv/demo-%.stamp: pyproject.toml | $(BIN)/python
	@echo "installing into .venv, once; this takes about a minute"
	$(PIP) -e '.[$*,emulator]' fastapi
	$(BIN)/python -m compileall -q escalate examples
	@touch $@

# The group `dev` of pyproject.toml needs pip 25.1; the one that venv brings may be older.
.venv/test.stamp: pyproject.toml | $(BIN)/python
	$(PIP) --upgrade 'pip>=25.1'
	$(PIP) -e '.[pipecat,livekit,agent-transport,emulator,redis,encryption]' --group dev
	@touch $@

.venv/weights.stamp: .venv/test.stamp
	$(PIP) --group weights
	@touch $@

# A name like pipecat-1.8 is a framework and a release of it: 1.8.0 is that one, 1.8 its newest patch.
framework = $(firstword $(subst -, ,$*))
release = $(patsubst newest,,$(lastword $(subst -, ,$*)))
package_pipecat := pipecat-ai[websocket]
package_livekit := livekit-agents

newest = $$($(BIN)/python -m pip index versions $(1) 2>/dev/null | grep -oE '\b1\.[0-9]+\.[0-9]+' | head -n 1)

.PRECIOUS: .venv/compat-%/installed
.venv/compat-%/installed: pyproject.toml
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --upgrade \
	  -e '.[$(framework),emulator]' --group test '$(package_$(framework))$(release:%===%.*)' fastapi
	@touch $@

# What is newest changes without notice here.
.venv/compat-pipecat-newest/installed .venv/compat-livekit-newest/installed: ALWAYS
ALWAYS:
