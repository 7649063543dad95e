/*-------------------------------------------------------------------------
 *
 * cb_broadcast.c
 *	  Taking transactions of ours to be broadcast.
 *
 * Nothing is sent from here: the package is checked, stored, its inputs are
 * reserved and watched, and a job is queued, all in the caller's transaction.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_auth.h"
#include "cb_call.h"
#include "cb_clock.h"
#include "cb_errors.h"
#include "cb_event.h"
#include "cb_guc.h"
#include "cb_json.h"
#include "cb_sql.h"
#include "cb_transition.h"
#include "cb_uuid.h"
#include "chain/cb_broadcast.h"
#include "chain/cb_chain_state.h"
#include "chain/cb_job_queue.h"
#include "chain/cb_known_tx.h"
#include "chain/cb_own_tx.h"
#include "chain/cb_package.h"
#include "chain/cb_reservation.h"
#include "utils/builtins.h"

CB_STATEMENT(read_parties, "uuid uuid uuid",
			 "SELECT (SELECT m.id FROM charmbills.merchants m WHERE m.id = $1), p.merchant_id, "
			 "       s.merchant_id, p.confirmations "
			 "FROM (VALUES (1)) one "
			 "LEFT JOIN charmbills.plans p ON p.id = $2 "
			 "LEFT JOIN charmbills.subscription_facts s ON s.id = $3");
CB_STATEMENT(find_package, "txid",
			 "SELECT id, merchant_id, status FROM charmbills.transactions "
			 "WHERE spell_txid = $1 OR (commit_txid = $1 AND spell_txid IS NULL) "
			 "ORDER BY id LIMIT 1 FOR NO KEY UPDATE");
CB_STATEMENT(insert_transaction, "uuid text uuid uuid uuid text text txid txid int4 timestamptz",
			 "INSERT INTO charmbills.transactions "
			 "       (id, type, plan_id, subscription_id, merchant_id, commit_tx, spell_tx, "
			 "        commit_txid, spell_txid, status, confirmations, created_at) "
			 "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'pending', $10, $11)");
CB_STATEMENT(revive_transaction, "uuid text text",
			 "UPDATE charmbills.transactions "
			 "SET status = 'pending', error_message = NULL, "
			 "    commit_tx = coalesce($2, commit_tx), spell_tx = coalesce($3, spell_tx) "
			 "WHERE id = $1");
CB_STATEMENT(check_type, "text",
			 "SELECT $1 ~ '^[a-z][a-z0-9-]{0,31}$'");
CB_STATEMENT(read_transaction, "uuid",
			 "SELECT t, t.plan_id, t.status FROM charmbills.transactions t WHERE t.id = $1");

typedef struct Broadcast
{
	CbPackage	package;
	char	   *commit_hex;		/* NULL without one */
	char	   *spell_hex;
	const pg_uuid_t *plan_id;	/* or NULL */
	const pg_uuid_t *subscription_id;	/* or NULL */
	const char *type;
	pg_uuid_t	merchant_id;
	int32		confirmations;
	TimestampTz now;
	pg_uuid_t	id;				/* of the row */
} Broadcast;

static CbBroadcaster at_once = NULL;

static void load_args(FunctionCallInfo fcinfo, Broadcast *broadcast);
static void find_parties(FunctionCallInfo fcinfo, Broadcast *broadcast);
static void agree(const pg_uuid_t **merchant_id, pg_uuid_t *value, const char *what);
static void require_row(FunctionCallInfo fcinfo, int argno, int column, const char *what);
static bool store(Broadcast *broadcast);
static bool take_up(const Broadcast *broadcast, const pg_uuid_t *merchant_id, const char *status);
static void reserve_inputs(const Broadcast *broadcast);
static void announce(const Broadcast *broadcast);
static void send(const Broadcast *broadcast);

void
cb_broadcast_at_once_by(CbBroadcaster broadcaster)
{
	at_once = broadcaster;
}

/*
 * charmbills.broadcast_package(commit_tx, spell_tx text, plan_id,
 *		subscription_id uuid, type text, merchant_id uuid) -> transactions
 *
 * The same package again gives the row that it has.
 */
