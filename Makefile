# shmlab. Each target sets up .venv first where it needs it.
# Another Python: PYTHON=python3.12 make test. More words for JupyterLab: make lab ARGS="--no-browser --port 9000"

PYTHON ?= python3
ARGS ?=

# The stamp carries the version, so that .venv is always of the Python that was asked for.
venv := .venv/installed-$(shell $(PYTHON) -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null)
# With .venv on the PATH, a notebook's `!shmlab ls` finds the command.
run := PATH="$(CURDIR)/.venv/bin:$$PATH" .venv/bin/python -m
# JupyterLab refuses root unless told; in a container one is root.
root := $(if $(filter 0,$(shell id -u)),--allow-root)

.PHONY: help lab test check pythons docs bench soak clean

help:
	@echo 'make lab     set up and open JupyterLab on the first notebook'
	@echo 'make test    set up and run every check: ruff, mypy, all tests, notebooks, browser'
	@echo 'make check   the quick part of it, for while you work (under two minutes)'
	@echo 'make pythons run the quick tests on every Python from 3.11 on that is found here'
	@echo 'make docs    build the site into build/docs'
	@echo 'make bench   run the benchmarks'
	@echo 'make soak    an hour of random use, with kills (ARGS=300 for five minutes)'
	@echo 'make clean   remove .venv and all caches'

# On the whole clone, since lessons lead to pages in docs.
lab: $(venv)
	@$(run) jupyterlab $(root) --ServerApp.root_dir="$(CURDIR)" $(ARGS) notebooks/00_start_here.ipynb

# pytest comes last in both, so that its summary is what one reads last.
test: $(venv)
	@$(run) ruff check
	@$(run) mypy
	@$(run) pytest --nbval --nbval-current-env --nbval-cell-timeout=60 tests notebooks

check: $(venv)
	@$(run) ruff check
	@$(run) mypy
	@$(run) pytest -m 'not browser and not slow and not faults'

pythons: $(venv)
	@$(run) nox $(ARGS)

# Warnings are errors, all of them are told, and nothing is fetched or run.
docs: $(venv)
	@$(run) sphinx -q -W --keep-going -j auto -b html -c docs/site . build/docs
	@echo 'Open build/docs/index.html'

bench: $(venv)
	@set -e; for script in $(filter-out benchmarks/soak%.py,$(wildcard benchmarks/*.py)); do echo "== $$script"; $(run) "benchmarks.$$(basename "$$script" .py)"; done

soak: $(venv)
	@$(run) benchmarks.soak $(ARGS)

clean:
	@echo 'Removing .venv, caches and built files.'
	@rm -rf .venv .nox .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist
	@find . -name .git -prune -o \( -name __pycache__ -o -name .ipynb_checkpoints \) -prune -exec rm -rf {} +

# Asked before anything is made. Debian and Ubuntu keep ensurepip in a package of its own.
$(venv): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo 'shmlab needs Python 3.11 or newer, and `$(PYTHON)` is older or missing: `sudo apt install python3-venv`' \
	       'brings the newest of this system, or name one as in `PYTHON=python3.12 make test`.' >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo 'shmlab needs the venv module, which `$(PYTHON)` lacks: `sudo apt install $(notdir $(PYTHON))-venv`' \
	       'brings it.' >&2; exit 1; }
	@if [ "$$($(PYTHON) -V)" != "$$(.venv/bin/python -V 2>/dev/null)" ]; then rm -rf .venv; fi
	@echo "Setting up .venv with $$($(PYTHON) -V) (a minute or two, once) ..."
	@$(PYTHON) -m venv .venv || { rm -rf .venv; exit 1; }
	@PIP_CONSTRAINT=constraints.txt PIP_BUILD_CONSTRAINT=constraints.txt \
	  .venv/bin/python -m pip --disable-pip-version-check -q install -e '.[test,docs]'
	@touch $@
	@echo 'Done.'
