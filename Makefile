# Everything a developer runs. `make run` and `make test` need Go and nothing else.

GO       ?= go
BIN      := bin/chronos
FUZZTIME ?= 10s
RACE_PKGS ?= ./...
CAPTURES ?= $(firstword $(CHRONOS_CAPTURES) ../shared/data)
TOOL     := $(GO) tool -modfile=tools/go.mod
# Packages whose code decides about money: coverage is held above COVER_MIN.
CORE     := ./money/... ./market ./book ./graph ./treasury ./engine/... \
            $(patsubst %/,./%,$(filter-out %/venuetest/,$(wildcard feed/venue/ feed/venue/*/)))
COVER_MIN := 95

.DEFAULT_GOAL := help
.PHONY: help run build test race fuzz lint cover test-kafka accept verify drop-one bench bench-gate bench-docs docs clean oracle oracle-sample oracle-recorded

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## Start Chronos: embedded Kafka, simulated market, API on 127.0.0.1:8080
	$(GO) run ./cmd/chronos serve --dev

build: ## Build bin/chronos
	CGO_ENABLED=0 $(GO) build -trimpath -o $(BIN) ./cmd/chronos

test: ## Run all tests that need only Go (recorded captures are used where found)
	$(GO) test ./...

race: ## Run the tests under the race detector
	$(GO) test -race -short $(RACE_PKGS)

fuzz: ## Run every fuzz target for FUZZTIME (10s)
	@GO=$(GO) .ci/fuzz $(FUZZTIME)

lint: ## Check formatting, vet, staticcheck
	@out=$$(gofmt -l $$(git ls-files '*.go')); test -z "$$out" || { echo "gofmt these:"; echo "$$out"; exit 1; }
	$(GO) vet ./...
	$(TOOL) staticcheck ./...

cover: ## Test coverage of the core, a failure below 95 %
	@GO=$(GO) .ci/cover $(COVER_MIN) $(CORE)

test-kafka: ## Run the integration tests against a real Apache Kafka (needs Java 17 and Maven)
	$(GO) test -tags kafka -count=1 -timeout 15m ./broker/... ./feed ./cmd/chronos

ORACLE := .chronos/oracle
SEED ?= $(shell date +%s)

$(ORACLE)/bin/python: oracle/requirements.txt
	python3 -m venv $(ORACLE)
	$(ORACLE)/bin/pip install -q -r oracle/requirements.txt
	@touch $@

oracle: $(ORACLE)/bin/python ## Solve the kept markets again with HiGHS (needs Python)
	$(ORACLE)/bin/python oracle/lp.py --seed 1 --count 1200 $(ORACLE)/random.jsonl.gz
	cmp $(ORACLE)/random.jsonl.gz engine/flow/testdata/oracle/random.jsonl.gz
	$(ORACLE)/bin/python -B oracle/milp.py --seed 1 --count 960 $(ORACLE)/options.jsonl.gz
	cmp $(ORACLE)/options.jsonl.gz engine/branch/testdata/oracle/options.jsonl.gz

oracle-sample: $(ORACLE)/bin/python ## Compare the router with HiGHS on 260 fresh markets (needs Python)
	mkdir -p $(ORACLE)/sample
	$(ORACLE)/bin/python oracle/lp.py --seed $(SEED) --count 200 $(ORACLE)/sample/random.jsonl.gz
	$(ORACLE)/bin/python -B oracle/milp.py --seed $(SEED) --count 60 $(ORACLE)/sample/options.jsonl.gz
	CHRONOS_ORACLE=$(CURDIR)/$(ORACLE)/sample $(GO) test -count=1 -v -run 'EqualsLinearProgram|EqualsMixedInteger' \
		./engine/flow ./engine/branch

oracle-recorded: $(ORACLE)/bin/python ## Compare the router with HiGHS on recorded books (needs Python and captures)
	mkdir -p $(ORACLE)/recorded
	CHRONOS_CAPTURES=$(abspath $(CAPTURES)) CHRONOS_ORACLE_DUMP=$(CURDIR)/$(ORACLE)/recorded/markets.jsonl \
		$(GO) test -count=1 -v -run TestRecordedMarkets ./engine/flow
	$(ORACLE)/bin/python oracle/lp.py --solve $(ORACLE)/recorded/markets.jsonl $(ORACLE)/recorded/recorded.jsonl.gz
	CHRONOS_ORACLE=$(CURDIR)/$(ORACLE)/recorded $(GO) test -count=1 -v -run EqualsLinearProgram ./engine/flow

accept: ## Run the acceptance tests of a started Chronos
	$(GO) test -count=1 -run Accept ./cmd/chronos

verify: build ## Replay recorded captures through decoders and books and compare
	$(BIN) feed verify --captures $(CAPTURES)

drop-one: build ## How soon is one lost message noticed? 200 seeds over all captures
	$(BIN) feed verify --captures $(CAPTURES) --drop-one 1 --seeds 200

bench: build ## Measure engine, router, feed and HTTP beside baselines; ratios against their targets
	$(BIN) bench all

bench-gate: build ## Hold allocations and ratios of the suite against limits, no absolute times
	$(BIN) bench gate

bench-docs: build ## Measure again and rewrite the tables of docs/performance.md (some ten minutes)
	bench/measure.sh

docs: build ## Rewrite the generated parts of docs/
	$(BIN) docs docs

clean: ## Remove what was built
	rm -rf bin dist coverage.out
