# charmbills: Bitcoin subscription billing inside PostgreSQL.
#
#   make && make install     build and install for the pg_config in PATH
#   make check               install what is missing, build, and run every test
#   make demo                a subscription's life in a private server
#   make bench               benchmarks in a private server
#   make fuzz SECONDS=60     each fuzzer for so long
#   make dist                the archive for PGXN
#
# PG_CONFIG=... chooses another PostgreSQL, WERROR=1 makes warnings errors.

PG_CONFIG ?= pg_config
WERROR ?= 0
SECONDS ?= 60

VERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" charmbills.control)

# The worker is left out where its sources are missing: in a tree cut down to
# the stored functions.
MODULES_DIRS := src $(if $(wildcard worker/Makefile),$(if $(wildcard worker/*.c),worker))

export PG_CONFIG WERROR SECONDS

.PHONY: all install uninstall clean check demo bench fuzz dist $(MODULES_DIRS)

all: $(MODULES_DIRS)

$(MODULES_DIRS):
	$(MAKE) -C $@ all

install uninstall clean:
	@set -e; for dir in $(MODULES_DIRS); do $(MAKE) -C $$dir $@; done
	@if test $@ = clean; then \
		for dir in test/unit test/fuzz test/bench; do \
			if test -f $$dir/Makefile; then $(MAKE) -C $$dir clean; fi; \
		done; \
	fi

check:
	@test/run-check.sh

demo:
	@test/run-demo.sh

bench:
	@test/run-bench.sh

fuzz:
	@$(MAKE) -C test/fuzz run

dist:
	git archive --format=zip --prefix=charmbills-$(VERSION)/ \
		--output=charmbills-$(VERSION).zip HEAD
