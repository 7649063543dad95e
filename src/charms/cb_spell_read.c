/*-------------------------------------------------------------------------
 *
 * cb_spell_read.c
 *	  Reading spells from transactions.
 *
 * Every function here reads on from where the one before stopped.  The first
 * refusal counts, be it of CBOR's rules or of a spell's: the reader stops at
 * either.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_spell_internal.h"

#include <string.h>

/* A payload that is being read. */
typedef struct Input
{
	CbReader	r;
	CbSpell    *spell;
	uint32_t	n_outputs;		/* of the transaction */
} Input;

/* The fields of a map that are still to be read. */
typedef uint64_t Fields;

static void refuse(Input *in, const char *reason);
static bool take_field(Input *in, const char *name, Fields *left);
static void require_field(Input *in, const char *name, Fields *left);
static void end_fields(Input *in, Fields left);
static CbSpan item_since(const Input *in, const uint8_t *start);
static void read_indexes(Input *in, uint64_t n, uint64_t limit, void (*read_value) (Input *));
static void read_data(Input *in);
static void read_hash(Input *in);
static void read_nothing(Input *in);
static void read_refs(Input *in);
static void read_outs(Input *in);
static void read_beamed_outs(Input *in);
static void read_scrolls(Input *in);
static void read_tx(Input *in);
static void read_apps(Input *in);
static void read_versioned_app(Input *in);
static void read_versioned_apps(Input *in);
static void read_spell(Input *in);
static void read_proof(Input *in);
static bool is_amount_or_no_number(CbSpan data);
static void check_charms(Input *in);
static void find_version(CbSpan payload, CbSpell *spell);
static void end_spell(Input *in, CbSpell *spell);
static void read_payload(const CbTx *tx, CbSpell *spell);

/* Nothing is read after the first refusal, so nothing can follow it. */
static void
refuse(Input *in, const char *reason)
{
	if (in->r.error != CB_OK)
		return;
	in->spell->reason = reason;
	in->r.error = CB_ERR_UNSUPPORTED;
}

/* Read the next key of a map if it is this one. */
static bool
take_field(Input *in, const char *name, Fields *left)
{
	CbReader	ahead = in->r;
	CbSpan		wanted = {(const uint8_t *) name, strlen(name)};

	if (*left == 0 || !cb_span_equal(cb_cbor_read_text(&ahead), wanted) || ahead.error != CB_OK)
		return false;
	in->r = ahead;
	(*left)--;
	return true;
}

static void
require_field(Input *in, const char *name, Fields *left)
{
	if (!take_field(in, name, left))
		refuse(in, "a field is missing or misplaced");
}

static void
end_fields(Input *in, Fields left)
{
	if (left > 0)
		refuse(in, "a field is unknown, repeated or misplaced");
}

static CbSpan
item_since(const Input *in, const uint8_t *start)
{
	CbSpan		item = {start, (size_t) (in->r.pos - start)};

	return item;
}

/* Indexes below the limit, each greater than the one before, with a value each. */
static void
read_indexes(Input *in, uint64_t n, uint64_t limit, void (*read_value) (Input *))
{
	uint64_t	next = 0;

	for (; n > 0 && in->r.error == CB_OK; n--)
	{
		uint64_t	index = cb_cbor_read_uint(&in->r);

		if (index >= limit)
			refuse(in, "an index is out of range");
		else if (index < next)
			refuse(in, "indexes are repeated or not in order");
		next = index + 1;
		read_value(in);
	}
}

static void
read_data(Input *in)
{
	cb_cbor_read_item(&in->r, CB_CBOR_CANONICAL);
}

static void
read_hash(Input *in)
{
	uint8_t		hash[32];

	cb_cbor_read_byte_array(&in->r, hash, sizeof(hash));
}

/* A set has no values. */
static void
read_nothing(Input *in)
{
	(void) in;
}

static void
read_refs(Input *in)
{
	const uint8_t *start = in->r.pos;

	for (uint64_t left = cb_cbor_read_array(&in->r); left > 0 && in->r.error == CB_OK; left--)
	{
		if (cb_cbor_read_bytes(&in->r).len != 36)
			refuse(in, "a reference is no outpoint");
	}
	in->spell->refs = item_since(in, start);
}

/* Which apps there are is known only later: see check_charms(). */
static void
read_outs(Input *in)
{
	const uint8_t *start = in->r.pos;
	uint64_t	n = cb_cbor_read_array(&in->r);

	if (n > in->n_outputs)
		refuse(in, "the spell has more outputs than the transaction");
	in->spell->n_outs = (uint32_t) n;
	for (; n > 0 && in->r.error == CB_OK; n--)
	{
		uint64_t	n_charms = cb_cbor_read_map(&in->r);

		read_indexes(in, n_charms, CB_SPELL_MAX_APPS, read_data);
	}
	in->spell->outs = item_since(in, start);
}

