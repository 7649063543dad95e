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
#define MEAN_YEAR 365.2425		/* days */

/*
 * What a plan may have, in microseconds.  Shorter periods would end as fast as
 * they are invoiced.
 */
#define SHORTEST_CYCLE ((double) USECS_PER_SEC)
#define LONGEST_CYCLE (1000 * MEAN_YEAR * USECS_PER_DAY)

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

/* Periods one after the other, all counted from one anchor. */
typedef struct Schedule
{
	TimestampTz anchor;
	bool		is_lifetime;	/* one period, without length */
	Interval	length;
	pg_tz	   *zone;
} Schedule;

static void make_schedule(Schedule *schedule, TimestampTz anchor, const char *cycle, const char *timezone);
static void schedule_of_args(Schedule *schedule, FunctionCallInfo fcinfo);
static TimestampTz start_of(const Schedule *schedule, int32 k);
static bool may_lack_a_day(const Interval *length);
static TimestampTz nominal_start(const Schedule *schedule, int32 k);
static int32 index_of(const Schedule *schedule, TimestampTz at);
static double mean_length(const Interval *length);
static pg_tz *find_zone(const char *timezone);
static TimestampTz add_span(TimestampTz start, const Interval *span, pg_tz *zone);
static bool try_add_span(TimestampTz start, const Interval *span, pg_tz *zone, TimestampTz *result);
static bool add_calendar(TimestampTz start, int32 months, int32 days, pg_tz *zone, TimestampTz *result);
static void add_months(struct pg_tm *date, int32 months);
static bool add_days(struct pg_tm *date, int32 days);
static void parse_cycle(const char *cycle, Interval *length);
static bool parse_interval(const char *text, Interval *span);
static bool is_positive(const Interval *span);
cb_noreturn static void refuse_period(const char *what);
cb_noreturn static void refuse_range(void);

void
cb_check_cycle(const char *cycle)
{
	Interval	length;

	if (!cb_cycle_length(cycle, &length))
		return;
	if (mean_length(&length) < SHORTEST_CYCLE || mean_length(&length) > LONGEST_CYCLE)
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("billing cycle is too short, or too long"),
				 errdetail("It is from a second to 1000 years.")));
}

bool
cb_cycle_length(const char *cycle, Interval *length)
{
	if (strcmp(cycle, LIFETIME) == 0)
		return false;
	parse_cycle(cycle, length);
	return true;
}

void
cb_check_timezone(const char *timezone)
{
	(void) find_zone(timezone);
}

TimestampTz
cb_period_start(TimestampTz anchor, const char *cycle, const char *timezone, int32 k)
{
	Schedule	schedule;

	make_schedule(&schedule, anchor, cycle, timezone);
	return start_of(&schedule, k);
}

int32
cb_period_index(TimestampTz anchor, const char *cycle, const char *timezone, TimestampTz at)
{
	Schedule	schedule;

	make_schedule(&schedule, anchor, cycle, timezone);
	return index_of(&schedule, at);
}

TimestampTz
cb_add_interval(TimestampTz start, const Interval *span, const char *timezone)
{
	return add_span(start, span, find_zone(timezone));
}

TimestampTz
cb_add_interval_safely(TimestampTz start, const Interval *span, const char *timezone)
{
	pg_tz	   *zone = pg_tzset(timezone);
	TimestampTz result;

	return try_add_span(start, span, zone != NULL ? zone : pg_tzset("GMT"), &result) ? result : DT_NOEND;
}

static void
make_schedule(Schedule *schedule, TimestampTz anchor, const char *cycle, const char *timezone)
{
	if (TIMESTAMP_NOT_FINITE(anchor))
		refuse_period("the anchor of a period");
	schedule->anchor = anchor;
	schedule->zone = find_zone(timezone);
	schedule->is_lifetime = strcmp(cycle, LIFETIME) == 0;
	if (!schedule->is_lifetime)
		parse_cycle(cycle, &schedule->length);
}

/* The first three arguments of every function below. */
static void
schedule_of_args(Schedule *schedule, FunctionCallInfo fcinfo)
{
	make_schedule(schedule, PG_GETARG_TIMESTAMPTZ(0), text_to_cstring(PG_GETARG_TEXT_PP(1)),
				  text_to_cstring(PG_GETARG_TEXT_PP(2)));
}

static TimestampTz
start_of(const Schedule *schedule, int32 k)
{
	TimestampTz start;
	TimestampTz next;
	TimestampTz previous;

	if (k < 0)
		refuse_period("a period's number");
	if (k == 0)
		return schedule->anchor;
	if (schedule->is_lifetime)
		return DT_NOEND;
	start = nominal_start(schedule, k);
	if (!may_lack_a_day(&schedule->length))
		return start;

	/*
	 * A zone that crosses the date line skips a day, which then begins when the
	 * next one does.  Its period shares the time of the one before.
	 */
	next = nominal_start(schedule, k + 1);
	if (next > start)
		return start;
	previous = nominal_start(schedule, k - 1);
	return previous + (next - previous) / 2;
}

/* No zone has skipped two days: longer periods only get shorter. */
static bool
may_lack_a_day(const Interval *length)
{
	return length->month == 0 && length->day == 1;
}

/* The anchor plus k cycles, as the calendar has it. */
static TimestampTz
nominal_start(const Schedule *schedule, int32 k)
{
	Interval	span;

	if (pg_mul_s32_overflow(schedule->length.month, k, &span.month) ||
		pg_mul_s32_overflow(schedule->length.day, k, &span.day) ||
		pg_mul_s64_overflow(schedule->length.time, k, &span.time))
		refuse_range();
	return k == 0 ? schedule->anchor : add_span(schedule->anchor, &span, schedule->zone);
}

