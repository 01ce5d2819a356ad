# Needs only Python 3.11 or newer: `make demo` shows a city at work, `make help` the rest.

PYTHON ?= python3
ARGS ?=
VENV := .venv/bin
BOOTSTRAP := $(PYTHON) deliveryapp/embedded/bootstrap.py
CPUS := $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)

# Each folder starts stacks of ten processes, which mostly wait: apart from what computes, four at a time.
WHOLE_STACKS := tests/journeys tests/faults tests/browser tests/kafka

# Where it is set, each of the hundreds of processes that the tests start compiles its modules anew, for seconds.
unexport PYTHONDONTWRITEBYTECODE

# Nothing here gains from a parallel make, and the demo owns the terminal.
.NOTPARALLEL:
.PHONY: help demo services kafka test test-kafka races faults lint bench clean python install install-kafka install-dev

help: ## show this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo '  Options go in ARGS: make demo ARGS="--orders 200 --speed 20 --exit"'

demo: install $(if $(findstring kafka,$(ARGS)),install-kafka) ## a city with customers, kitchens and drivers, from nothing
	@exec $(VENV)/python manage.py demo $(ARGS)

services: install ## only PostgreSQL and Valkey, with their URLs to export
	@exec $(VENV)/python manage.py services $(ARGS)

kafka: install install-kafka ## Apache Kafka from Maven Central (Java 17), with its address to export
	@exec $(VENV)/python manage.py kafka_broker $(ARGS)

test: lint ## lint, then every test on real PostgreSQL and Valkey
	RACE_ROUNDS=50 $(VENV)/pytest -n $$(($(CPUS) + 1)) --dist loadgroup --no-loadscope-reorder $(WHOLE_STACKS:%=--ignore=%) $(ARGS)
	$(VENV)/pytest -n 4 --dist loadgroup --no-loadscope-reorder $(WHOLE_STACKS)

test-kafka: install-dev ## only the tests of both transports, on a real Kafka
	$(VENV)/pytest tests/kafka $(ARGS)

races: install-dev ## the races at full length, 200 rounds each
	$(VENV)/pytest -n $(CPUS) --dist loadgroup tests/concurrency $(ARGS)

faults: install-dev ## kill -9 at every named point, and a city of 300 orders under blows (--orders, --seed)
	$(VENV)/pytest -n 0 tests/faults --all-points --orders 300 $(ARGS)

lint: install-dev ## style, types, borders between apps, migrations, API schema
	$(VENV)/ruff check .
	$(VENV)/ruff format --check .
	$(VENV)/mypy . & types=$$!; { \
	  $(VENV)/lint-imports && \
	  $(VENV)/python manage.py services --temporary -- $(VENV)/python manage.py makemigrations --check --dry-run && \
	  $(VENV)/python manage.py spectacular --validate --fail-on-warn --file /dev/null; \
	} || failed=1; wait $$types && test -z "$$failed"

bench: install ## measure it (own services, own state in .run/bench)
	@exec $(VENV)/python manage.py services --run-dir .run/bench -- $(VENV)/python manage.py bench $(ARGS)

clean: ## forget all state and caches, keep .venv
	@if [ -L .run/elsewhere ]; then rm -rf "$$(readlink .run/elsewhere)"; fi
	@rm -rf .run .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage htmlcov
	@find . -name __pycache__ -type d -not -path './.venv/*' -prune -exec rm -rf {} +

install: python
	@$(BOOTSTRAP) requirements.txt

install-kafka: python
	@$(BOOTSTRAP) requirements-kafka.txt

install-dev: python
	@$(BOOTSTRAP) requirements-dev.txt --browser

python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "This project needs Python 3.11 or newer, but '$(PYTHON)' is $$($(PYTHON) --version 2>&1 || true)."; \
	  echo 'Install one and name it: make PYTHON=python3.12 demo'; exit 1; }