CB_FUNCTION(broadcast_package, CB_MERCHANT)
{
	Broadcast	broadcast;
	CbChainState state;
	const CbBlockTx *txs[2];
	int			n;

	load_args(fcinfo, &broadcast);
	find_parties(fcinfo, &broadcast);
	cb_authorize(&broadcast.merchant_id);
	cb_chain_pin_network();
	/* The sandbox will need the cursor, and the cursor is locked first. */
	if (cb_is_sandbox())
		cb_chain_lock(&state);
	n = cb_package_txs(&broadcast.package, txs);
	for (int i = 0; i < n; i++)
		cb_known_tx_expect(txs[i], broadcast.now);
	if (store(&broadcast))
	{
		reserve_inputs(&broadcast);
		announce(&broadcast);
		send(&broadcast);
	}
	cb_execute_one(&read_transaction, CB_ARGS(cb_uuid(&broadcast.id)));
	return cb_return_row(fcinfo);
}

static void
load_args(FunctionCallInfo fcinfo, Broadcast *broadcast)
{
	text	   *commit_hex = PG_ARGISNULL(0) ? NULL : PG_GETARG_TEXT_PP(0);
	text	   *spell_hex = PG_ARGISNULL(1) ? NULL : PG_GETARG_TEXT_PP(1);

	memset(broadcast, 0, sizeof(*broadcast));
	cb_package_parse(commit_hex, spell_hex, &broadcast->package);
	if (commit_hex != NULL)
		broadcast->commit_hex = cb_hex_cstring(broadcast->package.commit.tx.raw);
	if (spell_hex != NULL)
		broadcast->spell_hex = cb_hex_cstring(broadcast->package.spell.tx.raw);
	broadcast->plan_id = PG_ARGISNULL(2) ? NULL : PG_GETARG_UUID_P(2);
	broadcast->subscription_id = PG_ARGISNULL(3) ? NULL : PG_GETARG_UUID_P(3);
	broadcast->now = cb_now();
	broadcast->type = broadcast->subscription_id ? "mint-token" : broadcast->plan_id ? "mint-nft" : "payment";
	if (PG_ARGISNULL(4))
		return;
	broadcast->type = text_to_cstring(PG_GETARG_TEXT_PP(4));
	cb_execute_one(&check_type, CB_ARGS(cb_text(broadcast->type)));
	if (!cb_column_bool(0, 1))
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("\"%s\" is not a type of transaction", broadcast->type),
				 errdetail("A type is at most 32 lower-case letters, digits and hyphens, a letter first.")));
}

/* Plan, subscription and merchant, as far as given, must belong together. */
static void
find_parties(FunctionCallInfo fcinfo, Broadcast *broadcast)
{
	pg_uuid_t	values[3];
	const pg_uuid_t *merchant_id = NULL;

	cb_execute_one(&read_parties,
				   CB_ARGS(cb_arg(fcinfo, 5), cb_arg(fcinfo, 2), cb_arg(fcinfo, 3)));
	require_row(fcinfo, 5, 1, "merchant");
	require_row(fcinfo, 2, 2, "plan");
	require_row(fcinfo, 3, 3, "subscription");
	for (int i = 0; i < 3; i++)
	{
		values[i] = cb_column_uuid(0, i + 1);
		if (!cb_column_is_null(0, i + 1))
			agree(&merchant_id, &values[i], i == 1 ? "plan" : "subscription");
	}
	if (merchant_id == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("whose transaction this is, is not known"),
				 errhint("Give merchant_id, plan_id or subscription_id.")));
	broadcast->merchant_id = *merchant_id;
	broadcast->confirmations = cb_column_is_null(0, 4) ? cb_guc_confirmations : cb_column_int4(0, 4);
	broadcast->confirmations = Max(broadcast->confirmations, 1);
}

static void
require_row(FunctionCallInfo fcinfo, int argno, int column, const char *what)
{
	if (PG_ARGISNULL(argno) || !cb_column_is_null(0, column))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_CB_NOT_FOUND),
			 errmsg("%s does not exist", what)));
}

static void
agree(const pg_uuid_t **merchant_id, pg_uuid_t *value, const char *what)
{
	if (*merchant_id != NULL && !cb_uuid_equal(*merchant_id, value))
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("the %s is another merchant's", what)));
	*merchant_id = value;
}

