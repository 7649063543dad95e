/*-------------------------------------------------------------------------
 *
 * cb_token_access.c
 *	  Whether the tokens on an address give access to a plan.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "billing/cb_address_text.h"
#include "billing/cb_period.h"
#include "billing/cb_token_access.h"
#include "cb_clock.h"
#include "cb_guc.h"
#include "cb_scan.h"
#include "cb_sql.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/numeric.h"

enum
{
	CHARM_PLAN_ID,
	SCRIPT,
	AMOUNT,
	BEAMED_TO,
	RECEIVED_AT,
	MINTED_AT,
	SPENT_AT,
	HOLDER_IS_UNKNOWN
};

static CbTable charms = {
	.name = "charms",
	.columns = {"plan_id", "script", "amount", "beamed_to", "received_at", "minted_at", "spent_at",
	"is_unknown"}
};

/* Of those that are unspent or unknown, which are all that may count. */
static CbIndex charms_by_holder = {
	.table = &charms,
	.name = "charms_holder_idx",
	.columns = {CHARM_PLAN_ID, SCRIPT},
	.equal = {F_UUID_EQ, F_BYTEAEQ},
	.is_partial = true
};

enum
{
	MERCHANT_ID,
	TIMEZONE
};

static CbTable merchants = {
	.name = "merchants",
	.columns = {"id", "timezone"}
};

static CbIndex merchant_by_id = {
	.table = &merchants,
	.name = "merchants_pkey",
	.columns = {MERCHANT_ID},
	.equal = {F_UUID_EQ}
};

/* Tokens being counted, and the time by which they are. */
typedef struct Count
{
	const CbTokenTerms *terms;
	Snapshot	snapshot;
	Datum		sum;			/* numeric */
	bool		has_clock;
	CbClock		clock;
	char	   *timezone;		/* NULL until it is needed */
} Count;

static bool is_known_script(const CbTokenOwner *owner, const CbScriptBuf *script);
static bool count_script(Count *count, const CbScriptBuf *script);
static bool counts(Count *count, const CbScan *scan);
static bool is_in_grace(Count *count, const CbScan *scan);
static bool is_in_cycle(Count *count, const CbScan *scan);
static TimestampTz lapse_of(Count *count);
static const char *timezone_of(Count *count);

void
cb_token_owner_add(CbTokenOwner *owner, const char *address)
{
	CbScriptBuf script;

	if (cb_address_or_null(address, &script) == NULL || is_known_script(owner, &script))
		return;
	if (owner->n == owner->capacity)
	{
		owner->capacity = Max(2 * owner->capacity, 4);
		owner->scripts = owner->scripts == NULL ? palloc(sizeof(CbScriptBuf) * owner->capacity) :
			repalloc(owner->scripts, sizeof(CbScriptBuf) * owner->capacity);
	}
	owner->scripts[owner->n++] = script;
}

static bool
is_known_script(const CbTokenOwner *owner, const CbScriptBuf *script)
{
	for (int i = 0; i < owner->n; i++)
		if (owner->scripts[i].len == script->len &&
			memcmp(owner->scripts[i].data, script->data, script->len) == 0)
			return true;
	return false;
}

bool
cb_token_gives_access(const CbTokenTerms *terms, const CbTokenOwner *owner, Snapshot snapshot)
{
	Count		count = {.terms = terms, .snapshot = snapshot};

	count.sum = NumericGetDatum(int64_to_numeric(0));
	for (int i = 0; i < owner->n; i++)
		if (count_script(&count, &owner->scripts[i]))
			return true;
	return false;
}

/* Whether there are enough with those on this script. */
static bool
count_script(Count *count, const CbScriptBuf *script)
{
	const CbSpan span = {script->data, script->len};
	const Datum values[] = {UUIDPGetDatum(&count->terms->plan_id), cb_bytea(span).value};
	bool		enough = false;
	CbScan		scan;

	cb_scan_begin(&scan, &charms_by_holder, values, count->snapshot);
	while (!enough && cb_scan_next(&scan))
	{
		bool		isnull;

		if (!counts(count, &scan))
			continue;
		count->sum = DirectFunctionCall2(numeric_add, count->sum, cb_scan_column(&scan, AMOUNT, &isnull));
		enough = DatumGetBool(DirectFunctionCall2(numeric_ge, count->sum, count->terms->units));
	}
	cb_scan_end(&scan);
	return enough;
}

/* What was beamed out is elsewhere. */
static bool
counts(Count *count, const CbScan *scan)
{
	bool		is_unspent;
	bool		is_here;

	(void) cb_scan_column(scan, SPENT_AT, &is_unspent);
	(void) cb_scan_column(scan, BEAMED_TO, &is_here);
	return is_here && (is_unspent || is_in_grace(count, scan)) &&
		(count->terms->cycle == NULL || is_in_cycle(count, scan));
}

static bool
is_in_grace(Count *count, const CbScan *scan)
{
	bool		isnull;
	TimestampTz spent_at = DatumGetTimestampTz(cb_scan_column(scan, SPENT_AT, &isnull));

	return DatumGetBool(cb_scan_column(scan, HOLDER_IS_UNKNOWN, &isnull)) &&
		spent_at + cb_guc_unknown_grace * USECS_PER_SEC > lapse_of(count);
}

static bool
is_in_cycle(Count *count, const CbScan *scan)
{
	bool		isnull;
	Datum		minted_at = cb_scan_column(scan, MINTED_AT, &isnull);

	if (isnull)
		minted_at = cb_scan_column(scan, RECEIVED_AT, &isnull);
	return cb_period_start(DatumGetTimestampTz(minted_at), count->terms->cycle, timezone_of(count), 1) >
		lapse_of(count);
}

static TimestampTz
lapse_of(Count *count)
{
	if (!count->has_clock)
		cb_clock_read(&count->clock, count->snapshot);
	count->has_clock = true;
	return count->clock.lapse;
}

static const char *
timezone_of(Count *count)
{
	const Datum values[] = {UUIDPGetDatum(&count->terms->merchant_id)};
	CbScan		scan;
	bool		isnull;

	if (count->timezone != NULL)
		return count->timezone;
	cb_scan_begin(&scan, &merchant_by_id, values, count->snapshot);
	if (!cb_scan_next(&scan))
		elog(ERROR, "a plan has no merchant");
	count->timezone = TextDatumGetCString(cb_scan_column(&scan, TIMEZONE, &isnull));
	cb_scan_end(&scan);
	return count->timezone;
}
