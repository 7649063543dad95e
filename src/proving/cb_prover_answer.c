/*-------------------------------------------------------------------------
 *
 * cb_prover_answer.c
 *	  What is believed of a prover's answer.
 *
 * An answer is a list of transactions, each in hex or as {"bitcoin": hex}: the
 * spell's, and before it in version 8 the commit.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "billing/cb_address_text.h"
#include "cb_guc.h"
#include "cb_json_find.h"
#include "charms/cb_answer_check.h"
#include "proving/cb_prover.h"
#include "types/cb_types.h"
#include "types/cb_verifier.h"

/* For a virtual byte; more than anybody pays. */
#define HIGHEST_FEE_RATE 1000000
#define RATE_UNIT 1000

static const char *read_tx(const char *body, int index, CbSpan *raw);
static const char *decode_tx(const char *hex, CbSpan *raw);
static void fill_asked(const CbProveRequest *request, CbAsked *asked);
static void fill_coins(const CbProveRequest *request, CbAsked *asked);
static int64 rate_of(double rate);
static CbSpan prover_script(void);
static char *hex_or_null(CbSpan raw);

const char *
cb_prover_answer_read(const CbProveRequest *request, const char *body, CbProved *proved)
{
	int			n = request->version == CB_DRAFT_OLD_VERSION ? 2 : 1;
	const char *problem = NULL;
	char	   *text;

	memset(proved, 0, sizeof(*proved));
	if (body == NULL)
		return "the answer is too long, or no text";
	switch (cb_json_find(body, "/0", &text))
	{
		case CB_JSON_MALFORMED:
			return "the answer is not JSON";
		case CB_JSON_ABSENT:
			return "the answer has no transaction";
		default:
			break;
	}
	if (cb_json_find(body, psprintf("/%d", n - 1), &text) == CB_JSON_ABSENT ||
		cb_json_find(body, psprintf("/%d", n), &text) != CB_JSON_ABSENT)
		return psprintf("the answer has not %s", n == 1 ? "one transaction" : "two transactions");
	if (n == 2)
		problem = read_tx(body, 0, &proved->commit);
	return problem != NULL ? problem : read_tx(body, n - 1, &proved->spell);
}

static const char *
read_tx(const char *body, int index, CbSpan *raw)
{
	char	   *text;

	if (cb_json_find(body, psprintf("/%d", index), &text) == CB_JSON_SCALAR ||
		cb_json_find(body, psprintf("/%d/bitcoin", index), &text) == CB_JSON_SCALAR)
		return decode_tx(text, raw);
	return "the answer has something that is no transaction of Bitcoin";
}

static const char *
decode_tx(const char *hex, CbSpan *raw)
{
	size_t		len = strlen(hex);
	uint8	   *data = palloc(len / 2 + 1);
	CbTx		tx;
	CbResult	result = cb_hex_decode(hex, len, data, len / 2, &raw->len);

	raw->data = data;
	if (result == CB_OK)
		result = cb_tx_parse(raw->data, raw->len, &tx);
	if (result == CB_OK && cb_tx_weight(&tx) > CB_MAX_BLOCK_WEIGHT)
		result = CB_ERR_TX_SIZE;
	if (result == CB_OK)
		return NULL;
	return psprintf("a transaction of the answer cannot be read: %s", cb_result_message(result));
}

const char *
cb_prover_judge(const CbProveRequest *request, const CbProved *proved)
{
	CbAsked		asked;
	CbAnswer	answer;
	CbAnswerCost cost;
	CbWriter	joined;
	CbTx		commit;
	CbTx		spell;
	const char *reason;

	if (cb_tx_parse(proved->spell.data, proved->spell.len, &spell) != CB_OK ||
		(proved->commit.len > 0 && cb_tx_parse(proved->commit.data, proved->commit.len, &commit) != CB_OK))
		elog(ERROR, "a prover's answer is to be judged unread");
	joined = cb_writer(palloc(spell.witness.len + 1), spell.witness.len);
	answer = (CbAnswer) {proved->commit.len > 0 ? &commit : NULL, &spell, &joined};
	fill_asked(request, &asked);
	reason = cb_answer_check(&asked, &answer, cb_server_verifier(), &cost);
	if (reason == NULL)
	{
		(void) cb_prove_succeeded(request, hex_or_null(proved->commit), hex_or_null(proved->spell));
		return NULL;
	}
	reason = psprintf("the prover's answer is refused: %s", reason);
	if (cost.vsize > 0)
		reason = psprintf("%s (fee of " INT64_FORMAT " sats for %zu vbytes)", reason, cost.fee, cost.vsize);
	(void) cb_prove_failed(request, reason);
	return reason;
}

static void
fill_asked(const CbProveRequest *request, CbAsked *asked)
{
	memset(asked, 0, sizeof(*asked));
	asked->spell = request->spell;
	asked->has_commit = request->version == CB_DRAFT_OLD_VERSION;
	fill_coins(request, asked);
	asked->change_script = request->change_script;
	asked->fee_rate = rate_of(strtod(request->fee_rate, NULL));
	asked->max_fee = request->max_fee;
	asked->max_fee_rate = rate_of(request->max_fee_rate);
	asked->prover_script = prover_script();
	asked->max_prover_fee = cb_guc_prover_max_fee;
	asked->takes_mock = cb_accepts_mock_spells();
}

static void
fill_coins(const CbProveRequest *request, CbAsked *asked)
{
	CbAskedInput *inputs = palloc(sizeof(CbAskedInput) * request->n_inputs);
	CbTxOut    *outputs = palloc(sizeof(CbTxOut) * request->n_outputs);

	for (int i = 0; i < request->n_inputs; i++)
	{
		const CbProveInput *input = &request->inputs[i];

		inputs[i].outpoint = input->outpoint;
		inputs[i].spent = (CbTxOut) {input->sats, input->script};
	}
	for (int i = 0; i < request->n_outputs; i++)
		outputs[i] = (CbTxOut) {request->outputs[i].sats, request->outputs[i].script};
	asked->inputs = inputs;
	asked->n_inputs = request->n_inputs;
	asked->outputs = outputs;
	asked->n_outputs = request->n_outputs;
}

static int64
rate_of(double rate)
{
	return (int64) floor(Min(rate, HIGHEST_FEE_RATE) * RATE_UNIT);
}

/* Empty where the prover may take nothing. */
static CbSpan
prover_script(void)
{
	CbScriptBuf *script = palloc(sizeof(CbScriptBuf));

	if (cb_guc_prover_fee_address[0] == '\0')
		return (CbSpan) {NULL, 0};
	if (cb_address_or_null(cb_guc_prover_fee_address, script) != NULL)
		return (CbSpan) {script->data, script->len};
	ereport(WARNING,
			(errcode(ERRCODE_CONFIG_FILE_ERROR),
			 errmsg("charmbills.prover_fee_address is no address of this network"),
			 errdetail("The prover may take no fee.")));
	return (CbSpan) {NULL, 0};
}

static char *
hex_or_null(CbSpan raw)
{
	return raw.len > 0 ? cb_hex_cstring(raw) : NULL;
}
