# A sentence stands above every target; `make help` prints them.
# PY names the Python that the environment is made from; SITE_URL the address that the book will be published under.

PY ?= python3
VENV := .venv
BIN := $(abspath $(VENV))/bin
SETUP := $(VENV)/.setup
PEERS := .venv-peers
ASSETS := docs/shared/katex/katex.min.css
TOOLS := tests/site/node_modules/.package-lock.json
export NO_MKDOCS_2_WARNING := 1
export OPENBLAS_NUM_THREADS := 1
export FULL
export PATH := $(BIN):$(PATH)

.DEFAULT_GOAL := help
.PHONY: help setup site serve test check rest lint types formulas again links html twice browser mutants hostile status pdf experiments workshop canary lighthouse bench profile bench-peers compare clean lock

## help: print these sentences
help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST) | awk '{ name = $$1; sub(/:$$/, "", name); sub(/^[^ ]+ /, ""); printf "  make %-11s  %s\n", name, $$0 }'

## setup: make .venv from requirements.lock and fetch KaTeX; done by itself by every target that needs it
setup: $(SETUP) $(ASSETS)

# uv is installed first, alone and by hash, because it installs the rest ten times as fast as pip.
$(SETUP): requirements.lock pyproject.toml
	@$(PY) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "The book needs Python 3.11 or later, and $(PY) is $$( ($(PY) --version || echo missing) 2>/dev/null): name another one, as in \`make PY=python3.12 $(firstword $(MAKECMDGOALS))\`."; exit 1; }
	@echo "Making $(VENV) from requirements.lock …"
	@$(PY) -m venv $(VENV)
	@sed -n '/^uv==/,/[^\\]$$/p' requirements.lock > $(VENV)/uv.txt
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r $(VENV)/uv.txt
	@$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes -r requirements.lock
	@$(BIN)/uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e . --config-settings editable_mode=compat
	@touch $@

# KaTeX runs at build time only; its style sheet and its fonts go with the pages.
$(ASSETS): package-lock.json package.json .npmrc scripts/assets.py $(SETUP)
	@echo "Fetching KaTeX …"
	@npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
	@rm -rf $(@D)
	@$(BIN)/python -m scripts.assets

# What two gates need and the book does not: neither `make setup` nor `make site` waits for it.
$(TOOLS): tests/site/package-lock.json tests/site/package.json $(SETUP)
	@echo "Fetching axe and html-validate …"
	@cd tests/site && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
	@touch $@

## site: build both editions and their root page into site/, strictly
site: setup
	@$(BIN)/python -m scripts.site build

## serve: serve both editions at http://127.0.0.1:8000/ and rebuild on every change (PORT=… for another port)
serve: setup
	@$(BIN)/python -m scripts.site serve --port $(or $(PORT),8000)

## test: run the tests of the package and of the book
test: setup
	$(call gate,tests,$(BIN)/pytest -q -n auto --ignore=tests/site)

## check: run every gate, each with its seconds: tests, lint, types, broken formulas, the experiments in small, both strict builds, links, HTML, a second build, browser (FULL=1: every page at every width)
check: test rest

# What `make check` does beyond `make test`, in this order; .ci/run calls the two one after the other.
rest: lint types
	@$(MAKE) --no-print-directory formulas
	@$(MAKE) --no-print-directory again
	@$(MAKE) --no-print-directory links
	@$(MAKE) --no-print-directory html
	@$(MAKE) --no-print-directory twice
	@$(MAKE) --no-print-directory browser

lint: setup
	$(call gate,lint,$(BIN)/ruff check . && $(BIN)/ruff format --check .)

types: setup
	$(call gate,types,$(BIN)/mypy)

links: setup
	$(call gate,site,SITE_URL= $(BIN)/python -m scripts.site build)
	$(call gate,links,$(BIN)/lychee --offline --include-fragments --index-files index.html --no-progress --root-dir $(abspath site) site)

## twice: build the book again elsewhere, offline and uncached, and compare the two sites byte for byte
twice: setup
	$(call gate,twice the same,$(BIN)/python -m scripts.twice)

# The site that `links` has built is held to the HTML standard.
html: setup $(TOOLS)
	$(call gate,html,find site -name '*.html' | xargs -P 2 -n 4 tests/site/node_modules/.bin/html-validate --config tests/site/htmlvalidate.mjs)

browser: setup $(TOOLS)
	$(call gate,browser,$(BIN)/pytest -q -rs -n auto --dist worksteal tests/site)

# Every formula broken in every place: the checks must notice. It takes a minute, so it is one of the gates.
formulas: setup
	$(call gate,broken formulas,$(BIN)/python -m scripts.mutants tex)

