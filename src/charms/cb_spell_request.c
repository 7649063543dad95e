/*-------------------------------------------------------------------------
 *
 * cb_spell_request.c
 *	  Spells as provers are asked for them, and payloads as they make them.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_spell_request.h"

#include <string.h>

/* Maps of up to 23 entries begin so: the number is added to it. */
#define CBOR_MAP 0xa0
#define CBOR_FULL_MAP (CBOR_MAP + 23)

/* The last field of a mock: its key, and true. */
static const uint8_t mock_flag[] = {0x64, 'm', 'o', 'c', 'k', 0xf5};

CbResult
cb_spell_request_write(const CbTx *tx, CbSpan spell, bool mock, CbWriter *out)
{
	CbSpell		read;
	CbCborWriter w = cb_cbor_writer(out);

	if (cb_spell_read_bare(spell, tx->n_outputs, &read) != CB_SPELL_READ ||
		read.n_outs != tx->n_outputs || read.mock || read.version < CB_SPELL_ALL_INPUTS)
		return CB_ERR_UNSUPPORTED;
	read.mock = mock;
	cb_spell_write_committed(tx, &read, &w);
	return out->error;
}

CbResult
cb_spell_write_mock(CbSpan spell, CbWriter *out)
{
	CbSpan		flag = {mock_flag, sizeof(mock_flag)};
	CbSpan		fields;
	CbCborWriter w = cb_cbor_writer(out);

	if (spell.len == 0 || spell.data[0] < CBOR_MAP || spell.data[0] >= CBOR_FULL_MAP)
		return CB_ERR_UNSUPPORTED;
	fields.data = spell.data + 1;
	fields.len = spell.len - 1;
	cb_cbor_write_map(&w, spell.data[0] - CBOR_MAP + 1);
	cb_cbor_write_item(&w, fields);
	cb_cbor_write_item(&w, flag);
	return out->error;
}

bool
cb_spell_is_mock_of(CbSpan mock, CbSpan spell)
{
	return spell.len > 0 && mock.len == spell.len + sizeof(mock_flag) &&
		spell.data[0] >= CBOR_MAP && spell.data[0] < CBOR_FULL_MAP &&
		mock.data[0] == spell.data[0] + 1 &&
		memcmp(mock.data + 1, spell.data + 1, spell.len - 1) == 0 &&
		memcmp(mock.data + spell.len, mock_flag, sizeof(mock_flag)) == 0;
}

void
cb_spell_write_payload(CbSpan spell, CbSpan proof, CbWriter *out)
{
	CbCborWriter w = cb_cbor_writer(out);

	cb_cbor_write_array(&w, 2);
	cb_cbor_write_item(&w, spell);
	cb_cbor_write_byte_array(&w, proof);
}

void
cb_spell_write_witness(const CbOutpoint *outpoint, CbWriter *out)
{
	CbCborWriter w = cb_cbor_writer(out);
	char		text[CB_APP_ANCHOR_SIZE];
	CbSpan		span = {(const uint8_t *) text, cb_app_anchor_text(outpoint, text)};

	cb_cbor_write_text(&w, span);
}
