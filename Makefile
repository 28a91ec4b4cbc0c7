# Everything a newcomer needs: `make run` and `make test`. Both install what they need, hash-locked, into this checkout.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
export PINGAN_HOME ?= $(CURDIR)/var
export DO_NOT_TRACK = 1
export DAGSTER_DISABLE_TELEMETRY = yes
export GX_ANALYTICS_ENABLED = false
# Where a machine forbids compiled modules, every command compiles Dagster, dbt and Great Expectations anew: 11 s each.
unexport PYTHONDONTWRITEBYTECODE

PACKAGES := arrivals assets benchmarks city feeds gates methods notices pipelines publication schemas simulator warehouse

.DEFAULT_GOAL := help
.PHONY: help run test unit lint types linters ui services bench soak lock clean

help: ## Show the commands.
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 18

run: $(VENV)/.runtime ## Simulate 25 months, backfill and publish 13 issues, print the latest.
	deploy/debian_packages.sh
	$(BIN)/pingan simulate 2021-01..2023-01
	$(BIN)/pingan materialize 2022-01..2023-01 --publish

test: $(VENV)/.development ## All tests.
	deploy/debian_packages.sh tests
	$(BIN)/pytest -n 3 --no-loadscope-reorder

unit: $(VENV)/.development ## The fast tests only.
	$(BIN)/pytest -m "not end_to_end and not server"

lint: types linters ## Types and style: mypy, ruff, bandit, sqlfluff (`make -j2 lint` takes half the time).

types: $(VENV)/.development
	$(BIN)/mypy

linters: $(VENV)/.development
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	@# its notes on `# nosec` marks of nested expressions go nowhere: each exception has its reason beside it
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive $(PACKAGES) 2>/dev/null
	cd dbt_project && ../$(BIN)/sqlfluff lint models tests --disable-progress-bar --processes 2

ui: $(VENV)/.runtime ## Dagster UI with webserver and daemon on the same state, on loopback.
	$(BIN)/pingan ui

services: $(VENV)/.services ## What an installation on several machines needs besides (docs/deployment.md).

bench: $(VENV)/.development ## Benchmarks: ratios against baselines measured in the same run.
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.month

soak: $(VENV)/.development ## Hundreds of kills at random instants and at every step (hours; resumable, results in docs/soak/).
	$(BIN)/python -m tests.soak
	$(BIN)/python tests/hostile/campaign.py
	$(BIN)/python tests/hostile/coverage_guided.py -runs=50000 -max_len=4096
	$(BIN)/pytest tests/servers/soak_several_machines.py

lock: ## Pin again from the .in files; no address is written into the locks.
	$(BIN)/uv pip compile --quiet --generate-hashes --no-annotate --upgrade -p 3.11 --custom-compile-command "make lock" requirements/runtime.in -o requirements/runtime.txt
	$(BIN)/uv pip compile --quiet --generate-hashes --no-annotate --upgrade -p 3.11 --custom-compile-command "make lock" -c requirements/runtime.txt requirements/services.in -o requirements/services.txt
	$(BIN)/uv pip compile --quiet --generate-hashes --no-annotate --upgrade -p 3.11 --custom-compile-command "make lock" -c requirements/services.txt -c requirements/runtime.txt requirements/development.in -o requirements/development.txt
	$(BIN)/uv pip compile --quiet --generate-hashes --no-annotate --upgrade -p 3.11 --custom-compile-command "make lock" requirements/bootstrap.in -o requirements/bootstrap.txt

clean: ## Remove the environment and all state.
	rm -rf $(VENV) var

$(VENV)/.bootstrap: requirements/bootstrap.txt
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt
	touch $@

$(VENV)/.runtime: $(VENV)/.bootstrap requirements/runtime.txt pyproject.toml
	$(BIN)/uv pip install --python $(BIN)/python --require-hashes -r requirements/runtime.txt
	$(BIN)/uv pip install --python $(BIN)/python --no-deps --no-build-isolation --quiet -e .
	touch $@

$(VENV)/.services: $(VENV)/.runtime requirements/services.txt
	$(BIN)/uv pip install --python $(BIN)/python --require-hashes -r requirements/services.txt
	touch $@

$(VENV)/.development: $(VENV)/.runtime requirements/development.txt
	$(BIN)/uv pip install --python $(BIN)/python --require-hashes -r requirements/development.txt
	touch $@
