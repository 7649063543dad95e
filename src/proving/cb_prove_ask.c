/*-------------------------------------------------------------------------
 *
 * cb_prove_ask.c
 *	  Making a request: its rows, and what it reserves.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "cb_call.h"
#include "cb_guc.h"
#include "cb_sql.h"
#include "chain/cb_chain_state.h"
#include "chain/cb_charmed.h"
#include "chain/cb_incarnation.h"
#include "chain/cb_reservation.h"
#include "proving/cb_prove_internal.h"
#include "types/cb_cbor_json.h"

CB_STATEMENT(insert_transaction, "uuid text uuid uuid timestamptz int4",
			 "INSERT INTO charmbills.transactions "
			 "       (id, type, plan_id, subscription_id, merchant_id, status, confirmations, created_at) "
			 "SELECT $1, $2, p.id, $4, p.merchant_id, 'pending_signature', "
			 "       greatest(coalesce(p.confirmations, $6), 1), $5 "
			 "FROM charmbills.plans p WHERE p.id = $3");
CB_STATEMENT(insert_request,
			 "uuid uuid int4 outpoint[] bytea[] int8[] numeric[] bytea outpoint outpoint bytea numeric int8 int4 "
			 "timestamptz text",
			 "INSERT INTO charmbills.prove_requests "
			 "       (transaction_id, merchant_id, plan_id, state, spell_version, inputs, scripts, amounts, "
			 "        charm_amounts, nft_state, anchor, funding_utxo, change_script, fee_rate, max_fee_sats, "
			 "        max_fee_rate, created_at) "
			 "SELECT $1, p.merchant_id, p.id, $16, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15 "
			 "FROM charmbills.plans p WHERE p.id = $2");
CB_STATEMENT(insert_given, "uuid txid bytea",
			 "INSERT INTO charmbills.previous_transactions (transaction_id, txid, merchant_id, raw) "
			 "SELECT $1, $2, t.merchant_id, $3 FROM charmbills.transactions t WHERE t.id = $1 "
			 "ON CONFLICT DO NOTHING");
CB_STATEMENT(read_transaction, "uuid",
			 "SELECT t FROM charmbills.transactions t WHERE t.id = $1");

static void insert_rows(const CbWanted *wanted, const CbProveTerms *terms);
static void reserve(const CbWanted *wanted, const CbProveTerms *terms);
static void keep_given(const CbWanted *wanted, const CbProveTerms *terms);
static bool is_spent_here(const CbHash256 *txid, const CbWanted *wanted, const CbProveTerms *terms);
static NullableDatum bytea_or_null(CbSpan bytes);

void
cb_prove_ask(const CbWanted *wanted, const CbProveTerms *terms)
{
	insert_rows(wanted, terms);
	cb_prove_lock_plan(&wanted->plan_id);
	reserve(wanted, terms);
	keep_given(wanted, terms);
	if (!wanted->waits)
		cb_prove_gather(&wanted->id);
}

static void
insert_rows(const CbWanted *wanted, const CbProveTerms *terms)
{
	int			n = wanted->n_outputs;
	Datum	   *values = palloc0(sizeof(Datum) * 3 * n);
	bool	   *nulls = palloc0(sizeof(bool) * 3 * n);

	for (int i = 0; i < n; i++)
	{
		const CbWantedOutput *output = &wanted->outputs[i];
		NullableDatum script = bytea_or_null(output->script);

		values[i] = script.value;
		nulls[i] = script.isnull;
		values[n + i] = Int64GetDatum(CB_CHARM_SATS);
		nulls[2 * n + i] = output->takes_nft;
		if (!output->takes_nft)
			values[2 * n + i] = NumericGetDatum(cb_uint64_numeric(output->tokens));
	}
	cb_execute(&insert_transaction,
			   CB_ARGS(cb_uuid(&wanted->id), cb_text(wanted->type), cb_uuid(&wanted->plan_id),
					   cb_uuid(wanted->subscription_id), cb_timestamptz(terms->now),
					   cb_int4(cb_guc_confirmations)));
	cb_execute(&insert_request,
			   CB_ARGS(cb_uuid(&wanted->id), cb_uuid(&wanted->plan_id), cb_int4(terms->version),
					   cb_outpoint_array(wanted->inputs, wanted->n_inputs),
					   cb_array(values, nulls, n, BYTEAOID), cb_array(values + n, nulls + n, n, INT8OID),
					   cb_array(values + 2 * n, nulls + 2 * n, n, NUMERICOID),
					   bytea_or_null(wanted->nft_state), cb_outpoint(wanted->anchor), cb_outpoint(&terms->funding),
					   bytea_or_null((CbSpan) {terms->change.data, terms->change.len}), terms->fee_rate,
					   cb_int8(terms->max_fee), cb_int4(cb_guc_max_fee_rate), cb_timestamptz(terms->now),
					   cb_text(wanted->waits ? "waiting" : "gathering")));
}

/* What pays the fees must be worth nothing else. */
static void
reserve(const CbWanted *wanted, const CbProveTerms *terms)
{
	CbOutpoint *all = palloc(sizeof(CbOutpoint) * (wanted->n_inputs + 1));

	if (wanted->n_inputs > 0)
		memcpy(all, wanted->inputs, sizeof(CbOutpoint) * wanted->n_inputs);
	all[wanted->n_inputs] = terms->funding;
	cb_refuse_charmed(&terms->funding, 1);
	cb_reserve_for_transaction(all, wanted->n_inputs + 1, &wanted->id, NULL);
}

static void
keep_given(const CbWanted *wanted, const CbProveTerms *terms)
{
	for (int i = 0; i < terms->n_previous; i++)
		if (is_spent_here(&terms->previous[i].txid, wanted, terms))
			cb_execute(&insert_given,
					   CB_ARGS(cb_uuid(&wanted->id), cb_txid(&terms->previous[i].txid),
							   cb_bytea(terms->previous[i].tx.raw)));
}

static bool
is_spent_here(const CbHash256 *txid, const CbWanted *wanted, const CbProveTerms *terms)
{
	if (memcmp(&terms->funding.txid, txid, sizeof(*txid)) == 0)
		return true;
	for (int i = 0; i < wanted->n_inputs; i++)
		if (memcmp(&wanted->inputs[i].txid, txid, sizeof(*txid)) == 0)
			return true;
	return false;
}

static NullableDatum
bytea_or_null(CbSpan bytes)
{
	return bytes.len > 0 ? cb_bytea(bytes) : cb_null();
}

Datum
cb_prove_return(FunctionCallInfo fcinfo, const pg_uuid_t *transaction_id)
{
	cb_execute_one(&read_transaction, CB_ARGS(cb_uuid(transaction_id)));
	return cb_return_row(fcinfo);
}

void
cb_prove_lock_sandbox(void)
{
	CbChainState state;

	if (cb_is_sandbox())
		cb_chain_lock(&state);
}

void
cb_prove_begin(void)
{
	cb_chain_pin_network();
	cb_prove_lock_sandbox();
	cb_incarnation_check();
}
