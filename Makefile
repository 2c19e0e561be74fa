# Two commands: `make month` runs the main job on real data, `make test` tests everything that needs no system package.
# Both install the locked dependencies into .venv first, once; after that they go straight to work.

.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
SHELL := /bin/bash

SITE ?= .sites/rki
PERIOD ?= 2025-08
# Long ones first: what is left for the end is short, and both processors are busy until then.
TESTS ?= tests/whole tests/story tests/flows tests/services tests/months tests
BIN := .venv/bin

# What the user has set for Python elsewhere stays outside.
unexport PYTHONPATH PYTHONHOME

.PHONY: help install month test coverage lint format test-browser chaos conformance peers schemas clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 22

install: ## .venv with the locked dependencies; does nothing when they are there
	@.ci/install

# A site that was not laid out to its end is laid out on. A month that is held back (exit code 3) was tested: success.
month: install ## one month on real data, to a verdict and a report
	@if [ -e $(SITE).unfinished ] || [ ! -f $(SITE)/site.toml ]; then \
	  if [ -e $(SITE).unfinished ] && [ ! -f $(SITE)/site.toml ]; then rm -rf $(SITE); fi; \
	  mkdir -p $(dir $(SITE)) && : > $(SITE).unfinished && $(BIN)/loadgate sample rki $(SITE) || exit; \
	  rm $(SITE).unfinished; \
	fi; \
	$(BIN)/loadgate run $(PERIOD) --site $(SITE); code=$$?; \
	if [ $$code -eq 3 ]; then exit 0; else exit $$code; fi

test: lint ## everything that needs no system package
	@$(BIN)/python -m pytest $(TESTS) -m "not browser and not chaos" -n 2 --dist loadfile --no-loadscope-reorder $(MEASURED); code=$$?; \
	if [ $$code -ne 0 ]; then echo "FAILED (pytest ended with $$code)"; fi; \
	echo "Did not run: browser (make test-browser, needs Chromium), chaos (make chaos, up to 45 minutes)."; \
	exit $$code

coverage: MEASURED = --cov --cov-report=term:skip-covered
coverage: test ## the same tests, a third slower, and which lines and branches they reach

lint: install ## ruff, mypy and the floors
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

format: install ## ruff's formatting and safe fixes
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

test-browser: install ## the report in Chromium, with axe
	@command -v chromium >/dev/null || { echo "test-browser needs Chromium as chromium (on Debian: apt install chromium)" >&2; exit 1; }
	@$(BIN)/python -m pytest $(TESTS) -m browser

chaos: install ## SIGKILL at every durable write of a run and a release
	@$(BIN)/python -m pytest $(TESTS) -m chaos -n 2 --dist worksteal --timeout 1800

# GX_CHECKOUT=PATH names a checkout of GX's repository, for its own tables of cases.
conformance: install ## this engine against GX on pandas, case by case (minutes); GX_CHECKOUT=PATH adds GX's own cases
	@$(BIN)/python -W ignore tests/conformance/run.py $(if $(GX_CHECKOUT),--gx-checkout $(GX_CHECKOUT))

# Not locked, and apart from .venv: a peer's dependencies must not decide about loadgate's.
peers: install ## .venv-peers with the other tools that benchmarks.checking measures
	@test -x .venv-peers/bin/python || $(BIN)/python -m venv .venv-peers
	@$(BIN)/python -c 'import tomllib; \
	  print(*tomllib.load(open("pyproject.toml", "rb"))["dependency-groups"]["peers"], sep="\n")' > .venv-peers/requirements.txt
	@.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check -r .venv-peers/requirements.txt

schemas: install ## generate infra/schemas and the catalogue of expectations again
	@$(BIN)/python -c 'import json, sys; from loadgate.checking.engine.catalogue import generate; \
	  open(sys.argv[1], "w").write(json.dumps(generate(), indent=1, sort_keys=True) + "\n")' src/loadgate/content/gx_catalogue.json
	@$(BIN)/python -m loadgate.checking.own_catalogue src/loadgate/content/own_catalogue.json
	@$(BIN)/python -m loadgate.content.schemas infra/schemas

clean: ## what the tools left; neither .venv nor .sites
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage .coverage.* dist
