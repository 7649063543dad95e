/*-------------------------------------------------------------------------
 *
 * cb_jobs.h
 *	  Jobs of the Bitcoin node: broadcasts, rescans, transactions to be gathered.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_JOBS_H
#define CB_JOBS_H

#include "postgres.h"

/*
 * Claim some jobs and run them; one that raises an error does not stop the
 * next, and is tried again later.  False when there were none.
 */
extern bool cb_run_jobs(void);

/* A rescan goes on in turns of a few seconds, from its claim on. */
extern bool cb_rescan_is_running(void);
extern void cb_rescan_turn(void);

#endif							/* CB_JOBS_H */
