# What charmbills.so and charmbills_worker.so have in common.  Included before
# PGXS, by a Makefile that has set OBJS.

PG_CONFIG ?= pg_config
WERROR ?= 0
PGXS := $(shell $(PG_CONFIG) --pgxs)

build_mk := $(lastword $(MAKEFILE_LIST))
control_file := $(dir $(build_mk))../charmbills.control
CHARMBILLS_VERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" $(control_file))

PG_CPPFLAGS = -I$(srcdir) -DCHARMBILLS_VERSION='"$(CHARMBILLS_VERSION)"'
# PostgreSQL's calling conventions leave many parameters unused.
PG_CFLAGS = -Wextra -Wno-unused-parameter -MMD -MP
ifeq ($(WERROR),1)
PG_CFLAGS += -Werror
endif

# No bitcode: it would want the clang that PostgreSQL was built with.
override with_llvm = no

EXTRA_CLEAN = $(OBJS:.o=.d) build.flags

.DEFAULT_GOAL := all

# An object is stale when a header, a flag or the list of sources has changed.
-include $(OBJS:.o=.d)

build.flags: FORCE
	$(file >$@.new,$(CC) $(CPPFLAGS) $(CFLAGS) $(SHLIB_LINK) $(OBJS))
	@if cmp -s $@.new $@; then rm -f $@.new; else mv -f $@.new $@; fi

$(OBJS) $(MODULE_big).so: build.flags

.PHONY: FORCE
FORCE:
