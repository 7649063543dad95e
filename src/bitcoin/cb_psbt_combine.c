/*-------------------------------------------------------------------------
 *
 * cb_psbt_combine.c
 *	  Putting together what several signers have added to a PSBT.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_psbt_internal.h"

static void combine_all(CbWriter *w, CbPsbtMaps firsts, CbPsbtMaps seconds);
static void combine_maps(CbWriter *w, CbSpan first, CbSpan second);
static bool has_key(CbSpan map, CbSpan key);

CbResult
cb_psbt_combine(const CbPsbt *first, const CbPsbt *second, CbWriter *w)
{
	if (!cb_span_equal(first->tx.raw, second->tx.raw))
		return CB_ERR_PSBT_OTHER_TX;
	cb_write_bytes(w, CB_PSBT_MAGIC, CB_PSBT_MAGIC_SIZE);
	combine_maps(w, first->global, second->global);
	combine_all(w, cb_psbt_inputs(first), cb_psbt_inputs(second));
	combine_all(w, cb_psbt_outputs(first), cb_psbt_outputs(second));
	return w->error;
}

static void
combine_all(CbWriter *w, CbPsbtMaps firsts, CbPsbtMaps seconds)
{
	CbSpan		first;
	CbSpan		second;

	while (cb_psbt_next_map(&firsts, &first) && cb_psbt_next_map(&seconds, &second))
		combine_maps(w, first, second);
}

static void
combine_maps(CbWriter *w, CbSpan first, CbSpan second)
{
	CbReader	r = cb_psbt_records(second);
	CbPsbtRecord record;

	cb_write_bytes(w, first.data, first.len);
	while (cb_psbt_next_record(&r, &record))
	{
		if (has_key(first, record.key))
			continue;
		cb_write_var_bytes(w, record.key);
		cb_write_var_bytes(w, record.value);
	}
	cb_psbt_write_end(w);
}

static bool
has_key(CbSpan map, CbSpan key)
{
	CbReader	r = cb_psbt_records(map);
	CbPsbtRecord record;

	while (cb_psbt_next_record(&r, &record))
	{
		if (cb_span_equal(record.key, key))
			return true;
	}
	return false;
}
