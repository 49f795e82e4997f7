# Everything that a fresh machine needs is set up by the first target that is made.
# Only Python 3.11 to 3.13 and make have to be there.

PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
  $$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
DEMO := demo

.PHONY: demo test lint types contracts unit fuzz docs constraints clean

demo: .venv/installed
	rm -rf $(DEMO)
	$(BIN)/pneumoscope data phantoms $(DEMO)/phantoms --patients 260 --seed 7
	$(BIN)/pneumoscope train $(DEMO)/phantoms --arch baseline --output $(DEMO)/run --epochs 8 --seed 7
	$(BIN)/pneumoscope evaluate $(DEMO)/run $(DEMO)/phantoms --output $(DEMO)/evaluation
	$(BIN)/pneumoscope data phantoms $(DEMO)/new --patients 4 --seed 8
	$(BIN)/pneumoscope predict $(DEMO)/run $(DEMO)/new --heatmap $(DEMO)/heatmaps
	@echo
	@echo "Where to look:"
	@echo "  $(DEMO)/evaluation/sample_predictions.png   right ones, mistakes, and what the network looked at"
	@echo "  $(DEMO)/evaluation/                         confusion matrix, ROC, precision-recall, scores"
	@echo "  $(DEMO)/heatmaps/                           new images under their heatmaps"
	@echo "  $(DEMO)/run/figures/curves.png              the training"
	@echo "  $(DEMO)/run/bundle/MODEL_CARD.md            what the model is, and is not, for"

test: lint types contracts unit

lint: .venv/installed
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/codespell src tests docs benchmarks fuzz README.md CONTRIBUTING.md CHANGELOG.md

types: .venv/installed
	$(BIN)/mypy

contracts: .venv/installed
	$(BIN)/lint-imports

unit: .venv/installed
	$(BIN)/pytest --cov --cov-report=term

# What no test thought of: a minute of bytes made up from real files.
fuzz: .venv/installed
	$(BIN)/python fuzz/read_image.py .fuzz -max_total_time=60

docs: .venv/installed
	$(BIN)/mkdocs build --strict

# Renews the pinned versions: needs uv.
constraints:
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-emit-index-url \
	  --no-annotate --no-header --upgrade --extra train --extra fetch --extra dev pyproject.toml -o constraints.txt

.venv/installed: constraints.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "Pneumoscope needs Python 3.11, 3.12 or 3.13: install one of them."; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

clean:
	rm -rf .venv $(DEMO) site build dist .fuzz .coverage* htmlcov
