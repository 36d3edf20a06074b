# Égide: every command of the project. `make` alone lists them.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

PROCESSES := --numprocesses auto --maxprocesses 4

FHIRCLIENT        := fhirclient-2.6.3
FHIRCLIENT_SHA512 := 0a2ad98b173059e95b9085f1a7194d431e7e65d262ae5e85d6ce32e32bc0d57ee11c092bf67f7d6951da322d305fef7b9c04e3290eb95fa341e5ab3fc19a09ce

.DEFAULT_GOAL := help
.PHONY: help install demo test test-browser check format bench lock clean

help: ## List the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

$(VENV)/.run: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is %s" % sys.version.split()[0])'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.run
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

install: $(VENV)/.run ## Install Égide into .venv, dependencies pinned by hash

demo: $(VENV)/.run ## Install, load synthetic records and serve them on http://127.0.0.1:8600
	@$(BIN)/egide demo

test: $(VENV)/.dev ## Install and run all tests but those in a browser
	@$(BIN)/python -m pytest $(PROCESSES)

test-browser: $(VENV)/.dev $(VENV)/fhirclient/package/package.json /usr/bin/chromium ## Run the pages in Debian's Chromium (installs it when missing)
	@$(BIN)/python -m pytest $(PROCESSES) tests/browser

$(VENV)/fhirclient/package/package.json: Makefile | $(VENV)/.dev /usr/bin/npm
	@rm -rf $(VENV)/fhirclient && mkdir $(VENV)/fhirclient
	@cd $(VENV)/fhirclient && npm pack --silent $(subst -,@,$(FHIRCLIENT)) >/dev/null
	@cd $(VENV)/fhirclient && echo "$(FHIRCLIENT_SHA512)  $(FHIRCLIENT).tgz" | sha512sum --check --quiet --strict
	@tar -xzmf $(VENV)/fhirclient/$(FHIRCLIENT).tgz -C $(VENV)/fhirclient

/usr/bin/npm:
	@apt-get update -qq
	@DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends npm >/dev/null

/usr/bin/chromium:
	@apt-get update -qq
	@DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium >/dev/null

check: $(VENV)/.dev ## Style, types, and the floors: imports point down
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

format: $(VENV)/.dev ## Put the code in its usual form
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(VENV)/.dev ## Measure, against the targets of the design
	@$(BIN)/egide bench

lock: $(VENV)/.dev ## Pin the dependencies again (needs uv)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate pyproject.toml --extra build -o requirements.lock
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --group dev -c requirements.lock -o requirements-dev.lock

clean: ## Remove the virtual environment and caches (never the data)
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
