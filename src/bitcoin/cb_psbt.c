/*-------------------------------------------------------------------------
 *
 * cb_psbt.c
 *	  Reading partially signed transactions.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_psbt_internal.h"

#include <string.h>

static void fail(CbReader *r, CbResult error);
static CbSpan span_between(const uint8_t *start, const uint8_t *end);
static bool find_field(CbSpan map, uint64_t type, CbSpan *value);
static CbSpan read_map(CbReader *r, CbPsbtScope scope);
static void read_global(CbReader *r, CbPsbt *psbt);
static void read_inputs(CbReader *r, CbPsbt *psbt);
static void read_outputs(CbReader *r, CbPsbt *psbt);
static CbResult check_utxos(const CbPsbtInput *in, const CbOutpoint *prevout);

CbResult
cb_psbt_parse(const uint8_t *data, size_t len, CbPsbt *psbt)
{
	CbReader	r = cb_reader(data, len);
	CbSpan		magic = cb_read_bytes(&r, CB_PSBT_MAGIC_SIZE);

	memset(psbt, 0, sizeof(*psbt));
	if (r.error == CB_OK && memcmp(magic.data, CB_PSBT_MAGIC, CB_PSBT_MAGIC_SIZE) != 0)
		fail(&r, CB_ERR_PSBT);
	read_global(&r, psbt);
	read_inputs(&r, psbt);
	read_outputs(&r, psbt);
	if (cb_reader_left(&r) > 0)
		fail(&r, CB_ERR_TRAILING);
	psbt->raw = span_between(data, r.pos);
	return r.error;
}

/* Record a failure unless there was one before. */
static void
fail(CbReader *r, CbResult error)
{
	if (r->error == CB_OK)
		r->error = error;
}

static CbSpan
span_between(const uint8_t *start, const uint8_t *end)
{
	CbSpan		span = {start, (size_t) (end - start)};

	return span;
}

CbReader
cb_psbt_records(CbSpan map)
{
	return cb_reader(map.data, map.len);
}

/* An empty key, which no record has, ends a map; so does the end of the span. */
bool
cb_psbt_next_record(CbReader *r, CbPsbtRecord *record)
{
	CbReader	key;

	if (cb_reader_left(r) == 0)
		return false;
	record->key = cb_read_var_bytes(r);
	if (r->error != CB_OK || record->key.len == 0)
		return false;
	key = cb_reader(record->key.data, record->key.len);
	record->type = cb_read_compact_size(&key);
	record->key_data = span_between(key.pos, key.end);
	record->value = cb_read_var_bytes(r);
	fail(r, key.error);
	return r->error == CB_OK;
}

/* A field without key data, of a map of checked records. */
static bool
find_field(CbSpan map, uint64_t type, CbSpan *value)
{
	CbReader	r = cb_psbt_records(map);
	CbPsbtRecord record;

	while (cb_psbt_next_record(&r, &record))
	{
		if (record.type == type)
		{
			*value = record.value;
			return true;
		}
	}
	return false;
}

/* Records up to the end of the map, behind which the reader then stands. */
static CbSpan
read_map(CbReader *r, CbPsbtScope scope)
{
	CbSpan		keys[CB_PSBT_MAX_RECORDS];
	size_t		n_keys = 0;
	CbSpan		map = {r->pos, 0};
	CbPsbtRecord record;

	if (r->error == CB_OK && cb_reader_left(r) == 0)
		fail(r, CB_ERR_TRUNCATED);
	while (cb_psbt_next_record(r, &record))
	{
		for (size_t i = 0; i < n_keys; i++)
		{
			if (cb_span_equal(keys[i], record.key))
				fail(r, CB_ERR_PSBT_DUPLICATE);
		}
		fail(r, cb_psbt_check_record(scope, &record));
		map.len = (size_t) (r->pos - map.data);
		if (n_keys < CB_PSBT_MAX_RECORDS)
			keys[n_keys++] = record.key;
		else
			fail(r, CB_ERR_COUNT);
		if (r->error == CB_OK && cb_reader_left(r) == 0)
			fail(r, CB_ERR_TRUNCATED);
	}
	return map;
}

