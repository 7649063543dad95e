/*-------------------------------------------------------------------------
 *
 * cb_chain_fn.c
 *	  The SQL functions by which the chain is followed.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "cb_args.h"
#include "cb_call.h"
#include "cb_errors.h"
#include "cb_sql.h"
#include "chain/cb_chain.h"
#include "chain/cb_chain_state.h"
#include "utils/array.h"
#include "utils/builtins.h"

CB_STATEMENT(read_tip, "",
			 "SELECT s.height, s.hash, b.block_time FROM charmbills.chain_state s "
			 "LEFT JOIN charmbills.blocks b ON b.height = s.height "
			 "WHERE s.height IS NOT NULL");
/* All of the last twelve, then every second, fourth, eighth ..., and the base. */
CB_STATEMENT(read_locator, "",
			 "SELECT b.height, b.hash "
			 "FROM charmbills.chain_state s "
			 "JOIN charmbills.blocks b ON b.height IN ("
			 "         SELECT s.height - i FROM generate_series(0, 11) i "
			 "         UNION SELECT s.height - 12 - (1 << i) FROM generate_series(0, 29) i "
			 "         UNION SELECT s.base_height) "
			 "UNION "
			 "SELECT s.height, s.hash FROM charmbills.chain_state s WHERE s.height IS NOT NULL "
			 "ORDER BY 1 DESC");
CB_STATEMENT(read_unconfirmed, "",
			 "SELECT txid FROM charmbills.chain_transactions WHERE status = 'seen' ORDER BY txid");
CB_STATEMENT(read_wanted_parents, "",
			 "SELECT DISTINCT charmbills.outpoint_txid(w.outpoint) "
			 "FROM charmbills.chain_transactions k "
			 "JOIN charmbills.watched_outpoints w ON w.spender = k.txid "
			 "WHERE k.status = 'seen' AND NOT k.parents_known "
			 "AND NOT EXISTS (SELECT FROM charmbills.chain_transactions p "
			 "                WHERE p.txid = charmbills.outpoint_txid(w.outpoint)) "
			 "ORDER BY 1");
CB_STATEMENT(mark_parents_known, "",
			 "UPDATE charmbills.chain_transactions SET parents_known = true "
			 "WHERE status = 'seen' AND NOT parents_known");

static CbSpan *bytea_array_arg(FunctionCallInfo fcinfo, int argno, int *n);

static CbSpan *
bytea_array_arg(FunctionCallInfo fcinfo, int argno, int *n)
{
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(argno);
	Datum	   *values;
	bool	   *nulls;
	CbSpan	   *spans;

	deconstruct_array(array, BYTEAOID, -1, false, TYPALIGN_INT, &values, &nulls, n);
	spans = palloc(sizeof(CbSpan) * Max(*n, 1));
	for (int i = 0; i < *n; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_CB_INVALID_ARGUMENT),
					 errmsg("array of transactions or blocks contains a null")));
		spans[i] = cb_bytea_span(values[i]);
	}
	return spans;
}

/* charmbills.chain_tip() -> setof (height integer, hash text, "time" timestamptz) */
CB_FUNCTION(chain_tip, CB_MONITOR)
{
	cb_execute(&read_tip, CB_NO_ARGS);
	return cb_return_rows(fcinfo);
}

/* charmbills.chain_locator() -> setof (height integer, hash text) */
CB_FUNCTION(chain_locator, CB_OPERATOR)
{
	cb_execute(&read_locator, CB_NO_ARGS);
	return cb_return_rows(fcinfo);
}

/* charmbills.chain_unconfirmed() -> setof txid */
CB_FUNCTION(chain_unconfirmed, CB_OPERATOR)
{
	cb_execute(&read_unconfirmed, CB_NO_ARGS);
	return cb_return_rows(fcinfo);
}

/* charmbills.chain_wanted_parents() -> setof txid */
CB_FUNCTION(chain_wanted_parents, CB_OPERATOR)
{
	cb_execute(&read_wanted_parents, CB_NO_ARGS);
	return cb_return_rows(fcinfo);
}

/* charmbills.chain_parents_asked() -> void */
CB_FUNCTION(chain_parents_asked, CB_OPERATOR)
{
	CbChainState state;

	cb_chain_lock(&state);
	cb_execute(&mark_parents_known, CB_NO_ARGS);
	PG_RETURN_VOID();
}

/* charmbills.chain_apply_block(height integer, block bytea) -> boolean */
CB_FUNCTION(chain_apply_block, CB_OPERATOR)
{
	cb_require_args(fcinfo, 2);
	PG_RETURN_BOOL(cb_chain_apply_block(PG_GETARG_INT32(0), cb_bytea_span(PG_GETARG_DATUM(1))));
}

/* charmbills.chain_rollback(height integer) -> integer */
CB_FUNCTION(chain_rollback, CB_OPERATOR)
{
	cb_require_args(fcinfo, 1);
	PG_RETURN_INT32(cb_chain_rollback(PG_GETARG_INT32(0)));
}

/* charmbills.chain_reorganise(fork_height integer, blocks bytea[]) -> integer */
CB_FUNCTION(chain_reorganise, CB_OPERATOR)
{
	int			n;
	CbSpan	   *blocks;

	cb_require_args(fcinfo, 2);
	blocks = bytea_array_arg(fcinfo, 1, &n);
	PG_RETURN_INT32(cb_chain_reorganise(PG_GETARG_INT32(0), blocks, n));
}

/* charmbills.chain_offer_block(height integer, block bytea) -> integer */
CB_FUNCTION(chain_offer_block, CB_OPERATOR)
{
	cb_require_args(fcinfo, 2);
	PG_RETURN_INT32(cb_chain_offer_block(PG_GETARG_INT32(0), cb_bytea_span(PG_GETARG_DATUM(1))));
}

/* charmbills.chain_apply_mempool(txs bytea[]) -> integer */
CB_FUNCTION(chain_apply_mempool, CB_OPERATOR)
{
	int			n;
	CbSpan	   *txs;

	cb_require_args(fcinfo, 1);
	txs = bytea_array_arg(fcinfo, 0, &n);
	PG_RETURN_INT32(cb_chain_apply_mempool(txs, n));
}

/* charmbills.chain_arm_watches(txs bytea[]) -> bigint */
CB_FUNCTION(chain_arm_watches, CB_OPERATOR)
{
	int			n;
	CbSpan	   *txs;

	cb_require_args(fcinfo, 1);
	txs = bytea_array_arg(fcinfo, 0, &n);
	PG_RETURN_INT64(cb_chain_arm_watches(txs, n));
}

/* charmbills.chain_evict_mempool(txid txid, at_tip text) -> boolean */
CB_FUNCTION(chain_evict_mempool, CB_OPERATOR)
{
	CbHash256	txid;

	cb_require_args(fcinfo, 2);
	memcpy(txid.bytes, PG_GETARG_CB_TXID(0)->bytes, sizeof(txid.bytes));
	PG_RETURN_BOOL(cb_chain_evict(&txid, text_to_cstring(PG_GETARG_TEXT_PP(1))));
}
