/*-------------------------------------------------------------------------
 *
 * cb_charm_start.c
 *	  From where on plans are followed again.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "cb_columns.h"
#include "cb_sql.h"
#include "chain/cb_charm_start.h"

void
cb_charm_start_arrays(const CbCharmStart *starts, int n, NullableDatum *ids, NullableDatum *heights)
{
	CbColumns	columns;

	cb_columns_begin(&columns, 2, n);
	for (int i = 0; i < n; i++)
		cb_columns_add(&columns, CB_ARGS(cb_uuid(&starts[i].plan_id), cb_int4(starts[i].height)));
	*ids = cb_columns_array(&columns, 0, UUIDOID);
	*heights = cb_columns_array(&columns, 1, INT4OID);
}
