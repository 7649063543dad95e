/*-------------------------------------------------------------------------
 *
 * cb_plan_follow.c
 *	  Plans follow the transactions that mint them.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "billing/cb_plan_follow.h"
#include "cb_clock.h"
#include "cb_json.h"
#include "cb_sql.h"
#include "types/cb_types.h"
#include "utils/builtins.h"

CB_STATEMENT(read_plan, "uuid",
			 "SELECT p.status, p.app_id, p.nft_utxo, p.merchant_id FROM charmbills.plans p "
			 "WHERE p.id = $1 FOR NO KEY UPDATE");
CB_STATEMENT(read_raw, "txid",
			 "SELECT k.raw FROM charmbills.chain_transactions k WHERE k.txid = $1");
CB_STATEMENT(write_status, "uuid text timestamptz",
			 "UPDATE charmbills.plans SET status = $2, updated_at = $3 WHERE id = $1");

/* A plan as far as a transaction of it is concerned. */
typedef struct MintedPlan
{
	pg_uuid_t	id;
	pg_uuid_t	merchant_id;
	char	   *status;
	char	   *app_id;			/* NULL for a plan without an NFT */
	bool		has_nft;
	CbOutpoint	nft;
} MintedPlan;

static bool load_plan(const CbOwnTx *tx, MintedPlan *plan);
static const char *new_status(const MintedPlan *plan, const CbOwnTx *tx, CbOwnTxNews news);
static bool spends_plan(const MintedPlan *plan, const CbHash256 *txid);
static bool is_identity(const MintedPlan *plan, const CbOutpoint *prevout);
static const char *event_type(const char *status);

void
cb_plan_own_transaction(const CbOwnTx *tx, CbOwnTxNews news, CbEvents *events)
{
	MintedPlan	plan;
	const char *status;
	CbJson		payload;
	TimestampTz now = cb_now();

	if (!tx->has_plan || !load_plan(tx, &plan))
		return;
	status = new_status(&plan, tx, news);
	if (status == NULL)
		return;
	cb_execute(&write_status, CB_ARGS(cb_uuid(&plan.id), cb_text(status), cb_timestamptz(now)));
	cb_json_begin(&payload);
	cb_json_uuid(&payload, "plan_id", &plan.id);
	cb_json_uuid(&payload, "transaction_id", &tx->id);
	cb_json_text(&payload, "previous_status", plan.status);
	cb_json_text(&payload, "status", status);
	cb_event_uuid(events, event_type(status), &plan.merchant_id, "plan", &plan.id,
				  cb_json_end(&payload), now);
}

static bool
load_plan(const CbOwnTx *tx, MintedPlan *plan)
{
	if (cb_execute(&read_plan, CB_ARGS(cb_uuid(&tx->plan_id))) == 0)
		return false;
	plan->id = tx->plan_id;
	plan->status = cb_column_text(0, 1);
	plan->app_id = cb_column_text(0, 2);
	plan->has_nft = !cb_column_is_null(0, 3);
	plan->nft = cb_column_outpoint(0, 3);
	plan->merchant_id = cb_column_uuid(0, 4);
	return true;
}

/*
 * What the news makes of the plan; NULL when nothing.  A plan that its
 * merchant has deactivated stays so.
 */
static const char *
new_status(const MintedPlan *plan, const CbOwnTx *tx, CbOwnTxNews news)
{
	bool		is_active = strcmp(plan->status, "active") == 0;

	if (plan->app_id == NULL || strcmp(plan->status, "inactive") == 0 ||
		!spends_plan(plan, &tx->txid))
		return NULL;
	switch (news)
	{
		case CB_OWN_TX_CONFIRMED:
			return is_active ? NULL : "active";
		case CB_OWN_TX_UNCONFIRMED:
			return is_active ? "pending_confirmation" : NULL;
		case CB_OWN_TX_LOST:
			return strcmp(plan->status, "pending_confirmation") == 0 ? "failed" : NULL;
	}
	return NULL;
}

/*
 * Whoever merely names a plan must not activate it: the transaction has to
 * spend the outpoint that the plan's identity is the hash of, or its NFT.
 */
static bool
spends_plan(const MintedPlan *plan, const CbHash256 *txid)
{
	CbSpan		raw;
	CbTx		tx;
	CbTxInIter	it;
	CbTxIn		input;

	if (cb_execute(&read_raw, CB_ARGS(cb_txid(txid))) == 0)
		return false;
	raw = cb_column_bytea(0, 1);
	if (cb_tx_parse(raw.data, raw.len, &tx) != CB_OK)
		return false;
	it = cb_tx_inputs(&tx);
	while (cb_tx_next_input(&it, &input))
	{
		if (is_identity(plan, &input.prevout))
			return true;
		if (plan->has_nft && input.prevout.vout == plan->nft.vout &&
			memcmp(&input.prevout.txid, &plan->nft.txid, sizeof(CbHash256)) == 0)
			return true;
	}
	return false;
}

/* The identity of an app is the SHA-256 of "txid:vout". */
static bool
is_identity(const MintedPlan *plan, const CbOutpoint *prevout)
{
	CbOutpointValue value;
	char	   *text;
	uint8		hash[32];
	char		hex[65];

	cb_outpoint_value(prevout, &value);
	text = cb_outpoint_cstring(&value);
	cb_sha256((const uint8 *) text, strlen(text), hash);
	cb_hex_encode(hash, sizeof(hash), hex);
	hex[64] = '\0';
	return strcmp(hex, plan->app_id) == 0;
}

static const char *
event_type(const char *status)
{
	if (strcmp(status, "active") == 0)
		return "plan.activated";
	return strcmp(status, "failed") == 0 ? "plan.failed" : "plan.reversed";
}
