/*-------------------------------------------------------------------------
 *
 * cb_package.c
 *	  What is broadcast together: a commit transaction and the spell that
 *	  spends it, or either alone.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_compat.h"
#include "cb_errors.h"
#include "chain/cb_package.h"
#include "types/cb_types.h"

static void parse_tx(const text *hex, const char *what, CbBlockTx *tx);
static bool spends_output(const CbBlockTx *child, const CbBlockTx *parent);
static bool is_same_txid(const CbHash256 *a, const CbHash256 *b);

void
cb_package_parse(const text *commit_hex, const text *spell_hex, CbPackage *package)
{
	memset(package, 0, sizeof(*package));
	package->has_commit = commit_hex != NULL;
	package->has_spell = spell_hex != NULL;
	if (!package->has_commit && !package->has_spell)
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("no transaction is given"),
				 errhint("Give commit_tx, spell_tx, or both.")));
	if (package->has_commit)
		parse_tx(commit_hex, "commit transaction", &package->commit);
	if (package->has_spell)
		parse_tx(spell_hex, "spell transaction", &package->spell);
	if (package->has_commit && package->has_spell &&
		!spends_output(&package->spell, &package->commit))
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("the spell transaction does not spend an output of the commit transaction"),
				 errhint("Broadcast transactions that do not belong together one by one.")));
}

static void
parse_tx(const text *hex, const char *what, CbBlockTx *tx)
{
	CbSpan		raw;
	CbResult	result;

	if (VARSIZE_ANY_EXHDR(hex) > 2 * CB_MAX_BLOCK_WEIGHT)
		cb_raise(CB_ERR_TX_SIZE, what);
	raw = cb_hex_arg(PointerGetDatum(hex), what);
	result = cb_tx_parse(raw.data, raw.len, &tx->tx);
	if (result == CB_OK && cb_tx_weight(&tx->tx) > CB_MAX_BLOCK_WEIGHT)
		result = CB_ERR_TX_SIZE;
	if (result == CB_OK && cb_tx_is_coinbase(&tx->tx))
		result = CB_ERR_COINBASE;
	if (result != CB_OK)
		cb_raise(result, what);
	cb_tx_txid(&tx->tx, &tx->txid);
}

static bool
spends_output(const CbBlockTx *child, const CbBlockTx *parent)
{
	CbTxInIter	it = cb_tx_inputs(&child->tx);
	CbTxIn		input;

	while (cb_tx_next_input(&it, &input))
		if (is_same_txid(&input.prevout.txid, &parent->txid) &&
			input.prevout.vout < parent->tx.n_outputs)
			return true;
	return false;
}

static bool
is_same_txid(const CbHash256 *a, const CbHash256 *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

const CbBlockTx *
cb_package_final(const CbPackage *package)
{
	return package->has_spell ? &package->spell : &package->commit;
}

int
cb_package_txs(const CbPackage *package, const CbBlockTx *txs[2])
{
	int			n = 0;

	if (package->has_commit)
		txs[n++] = &package->commit;
	if (package->has_spell)
		txs[n++] = &package->spell;
	return n;
}

int
cb_package_inputs(const CbPackage *package, CbOutpoint **inputs)
{
	const CbBlockTx *txs[2];
	int			n_txs = cb_package_txs(package, txs);
	int			n = 0;

	*inputs = palloc(sizeof(CbOutpoint) *
					 ((Size) package->commit.tx.n_inputs + package->spell.tx.n_inputs));
	for (int i = 0; i < n_txs; i++)
	{
		CbTxInIter	it = cb_tx_inputs(&txs[i]->tx);
		CbTxIn		input;

		while (cb_tx_next_input(&it, &input))
			if (i == 0 || !is_same_txid(&input.prevout.txid, &txs[0]->txid))
				(*inputs)[n++] = input.prevout;
	}
	return n;
}
