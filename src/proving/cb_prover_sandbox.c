/*-------------------------------------------------------------------------
 *
 * cb_prover_sandbox.c
 *	  The sandbox's own prover.
 *
 * It proves nothing: it answers at once what a mock prover would, with a mock
 * spell, and the answer is judged as any other.  So it is refused, too, unless
 * charmbills.accept_mock_spells is on.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "bitcoin/cb_script.h"
#include "bitcoin/cb_tx_draft.h"
#include "charms/cb_spell_request.h"
#include "proving/cb_prover_draft.h"

/* As many bytes as a mock prover's proof has, of which each takes two in CBOR. */
#define PROOF_SIZE 192
#define PROOF_BYTE 0xff
#define CBOR_BYTE 2

/* Beyond what is in a payload or a carrier: heads, the mock's flag. */
#define HEADS_SIZE 64

#define MARKER_AND_FLAG 2

static const char *answer(const CbProveRequest *request, CbProved *proved);
static CbSpan write_carrier(CbSpan payload);
static size_t signing_weight(const CbProveRequest *request);

void
cb_prove_in_sandbox(const CbProveRequest *request)
{
	CbProved	proved = {{NULL, 0}, {NULL, 0}};
	const char *reason;

	reason = request->version == CB_DRAFT_OLD_VERSION ?
		cb_prover_commit(request, &proved) : answer(request, &proved);
	if (reason != NULL)
		(void) cb_prove_failed(request, reason);
	else
		(void) cb_prover_judge(request, &proved);
}

static const char *
answer(const CbProveRequest *request, CbProved *proved)
{
	CbSpan		carrier = write_carrier(cb_prover_draft_payload(request));
	CbProverDraft draft;

	cb_prover_draft_start(request, &draft);
	draft.outputs[draft.n_outputs++] = (CbTxOut) {0, carrier};
	if (!cb_prover_draft_change(request, &draft, cb_prover_left_over(request), signing_weight(request)))
		return CB_NOT_ENOUGH;
	proved->spell = cb_prover_draft_write(&draft);
	return NULL;
}

static CbSpan
write_carrier(CbSpan payload)
{
	size_t		size = payload.len + HEADS_SIZE;
	CbWriter	w = cb_writer(palloc(size), size);

	cb_write_u8(&w, CB_OP_RETURN);
	cb_write_var_bytes(&w, (CbSpan) {(const uint8 *) "spell", 5});
	cb_write_u8(&w, CB_OP_PUSHDATA4);
	cb_write_u32(&w, (uint32) payload.len);
	cb_write_bytes(&w, payload.data, payload.len);
	return (CbSpan) {w.data, w.len};
}

static size_t
signing_weight(const CbProveRequest *request)
{
	size_t		weight = MARKER_AND_FLAG;

	for (int i = 0; i < request->n_inputs; i++)
		weight += cb_spend_weight(request->inputs[i].script);
	return weight;
}

CbSpan
cb_prover_draft_payload(const CbProveRequest *request)
{
	size_t		size = request->spell.len + HEADS_SIZE;
	CbWriter	spell = cb_writer(palloc(size), size);
	CbWriter	w = cb_writer(palloc(size + CBOR_BYTE * PROOF_SIZE), size + CBOR_BYTE * PROOF_SIZE);
	uint8		proof[PROOF_SIZE];

	memset(proof, PROOF_BYTE, sizeof(proof));
	(void) cb_spell_write_mock(request->spell, &spell);
	cb_spell_write_payload((CbSpan) {spell.data, spell.len}, (CbSpan) {proof, sizeof(proof)}, &w);
	if (spell.error != CB_OK || w.error != CB_OK)
		elog(ERROR, "could not write a spell's payload");
	return (CbSpan) {w.data, w.len};
}
