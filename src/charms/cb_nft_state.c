/*-------------------------------------------------------------------------
 *
 * cb_nft_state.c
 *	  The state of a plan's NFT.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_nft_state.h"

#define REMAINING "remaining"

static bool find_remaining(CbSpan state, CbSpan *before, CbSpan *after, uint64_t *remaining);

void
cb_nft_state_write(const CbNftState *state, const CbCborWriter *w)
{
	const struct
	{
		const char *key;
		CbSpan		text;
	}			fields[] = {
		{"ticker", state->ticker},
		{"name", state->name},
		{"description", state->description},
		{"image", state->image},
		{"image_hash", state->image_hash},
		{"url", state->url},
	};
	size_t		n_fields = sizeof(fields) / sizeof(fields[0]);
	uint64_t	n = 1;

	for (size_t i = 0; i < n_fields; i++)
		n += fields[i].text.len > 0;
	cb_cbor_write_map(w, n);
	for (size_t i = 0; i < n_fields; i++)
	{
		if (fields[i].text.len == 0)
			continue;
		cb_cbor_write_key(w, fields[i].key);
		cb_cbor_write_text(w, fields[i].text);
	}
	cb_cbor_write_key(w, REMAINING);
	cb_cbor_write_uint(w, state->remaining);
}

/* The number, and the bytes of the map on either side of it. */
static bool
find_remaining(CbSpan state, CbSpan *before, CbSpan *after, uint64_t *remaining)
{
	CbSpan		value;
	CbReader	r;

	if (!cb_cbor_find(state, REMAINING, &value))
		return false;
	r = cb_reader(value.data, value.len);
	*remaining = cb_cbor_read_uint(&r);
	before->data = state.data;
	before->len = (size_t) (value.data - state.data);
	after->data = value.data + value.len;
	after->len = state.len - before->len - value.len;
	return r.error == CB_OK;
}

bool
cb_nft_remaining(CbSpan state, uint64_t *remaining)
{
	CbSpan		before;
	CbSpan		after;

	return find_remaining(state, &before, &after, remaining);
}

bool
cb_nft_state_replace(CbSpan state, uint64_t remaining, const CbCborWriter *w)
{
	CbSpan		before;
	CbSpan		after;
	uint64_t	replaced;

	if (!find_remaining(state, &before, &after, &replaced))
		return false;
	cb_cbor_write_item(w, before);
	cb_cbor_write_uint(w, remaining);
	cb_cbor_write_item(w, after);
	return true;
}

bool
cb_nft_same_but_remaining(CbSpan a, CbSpan b)
{
	CbSpan		before[2];
	CbSpan		after[2];
	uint64_t	remaining;

	return find_remaining(a, &before[0], &after[0], &remaining) &&
		find_remaining(b, &before[1], &after[1], &remaining) &&
		cb_span_equal(before[0], before[1]) && cb_span_equal(after[0], after[1]);
}
