/*-------------------------------------------------------------------------
 *
 * fuzz_spell.c
 *	  Any transaction, and any payload in a transaction, as a spell: what is
 *	  read can be walked and committed to, and is never valid by chance.
 *
 * The first byte says what follows: a transaction where it is even, a payload
 * where it is odd.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "charms/cb_spell_verify.h"

#include "fuzz.h"

static void check_apps(const CbSpell *spell);
static void check_charms(const CbTx *tx, const CbSpell *spell);
static void check_nothing(const CbSpell *spell);
static void put_size(void *to, const void *data, size_t len);
static void check_committed(const CbTx *tx, const CbSpell *spell);
static void check_tx(const CbTx *tx);
static size_t wrap(const uint8_t *payload, size_t size, uint8_t *out, size_t capacity);

/* In order, and no other number of them. */
static void
check_apps(const CbSpell *spell)
{
	CbAppIter	it = cb_spell_apps(spell);
	CbApp		app;
	CbApp		previous;
	CbSpan		input;
	uint32_t	n = 0;

	for (; cb_spell_next_app(&it, &app, &input); n++)
	{
		char		text[CB_APP_TEXT_SIZE];

		INVARIANT(n == 0 || cb_app_compare(&previous, &app) < 0);
		cb_app_text(&app, text);
		INVARIANT(strlen(text) == strlen(app.tag) + 130 && strlen(app.tag) > 0);
		previous = app;
	}
	INVARIANT(n == spell->n_apps && it.r.error == CB_OK && cb_reader_left(&it.r) == 0);
}

static void
check_charms(const CbTx *tx, const CbSpell *spell)
{
	CbCharmIter it = cb_spell_charms(spell);
	CbCharm		charm;
	CbApp		app;
	uint64_t	amount;

	while (cb_spell_next_charm(&it, &charm))
	{
		INVARIANT(charm.vout < spell->n_outs && charm.vout < tx->n_outputs);
		INVARIANT(cb_spell_app(spell, charm.app, &app) && charm.data.len > 0);
		INVARIANT(!cb_charm_amount(&app, &charm, &amount) || cb_app_is_token(&app));
		cb_spell_beamed_out(spell, charm.vout, NULL);
	}
	INVARIANT(it.r.error == CB_OK && cb_reader_left(&it.r) == 0);
}

/* Of what was not read nothing is told. */
static void
check_nothing(const CbSpell *spell)
{
	CbAppIter	apps = cb_spell_apps(spell);
	CbCharmIter charms = cb_spell_charms(spell);
	CbApp		app;
	CbSpan		input;
	CbCharm		charm;

	INVARIANT(!cb_spell_next_app(&apps, &app, &input) && !cb_spell_next_charm(&charms, &charm));
	INVARIANT(!cb_spell_beamed_out(spell, 0, NULL));
}

static void
put_size(void *to, const void *data, size_t len)
{
	(void) data;
	*(size_t *) to += len;
}

/* One canonical item, whatever the spell and the transaction are. */
static void
check_committed(const CbTx *tx, const CbSpell *spell)
{
	static const uint8_t key[32];
	size_t		size = 0;
	CbCborWriter counter = {put_size, &size};
	uint8_t    *out;
	uint8_t		hash[32];
	CbWriter	buffer;
	CbCborWriter w;
	CbReader	r;

	cb_spell_write_committed(tx, spell, &counter);
	out = malloc(size);
	buffer = cb_writer(out, size);
	w = cb_cbor_writer(&buffer);
	cb_spell_write_committed(tx, spell, &w);
	INVARIANT(buffer.error == CB_OK && buffer.len == size);
	r = cb_reader(out, size);
	cb_cbor_read_item(&r, CB_CBOR_WELL_FORMED);
	INVARIANT(r.error == CB_OK && cb_reader_left(&r) == 0);
	cb_spell_public_hash(tx, spell, key, hash);
	free(out);
}

static void
check_tx(const CbTx *tx)
{
	static CbSpellVerifier verifier;
	uint8_t    *bytes = malloc(tx->witness.len + 1);
	CbWriter	joined = cb_writer(bytes, tx->witness.len);
	CbSpell		spell;
	const char *reason;
	CbSpellState state = cb_spell_read(tx, &joined, &spell);
	CbVerdict	verdict = cb_spell_verify(&verifier, tx, &spell, &reason);

	INVARIANT(joined.error == CB_OK);
	INVARIANT(state == spell.state && (state == CB_SPELL_READ) == (spell.reason == NULL));
	INVARIANT((state == CB_SPELL_NONE) == (verdict == CB_VERDICT_NONE));
	INVARIANT((verdict == CB_VERDICT_VALID) == (reason == NULL));
	INVARIANT(state == CB_SPELL_READ || (verdict != CB_VERDICT_VALID && verdict != CB_VERDICT_MOCK));
	if (state == CB_SPELL_READ)
	{
		check_apps(&spell);
		check_charms(tx, &spell);
		check_committed(tx, &spell);
	}
	else
		check_nothing(&spell);
	free(bytes);
}

/* Two inputs, an output, and the payload in another. */
static size_t
wrap(const uint8_t *payload, size_t size, uint8_t *out, size_t capacity)
{
	static const uint8_t nothing[40];
	CbWriter	w = cb_writer(out, capacity);

	cb_write_u32(&w, 2);
	cb_write_u8(&w, 2);
	for (int i = 0; i < 2; i++)
	{
		cb_write_bytes(&w, nothing, 36);
		cb_write_u8(&w, 0);
		cb_write_u32(&w, UINT32_MAX);
	}
	cb_write_u8(&w, 2);
	cb_write_u64(&w, 1000);
	cb_write_u8(&w, 0);
	cb_write_u64(&w, 0);
	cb_write_compact_size(&w, 12 + size);
	cb_write_bytes(&w, "\x6a\x05spell\x4e", 8);
	cb_write_u32(&w, (uint32_t) size);
	cb_write_bytes(&w, payload, size);
	cb_write_u32(&w, 0);
	INVARIANT(w.error == CB_OK);
	return w.len;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t    *made = NULL;
	CbTx		tx;

	if (size == 0)
		return 0;
	if (data[0] % 2 == 1)
	{
		made = malloc(size + 200);
		size = wrap(data + 1, size - 1, made, size + 200);
		INVARIANT(cb_tx_parse(made, size, &tx) == CB_OK);
		check_tx(&tx);
	}
	else if (cb_tx_parse(data + 1, size - 1, &tx) == CB_OK)
		check_tx(&tx);
	free(made);
	return 0;
}
