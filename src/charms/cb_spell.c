/*-------------------------------------------------------------------------
 *
 * cb_spell.c
 *	  What a spell says: its apps, charms and beamed outputs.
 *
 * A spell that was read is known to be well formed, so that walking it has
 * nothing to check.  Of one that was not, nothing is found.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_spell_internal.h"

#include <stdio.h>
#include <string.h>

static size_t characters(CbSpan text);

/* Of valid UTF-8: every byte but those that continue a character. */
static size_t
characters(CbSpan text)
{
	size_t		n = 0;

	for (size_t i = 0; i < text.len; i++)
	{
		if ((text.data[i] & 0xc0) != 0x80)
			n++;
	}
	return n;
}

void
cb_app_read(CbReader *r, CbApp *app)
{
	CbSpan		tag;

	memset(app, 0, sizeof(*app));
	if (cb_cbor_read_array(r) != 3 && r->error == CB_OK)
		r->error = CB_ERR_LENGTH;
	tag = cb_cbor_read_text(r);
	if (r->error == CB_OK && (characters(tag) != 1 || tag.data[0] == 0))
		r->error = CB_ERR_CHARACTER;
	if (r->error == CB_OK)
		memcpy(app->tag, tag.data, tag.len);
	cb_cbor_read_byte_array(r, app->identity, sizeof(app->identity));
	cb_cbor_read_byte_array(r, app->vk, sizeof(app->vk));
}

/* UTF-8 sorts as its characters' numbers do. */
int
cb_app_compare(const CbApp *a, const CbApp *b)
{
	int			cmp = memcmp(a->tag, b->tag, sizeof(a->tag));

	if (cmp == 0)
		cmp = memcmp(a->identity, b->identity, sizeof(a->identity));
	return cmp != 0 ? cmp : memcmp(a->vk, b->vk, sizeof(a->vk));
}

bool
cb_app_is_token(const CbApp *app)
{
	return strcmp(app->tag, "t") == 0;
}

void
cb_app_text(const CbApp *app, char text[CB_APP_TEXT_SIZE])
{
	size_t		len = strlen(app->tag);

	memcpy(text, app->tag, len);
	text[len++] = '/';
	cb_hex_encode(app->identity, sizeof(app->identity), text + len);
	len += 2 * sizeof(app->identity);
	text[len++] = '/';
	cb_hex_encode(app->vk, sizeof(app->vk), text + len);
	len += 2 * sizeof(app->vk);
	text[len] = '\0';
}

size_t
cb_app_anchor_text(const CbOutpoint *outpoint, char text[CB_APP_ANCHOR_SIZE])
{
	cb_hex_encode_reversed(outpoint->txid.bytes, sizeof(outpoint->txid.bytes), text);
	return 64 + (size_t) snprintf(text + 64, CB_APP_ANCHOR_SIZE - 64, ":%u", (unsigned) outpoint->vout);
}

void
cb_app_identity(const CbOutpoint *outpoint, uint8_t identity[32])
{
	char		text[CB_APP_ANCHOR_SIZE];
	size_t		len = cb_app_anchor_text(outpoint, text);

	cb_sha256((const uint8_t *) text, len, identity);
}

void
cb_beam_hash(const CbOutpoint *outpoint, uint8_t hash[32])
{
	uint8_t		bytes[sizeof(outpoint->txid.bytes) + 4];

	memcpy(bytes, outpoint->txid.bytes, sizeof(outpoint->txid.bytes));
	cb_store_le32(bytes + sizeof(outpoint->txid.bytes), outpoint->vout);
	cb_sha256(bytes, sizeof(bytes), hash);
}

bool
cb_spell_is_mock(const CbSpell *spell)
{
	return spell->mock || (spell->version < CB_SPELL_MOCK_FLAG && spell->proof_len == 0);
}

CbAppIter
cb_spell_apps(const CbSpell *spell)
{
	CbAppIter	it = {cb_reader(spell->apps.data, spell->apps.len), 0};

	it.left = (uint32_t) cb_cbor_read_map(&it.r);
	return it;
}

bool
cb_spell_next_app(CbAppIter *it, CbApp *app, CbSpan *input)
{
	if (it->left == 0)
		return false;
	it->left--;
	cb_app_read(&it->r, app);
	*input = cb_cbor_read_item(&it->r, CB_CBOR_WELL_FORMED);
	return it->r.error == CB_OK;
}

bool
cb_spell_app(const CbSpell *spell, uint32_t index, CbApp *app)
{
	CbAppIter	it = cb_spell_apps(spell);
	CbSpan		input;

	while (cb_spell_next_app(&it, app, &input))
	{
		if (index-- == 0)
			return true;
	}
	return false;
}

CbCharmIter
cb_spell_charms(const CbSpell *spell)
{
	CbCharmIter it = {cb_reader(spell->outs.data, spell->outs.len), 0, 0, 0};

	it.outs_left = (uint32_t) cb_cbor_read_array(&it.r);
	return it;
}

bool
cb_spell_next_charm(CbCharmIter *it, CbCharm *charm)
{
	while (it->charms_left == 0)
	{
		if (it->outs_left == 0)
			return false;
		it->outs_left--;
		it->vout++;
		it->charms_left = (uint32_t) cb_cbor_read_map(&it->r);
	}
	it->charms_left--;
	charm->vout = it->vout - 1;
	charm->app = (uint32_t) cb_cbor_read_uint(&it->r);
	charm->data = cb_cbor_read_item(&it->r, CB_CBOR_WELL_FORMED);
	return it->r.error == CB_OK;
}

bool
cb_charm_amount(const CbApp *app, const CbCharm *charm, uint64_t *amount)
{
	CbReader	r = cb_reader(charm->data.data, charm->data.len);

	*amount = cb_cbor_read_uint(&r);
	return cb_app_is_token(app) && r.error == CB_OK;
}

CbBeamIter
cb_spell_beams(const CbSpell *spell)
{
	CbBeamIter	it = {cb_reader(spell->beamed_outs.data, spell->beamed_outs.len), 0};

	it.left = (uint32_t) cb_cbor_read_map(&it.r);
	return it;
}

bool
cb_spell_next_beam(CbBeamIter *it, uint32_t *vout, uint8_t hash[32])
{
	if (it->left == 0)
		return false;
	it->left--;
	*vout = (uint32_t) cb_cbor_read_uint(&it->r);
	cb_cbor_read_byte_array(&it->r, hash, 32);
	return it->r.error == CB_OK;
}

bool
cb_spell_beamed_out(const CbSpell *spell, uint32_t vout, uint8_t hash[32])
{
	CbBeamIter	it = cb_spell_beams(spell);
	uint32_t	beamed;
	uint8_t		found[32];

	while (cb_spell_next_beam(&it, &beamed, found))
	{
		if (beamed != vout)
			continue;
		if (hash != NULL)
			memcpy(hash, found, sizeof(found));
		return true;
	}
	return false;
}
