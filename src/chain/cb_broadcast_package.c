/*-------------------------------------------------------------------------
 *
 * cb_broadcast_package.c
 *	  Taking signed transactions of ours to be broadcast.
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
#include "cb_guc.h"
#include "cb_sql.h"
#include "cb_uuid.h"
#include "chain/cb_broadcast.h"
#include "utils/builtins.h"

CB_STATEMENT(read_parties, "uuid uuid uuid uuid",
			 "SELECT (SELECT m.id FROM charmbills.merchants m WHERE m.id = $1), p.merchant_id, "
			 "       s.merchant_id, r.merchant_id, p.confirmations, r.plan_id, r.subscription_id, r.type "
			 "FROM (VALUES (1)) one "
			 "LEFT JOIN charmbills.transactions r ON r.id = $4 "
			 "LEFT JOIN charmbills.plans p ON p.id = coalesce($2, r.plan_id) "
			 "LEFT JOIN charmbills.subscription_facts s ON s.id = coalesce($3, r.subscription_id)");
CB_STATEMENT(find_package, "txid",
			 "SELECT id, merchant_id, status FROM charmbills.transactions "
			 "WHERE spell_txid = $1 OR (commit_txid = $1 AND spell_txid IS NULL) "
			 "ORDER BY id LIMIT 1");
CB_STATEMENT(insert_transaction, "uuid text uuid uuid uuid text text txid txid int4 timestamptz",
			 "INSERT INTO charmbills.transactions "
			 "       (id, type, plan_id, subscription_id, merchant_id, commit_tx, spell_tx, "
			 "        commit_txid, spell_txid, status, confirmations, created_at) "
			 "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'pending', $10, $11)");
CB_STATEMENT(check_type, "text",
			 "SELECT $1 ~ '^[a-z][a-z0-9-]{0,31}$'");
CB_STATEMENT(read_transaction, "uuid",
			 "SELECT t FROM charmbills.transactions t WHERE t.id = $1");

/* Arguments by their numbers. */
#define ARG_PLAN 2
#define ARG_SUBSCRIPTION 3
#define ARG_TYPE 4
#define ARG_MERCHANT 5
#define ARG_REPLACES 6

typedef struct Broadcast
{
	CbOutgoing	outgoing;
	const pg_uuid_t *plan_id;	/* or NULL */
	const pg_uuid_t *subscription_id;	/* or NULL */
	const char *type;
	int32		confirmations;
} Broadcast;

static void load_args(FunctionCallInfo fcinfo, Broadcast *broadcast);
static const pg_uuid_t *uuid_arg(FunctionCallInfo fcinfo, int argno);
static const pg_uuid_t *column_or(const pg_uuid_t *given, int column);
static void find_parties(FunctionCallInfo fcinfo, Broadcast *broadcast);
static void agree(const pg_uuid_t **merchant_id, pg_uuid_t *value, const char *what);
static void require_row(FunctionCallInfo fcinfo, int argno, int column, const char *what);
static void find_type(FunctionCallInfo fcinfo, Broadcast *broadcast);
static bool store(Broadcast *broadcast);
static bool take_up(const Broadcast *broadcast, const pg_uuid_t *merchant_id, const char *status);

/*
 * charmbills.broadcast_package(commit_tx, spell_tx text, plan_id,
 *		subscription_id uuid, type text, merchant_id, replaces uuid) -> transactions
 *
 * The same package again gives the row that it has.
 */
CB_FUNCTION(broadcast_package, CB_MERCHANT)
{
	Broadcast	broadcast;

	load_args(fcinfo, &broadcast);
	find_parties(fcinfo, &broadcast);
	cb_authorize(&broadcast.outgoing.merchant_id);
	cb_broadcast_begin(&broadcast.outgoing);
	if (store(&broadcast))
		cb_broadcast_send(&broadcast.outgoing);
	cb_execute_one(&read_transaction, CB_ARGS(cb_uuid(&broadcast.outgoing.id)));
	return cb_return_row(fcinfo);
}

static void
load_args(FunctionCallInfo fcinfo, Broadcast *broadcast)
{
	memset(broadcast, 0, sizeof(*broadcast));
	cb_package_parse(PG_ARGISNULL(0) ? NULL : PG_GETARG_TEXT_PP(0),
					 PG_ARGISNULL(1) ? NULL : PG_GETARG_TEXT_PP(1), &broadcast->outgoing.package);
	broadcast->outgoing.replaces = uuid_arg(fcinfo, ARG_REPLACES);
	broadcast->outgoing.now = cb_now();
}

static const pg_uuid_t *
uuid_arg(FunctionCallInfo fcinfo, int argno)
{
	return PG_NARGS() <= argno || PG_ARGISNULL(argno) ? NULL : PG_GETARG_UUID_P(argno);
}

/*
 * Plan, subscription and merchant, as far as given, must belong together; a
 * replacement has those of what it replaces.
 */
