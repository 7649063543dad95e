/*-------------------------------------------------------------------------
 *
 * cb_unit.h
 *	  A piece of the worker's work that fails and recovers by itself.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_UNIT_H
#define CB_UNIT_H

#include "postgres.h"

#include "cb_backoff.h"
#include "cb_worker_tx.h"
#include "datatype/timestamp.h"

/* Soonest that a unit runs again when its work keeps being there. */
#define CB_UNIT_PAUSE_MS 1000

typedef struct CbUnit
{
	const char *purpose;		/* for the log: "follow the node" */
	void		(*run) (void);
	TimestampTz due_at;			/* DT_NOEND: not needed now */
	TimestampTz ran_at;			/* 0: never */
	CbBackoff	backoff;
	CbFailure	failure;		/* the last one; message empty after success */
} CbUnit;

/* When it may run, with what its failures impose. */
extern TimestampTz cb_unit_next(const CbUnit *unit);
/* Run it if it is time; false when it failed. */
extern bool cb_unit_run(CbUnit *unit);
extern bool cb_unit_failing(const CbUnit *unit);
/* due, but no sooner than a pause after the last run. */
extern TimestampTz cb_unit_after_pause(const CbUnit *unit, TimestampTz due);

#endif							/* CB_UNIT_H */
