/*-------------------------------------------------------------------------
 *
 * cb_prover_budget.c
 *	  Whether a funding UTXO pays for what a prover will add.
 *
 * A prover proves first and counts then: one that is left with too little for
 * the fee may end without an answer.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "bitcoin/cb_tx_draft.h"
#include "cb_guc.h"
#include "charms/cb_spell.h"
#include "proving/cb_prover_draft.h"

/* The longest proof as CBOR; what carries it, or commits to it, besides. */
#define PROOF_SIZE (2 * CB_SPELL_MAX_PROOF + 3)
#define CARRIER_SIZE 40
#define COMMIT_VSIZE 150
/* The prover's output and the one for the change; what it adds to its own fee. */
#define OUTPUTS_VSIZE (2 * 43)
#define PROVER_MARGIN 300

static size_t estimated_vsize(const CbProveRequest *request);

const char *
cb_prover_shortage(const CbProveRequest *request)
{
	int64		fee = cb_prover_draft_fee(request, estimated_vsize(request) * CB_WITNESS_SCALE);
	int64		left = cb_prover_left_over(request);

	if (cb_guc_prover_fee_address[0] != '\0')
		fee += (int64) cb_guc_prover_max_fee + PROVER_MARGIN;
	if (left >= fee)
		return NULL;
	return psprintf("the funding UTXO leaves " INT64_FORMAT " sats for fees, and they may come to " INT64_FORMAT,
					left, fee);
}

int64
cb_prover_left_over(const CbProveRequest *request)
{
	int64		left = 0;

	for (int i = 0; i < request->n_inputs; i++)
		left += request->inputs[i].sats;
	for (int i = 0; i < request->n_outputs; i++)
		left -= request->outputs[i].sats;
	return left;
}

static size_t
estimated_vsize(const CbProveRequest *request)
{
	size_t		payload = request->spell.len + PROOF_SIZE + CARRIER_SIZE;
	size_t		signatures = 0;
	CbTx		tx;

	for (int i = 0; i < request->n_inputs; i++)
		signatures += cb_spend_weight(request->inputs[i].script);
	cb_prover_draft(request, &tx);
	/* A witness weighs a quarter. */
	if (request->version == CB_DRAFT_OLD_VERSION)
		payload = payload / CB_WITNESS_SCALE + COMMIT_VSIZE;
	return cb_tx_base_size(&tx) + payload + signatures / CB_WITNESS_SCALE + OUTPUTS_VSIZE;
}
