# Everything that a fresh machine needs is set up by the first target that is made.
# Only Python 3.11 to 3.13 and make have to be there.

PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
  $$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
DEMO := demo

.PHONY: demo test lint types contracts unit fuzz docs constraints torch clean

# Small images, plain pneumonia and few epochs, so that it takes minutes.
demo: .venv/train
	rm -rf $(DEMO)
	$(BIN)/pneumoscope data phantoms $(DEMO)/phantoms --patients 180 --lesion-strength 2 --seed 7
	$(BIN)/pneumoscope train $(DEMO)/phantoms --output $(DEMO)/run --seed 7 \
	  --image-size 96 --batch-size 16 --epochs 16 --precision float32
	$(BIN)/pneumoscope evaluate $(DEMO)/run $(DEMO)/phantoms --output $(DEMO)/evaluation
	$(BIN)/pneumoscope data phantoms $(DEMO)/new --patients 4 --lesion-strength 2 --seed 8
	$(BIN)/pneumoscope predict $(DEMO)/run $(DEMO)/new --heatmap $(DEMO)/heatmaps
	# The model that ships has learnt from radiographs: what it says of drawings means nothing.
	$(BIN)/pneumoscope predict $(DEMO)/new
	$(BIN)/pneumoscope report $(DEMO)/run --output $(DEMO)/report.html
	@$(BIN)/python scripts/end_demo.py $(DEMO)

test: lint types contracts unit

lint: .venv/all
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/codespell src tests docs benchmarks fuzz README.md CONTRIBUTING.md CHANGELOG.md SECURITY.md

types: .venv/all
	$(BIN)/mypy

contracts: .venv/all
	$(BIN)/lint-imports

unit: .venv/all
	$(BIN)/pytest --numprocesses auto --maxprocesses 4 --dist loadfile --cov --cov-report=term

# What no test thought of: half a minute of files damaged at random, and half of bytes made up by
# what the reader does with them.
fuzz: .venv/all
	$(BIN)/python fuzz/each_format.py 40
	$(BIN)/python fuzz/read_image.py .fuzz/corpus -max_total_time=30

docs: .venv/all
	$(BIN)/python scripts/build_site.py

# Renews the pinned versions: needs uv. What trains is a part of all, in the same versions.
LOCK := uv pip compile --universal --python-version 3.11 --generate-hashes --no-strip-extras \
  --no-emit-index-url --no-annotate --no-header --group build

constraints:
	$(LOCK) --upgrade --extra train --extra jax --extra fetch --extra node --extra serve --extra traces --extra scale --extra ray \
	  --extra tune --extra track --extra dev pyproject.toml -o constraints.txt
	$(LOCK) --extra train --constraints constraints.txt pyproject.toml -o constraints-train.txt
	$(LOCK) --extra torch --constraints constraints.txt pyproject.toml -o constraints-torch.txt

# With the pip that this Python brings. Only what is used is compiled to bytecode, when it is used.
define install
	@test -n "$(PYTHON)" || { echo "Pneumoscope needs Python 3.11, 3.12 or 3.13: install one of them."; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r $<
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
endef

.venv/train: constraints-train.txt pyproject.toml
	$(install)
	touch $@

# The tests would take what compiling warns of for errors: all is compiled before them.
.venv/all: constraints.txt pyproject.toml
	$(install)
	$(BIN)/python -W ignore -m compileall -qq -j 0 .venv/lib || true
	touch $@ .venv/train

# The test of training on PyTorch has an environment of its own: 3 GB of libraries for GPUs.
torch: .venv-torch/all

.venv-torch/all: constraints-torch.txt
	$(PYTHON) -m venv .venv-torch
	.venv-torch/bin/python -m pip install --quiet --disable-pip-version-check --no-compile \
	  --require-hashes -r $<
	touch $@

clean:
	rm -rf .venv .venv-torch $(DEMO) site build dist .fuzz .coverage* htmlcov
