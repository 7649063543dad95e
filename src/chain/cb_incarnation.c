/*-------------------------------------------------------------------------
 *
 * cb_incarnation.c
 *	  Is this still the database in which the rows were written?
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xlog.h"
#include "catalog/pg_type.h"
#include "cb_call.h"
#include "cb_clock.h"
#include "cb_errors.h"
#include "cb_event.h"
#include "cb_json.h"
#include "cb_sql.h"
#include "chain/cb_chain_state.h"
#include "chain/cb_incarnation.h"
#include "commands/extension.h"
#include "miscadmin.h"

CB_STATEMENT(write_incarnation, "int8 oid oid int4",
			 "UPDATE charmbills.chain_state "
			 "SET system_identifier = $1, database_oid = $2, extension_oid = $3, timeline = $4");
CB_STATEMENT(compare_incarnation, "int8 oid oid int4",
			 "SELECT system_identifier = $1 AND database_oid = $2 AND extension_oid = $3, "
			 "       timeline = $4, epoch "
			 "FROM charmbills.chain_state");
/*
 * Named after the real time, whatever the sandbox's clock says, and finely:
 * no two series ever have the same name.  Merchants who have not begun the one
 * before need the blocks since that, too.  The epoch is the one in which events
 * have been written here already, unless a copy that was never adopted wrote
 * some in it before this was copied from it: their transactions look to be of
 * the future.
 */
CB_STATEMENT(begin_series, "",
			 "UPDATE charmbills.chain_state "
			 "SET series = pg_catalog.to_char(pg_catalog.clock_timestamp() AT TIME ZONE 'UTC', "
			 "                                'YYYYMMDD\"T\"HH24MISSMS'), "
			 "    series_height = CASE WHEN EXISTS (SELECT FROM charmbills.merchant_counters c "
			 "                                      WHERE c.series <> chain_state.series) "
			 "                    THEN least(series_height, own_height) ELSE own_height END, "
			 "    own_height = height, "
			 "    epoch = epoch + CASE WHEN EXISTS (SELECT FROM charmbills.events e "
			 "                                      WHERE e.epoch = chain_state.epoch + 1 "
			 "                                        AND e.xid >= pg_catalog.pg_snapshot_xmax("
			 "                                                       pg_catalog.pg_current_snapshot())) "
			 "                    THEN 2 ELSE 1 END "
			 "RETURNING series");

/* Events go on from a number that none before, here or there, can have had. */
CB_STATEMENT(skip_event_ids, "",
			 "SELECT pg_catalog.setval('charmbills.events_id_seq', "
			 "         greatest(nextval('charmbills.events_id_seq'), "
			 "                  (extract(epoch FROM pg_catalog.clock_timestamp()) * 1000000)::int8))");

static const NullableDatum *incarnation(void);
static int32 compare(bool *ours, bool *same_timeline);
static void start_new_series(const char *event);

void
cb_incarnation_write(void)
{
	cb_execute(&write_incarnation, incarnation());
}

static const NullableDatum *
incarnation(void)
{
	NullableDatum *args = palloc(sizeof(NullableDatum) * 4);

	args[0] = cb_int8((int64) GetSystemIdentifier());
	args[1] = cb_datum(ObjectIdGetDatum(MyDatabaseId));
	args[2] = cb_datum(ObjectIdGetDatum(get_extension_oid("charmbills", false)));
	/* A standby writes no WAL, and issues nothing either. */
	args[3] = cb_int4(RecoveryInProgress() ? 0 : (int32) GetWALInsertionTimeLine());
	return args;
}

/* A database with nothing written down is ours.  Gives the epoch written down. */
static int32
compare(bool *ours, bool *same_timeline)
{
	*ours = true;
	*same_timeline = true;
	if (cb_execute(&compare_incarnation, incarnation()) == 0)
		return 0;
	*ours = cb_column_is_null(0, 1) || cb_column_bool(0, 1);
	*same_timeline = cb_column_is_null(0, 2) || cb_column_bool(0, 2);
	return cb_column_int4(0, 3);
}

/*
 * A standby's transactions are its primary's, which numbers them on after a
 * promotion: there the same epoch will do.
 */
int32
cb_incarnation_epoch(void)
{
	bool		ours;
	bool		same_timeline;
	int32		epoch = compare(&ours, &same_timeline);

	return ours && (same_timeline || RecoveryInProgress()) ? epoch : epoch + 1;
}

bool
cb_incarnation_is_ours(void)
{
	bool		ours;
	bool		same_timeline;

	(void) compare(&ours, &same_timeline);
	return ours;
}

bool
cb_incarnation_is_current(void)
{
	bool		ours;
	bool		same_timeline;

	(void) compare(&ours, &same_timeline);
	return ours && same_timeline;
}

void
cb_incarnation_check(void)
{
	bool		ours;
	bool		same_timeline;
	CbChainState state;

	(void) compare(&ours, &same_timeline);
	if (ours && same_timeline)
		return;
	if (!ours)
		ereport(ERROR,
				(errcode(ERRCODE_CB_NOT_ADOPTED),
				 errmsg("this database is a copy of another and may not issue anything"),
				 errdetail("Addresses and numbers issued here could have been issued there too."),
				 errhint("If the other one is gone for good, call charmbills.adopt_database().")));
	/* Someone else may have begun the series while we waited for the lock. */
	cb_chain_lock(&state);
	(void) compare(&ours, &same_timeline);
	if (!same_timeline)
		start_new_series("database.promoted");
}

static void
start_new_series(const char *event)
{
	CbEvents	events = {NIL};
	CbJson		payload;
	TimestampTz now = cb_now();

	cb_incarnation_write();
	cb_execute_one(&begin_series, CB_NO_ARGS);
	cb_json_begin(&payload);
	cb_json_text(&payload, "series", cb_column_text(0, 1));
	cb_execute(&skip_event_ids, CB_NO_ARGS);
	cb_event(&events, event, NULL, "database", "this", cb_json_end(&payload), now);
	cb_events_write(&events);
}

/*
 * charmbills.adopt_database() -> boolean
 *
 * False when this database was ours already.
 */
CB_FUNCTION(adopt_database, CB_OPERATOR)
{
	CbChainState state;

	cb_chain_lock(&state);
	if (cb_incarnation_is_ours())
		PG_RETURN_BOOL(false);
	start_new_series("database.adopted");
	PG_RETURN_BOOL(true);
}
