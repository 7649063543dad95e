/*-------------------------------------------------------------------------
 *
 * cb_chain_state.c
 *	  The one row that says how far the chain has been followed.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "cb_errors.h"
#include "cb_guc.h"
#include "cb_scan.h"
#include "cb_sql.h"
#include "chain/cb_chain_state.h"
#include "chain/cb_incarnation.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/timestamp.h"

#define STATE_COLUMNS \
	"height, hash, base_height, followed_until, stopped_reason, series, network"

CB_STATEMENT(read_state, "",
			 "SELECT " STATE_COLUMNS " FROM charmbills.chain_state");
CB_STATEMENT(lock_state, "",
			 "SELECT " STATE_COLUMNS " FROM charmbills.chain_state FOR NO KEY UPDATE");
CB_STATEMENT(make_state, "text",
			 "INSERT INTO charmbills.chain_state (network) VALUES ($1) ON CONFLICT DO NOTHING");
CB_STATEMENT(write_network, "text",
			 "UPDATE charmbills.chain_state SET network = $1 WHERE network IS NULL");
CB_STATEMENT(write_tip, "int4 text int4 bool",
			 "UPDATE charmbills.chain_state "
			 "SET height = $1, hash = $2, base_height = $3, "
			 "    own_height = CASE WHEN $4 THEN $1 ELSE least(own_height, $1) END");

enum
{
	SINGLETON,
	FOLLOWED_UNTIL,
	TEST_CLOCK,
	NETWORK
};

static CbTable chain_state = {
	.name = "chain_state",
	.columns = {"singleton", "followed_until", "test_clock", "network"}
};

static CbIndex only_row = {
	.table = &chain_state,
	.name = "chain_state_pkey",
	.columns = {SINGLETON},
	.equal = {F_BOOLEQ}
};

static bool load(CbStatement *statement, CbChainState *state);
static void require_read_committed(void);

void
cb_chain_state_read(CbChainState *state)
{
	load(&read_state, state);
}

void
cb_chain_lock(CbChainState *state)
{
	require_read_committed();
	if (!load(&lock_state, state))
	{
		cb_chain_pin_network();
		load(&lock_state, state);
	}
}

/*
 * Under a snapshot taken before the lock, watches that others have committed
 * meanwhile would be missed.
 */
static void
require_read_committed(void)
{
	if (IsolationUsesXactSnapshot())
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("the chain can only be followed at isolation level READ COMMITTED")));
}

static bool
load(CbStatement *statement, CbChainState *state)
{
	char	   *hash;

	memset(state, 0, sizeof(*state));
	state->followed_until = DT_NOBEGIN;
	state->series = "";
	if (cb_execute(statement, CB_NO_ARGS) == 0)
		return false;
	hash = cb_column_text(0, 2);
	state->has_tip = hash != NULL;
	state->height = state->has_tip ? cb_column_int4(0, 1) : -1;
	strlcpy(state->hash, hash ? hash : "", sizeof(state->hash));
	state->base_height = cb_column_int4(0, 3);
	if (!cb_column_is_null(0, 4))
		state->followed_until = cb_column_timestamptz(0, 4);
	state->stopped_reason = cb_column_text(0, 5);
	state->series = cb_column_text(0, 6);
	cb_chain_check_network(cb_column_text(0, 7));
	return true;
}

void
cb_chain_time_read(CbChainTime *time, Snapshot snapshot)
{
	const Datum singleton = BoolGetDatum(true);
	CbScan		scan;
	bool		isnull;
	Datum		value;

	memset(time, 0, sizeof(*time));
	time->followed_until = DT_NOBEGIN;
	cb_scan_begin(&scan, &only_row, &singleton, snapshot);
	if (cb_scan_next(&scan))
	{
		value = cb_scan_column(&scan, FOLLOWED_UNTIL, &isnull);
		if (!isnull)
			time->followed_until = DatumGetTimestampTz(value);
		value = cb_scan_column(&scan, TEST_CLOCK, &isnull);
		time->has_test_clock = !isnull;
		time->test_clock = isnull ? 0 : DatumGetTimestampTz(value);
		value = cb_scan_column(&scan, NETWORK, &isnull);
		time->network = isnull ? NULL : TextDatumGetCString(value);
	}
	cb_scan_end(&scan);
}

void
cb_chain_check_network(const char *network)
{
	if (network == NULL || strcmp(network, cb_current_network()->name) == 0)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_CB_SETTING),
			 errmsg("this database bills on %s, but charmbills.network is %s",
					network, cb_current_network()->name),
			 errhint("ALTER DATABASE ... SET charmbills.network = '%s'.", network)));
}

void
cb_chain_pin_network(void)
{
	CbChainState state;
	const char *network = cb_current_network()->name;

	if (!load(&read_state, &state))
	{
		cb_execute(&make_state, CB_ARGS(cb_text(network)));
		cb_incarnation_write();
		load(&read_state, &state);
	}
	if (cb_column_is_null(0, 7))
		cb_execute(&write_network, CB_ARGS(cb_text(network)));
}

void
cb_chain_set_tip(int32 height, const char *hash, int32 base_height)
{
	bool		is_current = cb_incarnation_is_current();

	cb_execute(&write_tip,
			   CB_ARGS(cb_int4(height), cb_text(hash), cb_int4(base_height), cb_bool(is_current)));
}

void
cb_hash_text(const CbHash256 *hash, char out[CB_HASH_TEXT_SIZE])
{
	cb_hex_encode_reversed(hash->bytes, sizeof(hash->bytes), out);
	out[CB_HASH_TEXT_SIZE - 1] = '\0';
}

void
cb_hash_parse(const char *text, CbHash256 *hash)
{
	CbResult	result = cb_hex_decode_reversed(text, strlen(text), hash->bytes, sizeof(hash->bytes));

	if (result != CB_OK)
		cb_raise(result, "block hash");
}
