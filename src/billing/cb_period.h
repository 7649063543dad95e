/*-------------------------------------------------------------------------
 *
 * cb_period.h
 *	  Billing periods.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_PERIOD_H
#define CB_PERIOD_H

#include "postgres.h"

#include "utils/timestamp.h"

/*
 * Start of period k >= 0: the anchor's local time in the zone plus k cycles,
 * computed from the anchor each time, so that 31 January is followed by 28
 * February and 31 March.  A lifetime has one period, which ends at infinity.
 * cycle: weekly, monthly, yearly, demo, lifetime, or an interval.
 */
extern TimestampTz cb_period_start(TimestampTz anchor, const char *cycle, const char *timezone, int32 k);

/* Number of the period that contains an instant, from 0. */
extern int32 cb_period_index(TimestampTz anchor, const char *cycle, const char *timezone, TimestampTz at);

/* An instant later by an interval: days and months count in the zone. */
extern TimestampTz cb_add_interval(TimestampTz start, const Interval *span, const char *timezone);

/* The same for what must not fail: DT_NOEND beyond all time, in UTC where the zone is gone. */
extern TimestampTz cb_add_interval_safely(TimestampTz start, const Interval *span, const char *timezone);

/* The length of a cycle; false for a lifetime, which has none. */
extern bool cb_cycle_length(const char *cycle, Interval *length);

/* CB011 unless the text is a cycle that a plan may have. */
extern void cb_check_cycle(const char *cycle);

/* CB011 unless the zone is known. */
extern void cb_check_timezone(const char *timezone);

#endif							/* CB_PERIOD_H */
