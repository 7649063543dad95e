/*-------------------------------------------------------------------------
 *
 * cb_prove_queue.c
 *	  Who may spend a plan's NFT next.
 *
 * There is one NFT, and every mint of tokens spends it.  It is free where it
 * lies in a block, no transaction of ours that is still alive has it reserved,
 * and none that we know of spends it.  Requests that wait for it come in the
 * order in which they were made; whoever decides has locked the plan.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_sql.h"
#include "chain/cb_reservation.h"
#include "miscadmin.h"
#include "proving/cb_prove_internal.h"
#include "types/cb_cbor_json.h"

CB_STATEMENT(lock_plan, "uuid",
			 "SELECT FROM charmbills.plans WHERE id = $1 FOR NO KEY UPDATE");
/*
 * A reservation that the plan's merchant holds for nothing that is alive is
 * taken over, see cb_reserve_for_transaction().
 */
CB_STATEMENT(read_nft, "uuid numeric",
			 "SELECT p.nft_state, c.remaining >= $2, p.nft_utxo, c.script, "
			 "       EXISTS (SELECT FROM charmbills.used_utxos u "
			 "               LEFT JOIN charmbills.transactions t ON t.id = u.transaction_id "
			 "               WHERE u.outpoint = p.nft_utxo "
			 "                 AND (u.confirmed OR u.merchant_id IS DISTINCT FROM p.merchant_id "
			 "                      OR t.status NOT IN ('failed', 'replaced'))) "
			 "       OR EXISTS (SELECT FROM charmbills.watched_outpoints w "
			 "                  JOIN charmbills.chain_transactions k ON k.txid = w.spender "
			 "                  WHERE w.outpoint = p.nft_utxo AND k.status IN ('seen', 'confirmed')) "
			 "       OR (p.nft_state = 'unborn' "
			 "           AND EXISTS (SELECT FROM charmbills.transactions m "
			 "                       WHERE m.plan_id = p.id AND m.type = 'mint-nft' "
			 "                         AND m.status IN ('pending_signature', 'pending'))) "
			 "FROM charmbills.plans p "
			 "LEFT JOIN charmbills.charms c "
			 "     ON c.outpoint = p.nft_utxo AND c.plan_id = p.id AND c.has_nft AND c.spent_height IS NULL "
			 "WHERE p.id = $1");
/* One that somebody else holds is being ended, and whoever does that asks for the next. */
CB_STATEMENT(lock_first, "uuid",
			 "SELECT r.transaction_id FROM charmbills.prove_requests r "
			 "JOIN charmbills.transactions t ON t.id = r.transaction_id "
			 "WHERE r.plan_id = $1 AND r.state = 'waiting' AND t.status = 'pending_signature' "
			 "ORDER BY r.transaction_id LIMIT 1 FOR NO KEY UPDATE OF t, r SKIP LOCKED");
CB_STATEMENT(read_birth, "uuid",
			 "SELECT k.raw FROM charmbills.charm_transactions b "
			 "JOIN charmbills.chain_transactions k ON k.txid = b.txid "
			 "WHERE b.plan_id = $1 AND b.nft = 'born' ORDER BY b.block_height, b.block_index LIMIT 1");
CB_STATEMENT(begin_request, "uuid outpoint[] bytea outpoint",
			 "UPDATE charmbills.prove_requests r "
			 "SET state = 'gathering', inputs = $2, anchor = $4, "
			 "    scripts = ARRAY(SELECT coalesce(s.script, $3) "
			 "                    FROM unnest(r.scripts) WITH ORDINALITY s(script, position) ORDER BY s.position) "
			 "WHERE r.transaction_id = $1");

/* Where the NFT of the row last read is. */
typedef struct Nft
{
	CbOutpoint	outpoint;
	CbSpan		script;
} Nft;

static CbTurn read_turn(const pg_uuid_t *plan_id, uint64 units, const char **reason, bool *is_sold_out, Nft *nft);
static const char *absence(const char *nft_state);
static uint64 wanted_tokens(const CbProveRequest *request);
static bool find_anchor(const CbProveRequest *request, CbOutpoint *anchor);
static void begin(const CbProveRequest *request, const Nft *nft);

CbTurn
cb_prove_turn(const pg_uuid_t *plan_id, uint64 units, const char **reason, bool *is_sold_out)
{
	Nft			nft;

	return read_turn(plan_id, units, reason, is_sold_out, &nft);
}

