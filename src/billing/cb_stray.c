/*-------------------------------------------------------------------------
 *
 * cb_stray.c
 *	  Payments without an invoice: credit that nobody is known to own.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "billing/cb_credit.h"
#include "billing/cb_settle.h"
#include "cb_sql.h"
#include "chain/cb_chain_state.h"

CB_KEYS_STATEMENT(read_strays, "outpoint[] int4",
				  "SELECT p.outpoint, p.merchant_id, p.amount_sats, "
				  "       p.invoice_id IS NULL AND p.status = 'confirmed' AND p.matures_at_height <= $2, "
				  "       coalesce((SELECT sum(c.amount_sats) FROM charmbills.credits c "
				  "                 WHERE c.outpoint = p.outpoint AND c.kind = 'unassigned'), 0)::int8 "
				  "FROM charmbills.payments p WHERE p.outpoint = ANY ($1) ORDER BY p.outpoint");

void
cb_settle_strays(const CbOutpoint *outpoints, int n, TimestampTz now, CbEvents *events)
{
	CbChainState chain;
	uint64		n_rows;
	CbOutpoint *strays = palloc(sizeof(CbOutpoint) * Max(n, 1));
	CbCreditSource *sources = palloc0(sizeof(CbCreditSource) * Max(n, 1));
	int64	   *sums = palloc(sizeof(int64) * 2 * Max(n, 1));

	if (n == 0)
		return;
	cb_chain_state_read(&chain);
	n_rows = cb_execute(&read_strays, CB_ARGS(cb_outpoint_array(outpoints, n), cb_int4(chain.height)));
	for (uint64 row = 0; row < n_rows; row++)
	{
		strays[row] = cb_column_outpoint(row, 1);
		sources[row].merchant_id = cb_column_uuid(row, 2);
		sources[row].outpoint = &strays[row];
		sums[2 * row] = cb_column_int8(row, 5);
		sums[2 * row + 1] = cb_column_bool(row, 4) ? cb_column_int8(row, 3) : 0;
	}
	for (uint64 row = 0; row < n_rows; row++)
		cb_credit_adjust(&sources[row], CB_CREDIT_UNASSIGNED, sums[2 * row], sums[2 * row + 1], now, events);
}
