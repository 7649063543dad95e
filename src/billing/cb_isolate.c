/*-------------------------------------------------------------------------
 *
 * cb_isolate.c
 *	  Working through many subscriptions so that one that fails does not stop
 *	  the others.
 *
 * A subtransaction for each row would cost more than the work; one for each
 * batch costs next to nothing, and few batches have to be halved.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "billing/cb_isolate.h"
#include "cb_event.h"
#include "cb_json.h"
#include "cb_sql.h"
#include "executor/spi.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#define HOLD "1 hour"

/* Give whether the reason is another than last time. */
#define HOLD_BACK(what) \
	"WITH before AS (SELECT b.id, b.billing_error FROM charmbills.subscription_facts b WHERE b.id = $1) " \
	"UPDATE charmbills.subscription_facts f " \
	"SET billing_error = $2, " what " = $3 + interval '" HOLD "' " \
	"FROM before b WHERE f.id = b.id " \
	"RETURNING f.merchant_id, b.billing_error IS DISTINCT FROM $2"

CB_STATEMENT(hold_renewal, "uuid text timestamptz", HOLD_BACK("held_until"));
CB_STATEMENT(hold_boundary, "uuid text timestamptz", HOLD_BACK("next_boundary"));

static ErrorData *try(CbBatchWork work, const pg_uuid_t *ids, int n, TimestampTz now);
static bool concerns_row(const ErrorData *error);
static void hold(CbHold what, const pg_uuid_t *id, const ErrorData *error, TimestampTz now);

int64
cb_isolate(CbBatchWork work, CbHold what, const pg_uuid_t *ids, int n, TimestampTz now)
{
	ErrorData  *error;
	int			half = n / 2;

	if (n == 0)
		return 0;
	error = try(work, ids, n, now);
	if (error == NULL)
		return n;
	if (!concerns_row(error))
		ReThrowError(error);
	if (n == 1)
	{
		hold(what, ids, error, now);
		return 0;
	}
	return cb_isolate(work, what, ids, half, now) + cb_isolate(work, what, ids + half, n - half, now);
}

/* NULL when it went well; in a connection of its own, whose memory is free afterwards. */
static ErrorData *
try(CbBatchWork work, const pg_uuid_t *ids, int n, TimestampTz now)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData  *volatile error = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		SPI_connect();
		work(ids, n, now);
		SPI_finish();
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	return error;
}

/* Not what stops the whole transaction, whatever the row. */
static bool
concerns_row(const ErrorData *error)
{
	switch (ERRCODE_TO_CATEGORY(error->sqlerrcode))
	{
		case ERRCODE_TO_CATEGORY(ERRCODE_TRANSACTION_ROLLBACK):
		case ERRCODE_TO_CATEGORY(ERRCODE_INSUFFICIENT_RESOURCES):
		case ERRCODE_TO_CATEGORY(ERRCODE_OPERATOR_INTERVENTION):
		case ERRCODE_TO_CATEGORY(ERRCODE_LOCK_NOT_AVAILABLE):
		case ERRCODE_TO_CATEGORY(ERRCODE_SYSTEM_ERROR):
			return false;
	}
	return true;
}

static void
hold(CbHold what, const pg_uuid_t *id, const ErrorData *error, TimestampTz now)
{
	CbEvents	events = {NIL};
	CbJson		payload;
	pg_uuid_t	merchant_id;
	CbStatement *hold_back = what == CB_HOLD_RENEWAL ? &hold_renewal : &hold_boundary;

	if (cb_execute(hold_back, CB_ARGS(cb_uuid(id), cb_text(error->message), cb_timestamptz(now))) == 0 ||
		!cb_column_bool(0, 2))
		return;
	merchant_id = cb_column_uuid(0, 1);
	cb_json_begin(&payload);
	cb_json_uuid(&payload, "subscription_id", id);
	cb_json_text(&payload, "error", error->message);
	cb_json_text(&payload, "sqlstate", unpack_sql_state(error->sqlerrcode));
	cb_event_uuid(&events, "subscription.billing_failed", &merchant_id, "subscription", id,
				  cb_json_end(&payload), now);
	cb_events_write(&events);
}
