/*-------------------------------------------------------------------------
 *
 * test_spell_vectors.c
 *	  What is decoded of the spells of real transactions.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "charms/cb_spell.h"

#include "spell_tx.h"
#include "tap.h"
#include "vectors.h"

static bool same_array(CbReader *r, const json_t *wanted);
static bool same_map(CbReader *r, const json_t *wanted);
static bool same_data(CbReader *r, const json_t *wanted);
static bool same_item(CbSpan item, const json_t *wanted);
static bool same_apps(const CbSpell *spell, const json_t *wanted);
static bool same_charms(const CbSpell *spell, const json_t *wanted);
static bool same_token_outputs(const CbSpell *spell, const json_t *wanted);
static void check_vector(const json_t *vector, bool is_mock);
static void test_vectors(void);

int
main(void)
{
	test_vectors();
	return done();
}

/* The vectors show arrays of 32 bytes in hex. */
static bool
same_array(CbReader *r, const json_t *wanted)
{
	uint64_t	n;

	if (json_is_string(wanted))
	{
		uint8_t		bytes[32];
		char		hex[65] = "";

		cb_cbor_read_byte_array(r, bytes, sizeof(bytes));
		cb_hex_encode(bytes, sizeof(bytes), hex);
		return r->error == CB_OK && strcmp(hex, json_string_value(wanted)) == 0;
	}
	n = cb_cbor_read_array(r);
	if (!json_is_array(wanted) || n != json_array_size(wanted))
		return false;
	for (size_t i = 0; i < n; i++)
	{
		if (!same_data(r, json_array_get(wanted, i)))
			return false;
	}
	return true;
}

static bool
same_map(CbReader *r, const json_t *wanted)
{
	uint64_t	n = cb_cbor_read_map(r);

	if (!json_is_object(wanted) || n != json_object_size(wanted))
		return false;
	for (; n > 0; n--)
	{
		CbSpan		key = cb_cbor_read_text(r);
		char		name[100];

		snprintf(name, sizeof(name), "%.*s", (int) key.len, (const char *) key.data);
		if (!same_data(r, json_object_get(wanted, name)))
			return false;
	}
	return true;
}

static bool
same_data(CbReader *r, const json_t *wanted)
{
	CbReader	ahead = *r;
	CbCborHead	head;

	if (wanted == NULL || !cb_cbor_read_head(&ahead, &head))
		return false;
	switch (head.type)
	{
		case CB_CBOR_UNSIGNED:
			return cb_cbor_read_uint(r) == (uint64_t) json_integer_value(wanted) && json_is_integer(wanted);
		case CB_CBOR_TEXT:
			{
				CbSpan		text = cb_cbor_read_text(r);

				return json_is_string(wanted) && json_string_length(wanted) == text.len &&
					memcmp(json_string_value(wanted), text.data, text.len) == 0;
			}
		case CB_CBOR_ARRAY:
			return same_array(r, wanted);
		case CB_CBOR_MAP:
			return same_map(r, wanted);
		default:
			*r = ahead;
			return (head.value == CB_CBOR_NULL && json_is_null(wanted)) ||
				(head.value == CB_CBOR_TRUE && json_is_true(wanted)) ||
				(head.value == CB_CBOR_FALSE && json_is_false(wanted));
	}
}

static bool
same_item(CbSpan item, const json_t *wanted)
{
	CbReader	r = cb_reader(item.data, item.len);

	return same_data(&r, wanted) && r.error == CB_OK && cb_reader_left(&r) == 0;
}

/* Keys as the vectors write them: ["n", "hex", "hex"]. */
static bool
same_apps(const CbSpell *spell, const json_t *wanted)
{
	CbAppIter	it = cb_spell_apps(spell);
	CbApp		app;
	CbSpan		input;
	size_t		n = 0;

	for (; cb_spell_next_app(&it, &app, &input); n++)
	{
		char		identity[65] = "";
		char		vk[65] = "";
		char		key[200];

		cb_hex_encode(app.identity, 32, identity);
		cb_hex_encode(app.vk, 32, vk);
		snprintf(key, sizeof(key), "[\"%s\", \"%s\", \"%s\"]", app.tag, identity, vk);
		if (!same_item(input, json_object_get(wanted, key)))
			return false;
	}
	return n == spell->n_apps && n == json_object_size(wanted);
}

