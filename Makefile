# `make run` starts the demonstration federation, `make test` runs every check and test. Both do all set-up themselves
# and need only make and Python 3.11 or newer.

PORT ?= 8000
PYTHON ?= python3
ARGS ?=
LAWS ?= 10

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --quiet --disable-pip-version-check
IDE := gateway/ide
IDE_SOURCES := $(wildcard $(IDE)/.npmrc $(IDE)/*.json $(IDE)/*.js $(IDE)/src/* $(IDE)/src/*/*)
UNBUILT := The query editor is not built; the page at / says how to ask without it.

# One resolver for all locks; it is needed to renew them only, so no lock holds it.
UV_VERSION := 0.13.9
UV := build/uv/bin/uv
COMPILE := $(UV) pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-annotate --no-header

.PHONY: run test laws bench bench-lists check ide lock clean
.DEFAULT_GOAL := run

run: $(VENV)/run.stamp
	@$(MAKE) --no-print-directory ide || echo "$(UNBUILT)"
	@exec $(BIN)/gateway demo --port $(PORT)

test: check
	@$(MAKE) --no-print-directory ide || { echo "$(UNBUILT)"; test "$$CI" != true; }
	@$(BIN)/pytest $(ARGS)

# The laws (of lists, filters, edges, keys, values, grants) on more examples than `make test` takes, others each time.
laws: $(VENV)/test.stamp
	@LAWS=$(LAWS) $(BIN)/pytest --timeout 3600 $$(grep -lE '\blaw\([0-9]' tests/test_*.py) $(ARGS)

# What lists cost over 100,000 rows a partner (benchmarks/README.md).
bench-lists: $(VENV)/test.stamp
	@$(BIN)/python -m benchmarks.lists $(ARGS)

# How fast the gateway answers, beside two reference servers (docs/benchmarks.md). URL: of a PostgreSQL, without a database.
bench: $(VENV)/test.stamp
	@$(BIN)/python -m benchmarks.speed $(if $(QUICK),--quick --out build/bench) $(if $(URL),--url $(URL)) $(ARGS)

check: $(VENV)/test.stamp
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --check --quiet
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-logo > $(VENV)/imports.txt || { cat $(VENV)/imports.txt; exit 1; }

ifeq ($(shell command -v npm 2>/dev/null),)
ide:
	@echo "npm is not here. $(UNBUILT)"
else
ide: $(IDE)/dist/index.html
	@:
endif

$(IDE)/dist/index.html: $(IDE_SOURCES)
	@echo "Building the query editor (npm) ..."
	@cd $(IDE) && npm ci --loglevel=error --no-audit --no-fund --ignore-scripts && npm run --silent build
	@touch $@

$(VENV)/pyvenv.cfg:
	@for name in $(PYTHON) python3.14 python3.13 python3.12 python3.11 python; do \
	  if "$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found=$$name; break; fi; \
	done; \
	if [ -z "$$found" ]; then echo "No Python 3.11 or newer is on the PATH; say which: make PYTHON=/path/to/python" >&2; exit 1; fi; \
	if ! "$$found" -c 'import ensurepip, venv' 2>/dev/null; then \
	  echo "$$found cannot make virtual environments; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; \
	fi; \
	"$$found" -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/run.stamp: requirements/run.lock requirements/build.lock pyproject.toml | $(VENV)/pyvenv.cfg
	@echo "Installing the gateway into $(VENV) ..."
	@$(PIP) install --require-hashes -r requirements/build.lock -r requirements/run.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/test.stamp: requirements/test.lock $(VENV)/run.stamp
	@echo "Installing what the tests need into $(VENV) ..."
	@$(PIP) install --require-hashes -r requirements/test.lock
	@touch $@

# Renew all locks. The tests' lock leads, so that no package is in two versions.
lock: $(UV)
	@$(COMPILE) --upgrade pyproject.toml --group test --output-file requirements/test.lock
	@$(COMPILE) --constraint requirements/test.lock pyproject.toml --output-file requirements/run.lock
	@$(COMPILE) --constraint requirements/test.lock --group build --output-file requirements/build.lock
	@$(COMPILE) --upgrade .ci/node.in --output-file .ci/node.lock

$(UV): | $(VENV)/pyvenv.cfg
	@$(BIN)/python -m venv build/uv
	@build/uv/bin/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

clean:
	@rm -rf $(VENV) build dist $(IDE)/dist $(IDE)/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
