# Two commands on a fresh machine (Python 3.11 with venv, and make): `make demo` and `make test`.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV   := .venv
BIN    := $(VENV)/bin
ready  := $(VENV)/.ready

# Thousands of starts: bytecode is kept, whatever the environment says.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test check compiled coverage proofs torture bench key bundle pictures examples font lock clean

demo: $(ready)
	@$(BIN)/watchbook demo $(ARGS)

test: $(ready)
	@$(MAKE) --no-print-directory --jobs 2 check compiled
	$(BIN)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder -m "not proof and not torture"

check: $(ready)
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/lint-imports
	$(BIN)/mypy

# All modules and tests are read once beside mypy, so that four workers need not compile them at the same time.
compiled: $(ready)
	@told=$$($(BIN)/python -m pytest --collect-only -qq 2>&1) || { echo "$$told" | grep -v '^tests/[^ ]*: [0-9]*$$'; exit 1; }

coverage: $(ready)
	$(BIN)/python -m pytest -n 4 --dist loadfile -m "not torture" --cov --cov-report=term:skip-covered

proofs: $(ready)
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder -m proof

# Long forms of what is hard on the logbook, as a table (ARGS=--write puts it into docs/reliability.md); then those of the rest.
torture: $(ready)
	$(BIN)/python -m tests.torture $(ARGS)
	$(BIN)/python -m pytest -m "proof or torture" --torture --ignore tests/torture
	$(BIN)/python -m pytest -m torture --torture tests/torture

bench: $(ready)
	$(BIN)/python -m bench $(ARGS)

# The publisher's key: its private half in KEY, the public one beside it as .pem (docs/rollout.md).
key: $(ready)
	@test -n "$(KEY)" || { echo "make key KEY=/media/keys/publisher.key"; exit 2; }
	@$(BIN)/python -m rollout key "$(KEY)"

# One file for a handheld of each architecture, in dist/ (docs/rollout.md). Needs the publisher's key and a package
# index that pip reaches: wheels come by requirements.lock's hashes.
bundle: $(ready)
	@test -n "$(KEY)" || { echo "make bundle KEY=publisher.key; a key is made by: make key KEY=publisher.key"; exit 2; }
	@$(BIN)/python -m rollout bundle --key "$(KEY)" $(ARGS)

pictures: $(ready)
	$(BIN)/python -m tests.pictures

# The papers in docs/examples, from the example month: some minutes.
examples: $(ready)
	$(BIN)/python -m tests.examples

# The font of labels and papers, from the packages fonts-noto-cjk and unicode-data.
font: $(ready)
	$(BIN)/python -m tests.font $(ARGS)

# The locks are universal and hashed, without registry addresses. Needs uv.
lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url \
	    --extra office pyproject.toml --group build -o requirements.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url \
	    --extra office pyproject.toml --group build --group dev -o requirements-dev.lock

$(ready): requirements-dev.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "Watchbook needs Python 3.11 with venv (make PYTHON=/path/to/python3.11)"; exit 1; }
	@echo "Preparing $(VENV) from requirements-dev.lock; this takes about a minute, once."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-build-isolation --only-binary :all: -r requirements-dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

clean:
	rm -rf $(VENV) .coverage* .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis dist
