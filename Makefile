PYTHON ?= python3
BIN := .venv/bin
DEMO := .venv/.demo
ENVIRONMENT := .venv/.complete
# Of other projects' clients, whose libraries cannot be in .venv; MLServer and KServe need different
# releases of FastAPI.
CLIENTS := .venv-clients/.complete .venv-mlserver/.complete
SOURCES := pyproject.toml packages/client/pyproject.toml constraints.txt hatch_build.py $(wildcard */*/*.[ch])

# A failing pip fails the recipe, even though its output goes through a filter.
SHELL := bash
.SHELLFLAGS := -o pipefail -c

# pip compiles no bytecode: for the demo that would take longer than the demo itself, so Python does it
# as modules are imported; for the tests it is done at the end, for all packages.
INSTALL := $(BIN)/python -m pip install --no-compile --disable-pip-version-check \
	--progress-bar off -c constraints.txt -e packages/client
# Reduces what pip prints to one line for each download, with its size.
PROGRESS := awk '/^ *Downloading |^ *Using cached /{print "  " $$(NF-2), $$(NF-1), $$NF; fflush()} \
	/^Installing collected/{print "  Unpacking ..."; fflush()}'

# Without bytecode on the disk TensorFlow is imported in 25 seconds instead of 8.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help
help:  ## list the targets
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

.PHONY: demo
demo: $(DEMO)  ## score examples/reviews.csv through the whole service, started for it
	@env -u SCORELANE_URL $(BIN)/scorelane score examples/reviews.csv -o scored-reviews.csv
	@printf '%s\n' '' 'What next?' \
		'  make serve                                       the service: open http://127.0.0.1:5005 in a browser' \
		'  .venv/bin/scorelane score FILE.csv -o OUT.csv    a file of your own' \
		'  .venv/bin/scorelane add-model --help             a model of your own' \
		'  docs/tutorial.md                                 from a CSV to a served model'

.PHONY: serve
serve: $(DEMO)  ## run the service at http://127.0.0.1:5005 until Ctrl-C; data in .scorelane
	@exec $(BIN)/scorelane serve

.PHONY: test-fast
test-fast: $(ENVIRONMENT)  ## run the tests that start no process, on two cores: under five minutes
	$(BIN)/python -m pytest -q -n 2 --dist worksteal -m "not process"

# A test of several real programs that fails is run once more: it passes only if the fault was of the moment.
# The summary lists it under "rerun", and it is a defect of the test, or of the service, to be mended.
TWICE := --reruns 1 -rR
# Each file is run by one of two processes, in the order of tests/conftest.py.
BY_FILE := -n 2 --dist loadfile --no-loadscope-reorder

.PHONY: test
test: test-fast  ## run the tests, on two cores: about a quarter of an hour
	$(BIN)/python -m pytest -q $(BY_FILE) $(TWICE) \
		-m "process and not pages and not packages and not faults and not hosts and not clients and not browser"
	@echo "Not run here: make test-pages (what the docs say), make test-packages (the wheels)," \
		"make test-clients (MLflow, KServe, MLServer, Triton), make test-faults, make test-hosts," \
		"make test-browser and make test-compose"

.PHONY: test-pages
test-pages: $(ENVIRONMENT)  ## type the commands of README.md, docs and examples: under 6 minutes
	$(BIN)/python -m pytest -q $(TWICE) -m "pages and not browser" tests/service/test_pages.py

.PHONY: test-packages
test-packages: $(ENVIRONMENT)  ## build the distributions, and install each into an environment of its own: under 4 minutes
	$(BIN)/python -m pytest -q $(TWICE) -m packages tests/packages

.PHONY: test-faults
test-faults: $(ENVIRONMENT)  ## kill, starve and fill up the real service, and count its rows: under 15 minutes
	$(BIN)/python -m pytest $(BY_FILE) $(TWICE) -m "faults and not s3" tests/faults

.PHONY: test-faults-s3
test-faults-s3: $(ENVIRONMENT)  ## the faults that touch blobs again, with the blobs on SeaweedFS: under 10 minutes
	$(BIN)/python -m pytest $(BY_FILE) $(TWICE) -m s3 tests/faults

.PHONY: test-hosts
test-hosts: $(ENVIRONMENT)  ## cut the hosts of a service from each other, and lose some: about 25 minutes
	@bash tests/hosts/namespaces.sh $(BIN)/python -m pytest -m hosts tests/hosts

.PHONY: test-clients
test-clients: $(ENVIRONMENT) $(CLIENTS)  ## call the service with MLflow, KServe, MLServer and Triton: under 4 minutes
	$(BIN)/python -m pytest $(TWICE) -m clients tests/interop

.PHONY: test-browser
test-browser: $(ENVIRONMENT)  ## look at the service's pages in Chromium, which it installs: about 4 minutes
	@bash tests/browser/chromium.sh
	$(BIN)/python -m pytest $(BY_FILE) $(TWICE) -m "browser and not screenshots" tests/browser

.PHONY: screenshots
screenshots: $(ENVIRONMENT)  ## make the pictures in docs/images/console
	@bash tests/browser/chromium.sh
	SCREENSHOTS=docs/images/console $(BIN)/python -m pytest -m screenshots tests/browser

INPUTS ?= 100000
.PHONY: fuzz
fuzz: $(ENVIRONMENT)  ## give INPUTS (100000) random inputs to each reader of uploads; a twentieth to that of Parquet
	@$(INSTALL) -e '.[fuzz]' | $(PROGRESS)
	cd $$(mktemp -d) && PYTHONPATH=$(CURDIR) $(CURDIR)/$(BIN)/python $(CURDIR)/tests/programs/fuzz.py --inputs $(INPUTS)

.PHONY: audit
audit: $(ENVIRONMENT)  ## look up known vulnerabilities of the pinned versions at pypi.org
	@$(INSTALL) -e '.[audit]' | $(PROGRESS)
	$(BIN)/pip-audit --requirement constraints.txt --no-deps --disable-pip

MINUTES ?= 30
.PHONY: soak
soak: $(ENVIRONMENT)  ## load the service for MINUTES (30) while its programs are killed at random
	PYTHONPATH=.:tests $(BIN)/python tests/programs/soak.py --minutes $(MINUTES)

.PHONY: check
check: $(ENVIRONMENT)  ## check format, lint, types and the contracts of imports
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: sure
sure: check test  ## check and test: everything that must pass before a commit

.PHONY: bench
bench: $(ENVIRONMENT)  ## run most benchmarks, up to half an hour; tables here, JSON in benchmarks/results
	$(BIN)/python -m benchmarks

.PHONY: bench-quick
bench-quick: $(ENVIRONMENT)  ## run the benchmarks' checks of answers, with little data: under 5 minutes
	$(BIN)/python -m benchmarks --quick

.PHONY: bench-models
bench-models: $(ENVIRONMENT)  ## measure how models are loaded and replaced: a quarter of an hour
	$(BIN)/python -m benchmarks models changes

.PHONY: bench-peers
bench-peers: $(ENVIRONMENT)  ## install Ray Data, Dask, Polars, LitServe and MLServer, and run them side by side
	$(BIN)/python -m benchmarks.peers install
	$(BIN)/python -m benchmarks peers

.PHONY: models
models: $(ENVIRONMENT)  ## train both bundled models again from the labelled data in DATA=folder; under an hour
	@test -n "$(DATA)" || { echo "Name the folder with the labelled data: make models DATA=folder"; exit 1; }
	@$(INSTALL) -e '.[models]' | $(PROGRESS)
	$(BIN)/python -m training.bundled "$(DATA)"

.PHONY: settings
settings: $(ENVIRONMENT)  ## write docs/settings.md from shared/config
	$(BIN)/python -m scorelane.commands.settings_page

.PHONY: test-compose
test-compose: $(ENVIRONMENT)  ## build the images, and test the service under docker compose
	bash deploy/test-compose.sh

.PHONY: wheels
wheels:  ## build both wheels into dist/; with a C compiler they hold the compiled code
	$(PYTHON) -m pip wheel --no-deps --disable-pip-version-check -w dist ./packages/client .

.PHONY: clean
clean:  ## remove the environment, caches and scores; not the data in .scorelane
	rm -rf .venv .venv-clients .venv-mlserver .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	rm -f scored-*.csv
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# What `make demo` and `make serve` need: the service and its command, with both bundled models.
$(DEMO): $(SOURCES)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "$(PYTHON) cannot make environments. On Debian and Ubuntu:" \
			"sudo apt-get install python3-venv"; exit 1; }
	@echo "Installing the service into .venv: about a minute, 600 MB"
	@$(PYTHON) -m venv .venv
	@$(INSTALL) -e '.[serve]' | $(PROGRESS)
	@touch $@

# What the tests and checks need in addition; most of it is TensorFlow.
$(ENVIRONMENT): $(DEMO)
	@echo "Installing what the tests need, with TensorFlow: some minutes, 2 GB"
	@$(INSTALL) -e '.[dev]' | $(PROGRESS)
	@# Some packages carry files for other Pythons, which do not compile; they are not imported.
	@$(BIN)/python -m compileall -q -j 0 .venv/lib >/dev/null 2>&1 || true
	@touch $@

# A list of clients has the exact version of every package, so that pip need not look for ones that fit.
# Bytecode is written as the clients import modules: most of them are never imported.
.venv-%/.complete: constraints-%.txt
	@echo "Installing the clients of $< into .venv-$*: about a minute"
	@$(PYTHON) -m venv --clear .venv-$*
	@.venv-$*/bin/python -m pip install --quiet --no-compile --disable-pip-version-check --no-deps -r $<
	@.venv-$*/bin/python -m pip check --disable-pip-version-check
	@touch $@
