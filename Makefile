# Each target works from a bare clone and sets up what it needs.
# The interpreter and the environment can be chosen: make test PYTHON=python3.12 VENV=.venv-3.12

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python3.10; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null && echo $$p && break; done)
VENV ?= .venv
BIN := $(VENV)/bin
EVENT ?= events/scf-timer.json
ready := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help tools run night test coverage lint format lock package deploy-test bench clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 24

tools: $(ready) node_modules/.ready ## install what deploying to AWS needs (needs Node.js)

run: $(ready) ## run the function on EVENT (events/scf-timer.json) in its emulated world
	@$(BIN)/quiet-hours invoke $(EVENT)

night: $(ready) ## let a night pass in seconds: what is paused, what a person does, what is resumed
	@$(BIN)/quiet-hours simulate $(NIGHT)

test: $(ready) ## run the tests
	$(BIN)/pytest -n auto -m "not deploy" $(TESTS)

coverage: $(ready) ## the same, with the lines and branches of handler/ that no test reaches
	$(BIN)/pytest -n auto -m "not deploy" --cov --cov-report=term:skip-covered $(TESTS)

lint: $(ready) ## types, lint, format, import directions, docstrings, spelling
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/interrogate handler local
	$(BIN)/codespell

format: $(ready) ## format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

COMPILE = $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.10 --generate-hashes --no-header --quiet
lock: $(ready) ## pin the newest dependencies of pyproject.toml, with hashes and without addresses
	$(COMPILE) --upgrade --output-file requirements.txt
	$(COMPILE) --upgrade --extra holidays --constraint requirements.txt --output-file requirements-holidays.txt
	$(COMPILE) --upgrade --extra dev --constraint requirements-holidays.txt --output-file requirements-dev.txt

package: $(ready) ## build the package for AWS Lambda (PACKAGE="--target scf --policy policy.yaml")
	$(BIN)/python -m local.package $(PACKAGE)

deploy-test: $(ready) node_modules/.ready ## deploy to a cloud on loopback with the real CLI (needs Node.js)
	$(BIN)/pytest -n auto --dist loadgroup -m deploy $(TESTS)

node_modules/.ready: package.json .npmrc
	npm install --silent
	@touch $@

bench: $(ready) ## measure speed, memory and cold start; prints tables
	@for script in bench/*.py; do echo "# $$script"; $(BIN)/python $$script || exit 1; done

clean: ## remove everything that was built or installed here
	rm -rf .venv* node_modules .serverless build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage

# The lock is complete, so pip resolves nothing (--no-deps). With extras, such as coverage[toml], older versions of
# pip ignore a pin as soon as a newer release is out, and then miss its hash.
$(ready): requirements-dev.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.10 or newer is needed; name one: make PYTHON=…"; exit 1; }
	@echo "Setting up $(VENV) with $$($(PYTHON) --version) …"
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check --require-hashes --no-deps -r requirements-dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	@touch $@
