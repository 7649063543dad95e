/*-------------------------------------------------------------------------
 *
 * cb_plan_follow.c
 *	  Plans follow the transactions that mint them.
 *
 * Whoever merely names a plan must not activate it: only transactions count
 * that spend the outpoint of which the plan's identity is the SHA-256, or the
 * plan's NFT.  A plan has a status by all of them together, so that one that
 * uses the NFT later does not undo the mint.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "billing/cb_plan_app.h"
#include "billing/cb_plan_follow.h"
#include "billing/cb_plan_nft.h"
#include "cb_clock.h"
#include "cb_json.h"
#include "cb_sql.h"

CB_STATEMENT(lock_plan, "uuid",
			 "SELECT p.status, p.merchant_id, " CB_PLAN_IS_TRACKED("p") " "
			 "FROM charmbills.plans p WHERE p.id = $1 FOR NO KEY UPDATE");
/* Inputs of every known transaction are in watched_outpoints. */
CB_STATEMENT(read_spenders, "uuid uuid",
			 "WITH spenders AS ("
			 "  SELECT t.id, t.status FROM charmbills.plans p "
			 "  JOIN charmbills.transactions t ON t.plan_id = p.id "
			 "  WHERE p.id = $1 "
			 "    AND EXISTS (SELECT FROM charmbills.watched_outpoints w "
			 "                WHERE w.spender IN (t.commit_txid, t.spell_txid) "
			 "                  AND (w.outpoint = p.nft_utxo "
			 "                       OR encode(sha256(convert_to(w.outpoint::text, 'UTF8')), 'hex') = p.app_id))"
			 ") "
			 "SELECT bool_or(id = $2), bool_or(status = 'confirmed'), bool_or(status = 'pending') "
			 "FROM spenders");
CB_STATEMENT(write_status, "uuid text timestamptz",
			 "UPDATE charmbills.plans SET status = $2, updated_at = $3 WHERE id = $1");

static const char *new_status(const char *status, const CbPlanSpenders *spenders, CbOwnTxNews news);
static void announce(const CbOwnTx *tx, const pg_uuid_t *merchant_id, const char *from, const char *to,
					 TimestampTz now, CbEvents *events);

void
cb_plan_own_transaction(const CbOwnTx *tx, CbOwnTxNews news, CbEvents *events)
{
	pg_uuid_t	merchant_id;
	const char *from;
	const char *to;
	CbPlanSpenders spenders;
	TimestampTz now = cb_now();

	if (!tx->has_plan || cb_execute(&lock_plan, CB_ARGS(cb_uuid(&tx->plan_id))) == 0)
		return;
	if (cb_column_bool(0, 3))
	{
		cb_plan_nft_own_transaction(tx, news, events);
		return;
	}
	from = cb_column_text(0, 1);
	merchant_id = cb_column_uuid(0, 2);
	cb_plan_spenders_read(&tx->plan_id, &tx->id, &spenders);
	to = new_status(from, &spenders, news);
	if (strcmp(from, to) == 0)
		return;
	cb_execute(&write_status, CB_ARGS(cb_uuid(&tx->plan_id), cb_text(to), cb_timestamptz(now)));
	announce(tx, &merchant_id, from, to, now, events);
}

bool
cb_plan_is_minted(const pg_uuid_t *plan_id)
{
	CbPlanSpenders spenders;

	cb_plan_spenders_read(plan_id, NULL, &spenders);
	return spenders.any_confirmed;
}

void
cb_plan_spenders_read(const pg_uuid_t *plan_id, const pg_uuid_t *this_one, CbPlanSpenders *spenders)
{
	cb_execute_one(&read_spenders, CB_ARGS(cb_uuid(plan_id), cb_uuid(this_one)));
	spenders->include_this = cb_column_bool(0, 1);
	spenders->any_confirmed = cb_column_bool(0, 2);
	spenders->any_pending = cb_column_bool(0, 3);
}

/*
 * What the news makes of the plan.  One that its merchant has deactivated stays
 * so: activate_plan() asks for a confirmed mint itself.
 */
static const char *
new_status(const char *status, const CbPlanSpenders *spenders, CbOwnTxNews news)
{
	bool		is_active = strcmp(status, "active") == 0;

	if (!spenders->include_this || strcmp(status, "inactive") == 0)
		return status;
	switch (news)
	{
		case CB_OWN_TX_PENDING:
			return is_active ? status : "pending_confirmation";
		case CB_OWN_TX_CONFIRMED:
			return "active";
		case CB_OWN_TX_UNCONFIRMED:
			return is_active && !spenders->any_confirmed ? "pending_confirmation" : status;
		case CB_OWN_TX_LOST:
			if (is_active || spenders->any_confirmed || spenders->any_pending)
				return status;
			return "failed";
	}
	return status;
}

static void
announce(const CbOwnTx *tx, const pg_uuid_t *merchant_id, const char *from, const char *to,
		 TimestampTz now, CbEvents *events)
{
	CbJson		payload;

	cb_json_begin(&payload);
	cb_json_uuid(&payload, "plan_id", &tx->plan_id);
	cb_json_uuid(&payload, "transaction_id", &tx->id);
	cb_json_text(&payload, "previous_status", from);
	cb_json_text(&payload, "status", to);
	cb_event_uuid(events, cb_plan_event_type(from, to), merchant_id, "plan", &tx->plan_id,
				  cb_json_end(&payload), now);
}

const char *
cb_plan_event_type(const char *from, const char *to)
{
	if (strcmp(to, "active") == 0)
		return "plan.activated";
	if (strcmp(to, "inactive") == 0)
		return "plan.deactivated";
	if (strcmp(to, "failed") == 0)
		return "plan.failed";
	return strcmp(from, "active") == 0 ? "plan.reversed" : "plan.pending";
}