static CbTurn
read_turn(const pg_uuid_t *plan_id, uint64 units, const char **reason, bool *is_sold_out, Nft *nft)
{
	const char *nft_state;
	bool		is_in_flight;

	cb_execute_one(&read_nft,
				   CB_ARGS(cb_uuid(plan_id), cb_datum(NumericGetDatum(cb_uint64_numeric(units)))));
	nft_state = cb_column_text(0, 1);
	is_in_flight = cb_column_bool(0, 5);
	*is_sold_out = false;
	if (is_in_flight)
		return CB_TURN_WAIT;
	if (strcmp(nft_state, "held") != 0 || cb_column_is_null(0, 4))
	{
		*reason = absence(nft_state);
		return CB_TURN_NEVER;
	}
	if (!cb_column_bool(0, 2))
	{
		*reason = "the plan is sold out: fewer tokens remain than are to be minted";
		*is_sold_out = true;
		return CB_TURN_NEVER;
	}
	nft->outpoint = cb_column_outpoint(0, 3);
	nft->script = cb_column_bytea(0, 4);
	return CB_TURN_NOW;
}

static const char *
absence(const char *nft_state)
{
	if (strcmp(nft_state, "unborn") == 0)
		return "the plan's NFT has not been minted";
	if (strcmp(nft_state, "away") == 0)
		return "the plan's NFT is not with the merchant";
	if (strcmp(nft_state, "unknown") == 0)
		return "where the plan's NFT is, is not known";
	return "the plan's NFT is gone";
}

void
cb_prove_lock_plan(const pg_uuid_t *plan_id)
{
	cb_execute(&lock_plan, CB_ARGS(cb_uuid(plan_id)));
}

/*
 * What cannot be begun any more fails here, and the one behind it is looked at;
 * one that begins and fails calls this again.
 */
void
cb_prove_next(const pg_uuid_t *plan_id)
{
	check_stack_depth();
	cb_prove_lock_plan(plan_id);
	while (cb_execute(&lock_first, CB_ARGS(cb_uuid(plan_id))) > 0)
	{
		pg_uuid_t	id = cb_column_uuid(0, 1);
		CbProveRequest *request = cb_prove_request_load(&id, false);
		const char *reason;
		bool		is_sold_out;
		Nft			nft;

		CHECK_FOR_INTERRUPTS();
		switch (read_turn(plan_id, wanted_tokens(request), &reason, &is_sold_out, &nft))
		{
			case CB_TURN_WAIT:
				return;
			case CB_TURN_NOW:
				begin(request, &nft);
				return;
			case CB_TURN_NEVER:
				(void) cb_prove_fail_alone(request, reason);
				break;
		}
	}
}

static uint64
wanted_tokens(const CbProveRequest *request)
{
	uint64		wanted = 0;

	for (int i = 0; i < request->n_outputs; i++)
		wanted += request->outputs[i].tokens;
	return wanted;
}

static void
begin(const CbProveRequest *request, const Nft *nft)
{
	CbOutpoint	anchor;

	if (!find_anchor(request, &anchor))
	{
		(void) cb_prove_failed(request, "the outpoint of the plan's identity is not known");
		return;
	}
	cb_execute(&begin_request,
			   CB_ARGS(cb_uuid(&request->transaction_id), cb_outpoint_array(&nft->outpoint, 1),
					   cb_bytea(nft->script), cb_outpoint(&anchor)));
	cb_reserve_for_transaction(&nft->outpoint, 1, &request->transaction_id, NULL);
	cb_prove_gather(&request->transaction_id);
}

/* The NFT was born by spending it. */
static bool
find_anchor(const CbProveRequest *request, CbOutpoint *anchor)
{
	CbSpan		raw;
	CbTx		tx;
	CbTxInIter	it;
	CbTxIn		in;

	if (cb_execute(&read_birth, CB_ARGS(cb_uuid(&request->plan_id))) == 0)
		return false;
	raw = cb_column_bytea(0, 1);
	if (cb_tx_parse(raw.data, raw.len, &tx) != CB_OK)
		return false;
	it = cb_tx_inputs(&tx);
	while (cb_tx_next_input(&it, &in))
	{
		uint8		identity[32];

		cb_app_identity(&in.prevout, identity);
		if (memcmp(identity, request->identity, sizeof(identity)) != 0)
			continue;
		*anchor = in.prevout;
		return true;
	}
	return false;
}