static void
read_beamed_outs(Input *in)
{
	const uint8_t *start = in->r.pos;
	uint64_t	n = cb_cbor_read_map(&in->r);

	read_indexes(in, n, in->n_outputs, read_hash);
	in->spell->beamed_outs = item_since(in, start);
}

static void
read_scrolls(Input *in)
{
	const uint8_t *start = in->r.pos;
	uint64_t	n = cb_cbor_read_array(&in->r);

	read_indexes(in, n, in->n_outputs, read_nothing);
	in->spell->scrolls = item_since(in, start);
}

/* ins and coins are the transaction's own, never the payload's. */
static void
read_tx(Input *in)
{
	Fields		left = cb_cbor_read_map(&in->r);

	if (take_field(in, "ins", &left))
		refuse(in, "the spell names inputs of its own");
	if (take_field(in, "refs", &left))
		read_refs(in);
	require_field(in, "outs", &left);
	read_outs(in);
	if (take_field(in, "beamed_outs", &left))
		read_beamed_outs(in);
	if (take_field(in, "coins", &left))
		refuse(in, "the spell names coins of its own");
	if (take_field(in, "scrolls", &left))
		read_scrolls(in);
	end_fields(in, left);
}

static void
read_apps(Input *in)
{
	const uint8_t *start = in->r.pos;
	uint64_t	n = cb_cbor_read_map(&in->r);
	CbApp		previous;
	CbApp		app;

	if (n > CB_SPELL_MAX_APPS)
		refuse(in, "the spell has too many apps");
	for (uint64_t i = 0; i < n && in->r.error == CB_OK; i++)
	{
		cb_app_read(&in->r, &app);
		if (i > 0 && cb_app_compare(&previous, &app) >= 0)
			refuse(in, "apps are repeated or not in order");
		previous = app;
		read_data(in);
	}
	in->spell->n_apps = (uint32_t) n;
	in->spell->apps = item_since(in, start);
}

static void
read_versioned_app(Input *in)
{
	Fields		left = cb_cbor_read_map(&in->r);

	require_field(in, "version", &left);
	if (cb_cbor_read_uint(&in->r) > UINT32_MAX)
		refuse(in, "an app's version is out of range");
	require_field(in, "wasm_hash", &left);
	read_hash(in);
	end_fields(in, left);
}

static void
read_versioned_apps(Input *in)
{
	const uint8_t *start = in->r.pos;
	uint64_t	n = cb_cbor_read_map(&in->r);
	uint8_t		previous[32];
	uint8_t		vk[32];

	if (n == 0)
		refuse(in, "a field is written although it is empty");
	for (uint64_t i = 0; i < n && in->r.error == CB_OK; i++)
	{
		cb_cbor_read_byte_array(&in->r, vk, sizeof(vk));
		if (i > 0 && memcmp(previous, vk, sizeof(vk)) >= 0)
			refuse(in, "versioned apps are repeated or not in order");
		memcpy(previous, vk, sizeof(vk));
		read_versioned_app(in);
	}
	in->spell->versioned_apps = item_since(in, start);
}

static void
read_spell(Input *in)
{
	Fields		left = cb_cbor_read_map(&in->r);
	uint64_t	version;

	require_field(in, "version", &left);
	version = cb_cbor_read_uint(&in->r);
	if (version > UINT32_MAX)
		refuse(in, "the version is out of range");
	in->spell->has_version = true;
	in->spell->version = (uint32_t) version;
	require_field(in, "tx", &left);
	read_tx(in);
	require_field(in, "app_public_inputs", &left);
	read_apps(in);
	if (take_field(in, "versioned_apps", &left))
		read_versioned_apps(in);
	if (take_field(in, "mock", &left))
	{
		in->spell->mock = cb_cbor_read_bool(&in->r);
		if (!in->spell->mock)
			refuse(in, "a field is written although it is empty");
	}
	end_fields(in, left);
}

static void
read_proof(Input *in)
{
	uint64_t	n = cb_cbor_read_array(&in->r);

	if (n > CB_SPELL_MAX_PROOF)
		refuse(in, "the proof is too long");
	for (uint64_t i = 0; i < n && in->r.error == CB_OK; i++)
	{
		uint64_t	byte = cb_cbor_read_uint(&in->r);

		if (byte > UINT8_MAX)
			refuse(in, "the proof is not made of bytes");
		in->spell->proof[i] = (uint8_t) byte;
	}
	in->spell->proof_len = (size_t) n;
}

static bool
is_amount_or_no_number(CbSpan data)
{
	CbReader	r = cb_reader(data.data, data.len);
	CbCborHead	head;

	return cb_cbor_read_head(&r, &head) && head.type != CB_CBOR_NEGATIVE && head.type != CB_CBOR_TAG;
}

