/*-------------------------------------------------------------------------
 *
 * cb_spell_fn.c
 *	  SQL functions that read and verify the spells of raw transactions.
 *
 * They answer from the transaction's bytes alone, so that they are immutable.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "types/cb_cbor_json.h"
#include "types/cb_spell_json.h"
#include "types/cb_types.h"
#include "types/cb_verifier.h"

/* The columns of spell_charms(). */
typedef enum CharmColumn
{
	CHARM_VOUT,
	CHARM_APP,
	CHARM_TAG,
	CHARM_IDENTITY,
	CHARM_VK,
	CHARM_AMOUNT,
	CHARM_DATA,
	CHARM_BEAMED_OUT,
	CHARM_COLUMNS
} CharmColumn;

/* The columns of verify_spell(). */
typedef enum VerdictColumn
{
	VERDICT,
	VERDICT_REASON,
	VERDICT_VERSION,
	VERDICT_CARRIER,
	VERDICT_COLUMNS
} VerdictColumn;

static void read_spell_arg(Datum hex_text, CbTx *tx, CbSpell *spell);
static CbApp *list_apps(const CbSpell *spell);
static void put_charm(ReturnSetInfo *rsinfo, const CbCharm *charm, const CbApp *app, bool is_beamed_out);

PG_FUNCTION_INFO_V1(charmbills_decode_spell);
PG_FUNCTION_INFO_V1(charmbills_verify_spell);
PG_FUNCTION_INFO_V1(charmbills_spell_charms);
PG_FUNCTION_INFO_V1(charmbills_app_identity);

/* What both point into is palloc'd. */
static void
read_spell_arg(Datum hex_text, CbTx *tx, CbSpell *spell)
{
	CbWriter	joined;

	cb_tx_arg(hex_text, tx);
	joined = cb_writer(palloc(tx->witness.len), tx->witness.len);
	cb_spell_read(tx, &joined, spell);
}

Datum
charmbills_decode_spell(PG_FUNCTION_ARGS)
{
	CbTx		tx;
	CbSpell		spell;

	read_spell_arg(PG_GETARG_DATUM(0), &tx, &spell);
	if (spell.state == CB_SPELL_NONE)
		PG_RETURN_NULL();
	PG_RETURN_JSONB_P(cb_spell_jsonb(&tx, &spell));
}

Datum
charmbills_verify_spell(PG_FUNCTION_ARGS)
{
	Datum		values[VERDICT_COLUMNS];
	bool		nulls[VERDICT_COLUMNS] = {false};
	TupleDesc	desc;
	CbTx		tx;
	CbSpell		spell;
	CbVerdict	verdict;
	const char *reason;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "verify_spell() returns a row");
	read_spell_arg(PG_GETARG_DATUM(0), &tx, &spell);
	verdict = cb_spell_verify(cb_server_verifier(), &tx, &spell, &reason);

	values[VERDICT] = CStringGetTextDatum(cb_verdict_name(verdict));
	nulls[VERDICT_REASON] = reason == NULL;
	values[VERDICT_REASON] = reason != NULL ? CStringGetTextDatum(reason) : (Datum) 0;
	nulls[VERDICT_VERSION] = !spell.has_version || spell.version > PG_INT32_MAX;
	values[VERDICT_VERSION] = Int32GetDatum((int32) spell.version);
	nulls[VERDICT_CARRIER] = spell.carrier.kind == CB_CARRIER_NONE;
	values[VERDICT_CARRIER] = CStringGetTextDatum(cb_carrier_name(spell.carrier.kind));
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}

/* Charms and beamed outputs both come in the order of outputs. */
Datum
charmbills_spell_charms(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	MemoryContext row_context;
	MemoryContext old_context;
	CbTx		tx;
	CbSpell		spell;
	CbApp	   *apps;
	CbCharmIter charms;
	CbCharm		charm;
	CbBeamIter	beams;
	uint32_t	beamed_out = 0;
	uint8_t		hash[32];
	bool		has_beam;

	InitMaterializedSRF(fcinfo, 0);
	read_spell_arg(PG_GETARG_DATUM(0), &tx, &spell);
	apps = list_apps(&spell);
	charms = cb_spell_charms(&spell);
	beams = cb_spell_beams(&spell);
	has_beam = cb_spell_next_beam(&beams, &beamed_out, hash);

	row_context = AllocSetContextCreate(CurrentMemoryContext, "charmbills spell_charms", ALLOCSET_DEFAULT_SIZES);
	old_context = MemoryContextSwitchTo(row_context);
	while (cb_spell_next_charm(&charms, &charm))
	{
		CHECK_FOR_INTERRUPTS();
		while (has_beam && beamed_out < charm.vout)
			has_beam = cb_spell_next_beam(&beams, &beamed_out, hash);
		put_charm(rsinfo, &charm, &apps[charm.app], has_beam && beamed_out == charm.vout);
		MemoryContextReset(row_context);
	}
	MemoryContextSwitchTo(old_context);
	MemoryContextDelete(row_context);
	PG_RETURN_NULL();
}

/* Charms name apps by number, and there may be many of both. */
static CbApp *
list_apps(const CbSpell *spell)
{
	CbApp	   *apps = palloc(spell->n_apps * sizeof(CbApp));
	CbAppIter	it = cb_spell_apps(spell);
	CbSpan		input;

	for (uint32 i = 0; i < spell->n_apps && cb_spell_next_app(&it, &apps[i], &input); i++)
		;
	return apps;
}

static void
put_charm(ReturnSetInfo *rsinfo, const CbCharm *charm, const CbApp *app, bool is_beamed_out)
{
	Datum		values[CHARM_COLUMNS];
	bool		nulls[CHARM_COLUMNS] = {false};
	CbAppText	shown;
	uint64_t	amount;

	cb_app_show(app, &shown);
	values[CHARM_VOUT] = Int32GetDatum((int32) charm->vout);
	values[CHARM_APP] = CStringGetTextDatum(cb_app_cstring(&shown));
	values[CHARM_TAG] = CStringGetTextDatum(shown.tag);
	values[CHARM_IDENTITY] = CStringGetTextDatum(shown.identity);
	values[CHARM_VK] = CStringGetTextDatum(shown.vk);
	nulls[CHARM_AMOUNT] = !cb_charm_amount(app, charm, &amount);
	values[CHARM_AMOUNT] = NumericGetDatum(cb_uint64_numeric(amount));
	values[CHARM_DATA] = JsonbPGetDatum(cb_cbor_jsonb(charm->data));
	values[CHARM_BEAMED_OUT] = BoolGetDatum(is_beamed_out);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

Datum
charmbills_app_identity(PG_FUNCTION_ARGS)
{
	CbOutpointValue *value = PG_GETARG_CB_OUTPOINT(0);
	CbOutpoint	outpoint;
	uint8_t		identity[32];
	CbSpan		bytes = {identity, sizeof(identity)};

	memcpy(outpoint.txid.bytes, value->txid.bytes, sizeof(outpoint.txid.bytes));
	outpoint.vout = cb_outpoint_value_vout(value);
	cb_app_identity(&outpoint, identity);
	PG_RETURN_TEXT_P(cstring_to_text(cb_hex_cstring(bytes)));
}
