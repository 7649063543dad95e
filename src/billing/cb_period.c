/*-------------------------------------------------------------------------
 *
 * cb_period.c
 *	  Billing periods.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "billing/cb_period.h"
#include "cb_args.h"
#include "cb_call.h"
#include "cb_compat.h"
#include "cb_errors.h"
#include "common/int.h"
#include "pgtime.h"
#include "utils/builtins.h"
#include "utils/datetime.h"

#define LIFETIME "lifetime"

typedef struct NamedCycle
{
	const char *name;
	Interval	length;
} NamedCycle;

static const NamedCycle named_cycles[] = {
	{"weekly", {.day = 7}},
	{"monthly", {.month = 1}},
	{"yearly", {.month = 12}},
	{"demo", {.time = 3 * USECS_PER_MINUTE}},
};

static void parse_cycle(const char *cycle, Interval *length);
static bool parse_interval(const char *text, Interval *span);
static bool is_positive(const Interval *span);
static TimestampTz nominal_start(TimestampTz anchor, const Interval *length, const char *timezone, int32 k);
cb_noreturn static void refuse_period(const char *what);
cb_noreturn static void refuse_range(void);
static TimestampTz period_boundary(FunctionCallInfo fcinfo, int32 k);

void
cb_check_cycle(const char *cycle)
{
	Interval	length;

	if (strcmp(cycle, LIFETIME) != 0)
		parse_cycle(cycle, &length);
}

void
cb_check_timezone(const char *timezone)
{
	if (pg_tzset(timezone) == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("time zone \"%s\" is not known", timezone),
				 errhint("The view pg_timezone_names lists them, for example Europe/Lisbon.")));
}

TimestampTz
cb_period_start(TimestampTz anchor, const char *cycle, const char *timezone, int32 k)
{
	Interval	length;
	TimestampTz start;
	TimestampTz previous;
	TimestampTz next;

	if (k < 0)
		refuse_period("a period's number");
	if (TIMESTAMP_NOT_FINITE(anchor))
		refuse_period("the anchor of a period");
	if (strcmp(cycle, LIFETIME) == 0)
		return k == 0 ? anchor : DT_NOEND;
	parse_cycle(cycle, &length);
	start = nominal_start(anchor, &length, timezone, k);
	if (k == 0 || (length.day == 0 && length.month == 0))
		return start;

	/*
	 * A zone that crosses the date line skips a day, which then begins when the
	 * next one does.  Its period shares the time of the one before.
	 */
	next = nominal_start(anchor, &length, timezone, k + 1);
	if (next > start)
		return start;
	previous = nominal_start(anchor, &length, timezone, k - 1);
	return previous + (next - previous) / 2;
}

/* The anchor plus k cycles, as the calendar has it. */
static TimestampTz
nominal_start(TimestampTz anchor, const Interval *length, const char *timezone, int32 k)
{
	Interval	span;

	if (pg_mul_s32_overflow(length->month, k, &span.month) ||
		pg_mul_s32_overflow(length->day, k, &span.day) ||
		pg_mul_s64_overflow(length->time, k, &span.time))
		refuse_range();
	return k == 0 ? anchor : cb_add_interval(anchor, &span, timezone);
}

/*
 * Hours are added to the instant, so that they all have the same length when
 * the clocks change.
 */
TimestampTz
cb_add_interval(TimestampTz start, const Interval *span, const char *timezone)
{
	Interval	calendar = {.day = span->day, .month = span->month};
	TimestampTz result = start;

	if (calendar.day != 0 || calendar.month != 0)
	{
		Datum		zone = CStringGetTextDatum(timezone);
		Datum		local = DirectFunctionCall2(timestamptz_zone, zone, TimestampTzGetDatum(start));

		local = DirectFunctionCall2(timestamp_pl_interval, local, IntervalPGetDatum(&calendar));
		result = DatumGetTimestampTz(DirectFunctionCall2(timestamp_zone, zone, local));
	}
	if (pg_add_s64_overflow(result, span->time, &result) || !IS_VALID_TIMESTAMP(result))
		refuse_range();
	return result;
}

