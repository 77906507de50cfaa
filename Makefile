# `make up` and `make test` are all that a newcomer needs; both make the environment first.

STATE ?= .palyra
PORT ?= 8400
EMULATOR_PORT ?= 4566
NODE_PORT ?= 8443
EMULATOR ?= ministack
export STATE PORT EMULATOR_PORT NODE_PORT EMULATOR
SCHEDULES ?= 10000
SEED ?= 1

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: up down token test test-deployed test-browser test-all simulate check generate bench format

up: $(READY)  ## bring everything up on a local cloud; Ctrl-C ends it
	@exec $(BIN)/python -m infra.local up

down: $(READY)  ## end it from another terminal
	@exec $(BIN)/python -m infra.local down

token: $(READY)  ## mint an API token of another owner: make token OWNER=name DAYS=30
	@exec $(BIN)/python -m infra.local token --owner "$(OWNER)" $(if $(DAYS),--days "$(DAYS)")

test: $(READY)  ## everything that needs neither a running cloud nor a browser
	$(BIN)/python -m pytest tests --ignore tests/deployed --ignore tests/browser -n 2 --dist loadfile

test-deployed: $(READY)  ## the chain on a local cloud of its own
	$(BIN)/python -m pytest tests/deployed

test-browser: $(READY)  ## the console in a real Chromium
	$(BIN)/python -m pytest tests/browser

test-all: export TEST_MODEL := full
test-all: export TEST_SIMULATION := full
test-all: export TEST_STORM := 50
test-all: export TEST_FUZZ := 20000
test-all: export TEST_FUZZ_NODES := 5000
test-all: export TEST_JOURNAL := 50000
test-all: test test-deployed test-browser

simulate: $(READY)  ## faults at random: make simulate SCHEDULES=100000 SEED=7, or REPLAY=line
	@exec $(BIN)/python -m tests.simulation --schedules $(SCHEDULES) --seed $(SEED) \
		$(if $(REPLAY),--replay "$(REPLAY)")

check: $(READY)  ## style, types, layers, template
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/cfn-lint infra/template.yaml infra/edge.yaml

generate: $(READY)  ## what is committed and comes from the code
	$(BIN)/python -m infra.openapi
	$(BIN)/python -m infra.permissions
	$(BIN)/python -m infra.settings write
	$(BIN)/python -m infra.operations
	$(BIN)/python -m infra.blueprint

bench: $(READY)  ## one JSON line a figure; QUICK=1 for fewer repeats
	@exec $(BIN)/python -m tests.bench

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(READY): requirements.txt requirements-dev.txt infra/environment.sh
	@sh infra/environment.sh $(VENV)
	@touch $@
