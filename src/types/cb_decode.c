/*-------------------------------------------------------------------------
 *
 * cb_decode.c
 *	  Raw transactions as jsonb, with the keys of Bitcoin Core's
 *	  decoderawtransaction (less the disassembled scripts).
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "bitcoin/cb_address.h"
#include "types/cb_jsonb.h"
#include "types/cb_types.h"

static void push_inputs(JsonbParseState **state, const CbTx *tx);
static void push_input(JsonbParseState **state, const CbTxIn *in, bool is_coinbase);
static void push_witness(JsonbParseState **state, uint64 n_items, CbReader items);
static void push_outputs(JsonbParseState **state, const CbTx *tx, const CbNetwork *net);
static void push_script_pubkey(JsonbParseState **state, CbSpan script, const CbNetwork *net);
static void push_hash(JsonbParseState **state, const char *key, const CbHash256 *hash);

PG_FUNCTION_INFO_V1(charmbills_decode_transaction);
PG_FUNCTION_INFO_V1(charmbills_transaction_txid);

Datum
charmbills_transaction_txid(PG_FUNCTION_ARGS)
{
	CbTx		tx;
	CbHash256	hash;
	CbTxid	   *txid = palloc(sizeof(CbTxid));

	cb_tx_arg(PG_GETARG_DATUM(0), &tx);
	cb_tx_txid(&tx, &hash);
	memcpy(txid->bytes, hash.bytes, sizeof(txid->bytes));
	PG_RETURN_CB_TXID(txid);
}

Datum
charmbills_decode_transaction(PG_FUNCTION_ARGS)
{
	const CbNetwork *net;
	CbTx		tx;
	CbHash256	hash;
	JsonbParseState *state = NULL;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	net = cb_network_arg(fcinfo, 1);
	cb_tx_arg(PG_GETARG_DATUM(0), &tx);

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	cb_tx_txid(&tx, &hash);
	push_hash(&state, "txid", &hash);
	cb_tx_wtxid(&tx, &hash);
	push_hash(&state, "hash", &hash);
	cb_jsonb_int_field(&state, "version", (uint32) tx.version);
	cb_jsonb_int_field(&state, "size", tx.raw.len);
	cb_jsonb_int_field(&state, "vsize", cb_tx_vsize(&tx));
	cb_jsonb_int_field(&state, "weight", cb_tx_weight(&tx));
	cb_jsonb_int_field(&state, "locktime", tx.locktime);
	push_inputs(&state, &tx);
	push_outputs(&state, &tx, net);
	PG_RETURN_JSONB_P(JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL)));
}

static void
push_inputs(JsonbParseState **state, const CbTx *tx)
{
	CbTxInIter	inputs = cb_tx_inputs(tx);
	CbWitnessIter witnesses = cb_tx_witnesses(tx);
	bool		is_coinbase = cb_tx_is_coinbase(tx);
	CbTxIn		in;

	cb_jsonb_key(state, "vin");
	pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
	while (cb_tx_next_input(&inputs, &in))
	{
		uint64_t	n_items;
		CbReader	items;

		CHECK_FOR_INTERRUPTS();
		pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
		push_input(state, &in, is_coinbase);
		if (cb_tx_next_witness(&witnesses, &n_items, &items) && n_items > 0)
			push_witness(state, n_items, items);
		pushJsonbValue(state, WJB_END_OBJECT, NULL);
	}
	pushJsonbValue(state, WJB_END_ARRAY, NULL);
}

static void
push_input(JsonbParseState **state, const CbTxIn *in, bool is_coinbase)
{
	if (is_coinbase)
		cb_jsonb_hex_field(state, "coinbase", in->script_sig);
	else
	{
		push_hash(state, "txid", &in->prevout.txid);
		cb_jsonb_int_field(state, "vout", in->prevout.vout);
		cb_jsonb_key(state, "scriptSig");
		pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
		cb_jsonb_hex_field(state, "hex", in->script_sig);
		pushJsonbValue(state, WJB_END_OBJECT, NULL);
	}
	cb_jsonb_int_field(state, "sequence", in->sequence);
}

static void
push_witness(JsonbParseState **state, uint64 n_items, CbReader items)
{
	cb_jsonb_key(state, "txinwitness");
	pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
	for (uint64 i = 0; i < n_items; i++)
	{
		CHECK_FOR_INTERRUPTS();
		cb_jsonb_string(state, WJB_ELEM, cb_hex_cstring(cb_read_var_bytes(&items)));
	}
	pushJsonbValue(state, WJB_END_ARRAY, NULL);
}

static void
push_outputs(JsonbParseState **state, const CbTx *tx, const CbNetwork *net)
{
	CbTxOutIter outputs = cb_tx_outputs(tx);
	CbTxOut		out;

	cb_jsonb_key(state, "vout");
	pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
	for (int64 n = 0; cb_tx_next_output(&outputs, &out); n++)
	{
		CHECK_FOR_INTERRUPTS();
		pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
		cb_jsonb_key(state, "value");
		cb_jsonb_numeric(state, WJB_VALUE, cb_btc_numeric(out.value));
		cb_jsonb_int_field(state, "n", n);
		push_script_pubkey(state, out.script, net);
		pushJsonbValue(state, WJB_END_OBJECT, NULL);
	}
	pushJsonbValue(state, WJB_END_ARRAY, NULL);
}

static void
push_script_pubkey(JsonbParseState **state, CbSpan script, const CbNetwork *net)
{
	const char *type = cb_script_class_name(cb_script_classify(script, NULL));
	char		address[CB_ADDRESS_SIZE];

	cb_jsonb_key(state, "scriptPubKey");
	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	cb_jsonb_hex_field(state, "hex", script);
	cb_jsonb_string_field(state, "type", type);
	if (cb_script_to_address(script, net, address) == CB_OK)
		cb_jsonb_string_field(state, "address", pstrdup(address));
	pushJsonbValue(state, WJB_END_OBJECT, NULL);
}

static void
push_hash(JsonbParseState **state, const char *key, const CbHash256 *hash)
{
	CbTxid		txid;

	memcpy(txid.bytes, hash->bytes, sizeof(txid.bytes));
	cb_jsonb_string_field(state, key, cb_txid_cstring(&txid));
}
