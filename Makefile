# OpenHTM. The two commands: make run, make test. Everything else is for those who work on it.
SHELL := /bin/sh
.SUFFIXES:
.PHONY: help run install test soak bench lock clean
SCALE ?= 100000

help:
	@echo "make run      start OpenHTM with a demo hospital on http://127.0.0.1:8000 (OPENHTM_PORT, OPENHTM_HOME)"
	@echo "make test     linters, types, import layers, all tests"
	@echo "make install  only the virtual environment .venv, with openhtm in its bin"
	@echo "make soak     the tests of the runtime ten times over, 1000 examples of each law that names no number, 500 kills"
	@echo "make bench    measure at SCALE=$(SCALE) devices"
	@echo "make lock     renew the locked package versions (needs uv)"
	@echo "make clean    remove what make made; your data stays"

run: install
	@exec .venv/bin/python tools/run.py .venv/bin/openhtm run

install:
	@tools/install runtime

test:
	@tools/install dev
	@tools/test

soak:
	@tools/install dev
	@for round in 1 2 3 4 5 6 7 8 9 10; do .venv/bin/pytest -q -n 0 tests/runtime || exit 1; done
	@OPENHTM_EXAMPLES=1000 .venv/bin/pytest -q -n 2 -m hypothesis src tests
	@OPENHTM_KILLS=500 .venv/bin/pytest -q -n 0 tests/durability

bench:
	@tools/install dev
	@.venv/bin/python -m bench --scale $(SCALE)

lock:
	@tools/lock --upgrade

clean:
	@rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .coverage bench/results.json
	@find src tests -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
	@rm -rf src/openhtm.egg-info