/* From where it would be if all periods had the same length. */
static int32
index_of(const Schedule *schedule, TimestampTz at)
{
	double		guess;
	int32		k;

	if (schedule->is_lifetime || at <= schedule->anchor)
		return 0;
	guess = ((double) at - (double) schedule->anchor) / mean_length(&schedule->length);
	if (guess > PG_INT32_MAX / 2)
		refuse_range();
	k = (int32) guess;
	while (k > 0 && start_of(schedule, k) > at)
		k--;
	while (start_of(schedule, k + 1) <= at)
		k++;
	return k;
}

/* In microseconds, over the calendar's 400 years. */
static double
mean_length(const Interval *length)
{
	double		days = length->day + length->month * (MEAN_YEAR / MONTHS_PER_YEAR);

	return days * USECS_PER_DAY + length->time;
}

/* By its name alone: as an abbreviation, CET would have no summer time. */
static pg_tz *
find_zone(const char *timezone)
{
	pg_tz	   *zone = pg_tzset(timezone);

	if (zone == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("time zone \"%s\" is not known", timezone),
				 errhint("The view pg_timezone_names lists them, for example Europe/Lisbon.")));
	return zone;
}

static TimestampTz
add_span(TimestampTz start, const Interval *span, pg_tz *zone)
{
	TimestampTz result;

	if (!try_add_span(start, span, zone, &result))
		refuse_range();
	return result;
}

/*
 * Hours are added to the instant, so that they all have the same length when
 * the clocks change.  False beyond the range of timestamps.
 */
static bool
try_add_span(TimestampTz start, const Interval *span, pg_tz *zone, TimestampTz *result)
{
	*result = start;
	if ((span->day != 0 || span->month != 0) &&
		!add_calendar(start, span->month, span->day, zone, result))
		return false;
	return !pg_add_s64_overflow(*result, span->time, result) && IS_VALID_TIMESTAMP(*result);
}

/*
 * To the time that clocks in the zone show.  One that they skip counts as
 * if they had not been put forward yet.
 */
static bool
add_calendar(TimestampTz start, int32 months, int32 days, pg_tz *zone, TimestampTz *result)
{
	struct pg_tm local;
	fsec_t		fraction;
	int			offset;

	if (TIMESTAMP_NOT_FINITE(start) ||
		timestamp2tm(start, &offset, &local, &fraction, NULL, zone) != 0)
		return false;
	add_months(&local, months);
	if (!add_days(&local, days))
		return false;
	offset = DetermineTimeZoneOffset(&local, zone);
	return tm2timestamp(&local, fraction, &offset, result) == 0;
}

/* To the month's last day where it has none of that number. */
static void
add_months(struct pg_tm *date, int32 months)
{
	int64		month = (int64) date->tm_year * MONTHS_PER_YEAR + date->tm_mon - 1 + months;
	int64		year = month / MONTHS_PER_YEAR - (month % MONTHS_PER_YEAR < 0);

	date->tm_year = (int) year;
	date->tm_mon = (int) (month - year * MONTHS_PER_YEAR) + 1;
	date->tm_mday = Min(date->tm_mday, day_tab[isleap(date->tm_year)][date->tm_mon - 1]);
}

static bool
add_days(struct pg_tm *date, int32 days)
{
	int32		day;

	if (!IS_VALID_JULIAN(date->tm_year, date->tm_mon, date->tm_mday) ||
		pg_add_s32_overflow(date2j(date->tm_year, date->tm_mon, date->tm_mday), days, &day) ||
		day < 0)
		return false;
	j2date(day, &date->tm_year, &date->tm_mon, &date->tm_mday);
	return true;
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
CB_DIRECT_FUNCTION(period_start, CB_ANYONE)
{
	Schedule	schedule;

	cb_require_args(fcinfo, 4);
	schedule_of_args(&schedule, fcinfo);
	PG_RETURN_TIMESTAMPTZ(start_of(&schedule, PG_GETARG_INT32(3)));
}

/* charmbills.period_end(anchor timestamptz, cycle text, timezone text, k integer) -> timestamptz */
CB_DIRECT_FUNCTION(period_end, CB_ANYONE)
{
	Schedule	schedule;
	int32		next;

	cb_require_args(fcinfo, 4);
	schedule_of_args(&schedule, fcinfo);
	if (PG_GETARG_INT32(3) < 0)
		refuse_period("a period's number");
	if (pg_add_s32_overflow(PG_GETARG_INT32(3), 1, &next))
		refuse_range();
	PG_RETURN_TIMESTAMPTZ(start_of(&schedule, next));
}

/* charmbills.period_index(anchor timestamptz, cycle text, timezone text, at timestamptz) -> integer */
CB_DIRECT_FUNCTION(period_index, CB_ANYONE)
{
	Schedule	schedule;
	TimestampTz at;

	cb_require_args(fcinfo, 4);
	schedule_of_args(&schedule, fcinfo);
	at = PG_GETARG_TIMESTAMPTZ(3);
	if (TIMESTAMP_NOT_FINITE(at))
		refuse_period("the instant in a period");
	if (at < schedule.anchor)
		PG_RETURN_NULL();
	PG_RETURN_INT32(index_of(&schedule, at));
}
