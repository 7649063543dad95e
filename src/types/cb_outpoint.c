/*-------------------------------------------------------------------------
 *
 * cb_outpoint.c
 *	  SQL type outpoint: one output of one transaction, written txid:vout.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "libpq/pqformat.h"
#include "port/pg_bswap.h"
#include "utils/builtins.h"

#include "bitcoin/cb_bytes.h"
#include "cb_errors.h"
#include "types/cb_sortsupport.h"
#include "types/cb_types.h"

#define TXID_TEXT_LEN (2 * sizeof(CbTxid))

/* Digits of the largest output number, 4294967295. */
#define VOUT_MAX_DIGITS 10

StaticAssertDecl(sizeof(CbOutpointValue) == 36, "outpoint has INTERNALLENGTH 36");

static void set_vout(CbOutpointValue *value, uint32 vout);
static bool parse_outpoint(const char *str, CbOutpointValue *value);
static bool parse_vout(const char *str, uint32 *vout);
static int	compare(const CbOutpointValue *a, const CbOutpointValue *b);
static int	compare_args(FunctionCallInfo fcinfo);
static int	compare_datums(Datum a, Datum b, SortSupport ssup);

PG_FUNCTION_INFO_V1(charmbills_outpoint_in);
PG_FUNCTION_INFO_V1(charmbills_outpoint_out);
PG_FUNCTION_INFO_V1(charmbills_outpoint_recv);
PG_FUNCTION_INFO_V1(charmbills_outpoint_send);
PG_FUNCTION_INFO_V1(charmbills_outpoint);
PG_FUNCTION_INFO_V1(charmbills_outpoint_txid);
PG_FUNCTION_INFO_V1(charmbills_outpoint_vout);
PG_FUNCTION_INFO_V1(charmbills_outpoint_lt);
PG_FUNCTION_INFO_V1(charmbills_outpoint_le);
PG_FUNCTION_INFO_V1(charmbills_outpoint_eq);
PG_FUNCTION_INFO_V1(charmbills_outpoint_ne);
PG_FUNCTION_INFO_V1(charmbills_outpoint_ge);
PG_FUNCTION_INFO_V1(charmbills_outpoint_gt);
PG_FUNCTION_INFO_V1(charmbills_outpoint_cmp);
PG_FUNCTION_INFO_V1(charmbills_outpoint_sortsupport);
PG_FUNCTION_INFO_V1(charmbills_outpoint_hash);
PG_FUNCTION_INFO_V1(charmbills_outpoint_hash_extended);

void
cb_outpoint_value(const CbOutpoint *outpoint, CbOutpointValue *value)
{
	memcpy(value->txid.bytes, outpoint->txid.bytes, sizeof(value->txid.bytes));
	set_vout(value, outpoint->vout);
}

uint32
cb_outpoint_value_vout(const CbOutpointValue *value)
{
	uint32		big_endian;

	memcpy(&big_endian, value->vout, sizeof(big_endian));
	return pg_ntoh32(big_endian);
}

CbOutpoint
cb_outpoint_of_value(const CbOutpointValue *value)
{
	CbOutpoint	outpoint;

	memcpy(outpoint.txid.bytes, value->txid.bytes, sizeof(value->txid.bytes));
	outpoint.vout = cb_outpoint_value_vout(value);
	return outpoint;
}

static void
set_vout(CbOutpointValue *value, uint32 vout)
{
	uint32		big_endian = pg_hton32(vout);

	memcpy(value->vout, &big_endian, sizeof(value->vout));
}

char *
cb_outpoint_cstring(const CbOutpointValue *value)
{
	char	   *str = palloc(TXID_TEXT_LEN + 1 + VOUT_MAX_DIGITS + 1);

	cb_hex_encode_reversed(value->txid.bytes, sizeof(value->txid.bytes), str);
	str[TXID_TEXT_LEN] = ':';
	*pg_ultostr(str + TXID_TEXT_LEN + 1, cb_outpoint_value_vout(value)) = '\0';
	return str;
}

Datum
charmbills_outpoint_in(PG_FUNCTION_ARGS)
{
	const char *str = PG_GETARG_CSTRING(0);
	CbOutpointValue *value = palloc(sizeof(CbOutpointValue));

	if (!parse_outpoint(str, value))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type %s: \"%s\"", "outpoint", str),
				 errdetail("An outpoint is 64 hexadecimal digits, a colon, and an output number from 0 to 4294967295.")));
	PG_RETURN_CB_OUTPOINT(value);
}

static bool
parse_outpoint(const char *str, CbOutpointValue *value)
{
	const char *colon = strchr(str, ':');
	uint32		vout;

	if (colon == NULL ||
		cb_hex_decode_reversed(str, colon - str, value->txid.bytes, sizeof(value->txid.bytes)) != CB_OK ||
		!parse_vout(colon + 1, &vout))
		return false;
	set_vout(value, vout);
	return true;
}

