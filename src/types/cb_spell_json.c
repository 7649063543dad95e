/*-------------------------------------------------------------------------
 *
 * cb_spell_json.c
 *	  Spells as jsonb.
 *
 * The names and forms are those of the protocol's own YAML: outpoints as
 * txid:vout, apps as tag/identity/vk, hashes and scripts in hex.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "miscadmin.h"

#include "types/cb_cbor_json.h"
#include "types/cb_jsonb.h"
#include "types/cb_spell_json.h"
#include "types/cb_types.h"

/* Digits of an output's or app's index, and zero. */
#define INDEX_SIZE 11

static const char *state_name(CbSpellState state);
static void push_state(JsonbParseState **state, const CbSpell *spell);
static void push_index_key(JsonbParseState **state, uint32 index);
static void push_outpoint(JsonbParseState **state, const CbOutpoint *outpoint);
static void push_hash_key(JsonbParseState **state, const uint8 hash[32]);
static void push_ins(JsonbParseState **state, const CbTx *tx);
static void push_refs(JsonbParseState **state, const CbSpell *spell);
static void push_outs(JsonbParseState **state, const CbSpell *spell);
static void push_beamed_outs(JsonbParseState **state, const CbSpell *spell);
static void push_coins(JsonbParseState **state, const CbTx *tx, const CbSpell *spell);
static void push_scrolls(JsonbParseState **state, const CbSpell *spell);
static void push_tx(JsonbParseState **state, const CbTx *tx, const CbSpell *spell);
static void push_apps(JsonbParseState **state, const CbSpell *spell);
static void push_versioned_apps(JsonbParseState **state, const CbSpell *spell);
static void push_committed(JsonbParseState **state, const CbTx *tx, const CbSpell *spell);

void
cb_app_show(const CbApp *app, CbAppText *shown)
{
	CbSpan		tag = {(const uint8_t *) app->tag, strlen(app->tag)};

	if (cb_utf8_is_storable(tag))
		snprintf(shown->tag, sizeof(shown->tag), "%s", app->tag);
	else
		snprintf(shown->tag, sizeof(shown->tag), "U+%04X", utf8_to_unicode(tag.data));
	cb_hex_encode(app->identity, sizeof(app->identity), shown->identity);
	shown->identity[sizeof(shown->identity) - 1] = '\0';
	cb_hex_encode(app->vk, sizeof(app->vk), shown->vk);
	shown->vk[sizeof(shown->vk) - 1] = '\0';
}

char *
cb_app_cstring(const CbAppText *shown)
{
	return psprintf("%s/%s/%s", shown->tag, shown->identity, shown->vk);
}

