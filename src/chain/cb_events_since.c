/*-------------------------------------------------------------------------
 *
 * cb_events_since.c
 *	  Reading the log of events in an order in which nothing appears late.
 *
 * Ids are drawn before their transaction commits, so an event with a smaller
 * id may become visible after one with a larger.  Hence the order is by
 * transaction, and events are shown once every transaction before theirs has
 * ended.  Another database's transactions say nothing about ours: events that
 * came with a copy are of an earlier epoch, and all there.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_auth.h"
#include "cb_call.h"
#include "cb_errors.h"
#include "cb_sql.h"
#include "chain/cb_incarnation.h"
#include "utils/builtins.h"

#define MAX_EVENTS 10000

#define EVENT_COLUMNS \
	"e.epoch || '.' || e.xid::text || '.' || e.id AS cursor, e.id, e.type, e.merchant_id, " \
	"e.subject, e.subject_seq, e.payload, e.occurred_at "
/* $1 to $3: the cursor; $4: the epoch that is not over; $5: how many. */
#define NEXT_EVENTS \
	"(e.epoch, e.xid, e.id) > ($1, $2::xid8, $3) " \
	"AND (e.epoch < $4 OR e.xid < pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())) "
#define IN_ORDER "ORDER BY e.epoch, e.xid, e.id LIMIT $5"

CB_STATEMENT(read_all, "int4 text int8 int4 int4",
			 "SELECT " EVENT_COLUMNS "FROM charmbills.events e WHERE " NEXT_EVENTS IN_ORDER);
/* Each merchant's next events come from one index in order. */
CB_STATEMENT(read_of_merchants, "int4 text int8 int4 int4 uuid[]",
			 "SELECT " EVENT_COLUMNS
			 "FROM pg_catalog.unnest($6) m(id) "
			 "CROSS JOIN LATERAL (SELECT * FROM charmbills.events e "
			 "                    WHERE e.merchant_id = m.id AND " NEXT_EVENTS IN_ORDER ") e "
			 IN_ORDER);

/* Where a reader has got to; the beginning is all zero. */
typedef struct Cursor
{
	int32		epoch;
	char	   *xid;
	int64		id;
} Cursor;

static Cursor parse_cursor(FunctionCallInfo fcinfo, int argno);
static bool parse_number(const char **text, char end, uint64 limit, uint64 *number);
static int32 count_arg(FunctionCallInfo fcinfo, int argno);

/* charmbills.events_since(cursor text, max_events integer) -> setof record */
CB_FUNCTION(events_since, CB_MERCHANT)
{
	Cursor		cursor = parse_cursor(fcinfo, 0);
	int32		max_events = count_arg(fcinfo, 1);
	int32		epoch = cb_incarnation_epoch();
	NullableDatum merchants = cb_visible_merchants();

	if (cursor.epoch > epoch)
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("cursor comes from another log of events"),
				 errdetail("Its epoch is %d, and this database is in epoch %d.", cursor.epoch, epoch)));
	cb_execute(merchants.isnull ? &read_all : &read_of_merchants,
			   CB_ARGS(cb_int4(cursor.epoch), cb_text(cursor.xid), cb_int8(cursor.id),
					   cb_int4(epoch), cb_int4(max_events), merchants));
	return cb_return_rows(fcinfo);
}

static Cursor
parse_cursor(FunctionCallInfo fcinfo, int argno)
{
	Cursor		cursor = {0, "0", 0};
	const char *rest;
	uint64		epoch;
	uint64		xid;
	uint64		id;

	if (PG_ARGISNULL(argno))
		return cursor;
	rest = text_to_cstring(PG_GETARG_TEXT_PP(argno));
	if (!parse_number(&rest, '.', PG_INT32_MAX, &epoch) ||
		!parse_number(&rest, '.', PG_UINT64_MAX, &xid) ||
		!parse_number(&rest, '\0', PG_INT64_MAX, &id))
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("cursor of events is malformed"),
				 errdetail("It is three numbers with points between them."),
				 errhint("Give the cursor of the last event read, or NULL to begin.")));
	cursor.epoch = (int32) epoch;
	cursor.xid = psprintf(UINT64_FORMAT, xid);
	cursor.id = (int64) id;
	return cursor;
}

/* Digits up to the character that ends them, which is passed over. */
static bool
parse_number(const char **text, char end, uint64 limit, uint64 *number)
{
	const char *p = *text;

	*number = 0;
	for (; *p >= '0' && *p <= '9'; p++)
	{
		uint64		digit = (uint64) (*p - '0');

		if (*number > (limit - digit) / 10)
			return false;
		*number = *number * 10 + digit;
	}
	if (p == *text || *p != end)
		return false;
	*text = p + 1;
	return true;
}

static int32
count_arg(FunctionCallInfo fcinfo, int argno)
{
	int32		count = PG_ARGISNULL(argno) ? 0 : PG_GETARG_INT32(argno);

	if (count < 1 || count > MAX_EVENTS)
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("max_events must be from 1 to %d", MAX_EVENTS)));
	return count;
}
