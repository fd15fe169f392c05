# Every target sets up what it needs; `make help` lists them.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready
export PYTHONDONTWRITEBYTECODE ?= 1

.DEFAULT_GOAL := help
.PHONY: fuzz help setup run test check bench lock verify-foreign test-engines test-browser test-real verifier verify-agree

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

setup: $(STAMP) ## Make .venv with the locked dependencies

$(STAMP): requirements.txt requirements-dev.txt pyproject.toml $(wildcard app/translations/*/LC_MESSAGES/*.po)
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 is needed ($(PYTHON) was not found; name it with PYTHON=...)"; exit 1; }
	@echo "Setting up $(VENV) with the locked dependencies: one to three minutes, once."
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	$(BIN)/pybabel -q compile -d app/translations
	@touch $(STAMP)

run: setup ## Serve the sample city on http://127.0.0.1:8000
	$(BIN)/ishibumi demo --serve

test: setup ## Everything that needs only Python: under 5 minutes on 2 cores
	$(BIN)/pytest -n 2 -q

test-engines: setup ## Tests against real engines (PostgreSQL) and other people's programs (Go)
	$(BIN)/pytest -q -n 0 -m engines

verify-foreign: setup ## Other people's programs read and cosign our log (Go 1.25 or newer; a part of test-engines)
	$(BIN)/pytest -q -n 0 -m engines -rs tests/foreign

test-browser: setup ## Pages in a real Chromium, with axe
	$(BIN)/pytest -q -n 0 -m browser

test-real: setup ## The real government files of TEST_DATA_DIR (default ../shared/data)
	$(BIN)/pytest -q -n 0 -m real

check: setup ## Static checks
	@for part in "" "-dev"; do cp requirements$$part.txt $(VENV)/lock$$part.txt; $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --custom-compile-command "make lock" pyproject.toml $${part:+--group dev} -o $(VENV)/lock$$part.txt && cmp requirements$$part.txt $(VENV)/lock$$part.txt || { echo "requirements$$part.txt is not what pyproject.toml asks for: run make lock"; exit 1; }; done
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/djlint --lint --quiet templates
	$(BIN)/codespell
	$(BIN)/deptry .
	$(BIN)/python -m tests.translations_complete

fuzz: setup ## Fuzz every parser of outside bytes (FUZZ_SECONDS each, default 4)
	@for target in $$($(BIN)/python -m tests.fuzz 2>/dev/null); do $(BIN)/python -m tests.fuzz.parsers $$target -max_total_time=$${FUZZ_SECONDS:-4} -print_final_stats=1 -verbosity=0 -artifact_prefix=$(VENV)/ 2>&1 | tail -12 > $(VENV)/fuzz.txt || { echo "fuzz $$target FAILED"; cat $(VENV)/fuzz.txt; exit 1; }; echo "fuzz $$target $$(grep -o 'number_of_executed_units: [0-9]*' $(VENV)/fuzz.txt)"; done

bench: setup ## Hot paths beside the machine's own limits in the same run
	$(BIN)/python -m bench

verifier: setup ## The offline verifier as one file, dist/ishibumi-verify.pyz, the same bytes at every build
	@$(BIN)/python -m archive.packages.verifier_file dist/ishibumi-verify.pyz

verify-agree: setup ## Both verifiers on AGREE random mutations (default 100000; 10000000 by hand): any disagreement fails
	MUTATIONS=$${AGREE:-100000} $(BIN)/pytest -q -n 0 -m engines -rs tests/js -k random_damage

lock: ## Compile requirements*.txt with hashes from pyproject.toml
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --custom-compile-command "make lock" pyproject.toml -o requirements.txt
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --custom-compile-command "make lock" pyproject.toml --group dev -o requirements-dev.txt