## mutants: break the formulas and the code once in each place and list the breaks that no check notices (hours; ARGS="--sample 0.1" for some)
mutants: formulas
	$(call gate,broken code,$(BIN)/python -m scripts.mutants code $(ARGS))

## pdf: print each edition into build/unrolled-en.pdf and build/unrolled-zh.pdf (needs Chromium)
pdf: site
	@$(BIN)/python -m scripts.pdf

## status: count what the book has, chapter by chapter: equations, figures, questions, exercises, words
status: setup
	@$(BIN)/python -m scripts.status

## experiments: run the experiments of the book whose results are missing or old (ONLY=adding,copying for some; CLUSTER=tcp://… for a Dask cluster; GIVE=jsb=PATH for data that no package has)
experiments: setup
	@$(BIN)/python -m scripts.experiments run $(if $(ONLY),--only $(ONLY)) $(if $(CLUSTER),--cluster $(CLUSTER)) $(if $(GIVE),--give $(GIVE)) $(ARGS)

# The reduced form of each experiment, again, and what the book claims of the full one.
again: setup
	$(call gate,experiments,$(BIN)/python -m scripts.experiments check)

## workshop: grade every wrong and every right submission of tests/workshop, print the name that each mistake gets, and check the exercises (5 minutes)
workshop: setup
	@$(BIN)/python -m tests.workshop
	@$(BIN)/rnn check --self

## canary: build the pages with Zensical and with ProperDocs too and compare the anchors; nothing waits for it
canary: setup
	$(call gate,canary,$(BIN)/python -m scripts.canary)

## lighthouse: measure some pages of both editions as Lighthouse's phone and print the scores; nothing waits for it
lighthouse: setup
	@$(BIN)/python -m scripts.lighthouse

## hostile: call everything public with what nobody should pass, and print what came of it
hostile: setup
	@$(BIN)/python -m scripts.hostile

## bench: time the layers against their peers, those that are installed, on an idle machine (20 minutes; ARGS=--quick for 3)
bench: setup
	@$(BIN)/python -m scripts.bench run $(ARGS)

## profile: say where the time of the layers' training steps goes, part by part, on an idle machine (2 minutes)
profile: setup
	@$(BIN)/python -m scripts.bench profile $(ARGS)

## bench-peers: make .venv-peers from requirements-peers.lock: PyTorch, JAX, Keras and others to measure against
bench-peers: $(PEERS)/.setup

## compare: hold the layers to what PyTorch, Keras and JAX compute, in random configurations, and print the worst errors
compare: bench-peers
	@$(PEERS)/bin/python -m scripts.compare $(ARGS)

# uv looks for wheels where pip is told to; a CPU build of PyTorch that lies there is the one that is taken.
$(PEERS)/.setup: requirements-peers.lock | $(SETUP)
	@echo "Making $(PEERS) from requirements-peers.lock …"
	@$(BIN)/uv venv -q --clear --python $(BIN)/python $(PEERS)
	@UV_FIND_LINKS="$$PIP_FIND_LINKS" $(BIN)/uv pip install -q --python $(PEERS)/bin/python --require-hashes -r requirements-peers.lock
	@touch $@

## clean: remove all that is made, the environment too
clean:
	rm -rf $(VENV) $(PEERS) build site node_modules tests/site/node_modules docs/shared/katex *.egg-info .pytest_cache .hypothesis .mypy_cache .ruff_cache
	find rnn scripts tests -name __pycache__ -prune -exec rm -rf {} +

## lock: pin the newest versions that pyproject.toml and package.json allow, with hashes and without addresses
lock: setup
	$(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --all-extras -o requirements.lock pyproject.toml
	$(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate --extra book --group canary -c requirements.lock -o requirements-canary.lock pyproject.toml
	UV_FIND_LINKS="$$PIP_FIND_LINKS" $(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate --group peers -c requirements.lock -o requirements-peers.lock
	npm install --package-lock-only --ignore-scripts --loglevel=error
	cd tests/site && npm install --package-lock-only --ignore-scripts --omit-lockfile-registry-resolved --loglevel=error
	npm --prefix scripts/lighthouse install --package-lock-only --ignore-scripts --omit-lockfile-registry-resolved --loglevel=error

# $(call gate,name,command): run a command, say how long it took, and fail as it does.
define gate
@start=$$(date +%s%N); echo "── $(1)"; status=0; { $(2); } || status=$$?; \
	seconds=$$(( ($$(date +%s%N) - start) / 100000000 )); verdict=passed; [ $$status -eq 0 ] || verdict=FAILED; \
	printf '── %s %s in %d.%d s\n' "$(1)" $$verdict $$((seconds / 10)) $$((seconds % 10)); exit $$status
endef
