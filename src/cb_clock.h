/*-------------------------------------------------------------------------
 *
 * cb_clock.h
 *	  The one source of time.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_CLOCK_H
#define CB_CLOCK_H

#include "postgres.h"

#include "utils/snapshot.h"
#include "utils/timestamp.h"

/* The two instants that billing goes by. */
typedef struct CbClock
{
	TimestampTz now;
	TimestampTz lapse;			/* what is unpaid has run out by then */
} CbClock;

/*
 * The sandbox's test clock when one is set, else the time the transaction
 * began.
 */
extern TimestampTz cb_now(void);

/* The same as a snapshot sees it; costs nothing outside the sandbox. */
extern TimestampTz cb_now_seen(Snapshot snapshot);

/* Both, as a snapshot sees them.  CB014 when the database bills elsewhere. */
extern void cb_clock_read(CbClock *clock, Snapshot snapshot);

/*
 * The instant at which lapsing is judged: now, or the time until which the
 * chain has been followed if that is earlier, but no older than
 * charmbills.max_stale.
 */
extern TimestampTz cb_lapse_at(TimestampTz now, TimestampTz followed_until);

#endif							/* CB_CLOCK_H */
