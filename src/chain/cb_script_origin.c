/*-------------------------------------------------------------------------
 *
 * cb_script_origin.c
 *	  Scripts of ours, and the keys of descriptors that they come from.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "cb_guc.h"
#include "cb_sql.h"
#include "chain/cb_script_origin.h"

/*
 * Only the text as it was written says where keys come from: the canonical one
 * makes each key its own master.
 */
CB_KEYS_STATEMENT(read_derived, "uuid bytea[]",
				  "SELECT w.script, w.derivation_index, d.canonical, d.written, m.descriptor "
				  "FROM charmbills.watched_scripts w "
				  "JOIN charmbills.descriptors d ON d.id = w.descriptor_id "
				  "JOIN charmbills.merchants m ON m.id = d.merchant_id "
				  "WHERE w.script = ANY ($2) AND w.merchant_id = $1");

/* Types of records, which differ between inputs and outputs. */
typedef struct OriginTypes
{
	uint8		redeem_script;
	uint8		witness_script;
	uint8		derivation;
	uint8		tap_internal_key;
	uint8		tap_derivation;
} OriginTypes;

static const OriginTypes input_types = {
	CB_PSBT_IN_REDEEM_SCRIPT, CB_PSBT_IN_WITNESS_SCRIPT, CB_PSBT_IN_BIP32_DERIVATION,
	CB_PSBT_IN_TAP_INTERNAL_KEY, CB_PSBT_IN_TAP_BIP32_DERIVATION
};
static const OriginTypes output_types = {
	CB_PSBT_OUT_REDEEM_SCRIPT, CB_PSBT_OUT_WITNESS_SCRIPT, CB_PSBT_OUT_BIP32_DERIVATION,
	CB_PSBT_OUT_TAP_INTERNAL_KEY, CB_PSBT_OUT_TAP_BIP32_DERIVATION
};

static CbScriptOrigin *load_origin(uint64 row);
static bool parse_as_written(const char *written, const char *canonical, CbDescriptor *descriptor);
static void write_origin(CbWriter *w, const CbScriptOrigin *origin, const OriginTypes *types);
static void write_key(CbWriter *w, const CbScriptOrigin *origin, int key, const OriginTypes *types);

CbScriptOrigin **
cb_script_origins(const pg_uuid_t *merchant_id, const CbSpan *scripts, int n)
{
	CbScriptOrigin **origins = palloc0(sizeof(CbScriptOrigin *) * Max(n, 1));
	Datum	   *values = palloc(sizeof(Datum) * Max(n, 1));
	uint64		n_rows;

	for (int i = 0; i < n; i++)
		values[i] = cb_bytea(scripts[i]).value;
	n_rows = cb_execute(&read_derived, CB_ARGS(cb_uuid(merchant_id), cb_array(values, NULL, n, BYTEAOID)));
	for (uint64 row = 0; row < n_rows; row++)
	{
		CbScriptOrigin *origin = load_origin(row);
		CbSpan		script = cb_column_bytea(row, 1);

		for (int i = 0; i < n; i++)
			if (cb_span_equal(scripts[i], script))
				origins[i] = origin;
	}
	return origins;
}

/* NULL for one of another network. */
static CbScriptOrigin *
load_origin(uint64 row)
{
	CbScriptOrigin *origin = palloc(sizeof(CbScriptOrigin));
	const char *canonical = cb_column_text(row, 3);

	origin->index = (uint32) cb_column_int4(row, 2);
	if (!parse_as_written(cb_column_text(row, 4), canonical, &origin->descriptor) &&
		!parse_as_written(cb_column_text(row, 5), canonical, &origin->descriptor) &&
		!parse_as_written(canonical, canonical, &origin->descriptor))
		return NULL;
	return cb_descriptor_spend(&origin->descriptor, origin->index, &origin->spend) == CB_OK ? origin : NULL;
}

/* A merchant's descriptor may be another one by now. */
static bool
parse_as_written(const char *written, const char *canonical, CbDescriptor *descriptor)
{
	const CbNetwork *network = cb_current_network();
	char		found[CB_DESCRIPTOR_MAX_TEXT];

	return written != NULL && cb_descriptor_parse(written, strlen(written), network, descriptor) == CB_OK &&
		cb_descriptor_canonical(descriptor, network, found, sizeof(found)) == CB_OK &&
		strcmp(found, canonical) == 0;
}

void
cb_write_input_origin(CbWriter *w, const CbScriptOrigin *origin)
{
	write_origin(w, origin, &input_types);
}

void
cb_write_output_origin(CbWriter *w, const CbScriptOrigin *origin)
{
	write_origin(w, origin, &output_types);
}

static void
write_origin(CbWriter *w, const CbScriptOrigin *origin, const OriginTypes *types)
{
	const CbDescriptorSpend *spend = &origin->spend;

	if (spend->redeem_script.len > 0)
		cb_psbt_write_field(w, types->redeem_script, (CbSpan) {spend->redeem_script.data, spend->redeem_script.len});
	if (spend->witness_script_len > 0)
		cb_psbt_write_field(w, types->witness_script, (CbSpan) {spend->witness_script, spend->witness_script_len});
	for (int i = 0; i < origin->descriptor.n_keys; i++)
		write_key(w, origin, i, types);
}

static void
write_key(CbWriter *w, const CbScriptOrigin *origin, int key, const OriginTypes *types)
{
	const CbDescriptorKey *from = &origin->descriptor.keys[key];
	const uint8 *pubkey = origin->spend.pubkeys[key];
	uint32		path[lengthof(from->path) + 1];
	CbKeyOrigin derivation = {.path = path, .n_steps = from->n_steps};

	memcpy(derivation.fingerprint, from->fingerprint, sizeof(derivation.fingerprint));
	memcpy(path, from->path, sizeof(from->path));
	if (from->is_ranged)
		path[derivation.n_steps++] = origin->index;
	if (origin->descriptor.type == CB_DESC_TR)
	{
		cb_psbt_write_field(w, types->tap_internal_key, (CbSpan) {pubkey + 1, 32});
		if (from->has_origin)
			cb_psbt_write_tap_derivation(w, types->tap_derivation, pubkey + 1, NULL, 0, &derivation);
	}
	else if (from->has_origin)
		cb_psbt_write_derivation(w, types->derivation, (CbSpan) {pubkey, 33}, &derivation);
}
