# shmlab. Each target sets up .venv first where it needs it.
# Another Python: PYTHON=python3.12 make test. More words for JupyterLab: make lab ARGS="--no-browser --port 9000"

PYTHON ?= python3
ARGS ?=

# Without byte code each of the thousands of processes that the tests start would compile the package again.
export PYTHONDONTWRITEBYTECODE :=

# Two stamps: the course alone is there sooner than what tests and site need beside it. They carry the version, so that
# .venv is always of the Python that was asked for.
version := $(shell $(PYTHON) -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null)
course := .venv/course-$(version)
venv := .venv/installed-$(version)
# With .venv on the PATH, a notebook's `!shmlab ls` finds the command.
run := PATH="$(CURDIR)/.venv/bin:$$PATH" .venv/bin/python -m
install := PIP_CONSTRAINT=constraints.txt PIP_BUILD_CONSTRAINT=constraints.txt \
  .venv/bin/python -m pip --disable-pip-version-check -q install -e
# JupyterLab refuses root unless told; in a container one is root.
root := $(if $(filter 0,$(shell id -u)),--allow-root)

# Three processes share the tests, a whole file each (tests/sharing.py): two processors are never idle then, though one
# test waits for a lab or a browser. On a single processor they would only be in each other's way.
WORKERS ?= $(if $(filter 1,$(shell nproc 2>/dev/null)),0,3)
# nbval and anyio hook into pytest and take three seconds to load, so only what needs them has them.
shared := -p no:anyio -n $(WORKERS)
nbval := --nbval --nbval-current-env --nbval-cell-timeout=60

.PHONY: help home lab test check pythons fresh docs bench soak fuzz mutants clean

help:
	@echo 'make lab     set up and open JupyterLab on the first notebook'
	@echo 'make test    set up and run every check: ruff, mypy, all tests, notebooks, browser'
	@echo 'make check   the quick part of it, for while you work (about a minute)'
	@echo 'make pythons run the quick tests on every Python from 3.11 on that is found here'
	@echo 'make fresh   try all of this on newly built Debian systems (needs root, mmdebstrap, the network)'
	@echo 'make docs    build the site into build/docs'
	@echo 'make bench   run the benchmarks'
	@echo 'make soak    an hour of random use, with kills (ARGS=300 for five minutes)'
	@echo 'make fuzz    the long tests, and 20,000 random programs through the explorer (ARGS="--count 2000" for fewer)'
	@echo 'make mutants break the core on purpose, and see whether the tests notice'
	@echo 'make clean   remove .venv and all caches'

# On the whole clone, since lessons lead to pages in docs.
lab: home $(course)
	@$(run) jupyterlab $(root) --ServerApp.root_dir="$(CURDIR)" $(ARGS) notebooks/00_start_here.ipynb

home:
	@test -w "$$HOME" || { echo "Jupyter keeps files in your home, and $${HOME:-HOME, which is not set,} is no folder in which you" \
	  'may write: name one, as in `HOME=/tmp make lab`.' >&2; exit 1; }

# pytest comes last in both, so that its summary is what one reads last. The tests that measure time run in a second pytest,
# after all others: both run whatever the first one found, and `make test` fails if either did.
test: $(venv)
	@$(run) ruff check
	@$(run) mypy
	@failed=0; \
	  $(run) pytest $(shared) $(nbval) -m 'not alone and not long' tests notebooks || failed=$$?; \
	  echo 'Now the tests that need the machine to themselves:'; \
	  $(run) pytest -p no:nbval -m alone tests || failed=$$?; \
	  [ $$failed = 0 ] || echo 'make test: a test failed; the summaries of both runs, above, say which.' >&2; \
	  exit $$failed

check: $(venv)
	@$(run) ruff check
	@$(run) mypy
	@$(run) pytest $(shared) -p no:nbval -m 'not browser and not slow and not faults and not alone and not long' tests

pythons: $(venv)
	@$(run) nox $(ARGS)

fresh: $(venv)
	@$(run) benchmarks.fresh $(ARGS)

# Warnings are errors, all of them are told, and nothing is fetched or run.
docs: $(venv)
	@$(run) sphinx -q -W --keep-going -j auto -b html -c docs/site . build/docs
	@echo 'Open build/docs/index.html'

longer := $(wildcard benchmarks/soak*.py) $(addprefix benchmarks/,fresh.py earlier.py checkers.py threads.py mutants.py breaks.py)
bench: $(venv)
	@set -e; for script in $(filter-out $(longer),$(wildcard benchmarks/*.py)); do echo "== $$script"; $(run) "benchmarks.$$(basename "$$script" .py)"; done

soak: $(venv)
	@$(run) benchmarks.soak $(ARGS)

fuzz: $(venv)
	@$(run) tests.explorer.fuzz $(ARGS)
	@$(run) pytest $(shared) -p no:nbval -m long tests

mutants: $(venv)
	@$(run) benchmarks.mutants $(ARGS)

clean:
	@echo 'Removing .venv, caches and built files.'
	@rm -rf .venv .nox .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist
	@find . -name .git -prune -o \( -name __pycache__ -o -name .ipynb_checkpoints \) -prune -exec rm -rf {} +

# Asked before anything is made. Debian and Ubuntu keep ensurepip in a package of its own.
$(course): pyproject.toml constraints.txt $(wildcard etc/jupyter/*/*.json)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo 'shmlab needs Python 3.11 or newer, and `$(PYTHON)` is older or missing: `sudo apt install python3-venv`' \
	       'brings the newest of this system, or name one as in `PYTHON=python3.12 make test`.' >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo 'shmlab needs the venv module, which `$(PYTHON)` lacks: `sudo apt install $(notdir $(PYTHON))-venv`' \
	       'brings it.' >&2; exit 1; }
	@if [ "$$($(PYTHON) -V)" != "$$(.venv/bin/python -V 2>/dev/null)" ]; then rm -rf .venv; fi
	@echo "Setting up .venv with $$($(PYTHON) -V) (a minute or two, once) ..."
	@$(PYTHON) -m venv .venv || { rm -rf .venv; exit 1; }
	@$(install) .
	@touch $@
	@echo 'Done.'

$(venv): $(course)
	@echo 'Adding what the tests and the site need (a minute or two, once) ...'
	@$(install) '.[test,docs]'
	@touch $@
	@echo 'Done.'
