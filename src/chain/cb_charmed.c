/*-------------------------------------------------------------------------
 *
 * cb_charmed.c
 *	  Coins that carry charms: spending one as if it were mere sats destroys
 *	  what it carries.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_args.h"
#include "cb_call.h"
#include "cb_errors.h"
#include "cb_sql.h"
#include "chain/cb_charmed.h"
#include "chain/cb_tx_spell.h"

CB_KEYS_STATEMENT(find_followed, "outpoint[]",
				  "SELECT outpoint FROM charmbills.charms "
				  "WHERE outpoint = ANY ($1) AND spent_height IS NULL AND beamed_to IS NULL "
				  "  AND (has_nft OR amount > 0) "
				  "LIMIT 1");
CB_KEYS_STATEMENT(read_creators, "txid[]",
				  "SELECT txid, raw FROM charmbills.chain_transactions WHERE txid = ANY ($1) "
				  "UNION "
				  "SELECT txid, raw FROM charmbills.previous_transactions WHERE txid = ANY ($1)");

/* A transaction that made some of the coins asked about. */
typedef struct Creator
{
	CbHash256	txid;
	CbSpan		raw;
} Creator;

static bool find_charmed(const CbOutpoint *outpoints, int n, CbOutpoint *found);
static Creator *load_creators(const CbOutpoint *outpoints, int n, int *n_creators);
static bool read_spell(const CbTx *tx, CbSpell *spell);
static bool puts_charms(const CbSpell *spell, uint32 vout);

/* charmbills.is_charmed(utxo) -> boolean */
CB_FUNCTION(is_charmed, CB_MERCHANT)
{
	CbOutpoint	outpoint;
	CbOutpoint	found;

	cb_require_args(fcinfo, 1);
	outpoint = cb_outpoint_of_value(PG_GETARG_CB_OUTPOINT(0));
	PG_RETURN_BOOL(find_charmed(&outpoint, 1, &found));
}

void
cb_refuse_charmed(const CbOutpoint *outpoints, int n)
{
	CbOutpoint	found;
	CbOutpointValue value;

	if (!find_charmed(outpoints, n, &found))
		return;
	cb_outpoint_value(&found, &value);
	ereport(ERROR,
			(errcode(ERRCODE_CB_CHARMED),
			 errmsg("UTXO %s carries charms", cb_outpoint_cstring(&value)),
			 errdetail("Spending it in a transaction without a spell that moves them would destroy them."),
			 errhint("Choose another UTXO; charmbills.is_charmed() tells which carry charms.")));
}

void
cb_refuse_destroying(const CbBlockTx *tx)
{
	CbOutpoint *inputs = palloc(sizeof(CbOutpoint) * tx->tx.n_inputs);
	CbTxInIter	it = cb_tx_inputs(&tx->tx);
	CbTxIn		in;
	CbSpell		spell;
	int			n = 0;

	if (read_spell(&tx->tx, &spell))
		return;
	while (cb_tx_next_input(&it, &in))
		inputs[n++] = in.prevout;
	cb_refuse_charmed(inputs, n);
}

static bool
find_charmed(const CbOutpoint *outpoints, int n, CbOutpoint *found)
{
	Creator    *creators;
	int			n_creators;

	if (cb_execute(&find_followed, CB_ARGS(cb_outpoint_array(outpoints, n))) > 0)
	{
		*found = cb_column_outpoint(0, 1);
		return true;
	}
	creators = load_creators(outpoints, n, &n_creators);
	for (int i = 0; i < n_creators; i++)
	{
		CbTx		tx;
		CbSpell		spell;

		if (cb_tx_parse(creators[i].raw.data, creators[i].raw.len, &tx) != CB_OK ||
			!read_spell(&tx, &spell))
			continue;
		for (int k = 0; k < n; k++)
		{
			if (memcmp(&outpoints[k].txid, &creators[i].txid, sizeof(CbHash256)) != 0 ||
				!puts_charms(&spell, outpoints[k].vout))
				continue;
			*found = outpoints[k];
			return true;
		}
	}
	return false;
}

static Creator *
load_creators(const CbOutpoint *outpoints, int n, int *n_creators)
{
	CbHash256  *txids = palloc(sizeof(CbHash256) * Max(n, 1));
	Creator    *creators;

	for (int i = 0; i < n; i++)
		txids[i] = outpoints[i].txid;
	*n_creators = (int) cb_execute(&read_creators, CB_ARGS(cb_txid_array(txids, n)));
	creators = palloc(sizeof(Creator) * Max(*n_creators, 1));
	for (int i = 0; i < *n_creators; i++)
	{
		creators[i].txid = cb_column_txid(i, 1);
		creators[i].raw = cb_column_bytea(i, 2);
	}
	return creators;
}

static bool
read_spell(const CbTx *tx, CbSpell *spell)
{
	cb_tx_spell_read(tx, spell);
	return spell->state == CB_SPELL_READ;
}

static bool
puts_charms(const CbSpell *spell, uint32 vout)
{
	CbCharmIter it = cb_spell_charms(spell);
	CbCharm		charm;

	while (cb_spell_next_charm(&it, &charm))
		if (charm.vout == vout)
			return !cb_spell_beamed_out(spell, vout, NULL);
	return false;
}