/* Each charm is of an app, and a token's amount one that there can be. */
static void
check_charms(Input *in)
{
	bool		is_token[CB_SPELL_MAX_APPS] = {false};
	CbAppIter	apps = cb_spell_apps(in->spell);
	CbCharmIter charms = cb_spell_charms(in->spell);
	CbApp		app;
	CbCharm		charm;
	CbSpan		input;

	for (size_t i = 0; cb_spell_next_app(&apps, &app, &input); i++)
		is_token[i] = cb_app_is_token(&app);
	while (cb_spell_next_charm(&charms, &charm))
	{
		if (charm.app >= in->spell->n_apps)
			refuse(in, "a charm is of no app");
		else if (is_token[charm.app] && !is_amount_or_no_number(charm.data))
			refuse(in, "a token's amount is negative or beyond 64 bits");
	}
}

/* By the rules of CBOR alone, so that later versions are known for what they are. */
static void
find_version(CbSpan payload, CbSpell *spell)
{
	static const CbSpan wanted = {(const uint8_t *) "version", 7};
	CbReader	r = cb_reader(payload.data, payload.len);
	uint64_t	left;

	cb_cbor_read_array(&r);
	for (left = cb_cbor_read_map(&r); left > 0 && r.error == CB_OK; left--)
	{
		bool		is_version = false;
		uint64_t	version;

		if (cb_cbor_next_is(&r, CB_CBOR_TEXT))
			is_version = cb_span_equal(cb_cbor_read_text(&r), wanted);
		else
			cb_cbor_read_item(&r, CB_CBOR_WELL_FORMED);
		if (!is_version)
		{
			cb_cbor_read_item(&r, CB_CBOR_WELL_FORMED);
			continue;
		}
		version = cb_cbor_read_uint(&r);
		spell->has_version = r.error == CB_OK && version <= UINT32_MAX;
		spell->version = spell->has_version ? (uint32_t) version : 0;
		return;
	}
}

/* What was read is the spell, unless it was refused. */
static void
end_spell(Input *in, CbSpell *spell)
{
	const CbSpell *found = in->spell;

	if (in->r.error == CB_OK)
		check_charms(in);
	if (in->r.error == CB_OK)
	{
		*spell = *found;
		spell->state = CB_SPELL_READ;
		return;
	}
	spell->state = CB_SPELL_MALFORMED;
	spell->reason = found->reason;
	if (in->r.error == CB_ERR_LENGTH)
		spell->reason = "an app or a hash has the wrong length";
	else if (spell->reason == NULL)
		spell->reason = cb_result_message(in->r.error);
}

static void
read_payload(const CbTx *tx, CbSpell *spell)
{
	CbSpan		payload = spell->carrier.payload;
	CbSpell		found;
	Input		in = {cb_reader(payload.data, payload.len), &found, tx->n_outputs};

	find_version(payload, spell);
	if (spell->has_version && (spell->version < CB_SPELL_MIN_VERSION || spell->version > CB_SPELL_MAX_VERSION))
	{
		spell->state = CB_SPELL_UNSUPPORTED;
		spell->reason = "the spell's version is not supported";
		return;
	}
	found = *spell;
	if (cb_cbor_read_array(&in.r) != 2)
		refuse(&in, "the payload is no pair of spell and proof");
	read_spell(&in);
	read_proof(&in);
	if (cb_reader_left(&in.r) > 0)
		refuse(&in, "the payload goes on after the proof");
	end_spell(&in, spell);
}

CbSpellState
cb_spell_read(const CbTx *tx, CbWriter *joined, CbSpell *spell)
{
	memset(spell, 0, sizeof(*spell));
	spell->reason = cb_carrier_in_outputs(tx, &spell->carrier);
	if (spell->carrier.kind == CB_CARRIER_NONE)
		spell->reason = cb_carrier_in_witness(tx, joined, &spell->carrier);
	if (spell->reason != NULL)
		spell->state = CB_SPELL_MALFORMED;
	else if (spell->carrier.kind == CB_CARRIER_NONE)
		spell->reason = "the transaction carries no spell";
	else
		read_payload(tx, spell);
	return spell->state;
}

CbSpellState
cb_spell_read_bare(CbSpan item, uint32_t n_outputs, CbSpell *spell)
{
	CbSpell		found = {0};
	Input		in = {cb_reader(item.data, item.len), &found, n_outputs};

	memset(spell, 0, sizeof(*spell));
	read_spell(&in);
	if (cb_reader_left(&in.r) > 0)
		refuse(&in, "something follows the spell");
	end_spell(&in, spell);
	return spell->state;
}
