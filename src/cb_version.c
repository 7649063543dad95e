/*-------------------------------------------------------------------------
 *
 * cb_version.c
 *	  Whether the SQL objects are those that this library was made for.
 *
 * New files are installed before ALTER EXTENSION UPDATE is run, and a server
 * that was not restarted has the old library beside new objects.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_extension.h"
#include "cb_errors.h"
#include "cb_sql.h"
#include "cb_version.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"

#define EXTENSION_NAME "charmbills"

static char *installed_version(bool *is_settled);

void
cb_require_version(void)
{
	/* The schema tells an installation from one dropped before it. */
	static Oid	known_schema = InvalidOid;
	Oid			schema = cb_schema_oid();
	char	   *version;
	bool		is_settled = false;

	if (schema == known_schema)
		return;
	version = installed_version(&is_settled);
	if (strcmp(version, CHARMBILLS_VERSION) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_CB_VERSION),
				 errmsg("extension \"%s\" has another version than its library", EXTENSION_NAME),
				 errdetail("The extension is of version %s, the library of version %s.",
						   version, CHARMBILLS_VERSION),
				 errhint("Use ALTER EXTENSION charmbills UPDATE, or restart the server after an upgrade.")));
	pfree(version);
	if (is_settled)
		known_schema = schema;
}

bool
cb_version_is_ours(char **installed)
{
	bool		is_settled = false;

	*installed = installed_version(&is_settled);
	return strcmp(*installed, CHARMBILLS_VERSION) == 0;
}

/* Settled: not by this transaction, which may yet be rolled back. */
static char *
installed_version(bool *is_settled)
{
	Relation	relation = table_open(ExtensionRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	char	   *version;

	ScanKeyInit(&key, Anum_pg_extension_extname, BTEqualStrategyNumber, F_NAMEEQ,
				CStringGetDatum(EXTENSION_NAME));
	scan = systable_beginscan(relation, ExtensionNameIndexId, true, NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (!HeapTupleIsValid(tuple))
		version = pstrdup("none");
	else
	{
		bool		isnull;
		Datum		value = heap_getattr(tuple, Anum_pg_extension_extversion,
										 RelationGetDescr(relation), &isnull);

		version = TextDatumGetCString(value);
		*is_settled = !TransactionIdIsCurrentTransactionId(HeapTupleHeaderGetXmin(tuple->t_data));
	}
	systable_endscan(scan);
	table_close(relation, AccessShareLock);
	return version;
}
