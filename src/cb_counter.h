/*-------------------------------------------------------------------------
 *
 * cb_counter.h
 *	  Counters of calls, errors and time for each SQL function.
 *
 * They live in shared memory; without shared_preload_libraries nothing is
 * counted.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_COUNTER_H
#define CB_COUNTER_H

#include "postgres.h"

#include "portability/instr_time.h"

/*
 * Count one call that began at started.  *index is where the function keeps
 * the number of its counter, -1 before its first call in this backend.
 */
extern void cb_counter_add(int *index, const char *name, instr_time started, bool failed);

#endif							/* CB_COUNTER_H */
