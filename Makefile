# Every target does its own set-up: on a fresh machine, Python 3.11 or later (with venv and pip) and make are enough; for the programs of
# others that the tests run, root on Debian or Ubuntu too.
# What was set up is remembered by stamps in .venv, which age when the pins or pyproject.toml change.

# The interpreter that .venv is made with; empty: the first of CANDIDATES that is recent enough.
PYTHON =
CANDIDATES = python3.11 python3.12 python3.13 python3.14 python3
# Further arguments of the command that a target ends in: make run ARGS="--memory --http-port 0", make test ARGS="-k closure".
ARGS =
# How long the readers are fuzzed, all in all: make fuzz SECONDS=600, make fuzz ARGS="letter header"
SECONDS = 3600
# How many processes run the tests.
WORKERS = auto

BIN = .venv/bin
PYTEST = $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile
# The pins name all that is needed: a package that is not among them, or whose file is another one, stops the set-up. The project
# itself is built with the pinned tools too; without --no-build-isolation pip would fetch the newest ones. Python compiles what
# it imports, and no more: --no-compile saves a first start some five seconds.
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input
PINNED = $(INSTALL) --no-compile --require-hashes
THIS = $(INSTALL) --no-deps --no-build-isolation --editable .

# What an interpreter must be, said in Python: recent enough, and with the two modules that Debian packages apart.
SUITABLE = import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
UNSUITABLE = mss-sim needs Python 3.11 or later with venv and pip (Debian: python3-venv); PYTHON=... names one

# Pins are for every platform (the hashes are those of all files of a release), and name no place to fetch them from.
LOCK = CUSTOM_COMPILE_COMMAND="make lock" build/lock/bin/pip-compile --quiet --no-config --strip-extras --generate-hashes \
	--allow-unsafe --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-emit-options $(ARGS)

# The clients from npm that the tests send to the simulator, and what npm writes there when all is installed.
NODE = tests/strangers/node
IMAPFLOW = $(NODE)/node_modules/.package-lock.json
# The same for the example in JavaScript.
EXAMPLE = examples/javascript
NODEMAILER = $(EXAMPLE)/node_modules/.package-lock.json

.PHONY: help run demo test strangers matrix check fmt references screens bench fuzz mutants wheel lock clean
.NOTPARALLEL:
.DELETE_ON_ERROR:

help: ## Tell what can be made
	@echo "usage: make TARGET [ARGS=...] [PYTHON=python3.12]"
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  \1#\2/p' Makefile | awk -F'#' '{ printf "%-10s %s\n", $$1, $$2 }'

run: .venv/run.stamp ## Run the simulator until Ctrl-C; data is kept in ./data
	@$(BIN)/mss-sim run $(ARGS)

demo: .venv/run.stamp ## Play the main story over real sockets; ARGS="--lang fr --step --whole --ready data/ready.json"
	@$(BIN)/python -m mss_sim.testing.demo $(ARGS)

test: $(if $(strip $(ARGS)),,strangers) .venv/dev.stamp ## Run all tests, on SQLite and on a PostgreSQL that comes with the pins; print what the tests of the inside cover
ifeq ($(strip $(ARGS)),)
	@status=0; set -x; \
	$(PYTEST) tests/pure tests/store tests/core --cov --cov-report=term || status=1; \
	$(PYTEST) tests --ignore=tests/pure --ignore=tests/store --ignore=tests/core || status=1; \
	exit $$status
else
	$(PYTEST) $(ARGS)
endif

strangers: ## Install the programs that the tests send to the simulator, and those that build its image, as root on Debian or Ubuntu; elsewhere name those that are missing
	@tests/strangers/install.sh

matrix: .venv/dev.stamp ## Ask who may do what in every cell; make test asks a tenth
	MATRIX_SHARE=1 $(BIN)/python -m pytest tests/matrix -n $(WORKERS) --dist load $(ARGS)

check: .venv/dev.stamp ## Check format, lint, types and who imports whom
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fmt: .venv/dev.stamp ## Format the code and mend what the linter can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

references: .venv/bin/python ## Write docs/references anew: sources, limits, the OpenAPI document, and the table of magic addresses
	$(BIN)/python docs/references/generate.py
	$(BIN)/python docs/references/limits.py
	$(BIN)/python docs/references/openapi.py

screens: .venv/dev.stamp ## Write pictures of every page into build/screens, at three widths, in both themes and both languages; ARGS="--only delegations --quick" for less
	$(BIN)/python -m tests.pages.screens $(ARGS)

bench: .venv/dev.stamp ## Measure, and print the results
	$(BIN)/python bench/run.py $(ARGS)