/* Each number has one spelling: no sign, no space, no leading zero. */
static bool
parse_vout(const char *str, uint32 *vout)
{
	size_t		len = strlen(str);
	uint64		number = 0;

	if (len == 0 || len > VOUT_MAX_DIGITS || (str[0] == '0' && len > 1))
		return false;
	for (size_t i = 0; i < len; i++)
	{
		if (str[i] < '0' || str[i] > '9')
			return false;
		number = number * 10 + (str[i] - '0');
	}
	*vout = (uint32) number;
	return number <= PG_UINT32_MAX;
}

Datum
charmbills_outpoint_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(cb_outpoint_cstring(PG_GETARG_CB_OUTPOINT(0)));
}

/* The bytes sent are those kept: txid in wire order, vout in network order. */
Datum
charmbills_outpoint_recv(PG_FUNCTION_ARGS)
{
	StringInfo	message = (StringInfo) PG_GETARG_POINTER(0);
	CbOutpointValue *value = palloc(sizeof(CbOutpointValue));

	pq_copymsgbytes(message, (char *) value, sizeof(*value));
	PG_RETURN_CB_OUTPOINT(value);
}

Datum
charmbills_outpoint_send(PG_FUNCTION_ARGS)
{
	CbOutpointValue *value = PG_GETARG_CB_OUTPOINT(0);
	StringInfoData message;

	pq_begintypsend(&message);
	pq_sendbytes(&message, (const char *) value, sizeof(*value));
	PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

Datum
charmbills_outpoint(PG_FUNCTION_ARGS)
{
	int32		vout = PG_GETARG_INT32(1);
	CbOutpointValue *value = palloc(sizeof(CbOutpointValue));

	if (vout < 0)
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("output number %d is negative", vout)));
	value->txid = *PG_GETARG_CB_TXID(0);
	set_vout(value, (uint32) vout);
	PG_RETURN_CB_OUTPOINT(value);
}

Datum
charmbills_outpoint_txid(PG_FUNCTION_ARGS)
{
	CbTxid	   *txid = palloc(sizeof(CbTxid));

	*txid = PG_GETARG_CB_OUTPOINT(0)->txid;
	PG_RETURN_CB_TXID(txid);
}

/*
 * No real transaction has 2^31 outputs, but a coinbase's null outpoint has
 * number 2^32 - 1, which the type holds and integer does not.
 */
Datum
charmbills_outpoint_vout(PG_FUNCTION_ARGS)
{
	uint32		vout = cb_outpoint_value_vout(PG_GETARG_CB_OUTPOINT(0));

	if (vout > PG_INT32_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("output number %u is out of range for type %s", vout, "integer")));
	PG_RETURN_INT32((int32) vout);
}

static int
compare(const CbOutpointValue *a, const CbOutpointValue *b)
{
	return memcmp(a, b, sizeof(*a));
}

static int
compare_args(FunctionCallInfo fcinfo)
{
	return compare(PG_GETARG_CB_OUTPOINT(0), PG_GETARG_CB_OUTPOINT(1));
}

static int
compare_datums(Datum a, Datum b, SortSupport ssup)
{
	return compare(DatumGetCbOutpoint(a), DatumGetCbOutpoint(b));
}

Datum
charmbills_outpoint_lt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_args(fcinfo) < 0);
}

Datum
charmbills_outpoint_le(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_args(fcinfo) <= 0);
}

Datum
charmbills_outpoint_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_args(fcinfo) == 0);
}

Datum
charmbills_outpoint_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_args(fcinfo) != 0);
}

Datum
charmbills_outpoint_ge(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_args(fcinfo) >= 0);
}

Datum
charmbills_outpoint_gt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_args(fcinfo) > 0);
}

Datum
charmbills_outpoint_cmp(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(compare_args(fcinfo));
}

Datum
charmbills_outpoint_sortsupport(PG_FUNCTION_ARGS)
{
	cb_bytes_sortsupport((SortSupport) PG_GETARG_POINTER(0), compare_datums);
	PG_RETURN_VOID();
}

Datum
charmbills_outpoint_hash(PG_FUNCTION_ARGS)
{
	const unsigned char *bytes = (const unsigned char *) PG_GETARG_CB_OUTPOINT(0);

	return hash_any(bytes, sizeof(CbOutpointValue));
}

Datum
charmbills_outpoint_hash_extended(PG_FUNCTION_ARGS)
{
	const unsigned char *bytes = (const unsigned char *) PG_GETARG_CB_OUTPOINT(0);

	return hash_any_extended(bytes, sizeof(CbOutpointValue), PG_GETARG_INT64(1));
}
