/*-------------------------------------------------------------------------
 *
 * cb_column.c
 *	  Columns of the last statement's rows, by type.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_sql.h"
#include "utils/builtins.h"

Datum
cb_column(uint64 row, int column, bool *isnull)
{
	Assert(SPI_tuptable != NULL && row < SPI_tuptable->numvals);
	return SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, isnull);
}

bool
cb_column_is_null(uint64 row, int column)
{
	bool		isnull;

	(void) cb_column(row, column, &isnull);
	return isnull;
}

int32
cb_column_int4(uint64 row, int column)
{
	bool		isnull;
	Datum		value = cb_column(row, column, &isnull);

	return isnull ? 0 : DatumGetInt32(value);
}

int64
cb_column_int8(uint64 row, int column)
{
	bool		isnull;
	Datum		value = cb_column(row, column, &isnull);

	return isnull ? 0 : DatumGetInt64(value);
}

bool
cb_column_bool(uint64 row, int column)
{
	bool		isnull;
	Datum		value = cb_column(row, column, &isnull);

	return !isnull && DatumGetBool(value);
}

char *
cb_column_text(uint64 row, int column)
{
	bool		isnull;
	Datum		value = cb_column(row, column, &isnull);

	return isnull ? NULL : TextDatumGetCString(value);
}

bool
cb_text_equal(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

pg_uuid_t
cb_column_uuid(uint64 row, int column)
{
	bool		isnull;
	Datum		value = cb_column(row, column, &isnull);
	pg_uuid_t	zero = {{0}};

	return isnull ? zero : *DatumGetUUIDP(value);
}

pg_uuid_t *
cb_column_uuids(uint64 n)
{
	pg_uuid_t  *ids = palloc(sizeof(pg_uuid_t) * Max(n, 1));

	for (uint64 row = 0; row < n; row++)
		ids[row] = cb_column_uuid(row, 1);
	return ids;
}

TimestampTz
cb_column_timestamptz(uint64 row, int column)
{
	bool		isnull;
	Datum		value = cb_column(row, column, &isnull);

	return isnull ? 0 : DatumGetTimestampTz(value);
}

TimestampTz
cb_column_timestamptz_or(uint64 row, int column, TimestampTz absent)
{
	return cb_column_is_null(row, column) ? absent : cb_column_timestamptz(row, column);
}

Interval
cb_column_interval(uint64 row, int column)
{
	bool		isnull;
	Datum		value = cb_column(row, column, &isnull);
	Interval	zero = {0};

	return isnull ? zero : *DatumGetIntervalP(value);
}

CbHash256
cb_column_txid(uint64 row, int column)
{
	bool		isnull;
	Datum		value = cb_column(row, column, &isnull);
	CbHash256	hash = {{0}};

	if (!isnull)
		memcpy(hash.bytes, DatumGetCbTxid(value)->bytes, sizeof(hash.bytes));
	return hash;
}

CbOutpoint
cb_column_outpoint(uint64 row, int column)
{
	bool		isnull;
	Datum		value = cb_column(row, column, &isnull);
	CbOutpoint	outpoint = {{{0}}, 0};

	if (!isnull)
	{
		const CbOutpointValue *v = DatumGetCbOutpoint(value);

		memcpy(outpoint.txid.bytes, v->txid.bytes, sizeof(outpoint.txid.bytes));
		outpoint.vout = cb_outpoint_value_vout(v);
	}
	return outpoint;
}

CbSpan
cb_column_bytea(uint64 row, int column)
{
	bool		isnull;
	Datum		value = cb_column(row, column, &isnull);
	CbSpan		span = {NULL, 0};

	if (!isnull)
	{
		bytea	   *copy = DatumGetByteaPCopy(value);

		span.data = (const uint8 *) VARDATA(copy);
		span.len = VARSIZE(copy) - VARHDRSZ;
	}
	return span;
}
