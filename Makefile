# Every target does the whole set-up first; a second run does none of it again. `make help` lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
PY := .venv/bin/python
STUDY ?=
REAL ?=
TORCH ?=
CODE := core inference viewer plugins tests packaging

.PHONY: help setup setup-package demo test test-all quick lint types contracts unit windows journeys package frozen bench clean

help: ## This list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort

setup:
	@packaging/setup.sh

demo: setup ## The main job in the real window (STUDY=folder for your own, REAL=1 for a real patient's CT)
	@$(PY) -m overread.viewer.cli.main demo $(if $(STUDY),--study "$(STUDY)") $(if $(REAL),--real)

test: quick ## Everything that must hold
	@$(MAKE) --no-print-directory windows
	@$(MAKE) --no-print-directory journeys

test-all: setup-package ## `make test` and what takes long; writes docs/proofs.json
	@$(PY) packaging/proofs.py

# The first three beside one another, the tests after them with two workers: on two cores that is half the time.
quick: setup ## Lint, types, contracts, units
	@$(MAKE) --no-print-directory -j 2 -O lint types contracts
	@$(MAKE) --no-print-directory unit

lint: setup
	@$(PY) -m ruff check $(CODE)
	@$(PY) -m ruff format --check -q $(CODE)

types: setup
	@$(PY) -m mypy $(CODE)

contracts: setup
	@.venv/bin/lint-imports --no-cache

# Two workers, for two cores; the tests of a file stay together, because they share what they make.
unit: setup
	@$(PY) -m pytest -q -n 2 --dist loadfile tests/unit tests/contract

windows: setup
	@$(PY) -m pytest -q -n 2 --dist loadfile tests/windows

journeys: setup
	@$(PY) -m pytest -q tests/journeys

setup-package: setup
	@packaging/setup.sh package

package: setup-package ## A Debian package of the frozen program in dist/ (TORCH=1 takes torch along)
	@$(PY) packaging/build_deb.py $(if $(TORCH),--torch)

frozen: setup ## Every package in dist/, unpacked elsewhere, at work
	@$(PY) -m pytest -q tests/frozen

bench: setup ## Figures as ratios
	@$(PY) -m overread.viewer.cli.main bench

clean: ## Caches and build leftovers
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist demo-out
	@find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
