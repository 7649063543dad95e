/*-------------------------------------------------------------------------
 *
 * cb_prover_old.c
 *	  What provers of version 8 are sent in their own way: the spell as JSON,
 *	  and beside it the UTXO that pays the fees.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "charms/cb_spell.h"
#include "proving/cb_prover.h"

static void write_apps(const CbSpell *spell, CbJson *json);
static void write_private_inputs(const CbProveRequest *request, const CbSpell *spell, CbJson *json);
static void write_inputs(const CbProveRequest *request, CbJson *json);
static bool write_outputs(const CbProveRequest *request, const CbSpell *spell, CbJson *json);
static char *key_text(uint32 index);

const char *
cb_prover_old_spell(const CbProveRequest *request, CbJson *body)
{
	CbSpell		spell;
	CbJson		json;

	if (cb_spell_read_bare(request->spell, request->n_outputs, &spell) != CB_SPELL_READ)
		return "the spell cannot be written for the prover";
	cb_json_begin(&json);
	cb_json_int(&json, "version", spell.version);
	write_apps(&spell, &json);
	write_private_inputs(request, &spell, &json);
	write_inputs(request, &json);
	if (!write_outputs(request, &spell, &json))
		return "the NFT's state has something that a prover of version 8 cannot be told";
	cb_json_raw(body, "spell", cb_json_end(&json));
	return NULL;
}

/* By names that say in which order the spell has them. */
static void
write_apps(const CbSpell *spell, CbJson *json)
{
	CbAppIter	it = cb_spell_apps(spell);
	CbJson		apps;
	CbApp		app;
	CbSpan		input;

	cb_json_begin(&apps);
	for (uint32 i = 0; cb_spell_next_app(&it, &app, &input); i++)
		cb_json_text(&apps, key_text(i), cb_prover_app(&app));
	cb_json_raw(json, "apps", cb_json_end(&apps));
}

static void
write_private_inputs(const CbProveRequest *request, const CbSpell *spell, CbJson *json)
{
	CbAppIter	it = cb_spell_apps(spell);
	CbJson		inputs;
	CbApp		app;
	CbSpan		input;

	if (!cb_prover_runs_app(request) || !request->has_anchor)
		return;
	cb_json_begin(&inputs);
	for (uint32 i = 0; cb_spell_next_app(&it, &app, &input); i++)
		if (!cb_app_is_token(&app))
			cb_json_outpoint(&inputs, key_text(i), &request->anchor);
	cb_json_raw(json, "private_inputs", cb_json_end(&inputs));
}

static void
write_inputs(const CbProveRequest *request, CbJson *json)
{
	StringInfoData list;

	initStringInfo(&list);
	for (int i = 0; i < request->n_spell_inputs; i++)
	{
		CbJson		input;

		cb_json_begin(&input);
		cb_json_outpoint(&input, "utxo_id", &request->inputs[i].outpoint);
		appendStringInfo(&list, "%c%s", i == 0 ? '[' : ',', cb_json_end(&input));
	}
	appendStringInfoChar(&list, ']');
	cb_json_raw(json, "ins", list.data);
}

/* False where a charm has no form in JSON. */
static bool
write_outputs(const CbProveRequest *request, const CbSpell *spell, CbJson *json)
{
	CbCharmIter it = cb_spell_charms(spell);
	StringInfoData list;
	CbCharm		charm;
	bool		is_left = cb_spell_next_charm(&it, &charm);

	initStringInfo(&list);
	for (int i = 0; i < request->n_outputs; i++)
	{
		CbJson		charms;
		CbJson		output;

		cb_json_begin(&charms);
		for (; is_left && charm.vout == (uint32) i; is_left = cb_spell_next_charm(&it, &charm))
		{
			StringInfoData data;

			initStringInfo(&data);
			if (!cb_prover_json(&data, charm.data))
				return false;
			cb_json_raw(&charms, key_text(charm.app), data.data);
		}
		cb_json_begin(&output);
		cb_json_text(&output, "address", cb_prover_address(request->outputs[i].script));
		cb_json_int(&output, "amount", request->outputs[i].sats);
		cb_json_raw(&output, "charms", cb_json_end(&charms));
		appendStringInfo(&list, "%c%s", i == 0 ? '[' : ',', cb_json_end(&output));
	}
	appendStringInfoChar(&list, ']');
	cb_json_raw(json, "outs", list.data);
	return true;
}

void
cb_prover_old_funding(const CbProveRequest *request, CbJson *body)
{
	const CbProveInput *funding = &request->inputs[request->n_inputs - 1];

	cb_json_outpoint(body, "funding_utxo", &funding->outpoint);
	cb_json_int(body, "funding_utxo_value", funding->sats);
}

static char *
key_text(uint32 index)
{
	return psprintf("$%02u", index);
}
