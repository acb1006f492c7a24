# Two commands: `make demo` (see it work) and `make test` (everything CI runs). Each sets itself up.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: setup demo test check bench bench-backup bench-sql mutation servers clean

setup: ## .venv from the lock, restic; quick the second time, then without network
	@$(PYTHON) infra/bootstrap.py

demo: setup ## the whole night on the demo school
	@$(BIN)/truong demo

servers: setup ## the real servers that the tests drive (needs root the first time)
	@$(PYTHON) infra/bootstrap.py --servers
	@$(BIN)/python -m tests.restics

check: setup ## every commit: style, types, import contracts, unit tests; under a minute
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python tests/architecture/style.py
	@$(BIN)/python -m pytest tests/unit tests/rules tests/architecture -q -m "not slow" -n 2

test: setup servers ## everything CI runs
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python tests/architecture/style.py
	@$(BIN)/python -m pytest -n 2 --dist loadfile --ignore tests/benchmarks

bench: ## measures and prints, never fails by time: stages, rules, workbooks, backups (bench-sql needs servers)
	@$(PYTHON) infra/bootstrap.py --bench
	@$(BIN)/python tests/benchmarks/run.py
	@$(BIN)/python -m tests.benchmarks.rules
	@$(BIN)/python -m tests.benchmarks.workbooks
	@$(MAKE) --no-print-directory bench-backup

bench-backup: setup ## a night of 2 GB into restic: ours, bare restic, borg, tar; MB=300 for a smaller set
	@$(BIN)/python -m tests.benchmarks.backups --megabytes $(or $(MB),2000)

bench-sql: setup servers ## a million marks from PostgreSQL, side by side with other ways
	@$(BIN)/python -m tests.benchmarks.sql
	@$(BIN)/python -m tests.benchmarks.api

mutation: setup ## every comparison of the rules flipped, one at a time; prints what no test noticed
	@$(BIN)/python -m tests.mutation.run

clean: ## forget the demo school
	rm -rf demo-home
