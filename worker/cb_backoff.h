/*-------------------------------------------------------------------------
 *
 * cb_backoff.h
 *	  How long to leave alone what has failed: 5 seconds, doubling to 5 minutes.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_BACKOFF_H
#define CB_BACKOFF_H

#include "postgres.h"

#include "utils/timestamp.h"

#define CB_BACKOFF_MIN_MS 5000
#define CB_BACKOFF_MAX_MS (5 * 60 * 1000)
/* Even when somebody asks for it, no sooner than this after a failure. */
#define CB_BACKOFF_HASTE_MS 1000

/* All zero is a fresh one. */
typedef struct CbBackoff
{
	int			failures;		/* in a row */
	TimestampTz failed_at;
	TimestampTz not_before;		/* 0: now */
} CbBackoff;

extern void cb_backoff_fail(CbBackoff *backoff);
extern void cb_backoff_reset(CbBackoff *backoff);
/* Somebody asked: try soon. */
extern void cb_backoff_hasten(CbBackoff *backoff);

#endif							/* CB_BACKOFF_H */
