/*-------------------------------------------------------------------------
 *
 * cb_clock.c
 *	  The one source of time.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "cb_call.h"
#include "cb_clock.h"
#include "cb_guc.h"
#include "chain/cb_chain_state.h"
#include "utils/snapmgr.h"

static TimestampTz now_by(const CbChainTime *time);

/* Seen by a snapshot of its own: this transaction may have moved the clock. */
TimestampTz
cb_now(void)
{
	Snapshot	snapshot;
	TimestampTz now;

	if (!cb_is_sandbox())
		return GetCurrentTransactionStartTimestamp();
	snapshot = RegisterSnapshot(GetTransactionSnapshot());
	now = cb_now_seen(snapshot);
	UnregisterSnapshot(snapshot);
	return now;
}

TimestampTz
cb_now_seen(Snapshot snapshot)
{
	CbChainTime time = {0};

	if (cb_is_sandbox())
		cb_chain_time_read(&time, snapshot);
	return now_by(&time);
}

void
cb_clock_read(CbClock *clock, Snapshot snapshot)
{
	CbChainTime time;

	cb_chain_time_read(&time, snapshot);
	cb_chain_check_network(time.network);
	clock->now = now_by(&time);
	clock->lapse = cb_lapse_at(clock->now, time.followed_until);
}

static TimestampTz
now_by(const CbChainTime *time)
{
	if (cb_is_sandbox() && time->has_test_clock)
		return time->test_clock;
	return GetCurrentTransactionStartTimestamp();
}

TimestampTz
cb_lapse_at(TimestampTz now, TimestampTz followed_until)
{
	TimestampTz oldest = TimestampTzPlusMilliseconds(now, -(int64) cb_guc_max_stale * 1000);

	return Min(now, Max(followed_until, oldest));
}

/* charmbills.now() -> timestamptz */
CB_DIRECT_FUNCTION(now, CB_ANYONE)
{
	PG_RETURN_TIMESTAMPTZ(cb_now_seen(GetActiveSnapshot()));
}

/* charmbills.lapse_clock() -> timestamptz */
CB_DIRECT_FUNCTION(lapse_clock, CB_ANYONE)
{
	CbClock		clock;

	cb_clock_read(&clock, GetActiveSnapshot());
	PG_RETURN_TIMESTAMPTZ(clock.lapse);
}
