/*-------------------------------------------------------------------------
 *
 * cb_prove_request.c
 *	  Reading what a prover is asked for.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_sql.h"
#include "proving/cb_prove.h"

CB_STATEMENT(lock_transaction, "uuid",
			 "SELECT FROM charmbills.transactions WHERE id = $1 FOR NO KEY UPDATE");
CB_STATEMENT(read_request, "uuid",
			 "SELECT r.merchant_id, r.plan_id, r.state, t.status = 'pending_signature', t.type, r.spell_version, "
			 "       decode(p.app_id, 'hex'), decode(p.app_vk, 'hex'), r.anchor, r.spell, r.change_script, "
			 "       r.nft_state, r.fee_rate::text, r.max_fee_sats, r.max_fee_rate::text "
			 "FROM charmbills.prove_requests r "
			 "JOIN charmbills.transactions t ON t.id = r.transaction_id "
			 "JOIN charmbills.plans p ON p.id = r.plan_id "
			 "WHERE r.transaction_id = $1");
CB_STATEMENT(read_inputs, "uuid",
			 "SELECT i.outpoint, p.raw FROM charmbills.prove_requests r "
			 "CROSS JOIN LATERAL unnest(r.inputs || r.funding_utxo) WITH ORDINALITY i(outpoint, position) "
			 "LEFT JOIN charmbills.previous_transactions p "
			 "     ON p.transaction_id = r.transaction_id AND p.txid = charmbills.outpoint_txid(i.outpoint) "
			 "WHERE r.transaction_id = $1 ORDER BY i.position");
CB_STATEMENT(read_outputs, "uuid",
			 "SELECT o.script, o.sats, o.tokens::text FROM charmbills.prove_requests r "
			 "CROSS JOIN LATERAL unnest(r.scripts, r.amounts, r.charm_amounts) WITH ORDINALITY "
			 "     o(script, sats, tokens, position) "
			 "WHERE r.transaction_id = $1 ORDER BY o.position");

static const char *const state_names[] = {
	[CB_PROVE_WAITING] = "waiting",
	[CB_PROVE_GATHERING] = "gathering",
	[CB_PROVE_PROVING] = "proving",
	[CB_PROVE_PROVED] = "proved",
	[CB_PROVE_FAILED] = "failed",
};

static const char *const type_names[] = {
	[CB_SPELL_MINT_NFT] = "mint-nft",
	[CB_SPELL_MINT_TOKEN] = "mint-token",
	[CB_SPELL_SEND] = "send",
};

static void load_row(CbProveRequest *request);
static int	find_name(const char *const *names, int n, const char *name);
static CbSpan span_or_empty(uint64 row, int column);
static void load_inputs(CbProveRequest *request);
static void find_output(CbProveInput *input);
static void load_outputs(CbProveRequest *request);

CbProveRequest *
cb_prove_request_load(const pg_uuid_t *transaction_id, bool lock)
{
	CbProveRequest *request = palloc0(sizeof(CbProveRequest));

	if (lock)
		cb_execute(&lock_transaction, CB_ARGS(cb_uuid(transaction_id)));
	if (cb_execute(&read_request, CB_ARGS(cb_uuid(transaction_id))) == 0)
		return NULL;
	request->transaction_id = *transaction_id;
	load_row(request);
	load_inputs(request);
	load_outputs(request);
	return request;
}

static void
load_row(CbProveRequest *request)
{
	CbSpan		identity = cb_column_bytea(0, 7);
	CbSpan		vk = cb_column_bytea(0, 8);

	request->merchant_id = cb_column_uuid(0, 1);
	request->plan_id = cb_column_uuid(0, 2);
	request->state = find_name(state_names, lengthof(state_names), cb_column_text(0, 3));
	request->is_open = cb_column_bool(0, 4);
	request->action = find_name(type_names, lengthof(type_names), cb_column_text(0, 5));
	request->version = (uint32) cb_column_int4(0, 6);
	Assert(identity.len == sizeof(request->identity) && vk.len == sizeof(request->vk));
	memcpy(request->identity, identity.data, sizeof(request->identity));
	memcpy(request->vk, vk.data, sizeof(request->vk));
	request->has_anchor = !cb_column_is_null(0, 9);
	if (request->has_anchor)
		request->anchor = cb_column_outpoint(0, 9);
	request->spell = span_or_empty(0, 10);
	request->change_script = span_or_empty(0, 11);
	request->nft_state = span_or_empty(0, 12);
	request->fee_rate = cb_column_text(0, 13);
	request->max_fee = cb_column_int8(0, 14);
	request->max_fee_rate = strtod(cb_column_text(0, 15), NULL);
}

static int
find_name(const char *const *names, int n, const char *name)
{
	for (int i = 0; i < n; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	elog(ERROR, "request for a spell is \"%s\"", name);
}

static CbSpan
span_or_empty(uint64 row, int column)
{
	if (cb_column_is_null(row, column))
		return (CbSpan) {NULL, 0};
	return cb_column_bytea(row, column);
}

static void
load_inputs(CbProveRequest *request)
{
	int			n = (int) cb_execute(&read_inputs, CB_ARGS(cb_uuid(&request->transaction_id)));

	request->n_inputs = n;
	request->n_spell_inputs = request->version == CB_DRAFT_OLD_VERSION ? n - 1 : n;
	request->inputs = palloc0(sizeof(CbProveInput) * n);
	for (int i = 0; i < n; i++)
	{
		request->inputs[i].outpoint = cb_column_outpoint(i, 1);
		request->inputs[i].raw = span_or_empty(i, 2);
		find_output(&request->inputs[i]);
	}
}

/* What is stored has been checked; an output that is not there stays empty. */
static void
find_output(CbProveInput *input)
{
	CbTx		tx;
	CbTxOut		out;

	if (input->raw.len == 0 || cb_tx_parse(input->raw.data, input->raw.len, &tx) != CB_OK ||
		!cb_tx_nth_output(&tx, input->outpoint.vout, &out))
		return;
	input->sats = out.value;
	input->script = out.script;
}

static void
load_outputs(CbProveRequest *request)
{
	int			n = (int) cb_execute(&read_outputs, CB_ARGS(cb_uuid(&request->transaction_id)));

	request->n_outputs = n;
	request->outputs = palloc0(sizeof(CbProveOutput) * Max(n, 1));
	for (int i = 0; i < n; i++)
	{
		CbProveOutput *output = &request->outputs[i];

		output->script = span_or_empty(i, 1);
		output->sats = cb_column_int8(i, 2);
		output->takes_nft = cb_column_is_null(i, 3);
		if (!output->takes_nft)
			output->tokens = strtou64(cb_column_text(i, 3), NULL, 10);
	}
}