Jsonb *
cb_spell_jsonb(const CbTx *tx, const CbSpell *spell)
{
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	push_state(&state, spell);
	if (spell->state == CB_SPELL_READ)
	{
		push_tx(&state, tx, spell);
		push_apps(&state, spell);
		push_versioned_apps(&state, spell);
		if (spell->mock)
		{
			cb_jsonb_key(&state, "mock");
			cb_jsonb_bool(&state, WJB_VALUE, true);
		}
		push_committed(&state, tx, spell);
	}
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

static const char *
state_name(CbSpellState state)
{
	switch (state)
	{
		case CB_SPELL_NONE:
			return "none";
		case CB_SPELL_UNSUPPORTED:
			return "unsupported";
		case CB_SPELL_MALFORMED:
			return "malformed";
		case CB_SPELL_READ:
			return "read";
	}
	return "none";
}

/* What is known of every spell. */
static void
push_state(JsonbParseState **state, const CbSpell *spell)
{
	cb_jsonb_string_field(state, "state", state_name(spell->state));
	if (spell->reason != NULL)
		cb_jsonb_string_field(state, "reason", spell->reason);
	cb_jsonb_string_field(state, "carrier", cb_carrier_name(spell->carrier.kind));
	cb_jsonb_int_field(state, "carrier_at", spell->carrier.at);
	if (spell->has_version)
		cb_jsonb_int_field(state, "version", spell->version);
}

static void
push_index_key(JsonbParseState **state, uint32 index)
{
	char	   *key = palloc(INDEX_SIZE);

	snprintf(key, INDEX_SIZE, "%u", index);
	cb_jsonb_key(state, key);
}

static void
push_outpoint(JsonbParseState **state, const CbOutpoint *outpoint)
{
	CbOutpointValue value;

	cb_outpoint_value(outpoint, &value);
	cb_jsonb_string(state, WJB_ELEM, cb_outpoint_cstring(&value));
}

static void
push_hash_key(JsonbParseState **state, const uint8 hash[32])
{
	CbSpan		bytes = {hash, 32};

	cb_jsonb_key(state, cb_hex_cstring(bytes));
}

static void
push_ins(JsonbParseState **state, const CbTx *tx)
{
	CbTxInIter	it = cb_tx_inputs(tx);
	CbTxIn		in;

	cb_jsonb_key(state, "ins");
	pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
	while (cb_tx_next_input(&it, &in))
	{
		CHECK_FOR_INTERRUPTS();
		push_outpoint(state, &in.prevout);
	}
	pushJsonbValue(state, WJB_END_ARRAY, NULL);
}

/* Outpoints as transactions write them. */
static void
push_refs(JsonbParseState **state, const CbSpell *spell)
{
	CbReader	r = cb_reader(spell->refs.data, spell->refs.len);

	cb_jsonb_key(state, "refs");
	pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
	for (uint64_t left = cb_cbor_read_array(&r); left > 0; left--)
	{
		CbSpan		bytes = cb_cbor_read_bytes(&r);
		CbReader	outpoint_bytes = cb_reader(bytes.data, bytes.len);
		CbOutpoint	outpoint;

		CHECK_FOR_INTERRUPTS();
		cb_read_copy(&outpoint_bytes, outpoint.txid.bytes, sizeof(outpoint.txid.bytes));
		outpoint.vout = cb_read_u32(&outpoint_bytes);
		push_outpoint(state, &outpoint);
	}
	pushJsonbValue(state, WJB_END_ARRAY, NULL);
}

static void
push_outs(JsonbParseState **state, const CbSpell *spell)
{
	CbCharmIter it = cb_spell_charms(spell);
	CbCharm		charm;
	bool		more = cb_spell_next_charm(&it, &charm);

	cb_jsonb_key(state, "outs");
	pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
	for (uint32 vout = 0; vout < spell->n_outs; vout++)
	{
		pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
		for (; more && charm.vout == vout; more = cb_spell_next_charm(&it, &charm))
		{
			push_index_key(state, charm.app);
			cb_jsonb_cbor(state, WJB_VALUE, charm.data);
		}
		pushJsonbValue(state, WJB_END_OBJECT, NULL);
	}
	pushJsonbValue(state, WJB_END_ARRAY, NULL);
}

static void
push_beamed_outs(JsonbParseState **state, const CbSpell *spell)
{
	CbBeamIter	it = cb_spell_beams(spell);
	uint32_t	vout;
	uint8_t		hash[32];
	CbSpan		bytes = {hash, sizeof(hash)};

	cb_jsonb_key(state, "beamed_outs");
	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	while (cb_spell_next_beam(&it, &vout, hash))
	{
		CHECK_FOR_INTERRUPTS();
		push_index_key(state, vout);
		cb_jsonb_string(state, WJB_VALUE, cb_hex_cstring(bytes));
	}
	pushJsonbValue(state, WJB_END_OBJECT, NULL);
}

/* Of the outputs that the spell speaks of. */
static void
push_coins(JsonbParseState **state, const CbTx *tx, const CbSpell *spell)
{
	CbTxOutIter it = cb_tx_outputs(tx);
	CbTxOut		out;

	cb_jsonb_key(state, "coins");
	pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
	for (uint32 left = spell->n_outs; left > 0 && cb_tx_next_output(&it, &out); left--)
	{
		CHECK_FOR_INTERRUPTS();
		pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
		cb_jsonb_int_field(state, "amount", out.value);
		cb_jsonb_hex_field(state, "dest", out.script);
		pushJsonbValue(state, WJB_END_OBJECT, NULL);
	}
	pushJsonbValue(state, WJB_END_ARRAY, NULL);
}

static void
push_scrolls(JsonbParseState **state, const CbSpell *spell)
{
	cb_jsonb_key(state, "scrolls");
	cb_jsonb_cbor(state, WJB_VALUE, spell->scrolls);
}

static void
push_tx(JsonbParseState **state, const CbTx *tx, const CbSpell *spell)
{
	cb_jsonb_key(state, "tx");
	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	push_ins(state, tx);
	if (spell->refs.len > 0)
		push_refs(state, spell);
	push_outs(state, spell);
	if (spell->beamed_outs.len > 0)
		push_beamed_outs(state, spell);
	push_coins(state, tx, spell);
	if (spell->scrolls.len > 0)
		push_scrolls(state, spell);
	pushJsonbValue(state, WJB_END_OBJECT, NULL);
}

static void
push_apps(JsonbParseState **state, const CbSpell *spell)
{
	CbAppIter	it = cb_spell_apps(spell);
	CbApp		app;
	CbSpan		input;
	CbAppText	shown;

	cb_jsonb_key(state, "app_public_inputs");
	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	while (cb_spell_next_app(&it, &app, &input))
	{
		cb_app_show(&app, &shown);
		cb_jsonb_key(state, cb_app_cstring(&shown));
		cb_jsonb_cbor(state, WJB_VALUE, input);
	}
	pushJsonbValue(state, WJB_END_OBJECT, NULL);
}

/* vk: {version, wasm_hash} */
static void
push_versioned_apps(JsonbParseState **state, const CbSpell *spell)
{
	CbReader	r = cb_reader(spell->versioned_apps.data, spell->versioned_apps.len);
	uint8_t		hash[32];
	CbSpan		bytes = {hash, sizeof(hash)};

	if (spell->versioned_apps.len == 0)
		return;
	cb_jsonb_key(state, "versioned_apps");
	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	for (uint64_t left = cb_cbor_read_map(&r); left > 0; left--)
	{
		CHECK_FOR_INTERRUPTS();
		cb_cbor_read_byte_array(&r, hash, sizeof(hash));
		push_hash_key(state, hash);
		pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
		cb_cbor_read_map(&r);
		cb_cbor_read_text(&r);
		cb_jsonb_int_field(state, "version", (int64) cb_cbor_read_uint(&r));
		cb_cbor_read_text(&r);
		cb_cbor_read_byte_array(&r, hash, sizeof(hash));
		cb_jsonb_hex_field(state, "wasm_hash", bytes);
		pushJsonbValue(state, WJB_END_OBJECT, NULL);
	}
	pushJsonbValue(state, WJB_END_OBJECT, NULL);
}

/* How many of the inputs and coins above, from the first, the proof is about. */
static void
push_committed(JsonbParseState **state, const CbTx *tx, const CbSpell *spell)
{
	cb_jsonb_key(state, "committed");
	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	cb_jsonb_int_field(state, "ins", cb_spell_committed_inputs(tx, spell));
	cb_jsonb_int_field(state, "coins", cb_spell_committed_coins(spell));
	pushJsonbValue(state, WJB_END_OBJECT, NULL);
}
