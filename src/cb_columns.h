/*-------------------------------------------------------------------------
 *
 * cb_columns.h
 *	  Rows to be written at once: a table in memory, given to a statement as
 *	  one array for each column.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_COLUMNS_H
#define CB_COLUMNS_H

#include "postgres.h"

typedef struct CbColumns
{
	int			n_rows;
	int			capacity;
	int			n_columns;
	Datum	   *values;			/* column by column */
	bool	   *nulls;
} CbColumns;

extern void cb_columns_begin(CbColumns *columns, int n_columns, int capacity);

/* Add a row of n_columns values; arrays and texts are kept, not copied. */
extern void cb_columns_add(CbColumns *columns, const NullableDatum *row);

/* Column number i, from 0, as a parameter. */
extern NullableDatum cb_columns_array(const CbColumns *columns, int i, Oid type);

#endif							/* CB_COLUMNS_H */