int32
cb_period_index(TimestampTz anchor, const char *cycle, const char *timezone, TimestampTz at)
{
	int32		low = 0;
	int32		high = 1;

	while (cb_period_start(anchor, cycle, timezone, high) <= at)
	{
		low = high;
		if (pg_mul_s32_overflow(high, 2, &high))
			refuse_range();
	}
	while (high - low > 1)
	{
		int32		middle = low + (high - low) / 2;

		if (cb_period_start(anchor, cycle, timezone, middle) <= at)
			low = middle;
		else
			high = middle;
	}
	return low;
}

static void
parse_cycle(const char *cycle, Interval *length)
{
	for (int i = 0; i < (int) lengthof(named_cycles); i++)
	{
		if (strcmp(named_cycles[i].name, cycle) == 0)
		{
			*length = named_cycles[i].length;
			return;
		}
	}
	if (!parse_interval(cycle, length) || !is_positive(length))
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("billing cycle \"%s\" is not known", cycle),
				 errhint("Use weekly, monthly, yearly, demo, lifetime, or a positive interval such as 3 months.")));
}

/* As interval_in() does, but without its error. */
static bool
parse_interval(const char *text, Interval *span)
{
	char		work[256];
	char	   *fields[MAXDATEFIELDS];
	int			types[MAXDATEFIELDS];
	int			n;
	int			kind;
	struct pg_itm_in parts = {0};

	if (ParseDateTime(text, work, sizeof(work), fields, types, MAXDATEFIELDS, &n) != 0)
		return false;
	if (DecodeInterval(fields, types, n, INTERVAL_FULL_RANGE, &kind, &parts) != 0)
	{
		memset(&parts, 0, sizeof(parts));
		if (DecodeISO8601Interval(pstrdup(text), &kind, &parts) != 0)
			return false;
	}
	return kind == DTK_DELTA && itmin2interval(&parts, span) == 0;
}

/* Parts of both signs could make a later period start earlier. */
static bool
is_positive(const Interval *span)
{
	return span->month >= 0 && span->day >= 0 && span->time >= 0 &&
		(span->month > 0 || span->day > 0 || span->time > 0);
}

static void
refuse_period(const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_CB_INVALID_ARGUMENT),
			 errmsg("%s is out of range", what),
			 errdetail("Periods are numbered from 0, and their anchor is a finite instant.")));
}

static void
refuse_range(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
			 errmsg("billing period is beyond the range of timestamps")));
}

/* charmbills.period_start(anchor timestamptz, cycle text, timezone text, k integer) -> timestamptz */
CB_FUNCTION(period_start, CB_ANYONE)
{
	cb_require_args(fcinfo, 4);
	PG_RETURN_TIMESTAMPTZ(period_boundary(fcinfo, PG_GETARG_INT32(3)));
}

/* charmbills.period_end(anchor timestamptz, cycle text, timezone text, k integer) -> timestamptz */
CB_FUNCTION(period_end, CB_ANYONE)
{
	int32		next;

	cb_require_args(fcinfo, 4);
	if (PG_GETARG_INT32(3) < 0)
		refuse_period("a period's number");
	if (pg_add_s32_overflow(PG_GETARG_INT32(3), 1, &next))
		refuse_range();
	PG_RETURN_TIMESTAMPTZ(period_boundary(fcinfo, next));
}

/* Start of period k, of which all else is in the first three arguments. */
static TimestampTz
period_boundary(FunctionCallInfo fcinfo, int32 k)
{
	char	   *cycle = text_to_cstring(PG_GETARG_TEXT_PP(1));
	char	   *timezone = text_to_cstring(PG_GETARG_TEXT_PP(2));

	cb_check_timezone(timezone);
	return cb_period_start(PG_GETARG_TIMESTAMPTZ(0), cycle, timezone, k);
}
