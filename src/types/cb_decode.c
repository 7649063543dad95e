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
#include "utils/builtins.h"
#include "utils/jsonb.h"

#include "bitcoin/cb_address.h"
#include "cb_errors.h"
#include "types/cb_types.h"

static void parse_tx_arg(Datum hex_text, CbTx *tx);
static void push_inputs(JsonbParseState **state, const CbTx *tx);
static void push_input(JsonbParseState **state, const CbTxIn *in, bool is_coinbase);
static void push_witness(JsonbParseState **state, uint64 n_items, CbReader items);
static void push_outputs(JsonbParseState **state, const CbTx *tx, const CbNetwork *net);
static void push_script_pubkey(JsonbParseState **state, CbSpan script, const CbNetwork *net);
static void push_key(JsonbParseState **state, const char *key);
static void push_string(JsonbParseState **state, JsonbIteratorToken token, char *str);
static void push_hash(JsonbParseState **state, const char *key, const CbHash256 *hash);
static void push_hex(JsonbParseState **state, const char *key, CbSpan bytes);
static void push_numeric(JsonbParseState **state, const char *key, Numeric number);
static void push_int(JsonbParseState **state, const char *key, int64 number);

PG_FUNCTION_INFO_V1(charmbills_decode_transaction);
PG_FUNCTION_INFO_V1(charmbills_transaction_txid);

static void
parse_tx_arg(Datum hex_text, CbTx *tx)
{
	CbSpan		raw = cb_hex_arg(hex_text, "transaction");
	CbResult	result = cb_tx_parse(raw.data, raw.len, tx);

	if (result != CB_OK)
		cb_raise(result, "transaction");
}

Datum
charmbills_transaction_txid(PG_FUNCTION_ARGS)
{
	CbTx		tx;
	CbHash256	hash;
	CbTxid	   *txid = palloc(sizeof(CbTxid));

	parse_tx_arg(PG_GETARG_DATUM(0), &tx);
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
	parse_tx_arg(PG_GETARG_DATUM(0), &tx);

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	cb_tx_txid(&tx, &hash);
	push_hash(&state, "txid", &hash);
	cb_tx_wtxid(&tx, &hash);
	push_hash(&state, "hash", &hash);
	push_int(&state, "version", (uint32) tx.version);
	push_int(&state, "size", tx.raw.len);
	push_int(&state, "vsize", cb_tx_vsize(&tx));
	push_int(&state, "weight", cb_tx_weight(&tx));
	push_int(&state, "locktime", tx.locktime);
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

	push_key(state, "vin");
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
		push_hex(state, "coinbase", in->script_sig);
	else
	{
		push_hash(state, "txid", &in->prevout.txid);
		push_int(state, "vout", in->prevout.vout);
		push_key(state, "scriptSig");
		pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
		push_hex(state, "hex", in->script_sig);
		pushJsonbValue(state, WJB_END_OBJECT, NULL);
	}
	push_int(state, "sequence", in->sequence);
}

static void
push_witness(JsonbParseState **state, uint64 n_items, CbReader items)
{
	push_key(state, "txinwitness");
	pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
	for (uint64 i = 0; i < n_items; i++)
	{
		CHECK_FOR_INTERRUPTS();
		push_string(state, WJB_ELEM, cb_hex_cstring(cb_read_var_bytes(&items)));
	}
	pushJsonbValue(state, WJB_END_ARRAY, NULL);
}

static void
push_outputs(JsonbParseState **state, const CbTx *tx, const CbNetwork *net)
{
	CbTxOutIter outputs = cb_tx_outputs(tx);
	CbTxOut		out;

	push_key(state, "vout");
	pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
	for (int64 n = 0; cb_tx_next_output(&outputs, &out); n++)
	{
		CHECK_FOR_INTERRUPTS();
		pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
		push_numeric(state, "value", cb_btc_numeric(out.value));
		push_int(state, "n", n);
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

	push_key(state, "scriptPubKey");
	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	push_hex(state, "hex", script);
	push_key(state, "type");
	push_string(state, WJB_VALUE, pstrdup(type));
	if (cb_script_to_address(script, net, address) == CB_OK)
	{
		push_key(state, "address");
		push_string(state, WJB_VALUE, pstrdup(address));
	}
	pushJsonbValue(state, WJB_END_OBJECT, NULL);
}

static void
push_key(JsonbParseState **state, const char *key)
{
	push_string(state, WJB_KEY, pstrdup(key));
}

/* The text must live until the whole value is converted, and is not copied. */
static void
push_string(JsonbParseState **state, JsonbIteratorToken token, char *str)
{
	JsonbValue	value;

	value.type = jbvString;
	value.val.string.val = str;
	value.val.string.len = strlen(str);
	pushJsonbValue(state, token, &value);
}

static void
push_hash(JsonbParseState **state, const char *key, const CbHash256 *hash)
{
	CbTxid		txid;

	memcpy(txid.bytes, hash->bytes, sizeof(txid.bytes));
	push_key(state, key);
	push_string(state, WJB_VALUE, cb_txid_cstring(&txid));
}

static void
push_hex(JsonbParseState **state, const char *key, CbSpan bytes)
{
	push_key(state, key);
	push_string(state, WJB_VALUE, cb_hex_cstring(bytes));
}

static void
push_numeric(JsonbParseState **state, const char *key, Numeric number)
{
	JsonbValue	value;

	push_key(state, key);
	value.type = jbvNumeric;
	value.val.numeric = number;
	pushJsonbValue(state, WJB_VALUE, &value);
}

static void
push_int(JsonbParseState **state, const char *key, int64 number)
{
	push_numeric(state, key, int64_to_numeric(number));
}
