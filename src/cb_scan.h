/*-------------------------------------------------------------------------
 *
 * cb_scan.h
 *	  Rows of the extension's own tables, found by an index without SQL.
 *
 * For what is asked so often that executing a statement would cost more than
 * the look-up itself.  No privilege and no row security is checked: whoever
 * scans has authorised the caller.  Columns go by their names; one that an
 * older version of the SQL objects does not have reads as null.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_SCAN_H
#define CB_SCAN_H

#include "postgres.h"

#include "access/genam.h"
#include "access/tableam.h"
#include "executor/tuptable.h"
#include "utils/relcache.h"
#include "utils/snapshot.h"
#include "utils/uuid.h"

#define CB_SCAN_MAX_COLUMNS 16
#define CB_SCAN_MAX_KEYS 2

/* A static variable, which keeps where its columns are. */
typedef struct CbTable
{
	const char *name;
	const char *columns[CB_SCAN_MAX_COLUMNS];	/* the rest NULL */
	AttrNumber	numbers[CB_SCAN_MAX_COLUMNS];
	Oid			oid;
	uint64		generation;		/* of the catalog, when this was found */
} CbTable;

/* An index of it, likewise; its first columns are among the table's. */
typedef struct CbIndex
{
	CbTable    *table;
	const char *name;
	int			columns[CB_SCAN_MAX_KEYS];
	RegProcedure equal[CB_SCAN_MAX_KEYS];	/* InvalidOid after the last */
	bool		is_partial;		/* has some rows only, and whoever scans wants no
								 * other */
	Oid			oid;
	uint64		generation;
} CbIndex;

typedef struct CbScan
{
	CbTable    *table;
	Relation	relation;
	Relation	index;
	IndexScanDesc by_index;		/* NULL when the whole table is read */
	TableScanDesc by_table;
	TupleTableSlot *row;
} CbScan;

extern bool cb_index_exists(CbIndex *index);

/*
 * Find the rows whose first columns in the index equal these values.  An index
 * that is not there, or that the snapshot may not use, makes it read the whole
 * table.  Locks are kept until the end of the transaction, as a query's are.
 */
extern void cb_scan_begin(CbScan *scan, CbIndex *index, const Datum *values, Snapshot snapshot);
extern bool cb_scan_next(CbScan *scan);
extern void cb_scan_end(CbScan *scan);

/* A column of the present row; what it points to is gone with the row. */
extern Datum cb_scan_column(const CbScan *scan, int column, bool *isnull);
extern bool cb_scan_uuid(const CbScan *scan, int column, pg_uuid_t *value); /* false: null */

#endif							/* CB_SCAN_H */
