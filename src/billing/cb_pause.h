/*-------------------------------------------------------------------------
 *
 * cb_pause.h
 *	  The end of a pause.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_PAUSE_H
#define CB_PAUSE_H

#include "postgres.h"

#include "billing/cb_subscription_hold.h"

/*
 * End a subscription's pause in its facts, which are to be refreshed then.
 * CB011 where it began later than now.
 */
extern void cb_pause_end(CbHeldSubscription *held, TimestampTz now);

#endif							/* CB_PAUSE_H */
