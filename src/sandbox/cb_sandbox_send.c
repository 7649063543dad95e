/*-------------------------------------------------------------------------
 *
 * cb_sandbox_send.c
 *	  SQL functions on the sandbox's mempool: paying, broadcasting,
 *	  double-spending, evicting.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "cb_args.h"
#include "cb_call.h"
#include "cb_compat.h"
#include "cb_errors.h"
#include "cb_sandbox.h"
#include "cb_sandbox_internal.h"
#include "cb_sql.h"
#include "chain/cb_broadcast.h"
#include "types/cb_types.h"
#include "utils/array.h"
#include "utils/lsyscache.h"

/* All of them fit into a transaction that nodes relay. */
#define MAX_PAYMENTS 1000

static Datum send_tx(const CbSandboxTip *tip, CbSpan raw);
static CbTxOut make_output(Datum address, int64 amount);
static int	get_array(FunctionCallInfo fcinfo, int argno, const char *name, Oid type, Datum **values);
static CbHash256 txid_arg(FunctionCallInfo fcinfo);
cb_noreturn static void refuse_unless_waiting(const CbHash256 *txid);

/* charmbills.sandbox_pay(address, amount) -> txid */
CB_FUNCTION(sandbox_pay, CB_OPERATOR)
{
	CbSandboxTip tip;
	CbTxOut		output;

	cb_sandbox_enter(&tip);
	cb_require_args(fcinfo, 2);
	output = make_output(PG_GETARG_DATUM(0), PG_GETARG_INT64(1));
	return send_tx(&tip, cb_sandbox_payment_tx(&output, 1));
}

/* charmbills.sandbox_pay_many(addresses, amounts) -> txid */
CB_FUNCTION(sandbox_pay_many, CB_OPERATOR)
{
	CbSandboxTip tip;
	Datum	   *addresses;
	Datum	   *amounts;
	CbTxOut	   *outputs;
	int			n;

	cb_sandbox_enter(&tip);
	cb_require_args(fcinfo, 2);
	n = get_array(fcinfo, 0, "addresses", TEXTOID, &addresses);
	if (get_array(fcinfo, 1, "amounts", INT8OID, &amounts) != n)
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("addresses and amounts must be equally many")));
	outputs = palloc(sizeof(CbTxOut) * n);
	for (int i = 0; i < n; i++)
		outputs[i] = make_output(addresses[i], DatumGetInt64(amounts[i]));
	return send_tx(&tip, cb_sandbox_payment_tx(outputs, n));
}

/* charmbills.sandbox_submit(tx) -> txid */
CB_FUNCTION(sandbox_submit, CB_OPERATOR)
{
	CbSandboxTip tip;

	cb_sandbox_enter(&tip);
	cb_require_args(fcinfo, 1);
	return send_tx(&tip, cb_hex_arg(PG_GETARG_DATUM(0), "transaction"));
}

/* charmbills.sandbox_double_spend(txid) -> txid */
CB_FUNCTION(sandbox_double_spend, CB_OPERATOR)
{
	CbSandboxTip tip;
	CbHash256	txid;
	CbSpan		raw;
	CbTx		tx;

	cb_sandbox_enter(&tip);
	txid = txid_arg(fcinfo);
	raw = cb_sandbox_mempool_tx(&txid);
	if (raw.data == NULL)
		refuse_unless_waiting(&txid);
	if (cb_tx_parse(raw.data, raw.len, &tx) != CB_OK)
		elog(ERROR, "sandbox holds a damaged transaction");
	return send_tx(&tip, cb_sandbox_replacement_tx(&tx));
}

/* charmbills.sandbox_evict(txid) -> boolean */
CB_FUNCTION(sandbox_evict, CB_OPERATOR)
{
	CbSandboxTip tip;
	CbHash256	txid;
	bool		found;

	cb_sandbox_enter(&tip);
	txid = txid_arg(fcinfo);
	found = cb_sandbox_mempool_tx(&txid).data != NULL;
	if (found)
		cb_sandbox_mempool_drop(&tip, &txid);
	cb_sandbox_leave(&tip);
	PG_RETURN_BOOL(found);
}

void
cb_sandbox_register(void)
{
	cb_broadcast_at_once_by(cb_sandbox_broadcast);
}

void
cb_sandbox_broadcast(const CbSpan *txs, int n)
{
	CbSandboxTip tip;

	cb_sandbox_enter(&tip);
	cb_sandbox_accept(&tip, txs, n);
	cb_sandbox_leave(&tip);
}

CbSpan
cb_sandbox_unspent(const CbOutpoint *outpoint)
{
	CbSpan		raw = cb_sandbox_mempool_tx(&outpoint->txid);
	CbTx		tx;

	if (raw.data == NULL)
		raw = cb_sandbox_mined_tx(&outpoint->txid);
	if (raw.data == NULL || cb_sandbox_is_spent(outpoint) ||
		cb_tx_parse(raw.data, raw.len, &tx) != CB_OK || outpoint->vout >= tx.n_outputs)
		return (CbSpan) {NULL, 0};
	return raw;
}

static Datum
send_tx(const CbSandboxTip *tip, CbSpan raw)
{
	CbTx		tx;
	CbHash256  *txid = palloc(sizeof(CbHash256));

	cb_sandbox_accept(tip, &raw, 1);
	cb_sandbox_leave(tip);
	if (cb_tx_parse(raw.data, raw.len, &tx) != CB_OK)
		elog(ERROR, "sandbox has accepted a damaged transaction");
	cb_tx_txid(&tx, txid);
	PG_RETURN_POINTER(txid);
}

static CbTxOut
make_output(Datum address, int64 amount)
{
	CbTxOut		output;

	output.value = cb_check_sats(amount);
	if (amount == 0)
		ereport(ERROR,
				(errcode(ERRCODE_CB_AMOUNT),
				 errmsg("a payment must be of at least 1 sat")));
	output.script = cb_sandbox_address_script(address);
	return output;
}

/* Gives how many there are. */
static int
get_array(FunctionCallInfo fcinfo, int argno, const char *name, Oid type, Datum **values)
{
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(argno);
	int16		length;
	bool		by_value;
	char		align;
	int			n;

	if (ARR_NDIM(array) > 1 || array_contains_nulls(array))
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("%s must be a list without nulls", name)));
	get_typlenbyvalalign(type, &length, &by_value, &align);
	deconstruct_array(array, type, length, by_value, align, values, NULL, &n);
	if (n < 1 || n > MAX_PAYMENTS)
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("%s must have from 1 to %d elements", name, MAX_PAYMENTS)));
	return n;
}

static CbHash256
txid_arg(FunctionCallInfo fcinfo)
{
	CbHash256	txid;

	cb_require_args(fcinfo, 1);
	memcpy(txid.bytes, PG_GETARG_CB_TXID(0)->bytes, sizeof(txid.bytes));
	return txid;
}

/* Only what waits to be mined can be spent otherwise. */
static void
refuse_unless_waiting(const CbHash256 *txid)
{
	if (cb_sandbox_mined_tx(txid).data != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_CB_WRONG_STATE),
				 errmsg("transaction is in a block"),
				 errhint("Undo its block with sandbox_reorg(), then double-spend it.")));
	ereport(ERROR,
			(errcode(ERRCODE_CB_NOT_FOUND),
			 errmsg("transaction is not in the sandbox")));
}
