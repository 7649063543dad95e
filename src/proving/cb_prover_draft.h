/*-------------------------------------------------------------------------
 *
 * cb_prover_draft.h
 *	  The transactions that a prover makes, as drafts.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_PROVER_DRAFT_H
#define CB_PROVER_DRAFT_H

#include "postgres.h"

#include "proving/cb_prover.h"

#define CB_NOT_ENOUGH "the funding UTXO does not pay for the outputs and the fee"

/* cb_prover_draft.c */

/* There is room for two outputs more: the spell, and the change. */
typedef struct CbProverDraft
{
	CbOutpoint *inputs;
	int			n_inputs;
	CbTxOut    *outputs;
	int			n_outputs;
} CbProverDraft;

/* The inputs, and the outputs that are asked for. */
extern void cb_prover_draft_start(const CbProveRequest *request, CbProverDraft *draft);
/* Serialized, and unsigned. */
extern CbSpan cb_prover_draft_write(const CbProverDraft *draft);
/* The inputs and the outputs asked for, and nothing else, as a transaction; palloc'd. */
extern void cb_prover_draft(const CbProveRequest *request, CbTx *tx);
/* Sats for so much weight at the rate asked for. */
extern int64 cb_prover_draft_fee(const CbProveRequest *request, size_t weight);
/*
 * Give back what is left beyond the fee, unless that is dust; weight: of all
 * that is signed and revealed.  False when there is less.
 */
extern bool cb_prover_draft_change(const CbProveRequest *request, CbProverDraft *draft, int64 left, size_t weight);

/* cb_prover_sandbox.c */

/* The payload with the mock spell. */
extern CbSpan cb_prover_draft_payload(const CbProveRequest *request);

/* cb_prover_commit.c */

/*
 * What a prover of version 8 would answer.  NULL, or in words why there is no
 * answer.
 */
extern const char *cb_prover_commit(const CbProveRequest *request, CbProved *proved);

#endif							/* CB_PROVER_DRAFT_H */
