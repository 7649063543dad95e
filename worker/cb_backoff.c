/*-------------------------------------------------------------------------
 *
 * cb_backoff.c
 *	  How long to leave alone what has failed.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_backoff.h"
#include "common/pg_prng.h"

/* An eighth of jitter keeps workers that failed together from meeting again. */
void
cb_backoff_fail(CbBackoff *backoff)
{
	int			doublings = Min(backoff->failures, 6);
	int			wait = Min(CB_BACKOFF_MIN_MS << doublings, CB_BACKOFF_MAX_MS);

	wait += (int) pg_prng_uint64_range(&pg_global_prng_state, 0, wait / 8);
	backoff->failures++;
	backoff->failed_at = GetCurrentTimestamp();
	backoff->not_before = TimestampTzPlusMilliseconds(backoff->failed_at, wait);
}

void
cb_backoff_reset(CbBackoff *backoff)
{
	MemSet(backoff, 0, sizeof(CbBackoff));
}

void
cb_backoff_hasten(CbBackoff *backoff)
{
	TimestampTz soon = TimestampTzPlusMilliseconds(backoff->failed_at, CB_BACKOFF_HASTE_MS);

	if (backoff->failures > 0 && soon < backoff->not_before)
		backoff->not_before = soon;
}
