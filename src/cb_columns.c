/*-------------------------------------------------------------------------
 *
 * cb_columns.c
 *	  Rows to be written at once, as one array for each column.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_columns.h"
#include "cb_sql.h"

void
cb_columns_begin(CbColumns *columns, int n_columns, int capacity)
{
	columns->n_rows = 0;
	columns->capacity = capacity;
	columns->n_columns = n_columns;
	columns->values = palloc_extended(sizeof(Datum) * n_columns * Max(capacity, 1), MCXT_ALLOC_HUGE);
	columns->nulls = palloc_extended(sizeof(bool) * n_columns * Max(capacity, 1), MCXT_ALLOC_HUGE);
}

void
cb_columns_add(CbColumns *columns, const NullableDatum *row)
{
	Assert(columns->n_rows < columns->capacity);
	for (int i = 0; i < columns->n_columns; i++)
	{
		columns->values[i * columns->capacity + columns->n_rows] = row[i].value;
		columns->nulls[i * columns->capacity + columns->n_rows] = row[i].isnull;
	}
	columns->n_rows++;
}

NullableDatum
cb_columns_array(const CbColumns *columns, int i, Oid type)
{
	return cb_array(columns->values + i * columns->capacity, columns->nulls + i * columns->capacity,
					columns->n_rows, type);
}
