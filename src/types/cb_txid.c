/*-------------------------------------------------------------------------
 *
 * cb_txid.c
 *	  SQL type txid: a transaction's identifier.
 *
 * Shown last byte first, as Bitcoin shows it; kept, sorted and sent in wire
 * order.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"

#include "bitcoin/cb_bytes.h"
#include "types/cb_sortsupport.h"
#include "types/cb_types.h"

#define TXID_TEXT_LEN (2 * sizeof(CbTxid))

StaticAssertDecl(sizeof(CbTxid) == 32, "txid has INTERNALLENGTH 32");

static int	compare(const CbTxid *a, const CbTxid *b);
static int	compare_args(FunctionCallInfo fcinfo);
static int	compare_datums(Datum a, Datum b, SortSupport ssup);

PG_FUNCTION_INFO_V1(charmbills_txid_in);
PG_FUNCTION_INFO_V1(charmbills_txid_out);
PG_FUNCTION_INFO_V1(charmbills_txid_recv);
PG_FUNCTION_INFO_V1(charmbills_txid_send);
PG_FUNCTION_INFO_V1(charmbills_txid_lt);
PG_FUNCTION_INFO_V1(charmbills_txid_le);
PG_FUNCTION_INFO_V1(charmbills_txid_eq);
PG_FUNCTION_INFO_V1(charmbills_txid_ne);
PG_FUNCTION_INFO_V1(charmbills_txid_ge);
PG_FUNCTION_INFO_V1(charmbills_txid_gt);
PG_FUNCTION_INFO_V1(charmbills_txid_cmp);
PG_FUNCTION_INFO_V1(charmbills_txid_sortsupport);
PG_FUNCTION_INFO_V1(charmbills_txid_hash);
PG_FUNCTION_INFO_V1(charmbills_txid_hash_extended);

char *
cb_txid_cstring(const CbTxid *txid)
{
	char	   *str = palloc(TXID_TEXT_LEN + 1);

	cb_hex_encode_reversed(txid->bytes, sizeof(txid->bytes), str);
	str[TXID_TEXT_LEN] = '\0';
	return str;
}

Datum
charmbills_txid_in(PG_FUNCTION_ARGS)
{
	const char *str = PG_GETARG_CSTRING(0);
	CbTxid	   *txid = palloc(sizeof(CbTxid));

	if (cb_hex_decode_reversed(str, strlen(str), txid->bytes, sizeof(txid->bytes)) != CB_OK)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type %s: \"%s\"", "txid", str),
				 errdetail("A transaction id is exactly 64 hexadecimal digits.")));
	PG_RETURN_CB_TXID(txid);
}

Datum
charmbills_txid_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(cb_txid_cstring(PG_GETARG_CB_TXID(0)));
}

/* pq_copymsgbytes() and the caller's look for leftovers hold the length to 32. */
Datum
charmbills_txid_recv(PG_FUNCTION_ARGS)
{
	StringInfo	message = (StringInfo) PG_GETARG_POINTER(0);
	CbTxid	   *txid = palloc(sizeof(CbTxid));

	pq_copymsgbytes(message, (char *) txid->bytes, sizeof(txid->bytes));
	PG_RETURN_CB_TXID(txid);
}

Datum
charmbills_txid_send(PG_FUNCTION_ARGS)
{
	CbTxid	   *txid = PG_GETARG_CB_TXID(0);
	StringInfoData message;

	pq_begintypsend(&message);
	pq_sendbytes(&message, (const char *) txid->bytes, sizeof(txid->bytes));
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

static int
compare(const CbTxid *a, const CbTxid *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

static int
compare_args(FunctionCallInfo fcinfo)
{
	return compare(PG_GETARG_CB_TXID(0), PG_GETARG_CB_TXID(1));
}

static int
compare_datums(Datum a, Datum b, SortSupport ssup)
{
	return compare(DatumGetCbTxid(a), DatumGetCbTxid(b));
}

Datum
charmbills_txid_lt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_args(fcinfo) < 0);
}

Datum
charmbills_txid_le(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_args(fcinfo) <= 0);
}

Datum
charmbills_txid_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_args(fcinfo) == 0);
}

Datum
charmbills_txid_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_args(fcinfo) != 0);
}

Datum
charmbills_txid_ge(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_args(fcinfo) >= 0);
}

Datum
charmbills_txid_gt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_args(fcinfo) > 0);
}

Datum
charmbills_txid_cmp(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(compare_args(fcinfo));
}

Datum
charmbills_txid_sortsupport(PG_FUNCTION_ARGS)
{
	cb_bytes_sortsupport((SortSupport) PG_GETARG_POINTER(0), compare_datums);
	PG_RETURN_VOID();
}

Datum
charmbills_txid_hash(PG_FUNCTION_ARGS)
{
	CbTxid	   *txid = PG_GETARG_CB_TXID(0);

	return hash_any(txid->bytes, sizeof(txid->bytes));
}

Datum
charmbills_txid_hash_extended(PG_FUNCTION_ARGS)
{
	CbTxid	   *txid = PG_GETARG_CB_TXID(0);

	return hash_any_extended(txid->bytes, sizeof(txid->bytes), PG_GETARG_INT64(1));
}
