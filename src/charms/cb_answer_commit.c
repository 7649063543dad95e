/*-------------------------------------------------------------------------
 *
 * cb_answer_commit.c
 *	  The commit transaction of a prover's answer, and the tapscript that
 *	  spends its output and reveals the spell.
 *
 * The signature there covers all of the spell's transaction, which therefore
 * cannot be changed any more by anybody but the prover.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_answer_internal.h"

#include "bitcoin/cb_script.h"
#include "bitcoin/cb_tapscript.h"
#include "cb_spell_build.h"

#include <string.h>

#define OP_0 0x00
#define OP_IF 0x63
#define OP_ENDIF 0x68
#define OP_CHECKSIG 0xac

/* The witness of the last input: these three items. */
typedef struct Reveal
{
	CbSpan		signature;
	CbSpan		script;
	CbSpan		control_block;
} Reveal;

static const char *check_commit(const CbAsked *asked, const CbTx *commit, CbTxOut *output);
static bool read_reveal(const CbTx *tx, Reveal *reveal);
static bool read_script(CbSpan script, CbSpan *key);
static const char *check_reveal(const CbAsked *asked, const CbTx *tx, const CbTxOut *committed);

const char *
cb_answer_check_commit(const CbAsked *asked, const CbAnswer *answer)
{
	CbOutpoint	outpoint = {.vout = 0};
	CbTxOut		committed;
	const char *reason = check_commit(asked, answer->commit, &committed);

	if (reason != NULL)
		return reason;
	cb_tx_txid(answer->commit, &outpoint.txid);
	reason = cb_answer_check_inputs(answer->spell, asked->inputs, asked->n_inputs - 1, &outpoint);
	return reason != NULL ? reason : check_reveal(asked, answer->spell, &committed);
}

static const char *
check_commit(const CbAsked *asked, const CbTx *commit, CbTxOut *output)
{
	const CbAskedInput *funding = &asked->inputs[asked->n_inputs - 1];
	CbTxOutIter it = cb_tx_outputs(commit);
	const char *reason = cb_answer_check_inputs(commit, funding, 1, NULL);

	if (reason != NULL)
		return reason;
	if (commit->has_witness)
		return "an input is signed already";
	if (commit->n_outputs != 1)
		return "the commit transaction has more than one output";
	(void) cb_tx_next_output(&it, output);
	if (cb_script_classify(output->script, NULL) != CB_SCRIPT_WITNESS_V1_TAPROOT)
		return "the commit transaction does not pay to a taproot output";
	return NULL;
}

static const char *
check_reveal(const CbAsked *asked, const CbTx *tx, const CbTxOut *committed)
{
	CbTxOut		spent[CB_DRAFT_MAX_COINS];
	uint8_t		leaf_hash[32];
	CbSpan		output_key;
	CbSpan		key;
	Reveal		reveal;

	if (!read_reveal(tx, &reveal) || !read_script(reveal.script, &key))
		return "the commit transaction's output is not spent by a script with the spell alone";
	(void) cb_script_classify(committed->script, &output_key);
	cb_tapleaf_hash(reveal.script, leaf_hash);
	if (!cb_tapleaf_is_committed(reveal.control_block, leaf_hash, output_key))
		return "the commit transaction does not commit to the spell";
	for (size_t i = 0; i + 1 < asked->n_inputs; i++)
		spent[i] = asked->inputs[i].spent;
	spent[asked->n_inputs - 1] = *committed;
	if (!cb_tapscript_verify(tx, spent, tx->n_inputs - 1, leaf_hash, key, reveal.signature))
		return "the prover's signature does not hold for the transaction";
	return NULL;
}

static bool
read_reveal(const CbTx *tx, Reveal *reveal)
{
	CbWitnessIter it = cb_tx_witnesses(tx);
	CbReader	items = cb_reader(NULL, 0);
	uint64_t	n_items = 0;

	while (cb_tx_next_witness(&it, &n_items, &items))
		;
	if (n_items != 3)
		return false;
	reveal->signature = cb_read_var_bytes(&items);
	reveal->script = cb_read_var_bytes(&items);
	reveal->control_block = cb_read_var_bytes(&items);
	return true;
}

/* The envelope, and a signature by one key: what the envelope says is read elsewhere. */
static bool
read_script(CbSpan script, CbSpan *key)
{
	CbReader	r = cb_reader(script.data, script.len);
	CbSpan		data;
	uint8_t		op;

	if (cb_script_read_op(&r, &data) != OP_0 || cb_script_read_op(&r, &data) != OP_IF)
		return false;
	do
		op = cb_script_read_op(&r, &data);
	while (r.error == CB_OK && op <= CB_OP_PUSHDATA4);
	return op == OP_ENDIF && cb_script_read_op(&r, key) == CB_X_ONLY_SIZE && key->len == CB_X_ONLY_SIZE &&
		cb_script_read_op(&r, &data) == OP_CHECKSIG && r.error == CB_OK && cb_reader_left(&r) == 0;
}
