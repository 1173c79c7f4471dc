# Only wraps scripts/, so that everything works where make is missing too.

.DEFAULT_GOAL := help
.PHONY: help demo up down test test-fast check bench docs

help:  ## List what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo:  ## Play a whole case on a stack of its own and print it; leaves nothing running
	@scripts/demo

up:  ## Start everything on this machine and leave it running
	@scripts/up

down:  ## Stop what `make up` started; the data stays
	@scripts/down

test:  ## Run all tests, on real Kafka and PostgreSQL
	@scripts/test

test-fast:  ## Run the tests that need no stack and no long look, in a minute
	@scripts/test-fast

check:  ## Lint, format check, types, import contracts, schema compatibility, audit
	@scripts/check

bench:  ## Measure beside peers in the same run
	@scripts/bench

docs:  ## Check that the documentation is true
	@scripts/docs
