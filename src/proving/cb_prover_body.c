/*-------------------------------------------------------------------------
 *
 * cb_prover_body.c
 *	  What a prover is sent.
 *
 * Provers of version 15 take the spell as CBOR in hex, with the inputs, all of
 * them, and the outputs in it.  Those of version 8 take it as JSON and make
 * CBOR of it themselves; they add the input that pays the fees.  All else is
 * alike, and exactly what the spell needs: a transaction or a program too many
 * is refused.
 *
 * Sources: the files of CharmsDev/charms that read requests.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "bitcoin/cb_address.h"
#include "bitcoin/cb_base64.h"
#include "cb_guc.h"
#include "cb_json.h"
#include "charms/cb_spell_request.h"
#include "proving/cb_prover_draft.h"
#include "types/cb_types.h"

#define CHAIN "bitcoin"
/* For each byte of a script, and for all else of an input or output, in CBOR. */
#define CBOR_BYTE 2
#define CBOR_COIN 64
/* An outpoint as CBOR, with room. */
#define WITNESS_SIZE 100

static const char *write_spell(const CbProveRequest *request, CbJson *body);
static void write_private_inputs(const CbProveRequest *request, CbJson *body);
static const char *write_binaries(const CbProveRequest *request, CbJson *body);
static void write_previous(const CbProveRequest *request, CbJson *body);
static bool is_repeated(const CbProveRequest *request, int index);

const char *
cb_prover_body(const CbProveRequest *request, char **body)
{
	bool		is_old = request->version == CB_DRAFT_OLD_VERSION;
	const char *problem;
	CbJson		json;

	cb_json_begin(&json);
	problem = is_old ? cb_prover_old_spell(request, &json) : write_spell(request, &json);
	if (problem == NULL)
		problem = write_binaries(request, &json);
	if (problem != NULL)
		return problem;
	write_previous(request, &json);
	if (is_old)
		cb_prover_old_funding(request, &json);
	cb_json_text(&json, "change_address", cb_prover_address(request->change_script));
	cb_json_raw(&json, "fee_rate", request->fee_rate);
	cb_json_text(&json, "chain", CHAIN);
	*body = cb_json_end(&json);
	return NULL;
}

/* What mints runs the app's program; tokens are sent without. */
bool
cb_prover_runs_app(const CbProveRequest *request)
{
	return request->action != CB_SPELL_SEND;
}

static const char *
write_spell(const CbProveRequest *request, CbJson *body)
{
	size_t		size = request->spell.len + (size_t) CBOR_COIN * (request->n_inputs + request->n_outputs + 1);
	CbWriter	w;
	CbTx		tx;

	for (int i = 0; i < request->n_outputs; i++)
		size += CBOR_BYTE * request->outputs[i].script.len;
	w = cb_writer(palloc(size), size);
	cb_prover_draft(request, &tx);
	if (cb_spell_request_write(&tx, request->spell, cb_accepts_mock_spells(), &w) != CB_OK)
		return "the spell cannot be written for the prover";
	cb_json_text(body, "spell", cb_hex_cstring((CbSpan) {w.data, w.len}));
	write_private_inputs(request, body);
	return NULL;
}

/* The NFT's app wants to see the outpoint that the identity is of. */
static void
write_private_inputs(const CbProveRequest *request, CbJson *body)
{
	CbApp		nft = {.tag = "n"};
	uint8		bytes[WITNESS_SIZE];
	CbWriter	w = cb_writer(bytes, sizeof(bytes));
	CbJson		inputs;

	if (!cb_prover_runs_app(request) || !request->has_anchor)
		return;
	memcpy(nft.identity, request->identity, sizeof(nft.identity));
	memcpy(nft.vk, request->vk, sizeof(nft.vk));
	cb_spell_write_witness(&request->anchor, &w);
	cb_json_begin(&inputs);
	cb_json_text(&inputs, cb_prover_app(&nft), cb_hex_cstring((CbSpan) {w.data, w.len}));
	cb_json_raw(body, "app_private_inputs", cb_json_end(&inputs));
}

static const char *
write_binaries(const CbProveRequest *request, CbJson *body)
{
	const char *problem;
	CbJson		binaries;
	CbSpan		binary;
	size_t		size;
	char	   *text;

	cb_json_begin(&binaries);
	if (cb_prover_runs_app(request))
	{
		problem = cb_prover_binary(request->vk, &binary);
		if (problem != NULL)
			return problem;
		size = cb_base64_size(binary.len);
		text = palloc(size + 1);
		if (cb_base64_encode(binary.data, binary.len, text, size) != CB_OK)
			elog(ERROR, "could not encode the app's program");
		text[size] = '\0';
		cb_json_text(&binaries, cb_hex_cstring((CbSpan) {request->vk, sizeof(request->vk)}), text);
	}
	cb_json_raw(body, "binaries", cb_json_end(&binaries));
	return NULL;
}

/* Those that made the inputs of the spell, each once. */
static void
write_previous(const CbProveRequest *request, CbJson *body)
{
	StringInfoData list;

	initStringInfo(&list);
	for (int i = 0; i < request->n_spell_inputs; i++)
	{
		CbJson		tx;

		if (is_repeated(request, i))
			continue;
		cb_json_begin(&tx);
		cb_json_text(&tx, CHAIN, cb_hex_cstring(request->inputs[i].raw));
		appendStringInfo(&list, "%c%s", i == 0 ? '[' : ',', cb_json_end(&tx));
	}
	appendStringInfoChar(&list, ']');
	cb_json_raw(body, "prev_txs", list.data);
}

static bool
is_repeated(const CbProveRequest *request, int index)
{
	const CbHash256 *txid = &request->inputs[index].outpoint.txid;

	for (int i = 0; i < index; i++)
		if (memcmp(&request->inputs[i].outpoint.txid, txid, sizeof(*txid)) == 0)
			return true;
	return false;
}

char *
cb_prover_app(const CbApp *app)
{
	char	   *text = palloc(CB_APP_TEXT_SIZE);

	cb_app_text(app, text);
	return text;
}

/* Scripts without an address are asked for by nobody. */
char *
cb_prover_address(CbSpan script)
{
	char	   *text = palloc(CB_ADDRESS_SIZE);

	if (cb_script_to_address(script, cb_current_network(), text) != CB_OK)
		elog(ERROR, "a script that is to be paid has no address");
	return text;
}
