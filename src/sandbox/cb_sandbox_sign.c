/*-------------------------------------------------------------------------
 *
 * cb_sandbox_sign.c
 *	  Signing in the sandbox, where no key is needed: what waits for its
 *	  signature gets zeros of the same weight, and is sent.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "bitcoin/cb_tx_draft.h"
#include "cb_args.h"
#include "cb_call.h"
#include "cb_clock.h"
#include "cb_sandbox_internal.h"
#include "cb_sql.h"
#include "chain/cb_submit.h"
#include "types/cb_types.h"
#include "utils/builtins.h"

/* A count, and items with lengths of one byte each. */
#define LARGEST_ITEM 252
#define WITNESS_SIZE (1 + 2 * (1 + LARGEST_ITEM))
#define SEGWIT_FLAG 1

CB_STATEMENT(read_transaction, "uuid",
			 "SELECT t FROM charmbills.transactions t WHERE t.id = $1");

static text *sign(const CbUnsigned *row, const CbBlockTx *tx);
static void write_witnesses(CbWriter *w, const CbTx *tx, const CbPrevious *previous);
static void write_zeros(CbWriter *w, size_t weight);

/* charmbills.sandbox_sign(transaction_id uuid) -> transactions */
CB_FUNCTION(sandbox_sign, CB_OPERATOR)
{
	CbSandboxTip tip;
	CbUnsigned	row;
	CbOutgoing	outgoing;

	cb_sandbox_enter(&tip);
	cb_sandbox_leave(&tip);
	cb_require_args(fcinfo, 1);
	cb_unsigned_read(PG_GETARG_UUID_P(0), &row);
	if (cb_submit_is_wanted(&row))
	{
		memset(&outgoing, 0, sizeof(outgoing));
		outgoing.id = row.id;
		outgoing.merchant_id = row.merchant_id;
		outgoing.now = cb_now();
		cb_package_parse(row.package.has_commit ? sign(&row, &row.package.commit) : NULL,
						 row.package.has_spell ? sign(&row, &row.package.spell) : NULL, &outgoing.package);
		cb_submit(&row, &outgoing);
	}
	cb_execute_one(&read_transaction, CB_ARGS(cb_uuid(&row.id)));
	return cb_return_row(fcinfo);
}

static text *
sign(const CbUnsigned *row, const CbBlockTx *tx)
{
	CbPrevious *previous = cb_previous_outputs(&row->id, &row->package, tx);
	size_t		size = tx->tx.raw.len + 2 + (size_t) WITNESS_SIZE * tx->tx.n_inputs;
	CbWriter	w = cb_writer(palloc(size), size);

	cb_write_u32(&w, (uint32) tx->tx.version);
	cb_write_u8(&w, 0);			/* segwit marker */
	cb_write_u8(&w, SEGWIT_FLAG);
	cb_write_bytes(&w, tx->tx.core.data, tx->tx.core.len);
	write_witnesses(&w, &tx->tx, previous);
	cb_write_u32(&w, tx->tx.locktime);
	if (w.error != CB_OK)
		elog(ERROR, "could not sign a transaction: %s", cb_result_message(w.error));
	return cstring_to_text(cb_hex_cstring((CbSpan) {w.data, w.len}));
}

/* What the prover has signed stays as it is. */
static void
write_witnesses(CbWriter *w, const CbTx *tx, const CbPrevious *previous)
{
	CbWitnessIter it = cb_tx_witnesses(tx);

	for (uint32 i = 0; i < tx->n_inputs; i++)
	{
		CbReader	items;
		uint64		n_items = 0;

		if (tx->has_witness && cb_tx_next_witness(&it, &n_items, &items) && n_items > 0)
		{
			cb_write_compact_size(w, n_items);
			cb_write_bytes(w, items.pos, cb_reader_left(&items));
		}
		else
			write_zeros(w, cb_spend_weight(previous[i].out.script));
	}
}

/* One item, or two where one would be too long. */
static void
write_zeros(CbWriter *w, size_t weight)
{
	static const uint8 zeros[LARGEST_ITEM];
	size_t		n = weight - 1 <= 1 + LARGEST_ITEM ? 1 : 2;
	size_t		left = Min(weight - 1, 2 * (1 + LARGEST_ITEM));

	cb_write_compact_size(w, n);
	for (; n > 0; n--)
	{
		size_t		len = n == 2 ? LARGEST_ITEM : left - 1;

		cb_write_var_bytes(w, (CbSpan) {zeros, len});
		left -= 1 + len;
	}
}
