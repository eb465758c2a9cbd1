# `make test` and `make demo` work in a fresh clone: they make .venv with the machine's own python3
# and pip, and renew it when pyproject.toml or constraints.txt has changed.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.PHONY: venv demo test test-all lint format bench clean
.DEFAULT_GOAL := test

venv: $(READY)

$(READY): pyproject.toml constraints.txt hatch_build.py
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install -qq --constraint constraints.txt \
		--editable '.[train,plot,demo,dev]'
	@touch $@

demo: $(READY)
	@$(BIN)/python -m s2sgraph.demo

# A process for each core, and one thread for each process. Each begins with a part of the tests in
# one piece, so that what the tests of a file share is made once.
test: $(READY)
	@OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses auto --dist worksteal

test-all: $(READY)
	@$(BIN)/pytest -m ''

lint: $(READY)
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --quiet --check
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/codespell

format: $(READY)
	@$(BIN)/ruff check --quiet --fix
	@$(BIN)/ruff format --quiet

bench: $(READY)
	@$(BIN)/python -m benchmarks

clean:
	@rm -rf .venv build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