fuzz: build/fuzz.stamp ## Feed every reader with bytes made to break it, for SECONDS; ARGS="letter dns" names some
	build/fuzz/bin/python -m tests.fuzz $(SECONDS) $(ARGS)

wheel: .venv/dev.stamp ## Build the wheel into dist/
	$(BIN)/python -m build --wheel --no-isolation

mutants: build/mutants.stamp ## Break rules one at a time and see whether a test notices; ARGS="policy mail/fields.py" names parts and files; of most parts a tenth: MUTANTS_DRAW is the digit that draws it, or all
	build/mutants/bin/python -m tests.mutants $(ARGS)

lock: build/lock.stamp ## Write requirements/*.txt anew from pyproject.toml and requirements/*.in; ARGS=--upgrade for newer releases
	$(LOCK) --extra mcp --extra postgresql --extra schematron -o requirements/dev.txt pyproject.toml requirements/build.in requirements/dev.in
	$(LOCK) -c requirements/dev.txt -o requirements/run.txt pyproject.toml
	$(LOCK) -c requirements/dev.txt --extra postgresql -o requirements/postgresql.txt pyproject.toml
	$(LOCK) -c requirements/dev.txt -o requirements/build.txt requirements/build.in
	$(LOCK) -o requirements/lock.txt requirements/lock.in
	$(LOCK) -o requirements/fuzz.txt requirements/fuzz.in
	$(LOCK) -c requirements/dev.txt -o requirements/mutants.txt requirements/mutants.in

clean: ## Remove what make made; ./data stays
	rm -rf .venv build dist $(NODE)/node_modules $(EXAMPLE)/node_modules examples/java/target .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/bin/python:
	@for python in $(or $(PYTHON),$(CANDIDATES)); do \
		if $$python -c '$(SUITABLE)' 2>/dev/null; then echo "setting up .venv with $$python"; exec $$python -m venv --clear .venv; fi; \
	done; \
	echo "$(UNSUITABLE)" >&2; exit 1

# What only tests and checks need (the type checker, a whole PostgreSQL) is left out, so that a first `make run` is short.
.venv/run.stamp: .venv/bin/python requirements/run.txt requirements/build.txt pyproject.toml
	@echo "installing what the simulator runs on (requirements/run.txt)"
	@$(PINNED) -r requirements/run.txt -r requirements/build.txt
	@$(THIS)
	@$(BIN)/python -m compileall -q .venv/lib mss_sim # so that the first start is as quick as the next
	@touch $@

.venv/dev.stamp: .venv/bin/python requirements/dev.txt pyproject.toml | $(IMAPFLOW) $(NODEMAILER)
	@echo "installing what tests and checks it (requirements/dev.txt)"
	@$(PINNED) -r requirements/dev.txt
	@$(THIS)
	@$(BIN)/python -m compileall -q .venv/lib mss_sim # so that the first start is as quick as the next
	@touch .venv/run.stamp $@

# Where there is no npm, checks work all the same, and the tests that need it say so.
$(IMAPFLOW): $(NODE)/package-lock.json
	@if command -v npm >/dev/null; then npm ci --silent --prefix $(NODE) && touch $@; else echo "npm is missing: no imapflow, no openid-client, no mailpit-api, no fhir-kit-client, no axe-core" >&2; fi

$(NODEMAILER): $(EXAMPLE)/package-lock.json
	@if command -v npm >/dev/null; then npm ci --silent --prefix $(EXAMPLE) && touch $@; else echo "npm is missing: no example in JavaScript" >&2; fi

# atheris has no wheel for every interpreter and system that the simulator runs on, hence a virtual environment of its own.
build/mutants.stamp: .venv/bin/python requirements/dev.txt requirements/mutants.txt
	@echo "installing what the tests need and the player of mutations (requirements/mutants.txt)"
	@$(BIN)/python -m venv --clear build/mutants
	@build/mutants/bin/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes -r requirements/dev.txt -r requirements/mutants.txt
	@build/mutants/bin/python -m pip install --quiet --disable-pip-version-check --no-input --no-deps --no-build-isolation --editable .
	@touch $@

build/fuzz.stamp: .venv/bin/python requirements/run.txt requirements/fuzz.txt
	@echo "installing what the simulator runs on and the fuzzer (requirements/fuzz.txt)"
	@$(BIN)/python -m venv --clear build/fuzz
	@build/fuzz/bin/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes -r requirements/run.txt -r requirements/fuzz.txt
	@touch $@

# pip-tools works from inside pip, hence the pinned pip and a virtual environment that nothing else uses.
build/lock.stamp: .venv/bin/python requirements/lock.txt
	@$(BIN)/python -m venv --clear build/lock
	@build/lock/bin/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes -r requirements/lock.txt
	@touch $@