static void
find_parties(FunctionCallInfo fcinfo, Broadcast *broadcast)
{
	static const char *const whose[] = {"merchant", "plan", "subscription", "transaction to be replaced"};
	pg_uuid_t	values[4];
	const pg_uuid_t *merchant_id = NULL;

	cb_execute_one(&read_parties,
				   CB_ARGS(cb_arg(fcinfo, ARG_MERCHANT), cb_arg(fcinfo, ARG_PLAN), cb_arg(fcinfo, ARG_SUBSCRIPTION),
						   cb_uuid(broadcast->outgoing.replaces)));
	require_row(fcinfo, ARG_MERCHANT, 1, "merchant");
	require_row(fcinfo, ARG_PLAN, 2, "plan");
	require_row(fcinfo, ARG_SUBSCRIPTION, 3, "subscription");
	require_row(fcinfo, ARG_REPLACES, 4, "transaction to be replaced");
	for (int i = 0; i < 4; i++)
	{
		values[i] = cb_column_uuid(0, i + 1);
		if (!cb_column_is_null(0, i + 1))
			agree(&merchant_id, &values[i], whose[i]);
	}
	if (merchant_id == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("whose transaction this is, is not known"),
				 errhint("Give merchant_id, plan_id or subscription_id.")));
	broadcast->outgoing.merchant_id = *merchant_id;
	broadcast->confirmations = cb_column_is_null(0, 5) ? cb_guc_confirmations : cb_column_int4(0, 5);
	broadcast->confirmations = Max(broadcast->confirmations, 1);
	broadcast->plan_id = column_or(uuid_arg(fcinfo, ARG_PLAN), 6);
	broadcast->subscription_id = column_or(uuid_arg(fcinfo, ARG_SUBSCRIPTION), 7);
	find_type(fcinfo, broadcast);
}

static const pg_uuid_t *
column_or(const pg_uuid_t *given, int column)
{
	pg_uuid_t  *value;

	if (given != NULL || cb_column_is_null(0, column))
		return given;
	value = palloc(sizeof(*value));
	*value = cb_column_uuid(0, column);
	return value;
}

static void
require_row(FunctionCallInfo fcinfo, int argno, int column, const char *what)
{
	if (uuid_arg(fcinfo, argno) == NULL || !cb_column_is_null(0, column))
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

static void
find_type(FunctionCallInfo fcinfo, Broadcast *broadcast)
{
	broadcast->type = cb_column_text(0, 8);
	if (broadcast->type == NULL)
		broadcast->type = broadcast->subscription_id ? "mint-token" : broadcast->plan_id ? "mint-nft" : "payment";
	if (PG_ARGISNULL(ARG_TYPE))
		return;
	broadcast->type = text_to_cstring(PG_GETARG_TEXT_PP(ARG_TYPE));
	cb_execute_one(&check_type, CB_ARGS(cb_text(broadcast->type)));
	if (!cb_column_bool(0, 1))
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("\"%s\" is not a type of transaction", broadcast->type),
				 errdetail("A type is at most 32 lower-case letters, digits and hyphens, a letter first.")));
}

/*
 * Make the row, or find it.  False when there is nothing to be done for the one
 * found.  A second caller with the same package has waited in
 * cb_broadcast_begin() until the first one's row is there to be found.
 */
static bool
store(Broadcast *broadcast)
{
	CbOutgoing *outgoing = &broadcast->outgoing;
	const CbPackage *package = &outgoing->package;

	if (cb_execute(&find_package, CB_ARGS(cb_txid(&cb_package_final(package)->txid))) == 1)
	{
		pg_uuid_t	merchant_id = cb_column_uuid(0, 2);

		outgoing->id = cb_column_uuid(0, 1);
		return take_up(broadcast, &merchant_id, cb_column_text(0, 3));
	}
	outgoing->id = cb_uuid_v7();
	cb_execute(&insert_transaction,
			   CB_ARGS(cb_uuid(&outgoing->id), cb_text(broadcast->type), cb_uuid(broadcast->plan_id),
					   cb_uuid(broadcast->subscription_id), cb_uuid(&outgoing->merchant_id),
					   cb_text(package->has_commit ? cb_hex_cstring(package->commit.tx.raw) : NULL),
					   cb_text(package->has_spell ? cb_hex_cstring(package->spell.tx.raw) : NULL),
					   cb_txid(package->has_commit ? &package->commit.txid : NULL),
					   cb_txid(package->has_spell ? &package->spell.txid : NULL),
					   cb_int4(broadcast->confirmations), cb_timestamptz(outgoing->now)));
	return true;
}

/* One that waits for its signature, or has failed, is sent now. */
static bool
take_up(const Broadcast *broadcast, const pg_uuid_t *merchant_id, const char *status)
{
	if (!cb_uuid_equal(merchant_id, &broadcast->outgoing.merchant_id))
		ereport(ERROR,
				(errcode(ERRCODE_CB_CONFLICT),
				 errmsg("this transaction is another merchant's")));
	if (strcmp(status, "pending_signature") != 0 && strcmp(status, "failed") != 0)
		return false;
	cb_broadcast_revive(&broadcast->outgoing);
	return true;
}
