/*-------------------------------------------------------------------------
 *
 * cb_scan.c
 *	  Rows of the extension's own tables, found by an index without SQL.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/transam.h"
#include "catalog/pg_am.h"
#include "catalog/pg_index.h"
#include "cb_compat.h"
#include "cb_scan.h"
#include "cb_sql.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

/*
 * What was found in the catalog holds until some relation changes: none of
 * ours may have been dropped, made again, or given a column.
 */
static uint64 catalog_generation = 0;

static uint64 watch_catalog(void);
static void forget(Datum arg, Oid relation);
static void find_table(CbTable *table);
static void find_index(CbIndex *index);
static int	make_keys(ScanKey keys, const CbIndex *index, const Datum *values, bool are_of_index, TupleDesc desc);
static bool is_usable(const CbIndex *index, Relation relation, Relation opened);

static uint64
watch_catalog(void)
{
	if (catalog_generation == 0)
	{
		CacheRegisterRelcacheCallback(forget, (Datum) 0);
		catalog_generation = 1;
	}
	return catalog_generation;
}

static void
forget(Datum arg, Oid relation)
{
	catalog_generation++;
}

static void
find_table(CbTable *table)
{
	uint64		generation = watch_catalog();

	if (table->generation == generation)
		return;
	table->oid = cb_relation_oid(table->name);
	for (int i = 0; i < CB_SCAN_MAX_COLUMNS && table->columns[i] != NULL; i++)
		table->numbers[i] = get_attnum(table->oid, table->columns[i]);
	table->generation = generation;
}

static void
find_index(CbIndex *index)
{
	uint64		generation = watch_catalog();

	if (index->generation == generation)
		return;
	index->oid = get_relname_relid(index->name, cb_schema_oid());
	index->generation = generation;
}

bool
cb_index_exists(CbIndex *index)
{
	find_index(index);
	return OidIsValid(index->oid);
}

void
cb_scan_begin(CbScan *scan, CbIndex *index, const Datum *values, Snapshot snapshot)
{
	ScanKeyData keys[CB_SCAN_MAX_KEYS];
	TupleDesc	desc;
	bool		by_index;
	int			n_keys;

	memset(scan, 0, sizeof(*scan));
	scan->table = index->table;
	find_table(scan->table);
	scan->relation = table_open(scan->table->oid, AccessShareLock);
	/* Columns may have changed before the lock was had. */
	find_table(scan->table);
	scan->row = table_slot_create(scan->relation, NULL);
	desc = RelationGetDescr(scan->relation);
	if (cb_index_exists(index))
		scan->index = index_open(index->oid, AccessShareLock);
	by_index = scan->index != NULL && is_usable(index, scan->relation, scan->index);
	n_keys = make_keys(keys, index, values, by_index, desc);
	if (by_index)
	{
		scan->by_index = cb_index_beginscan(scan->relation, scan->index, snapshot, n_keys);
		index_rescan(scan->by_index, keys, n_keys, NULL, 0);
	}
	else
		scan->by_table = table_beginscan(scan->relation, snapshot, n_keys, keys);
}

/* Texts compare by the column's collation, as the index has them. */
static int
make_keys(ScanKey keys, const CbIndex *index, const Datum *values, bool are_of_index, TupleDesc desc)
{
	int			n = 0;

	for (; n < CB_SCAN_MAX_KEYS && RegProcedureIsValid(index->equal[n]); n++)
	{
		AttrNumber	number = index->table->numbers[index->columns[n]];

		if (number == InvalidAttrNumber)
			elog(ERROR, "table %s lacks a column of index %s", index->table->name, index->name);
		ScanKeyInit(&keys[n], are_of_index ? n + 1 : number, BTEqualStrategyNumber,
					index->equal[n], values[n]);
		keys[n].sk_collation = TupleDescAttr(desc, number - 1)->attcollation;
	}
	return n;
}

/*
 * As the planner has it: an index made later may lack what a snapshot sees.
 * And one that somebody else has made under this name may be of other columns,
 * or of some rows only.
 */
static bool
is_usable(const CbIndex *index, Relation relation, Relation opened)
{
	const FormData_pg_index *form = opened->rd_index;

	if (form->indrelid != RelationGetRelid(relation) || opened->rd_rel->relam != BTREE_AM_OID ||
		(!index->is_partial && !heap_attisnull(opened->rd_indextuple, Anum_pg_index_indpred, NULL)))
		return false;
	for (int i = 0; i < CB_SCAN_MAX_KEYS && RegProcedureIsValid(index->equal[i]); i++)
		if (i >= form->indnkeyatts || form->indkey.values[i] != index->table->numbers[index->columns[i]])
			return false;
	return form->indisvalid &&
		(!form->indcheckxmin ||
		 TransactionIdPrecedes(HeapTupleHeaderGetXmin(opened->rd_indextuple->t_data), TransactionXmin));
}

bool
cb_scan_next(CbScan *scan)
{
	if (scan->by_index != NULL)
		return index_getnext_slot(scan->by_index, ForwardScanDirection, scan->row);
	return table_scan_getnextslot(scan->by_table, ForwardScanDirection, scan->row);
}

void
cb_scan_end(CbScan *scan)
{
	if (scan->by_index != NULL)
		index_endscan(scan->by_index);
	else
		table_endscan(scan->by_table);
	ExecDropSingleTupleTableSlot(scan->row);
	if (scan->index != NULL)
		index_close(scan->index, NoLock);
	table_close(scan->relation, NoLock);
}

Datum
cb_scan_column(const CbScan *scan, int column, bool *isnull)
{
	AttrNumber	number = scan->table->numbers[column];

	*isnull = true;
	return number == InvalidAttrNumber ? (Datum) 0 : slot_getattr(scan->row, number, isnull);
}

bool
cb_scan_uuid(const CbScan *scan, int column, pg_uuid_t *value)
{
	bool		isnull;
	Datum		datum = cb_scan_column(scan, column, &isnull);

	if (!isnull)
		*value = *DatumGetUUIDP(datum);
	return !isnull;
}
