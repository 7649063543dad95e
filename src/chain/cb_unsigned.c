/*-------------------------------------------------------------------------
 *
 * cb_unsigned.c
 *	  Transactions of ours that wait for their signatures, and what they spend.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "bitcoin/cb_script.h"
#include "cb_auth.h"
#include "cb_errors.h"
#include "cb_sql.h"
#include "chain/cb_unsigned.h"
#include "utils/builtins.h"

CB_STATEMENT(read_row, "uuid",
			 "SELECT merchant_id, status, commit_tx, spell_tx FROM charmbills.transactions WHERE id = $1");
CB_KEYS_STATEMENT(read_previous, "uuid txid[]",
				  "SELECT raw FROM charmbills.previous_transactions WHERE transaction_id = $1 AND txid = ANY ($2) "
				  "UNION ALL "
				  "SELECT raw FROM charmbills.chain_transactions WHERE txid = ANY ($2)");

static CbBlockTx *load_previous(const pg_uuid_t *transaction_id, const CbBlockTx *tx, int *n);
static bool find_output(const CbBlockTx *txs, int n, const CbOutpoint *outpoint, CbPrevious *previous);
cb_noreturn static void refuse_unknown(const CbOutpoint *outpoint);

void
cb_unsigned_read(const pg_uuid_t *id, CbUnsigned *row)
{
	if (cb_execute(&read_row, CB_ARGS(cb_uuid(id))) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_CB_NOT_FOUND),
				 errmsg("transaction does not exist")));
	row->id = *id;
	row->merchant_id = cb_column_uuid(0, 1);
	row->status = cb_column_text(0, 2);
	row->commit_hex = cb_column_text(0, 3);
	row->spell_hex = cb_column_text(0, 4);
	cb_authorize(&row->merchant_id);
	if (row->commit_hex == NULL && row->spell_hex == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_CB_WRONG_STATE),
				 errmsg("there is nothing to sign yet"),
				 errdetail("The transaction has not been proved.")));
	cb_package_parse(row->commit_hex ? cstring_to_text(row->commit_hex) : NULL,
					 row->spell_hex ? cstring_to_text(row->spell_hex) : NULL, &row->package);
}

/* Only what is spent by a witness is signed outside of what is hashed. */
void
cb_refuse_changing_commit(const CbUnsigned *row)
{
	const CbPackage *package = &row->package;
	const CbPrevious *previous;
	int			version;
	CbSpan		program;

	if (!package->has_commit || !package->has_spell)
		return;
	previous = cb_previous_outputs(&row->id, package, &package->commit);
	for (uint32 i = 0; i < package->commit.tx.n_inputs; i++)
	{
		if (cb_script_witness_program(previous[i].out.script, &version, &program))
			continue;
		ereport(ERROR,
				(errcode(ERRCODE_CB_WRONG_STATE),
				 errmsg("signing would change what identifies the commit transaction"),
				 errdetail("Its input %u spends an output without a witness program, and the spell transaction spends an output of it.", i),
				 errhint("Pay the fees with a UTXO whose address begins with bc1.")));
	}
}

CbPrevious *
cb_previous_outputs(const pg_uuid_t *transaction_id, const CbPackage *package, const CbBlockTx *tx)
{
	CbPrevious *previous = palloc(sizeof(CbPrevious) * tx->tx.n_inputs);
	int			n_known;
	CbBlockTx  *known = load_previous(transaction_id, tx, &n_known);
	CbTxInIter	it = cb_tx_inputs(&tx->tx);
	CbTxIn		in;

	for (uint32 i = 0; cb_tx_next_input(&it, &in); i++)
	{
		if (package->has_commit && find_output(&package->commit, 1, &in.prevout, &previous[i]))
			continue;
		if (!find_output(known, n_known, &in.prevout, &previous[i]))
			refuse_unknown(&in.prevout);
	}
	return previous;
}

/* Each has the identifier that its bytes give it, whatever its row says. */
static CbBlockTx *
load_previous(const pg_uuid_t *transaction_id, const CbBlockTx *tx, int *n)
{
	CbHash256  *txids = palloc(sizeof(CbHash256) * tx->tx.n_inputs);
	CbTxInIter	it = cb_tx_inputs(&tx->tx);
	CbTxIn		in;
	CbBlockTx  *known;
	uint64		n_rows;
	int			n_txids = 0;

	while (cb_tx_next_input(&it, &in))
		txids[n_txids++] = in.prevout.txid;
	n_rows = cb_execute(&read_previous, CB_ARGS(cb_uuid(transaction_id), cb_txid_array(txids, n_txids)));
	known = palloc(sizeof(CbBlockTx) * Max(n_rows, 1));
	*n = 0;
	for (uint64 i = 0; i < n_rows; i++)
	{
		CbSpan		raw = cb_column_bytea(i, 1);

		if (cb_tx_parse(raw.data, raw.len, &known[*n].tx) != CB_OK)
			continue;
		cb_tx_txid(&known[*n].tx, &known[*n].txid);
		(*n)++;
	}
	return known;
}

static bool
find_output(const CbBlockTx *txs, int n, const CbOutpoint *outpoint, CbPrevious *previous)
{
	for (int i = 0; i < n; i++)
	{
		if (memcmp(&txs[i].txid, &outpoint->txid, sizeof(CbHash256)) != 0 ||
			!cb_tx_nth_output(&txs[i].tx, outpoint->vout, &previous->out))
			continue;
		previous->raw = txs[i].tx.raw;
		return true;
	}
	return false;
}

static void
refuse_unknown(const CbOutpoint *outpoint)
{
	CbOutpointValue value;

	cb_outpoint_value(outpoint, &value);
	ereport(ERROR,
			(errcode(ERRCODE_CB_WRONG_STATE),
			 errmsg("output %s is spent and not known", cb_outpoint_cstring(&value)),
			 errhint("Its transaction must be known: from the chain, or in charmbills.previous_transactions.")));
}