static bool
same_charms(const CbSpell *spell, const json_t *wanted)
{
	CbCharmIter it = cb_spell_charms(spell);
	CbCharm		charm;
	size_t		n_wanted = 0;
	const json_t *out;
	size_t		i;

	json_array_foreach(wanted, i, out)
	{
		n_wanted += json_object_size(out);
	}
	while (cb_spell_next_charm(&it, &charm))
	{
		char		key[16];

		snprintf(key, sizeof(key), "%u", (unsigned) charm.app);
		if (!same_item(charm.data, json_object_get(json_array_get(wanted, charm.vout), key)))
			return false;
		n_wanted--;
	}
	return n_wanted == 0 && spell->n_outs == json_array_size(wanted);
}

/* The same again by the view that callers will have of it. */
static bool
same_token_outputs(const CbSpell *spell, const json_t *wanted)
{
	CbCharmIter it = cb_spell_charms(spell);
	CbCharm		charm;
	size_t		n = 0;

	for (; cb_spell_next_charm(&it, &charm); n++)
	{
		const json_t *output = json_array_get(wanted, n);
		const json_t *data = json_object_get(output, "data");
		CbApp		app;
		char		text[CB_APP_TEXT_SIZE];
		uint64_t	amount;
		bool		has_amount;

		if (!cb_spell_app(spell, charm.app, &app))
			return false;
		cb_app_text(&app, text);
		has_amount = cb_charm_amount(&app, &charm, &amount);
		if (json_integer_value(json_object_get(output, "vout")) != charm.vout ||
			strcmp(text, json_string_value(json_object_get(output, "app"))) != 0 ||
			json_is_true(json_object_get(output, "beamed_out")) != cb_spell_beamed_out(spell, charm.vout, NULL) ||
			has_amount != (text[0] == 't' && json_is_integer(data)) ||
			(has_amount && amount != (uint64_t) json_integer_value(data)))
			return false;
	}
	return n == json_array_size(wanted);
}

static void
check_vector(const json_t *vector, bool is_mock)
{
	const char *name = json_string_value(json_object_get(vector, "txid"));
	const json_t *decoded = json_object_get(vector, "decoded_spell");
	const json_t *tx_wanted = json_object_get(decoded, "tx");
	const json_t *outputs = json_object_get(vector, "expected_token_utxos");
	SpellTx		stx;
	CbSpell		spell;

	spell_tx_from_hex(&stx, json_string_value(json_object_get(vector, "raw_hex")));
	is_int(cb_spell_read(&stx.tx, &stx.joined, &spell), CB_SPELL_READ, "%.8s: its spell is read", name);
	ok(spell.reason == NULL, "%.8s: without a complaint", name);
	is_int(spell.version, json_integer_value(json_object_get(vector, "spell_version")), "%.8s: version", name);
	is_str(cb_carrier_name(spell.carrier.kind), json_string_value(json_object_get(vector, "carrier")), "%.8s: carrier", name);
	is_int(spell.carrier.at, json_integer_value(json_object_get(vector, "carrier_at")), "%.8s: its place", name);
	is_int((int64_t) spell.proof_len, json_integer_value(json_object_get(vector, "proof_bytes")), "%.8s: length of proof", name);
	is_int(cb_spell_is_mock(&spell), is_mock, "%.8s: mock or not", name);
	ok(same_apps(&spell, json_object_get(decoded, "app_public_inputs")), "%.8s: apps", name);
	ok(same_charms(&spell, json_object_get(tx_wanted, "outs")), "%.8s: charms", name);
	is_int(spell.refs.len > 0, json_object_get(tx_wanted, "refs") != NULL, "%.8s: references", name);
	is_int(spell.beamed_outs.len > 0, json_object_get(tx_wanted, "beamed_outs") != NULL, "%.8s: beamed outputs", name);
	if (outputs != NULL)
		ok(same_token_outputs(&spell, outputs), "%.8s: outputs with charms", name);
	spell_tx_free(&stx);
}

static void
test_vectors(void)
{
	json_t	   *vectors = load_vectors("charms/spells.json");
	json_t	   *vector;
	size_t		i;

	json_array_foreach(json_object_get(vectors, "vectors"), i, vector)
	{
		check_vector(vector, false);
	}
	json_array_foreach(json_object_get(vectors, "regtest_mock_vectors"), i, vector)
	{
		check_vector(vector, true);
	}
	json_decref(vectors);
}
