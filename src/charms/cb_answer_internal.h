/*-------------------------------------------------------------------------
 *
 * cb_answer_internal.h
 *	  What the files that judge a prover's answer share.
 *
 * Every check gives NULL, or in words why the answer is refused.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_ANSWER_INTERNAL_H
#define CB_ANSWER_INTERNAL_H

#include "cb_answer_check.h"

/*
 * Whether a transaction is final, with no lock of any kind, and spends just
 * these inputs, unsigned; then, unless NULL, this one, which may be signed.
 */
extern const char *cb_answer_check_inputs(const CbTx *tx, const CbAskedInput *inputs, size_t n,
										  const CbOutpoint *signed_input);

/*
 * What is in the outputs of the spell's transaction: what was asked for, the
 * carrier where it is an output, and what the cost says.
 */
extern const char *cb_answer_check_outputs(const CbAsked *asked, const CbTx *tx, const CbCarrier *carrier,
										   CbAnswerCost *cost);

/* The commit transaction, and how the spell's transaction spends it. */
extern const char *cb_answer_check_commit(const CbAsked *asked, const CbAnswer *answer);

#endif							/* CB_ANSWER_INTERNAL_H */