/*
 * Make the row, or find it.  False when there is nothing to be done for the one
 * found.  A second caller with the same package has waited in
 * cb_known_tx_expect() until the first one's row is there to be found.
 */
static bool
store(Broadcast *broadcast)
{
	const CbPackage *package = &broadcast->package;

	if (cb_execute(&find_package, CB_ARGS(cb_txid(&cb_package_final(package)->txid))) == 1)
	{
		pg_uuid_t	merchant_id = cb_column_uuid(0, 2);

		broadcast->id = cb_column_uuid(0, 1);
		return take_up(broadcast, &merchant_id, cb_column_text(0, 3));
	}
	broadcast->id = cb_uuid_v7();
	cb_execute(&insert_transaction,
			   CB_ARGS(cb_uuid(&broadcast->id), cb_text(broadcast->type), cb_uuid(broadcast->plan_id),
					   cb_uuid(broadcast->subscription_id), cb_uuid(&broadcast->merchant_id),
					   cb_text(broadcast->commit_hex), cb_text(broadcast->spell_hex),
					   cb_txid(package->has_commit ? &package->commit.txid : NULL),
					   cb_txid(package->has_spell ? &package->spell.txid : NULL),
					   cb_int4(broadcast->confirmations), cb_timestamptz(broadcast->now)));
	return true;
}

/* One that waits for its signature, or has failed, is sent now. */
static bool
take_up(const Broadcast *broadcast, const pg_uuid_t *merchant_id, const char *status)
{
	if (!cb_uuid_equal(merchant_id, &broadcast->merchant_id))
		ereport(ERROR,
				(errcode(ERRCODE_CB_CONFLICT),
				 errmsg("this transaction is another merchant's")));
	if (strcmp(status, "pending_signature") != 0 && strcmp(status, "failed") != 0)
		return false;
	cb_execute(&revive_transaction,
			   CB_ARGS(cb_uuid(&broadcast->id), cb_text(broadcast->commit_hex),
					   cb_text(broadcast->spell_hex)));
	return true;
}

static void
reserve_inputs(const Broadcast *broadcast)
{
	CbOutpoint *inputs;
	int			n = cb_package_inputs(&broadcast->package, &inputs);

	cb_reserve_for_transaction(inputs, n, &broadcast->id);
}

/*
 * Say that it is pending; and if the chain knows more already, because somebody
 * else has broadcast it, say that too.
 */
static void
announce(const Broadcast *broadcast)
{
	CbEvents	events = {NIL};
	CbOwnTx		tx;
	CbJson		payload;
	CbChainState state;
	CbOutpoint *inputs;
	int			n = cb_package_inputs(&broadcast->package, &inputs);

	memset(&tx, 0, sizeof(tx));
	tx.id = broadcast->id;
	tx.merchant_id = broadcast->merchant_id;
	tx.txid = cb_package_final(&broadcast->package)->txid;
	cb_execute_one(&read_transaction, CB_ARGS(cb_uuid(&broadcast->id)));
	tx.has_plan = !cb_column_is_null(0, 2);
	tx.plan_id = cb_column_uuid(0, 2);
	cb_json_begin(&payload);
	cb_json_text(&payload, "type", broadcast->type);
	cb_json_txid(&payload, "txid", &tx.txid);
	cb_event_uuid(&events, "transaction.pending", &tx.merchant_id, "transaction", &tx.id,
				  cb_json_end(&payload), broadcast->now);
	cb_chain_listener()->own_transaction(&tx, CB_OWN_TX_PENDING, &events);

	cb_chain_state_read(&state);
	cb_chain_moves_begin();
	cb_own_tx_refresh(&tx.id, state.height, broadcast->now, &events);
	cb_reservation_recompute(cb_outpoint_array(inputs, n), state.height, broadcast->now, &events);
	cb_chain_moves_end();
	cb_events_write(&events);
}

/* The sandbox is at hand: there it happens at once. */
static void
send(const Broadcast *broadcast)
{
	const CbBlockTx *txs[2];
	CbSpan		raws[2];
	int			n = cb_package_txs(&broadcast->package, txs);

	for (int i = 0; i < n; i++)
		raws[i] = txs[i]->tx.raw;
	if (cb_is_sandbox())
		at_once(raws, n);
	else
		cb_job_queue_broadcasts(&broadcast->id, 1, broadcast->now);
}
