/*-------------------------------------------------------------------------
 *
 * cb_tx_spell.c
 *	  The spells that the transactions of a block, or of a mempool, carry.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_compat.h"
#include "cb_guc.h"
#include "chain/cb_tx_spell.h"
#include "miscadmin.h"
#include "types/cb_verifier.h"

static bool carries_spell(const CbTx *tx, CbWriter *joined);
static size_t largest_witness(const CbBlockTx *txs, int n);

void
cb_tx_spells_find(const CbBlockTx *txs, int n, CbTxSpells *found)
{
	size_t		size = largest_witness(txs, n);
	CbWriter	joined = cb_writer(palloc_extended(Max(size, 1), MCXT_ALLOC_HUGE), size);
	int			capacity = 0;

	memset(found, 0, sizeof(*found));
	for (int i = 0; i < n; i++)
	{
		if (cb_tx_is_coinbase(&txs[i].tx) || !carries_spell(&txs[i].tx, &joined))
			continue;
		if (found->n == capacity)
		{
			capacity = Max(16, capacity * 2);
			found->spells = found->spells ?
				repalloc_huge(found->spells, sizeof(CbTxSpell) * capacity) :
				palloc(sizeof(CbTxSpell) * capacity);
		}
		memset(&found->spells[found->n], 0, sizeof(CbTxSpell));
		found->spells[found->n].tx = i;
		cb_tx_spell_read(&txs[i].tx, &found->spells[found->n].spell);
		found->n++;
	}
	pfree(joined.data);
}

/* One buffer serves all that are only looked at. */
static size_t
largest_witness(const CbBlockTx *txs, int n)
{
	size_t		largest = 0;

	for (int i = 0; i < n; i++)
		largest = Max(largest, txs[i].tx.witness.len);
	return largest;
}

static bool
carries_spell(const CbTx *tx, CbWriter *joined)
{
	CbCarrier	carrier;

	if (cb_carrier_in_outputs(tx, &carrier) != NULL || carrier.kind != CB_CARRIER_NONE)
		return true;
	return cb_carrier_in_witness(tx, joined, &carrier) != NULL || carrier.kind != CB_CARRIER_NONE;
}

CbTxSpell *
cb_tx_spell_of(const CbTxSpells *spells, int tx)
{
	int			low = 0;
	int			high = spells->n;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (spells->spells[middle].tx < tx)
			low = middle + 1;
		else
			high = middle;
	}
	return low < spells->n && spells->spells[low].tx == tx ? &spells->spells[low] : NULL;
}

/* What a witness carries is joined in a buffer that the spell points into. */
void
cb_tx_spell_read(const CbTx *tx, CbSpell *spell)
{
	size_t		size = tx->witness.len;
	CbWriter	joined = cb_writer(palloc_extended(Max(size, 1), MCXT_ALLOC_HUGE), size);

	cb_spell_read(tx, &joined, spell);
	if (spell->carrier.kind != CB_CARRIER_WITNESS)
		pfree(joined.data);
}

const CbJudgement *
cb_tx_spell_judge(const CbBlockTx *txs, CbTxSpell *spell)
{
	CbJudgement *judgement = &spell->judgement;

	if (spell->is_judged)
		return judgement;
	CHECK_FOR_INTERRUPTS();
	judgement->verdict = cb_spell_verify(cb_server_verifier(), &txs[spell->tx].tx, &spell->spell,
										 &judgement->reason);
	spell->is_judged = true;
	return judgement;
}

bool
cb_verdict_is_accepted(CbVerdict verdict)
{
	return verdict == CB_VERDICT_VALID ||
		(verdict == CB_VERDICT_MOCK && cb_accepts_mock_spells());
}
