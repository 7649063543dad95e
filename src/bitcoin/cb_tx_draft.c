/*-------------------------------------------------------------------------
 *
 * cb_tx_draft.c
 *	  Transactions that are yet to be signed.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_tx_draft.h"

#include "cb_script.h"

/* With their lengths in front: a DER signature and its hash type, and keys. */
#define ECDSA_SIZE (1 + 72)
#define KEY_SIZE (1 + 33)
#define SCHNORR_SIZE (1 + 64)
/* OP_2, three keys, OP_3, OP_CHECKMULTISIG. */
#define MULTISIG_SCRIPT_SIZE (1 + 1 + 3 * KEY_SIZE + 1 + 1)
/* A push of OP_0 and a hash. */
#define NESTED_SIZE (1 + 2 + 20)

void
cb_tx_write_draft(CbWriter *w, const CbOutpoint *inputs, size_t n_inputs, const CbTxOut *outputs, size_t n_outputs)
{
	cb_write_u32(w, CB_TX_DRAFT_VERSION);
	cb_write_compact_size(w, n_inputs);
	for (size_t i = 0; i < n_inputs; i++)
	{
		CbTxIn		in = {inputs[i], {NULL, 0}, CB_SEQUENCE_FINAL};

		cb_tx_write_input(w, &in);
	}
	cb_write_compact_size(w, n_outputs);
	for (size_t i = 0; i < n_outputs; i++)
	{
		cb_write_u64(w, (uint64_t) outputs[i].value);
		cb_write_var_bytes(w, outputs[i].script);
	}
	cb_write_u32(w, 0);			/* locktime */
}

size_t
cb_spend_weight(CbSpan script)
{
	switch (cb_script_classify(script, NULL))
	{
		case CB_SCRIPT_PUBKEY:
			return 1 + CB_WITNESS_SCALE * ECDSA_SIZE;
		case CB_SCRIPT_PUBKEYHASH:
			return 1 + CB_WITNESS_SCALE * (ECDSA_SIZE + KEY_SIZE);
		case CB_SCRIPT_SCRIPTHASH:
			return 1 + CB_WITNESS_SCALE * NESTED_SIZE + ECDSA_SIZE + KEY_SIZE;
		case CB_SCRIPT_WITNESS_V0_KEYHASH:
			return 1 + ECDSA_SIZE + KEY_SIZE;
		case CB_SCRIPT_WITNESS_V0_SCRIPTHASH:
			return 1 + 1 + 2 * ECDSA_SIZE + MULTISIG_SCRIPT_SIZE;
		default:
			return 1 + SCHNORR_SIZE;
	}
}