static void
read_global(CbReader *r, CbPsbt *psbt)
{
	CbSpan		tx;

	psbt->global = read_map(r, CB_PSBT_GLOBAL);
	if (r->error != CB_OK)
		return;
	if (find_field(psbt->global, CB_PSBT_GLOBAL_UNSIGNED_TX, &tx))
		fail(r, cb_tx_parse_unsigned(tx.data, tx.len, &psbt->tx));
	else
		fail(r, CB_ERR_PSBT);
}

static void
read_inputs(CbReader *r, CbPsbt *psbt)
{
	const uint8_t *start = r->pos;
	CbTxInIter	it = cb_tx_inputs(&psbt->tx);
	CbTxIn		in;

	while (r->error == CB_OK && cb_tx_next_input(&it, &in))
	{
		CbSpan		map = read_map(r, CB_PSBT_INPUT);
		CbPsbtInput fields;

		if (r->error != CB_OK)
			break;
		cb_psbt_read_input(map, &fields);
		fail(r, check_utxos(&fields, &in.prevout));
	}
	psbt->inputs = span_between(start, r->pos);
}

static void
read_outputs(CbReader *r, CbPsbt *psbt)
{
	const uint8_t *start = r->pos;

	for (uint32_t i = 0; i < psbt->tx.n_outputs && r->error == CB_OK; i++)
		(void) read_map(r, CB_PSBT_OUTPUT);
	psbt->outputs = span_between(start, r->pos);
}

/*
 * A previous transaction that is not the one spent, or that says otherwise
 * than the output beside it, would have a signer believe in a wrong amount.
 */
static CbResult
check_utxos(const CbPsbtInput *in, const CbOutpoint *prevout)
{
	CbTx		tx;
	CbTxOut		out;
	CbHash256	txid;

	if (in->non_witness_utxo.data == NULL)
		return CB_OK;
	if (cb_tx_parse(in->non_witness_utxo.data, in->non_witness_utxo.len, &tx) != CB_OK)
		return CB_ERR_PSBT;
	cb_tx_txid(&tx, &txid);
	if (memcmp(&txid, &prevout->txid, sizeof(txid)) != 0 || !cb_tx_nth_output(&tx, prevout->vout, &out))
		return CB_ERR_PSBT_UTXO;
	if (in->witness_utxo.script.data != NULL &&
		(in->witness_utxo.value != out.value || !cb_span_equal(in->witness_utxo.script, out.script)))
		return CB_ERR_PSBT_UTXO;
	return CB_OK;
}

CbPsbtMaps
cb_psbt_inputs(const CbPsbt *psbt)
{
	CbPsbtMaps	it = {cb_psbt_records(psbt->inputs), psbt->tx.n_inputs};

	return it;
}

CbPsbtMaps
cb_psbt_outputs(const CbPsbt *psbt)
{
	CbPsbtMaps	it = {cb_psbt_records(psbt->outputs), psbt->tx.n_outputs};

	return it;
}

bool
cb_psbt_next_map(CbPsbtMaps *it, CbSpan *map)
{
	CbPsbtRecord record;

	if (it->left == 0)
		return false;
	it->left--;
	map->data = it->r.pos;
	map->len = 0;
	while (cb_psbt_next_record(&it->r, &record))
		map->len = (size_t) (it->r.pos - map->data);
	return it->r.error == CB_OK;
}

bool
cb_psbt_next_input(CbPsbtMaps *it, CbPsbtInput *in)
{
	CbSpan		map;

	if (!cb_psbt_next_map(it, &map))
		return false;
	cb_psbt_read_input(map, in);
	return true;
}

bool
cb_psbt_spent_output(const CbPsbtInput *in, const CbOutpoint *prevout, CbTxOut *out)
{
	CbSpan		previous = in->non_witness_utxo;
	CbTx		tx;

	if (in->witness_utxo.script.data == NULL)
		return previous.data != NULL && cb_tx_parse(previous.data, previous.len, &tx) == CB_OK &&
			cb_tx_nth_output(&tx, prevout->vout, out);
	*out = in->witness_utxo;
	return true;
}
