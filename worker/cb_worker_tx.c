/*-------------------------------------------------------------------------
 *
 * cb_worker_tx.c
 *	  The worker's transactions, and the boundary at which its errors stop.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_extension.h"
#include "cb_worker_tx.h"
#include "commands/extension.h"
#include "executor/spi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#define EXTENSION_NAME "charmbills"
#define LOCK_TIMEOUT "2s"
#define MAX_ARGUMENTS 8

static Oid	extension = InvalidOid;
static MemoryContext caller_context = NULL;

static void begin(const char *what);
static void set_locally(const char *name, const char *value);
static bool lock_extension(Oid oid);
static CbExtension check_version(void);
static void save_failure(const ErrorData *error, CbFailure *failure);
static int	find_pid(const char *detail);

CbExtension
cb_find_extension(void)
{
	CbExtension result = CB_EXTENSION_ABSENT;

	begin("charmbills: looking for the extension");
	extension = get_extension_oid(EXTENSION_NAME, true);
	if (OidIsValid(extension) && lock_extension(extension))
		result = check_version();
	cb_tx_commit();
	return result;
}

/* The library serves the versions that it knows, and waits for the others. */
static CbExtension
check_version(void)
{
	char	   *version;

	if (cb_tx_query("SELECT extversion FROM pg_catalog.pg_extension"
					" WHERE extname OPERATOR(pg_catalog.=) '" EXTENSION_NAME "'", 0, NULL) != 1)
		return CB_EXTENSION_ABSENT;
	version = cb_tx_text(0, 0);
	return strcmp(version, CHARMBILLS_VERSION) == 0 ?
		CB_EXTENSION_READY : CB_EXTENSION_UNKNOWN_VERSION;
}

void
cb_tx_begin(const char *what)
{
	begin(what);
	if (!OidIsValid(extension) || !lock_extension(extension))
	{
		extension = InvalidOid;
		ereport(ERROR,
				(errcode(CB_SQLSTATE_EXTENSION_GONE),
				 errmsg("extension \"%s\" is gone", EXTENSION_NAME)));
	}
}

static void
begin(const char *what)
{
	caller_context = CurrentMemoryContext;
	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	pgstat_report_activity(STATE_RUNNING, what);
	set_locally("lock_timeout", LOCK_TIMEOUT);
	SPI_connect();
	PushActiveSnapshot(GetTransactionSnapshot());
}

void
cb_tx_do_not_flush(void)
{
	set_locally("synchronous_commit", "off");
}

static void
set_locally(const char *name, const char *value)
{
	(void) set_config_option(name, value, PGC_SUSET, PGC_S_SESSION, GUC_ACTION_LOCAL, true, 0, false);
}

/*
 * Against DROP EXTENSION, which may have won while we waited.  Its object lock
 * comes before those on its tables, as in DROP, so the two cannot deadlock.
 */
static bool
lock_extension(Oid oid)
{
	LockDatabaseObject(ExtensionRelationId, oid, 0, AccessShareLock);
	return get_extension_oid(EXTENSION_NAME, true) == oid;
}

void
cb_tx_commit(void)
{
	SPI_finish();
	PopActiveSnapshot();
	CommitTransactionCommand();
	(void) pgstat_report_stat(false);
	pgstat_report_activity(STATE_IDLE, NULL);
	MemoryContextSwitchTo(caller_context);
}

int
cb_tx_query(const char *sql, int nargs, const CbArgument *args)
{
	Oid			types[MAX_ARGUMENTS];
	Datum		values[MAX_ARGUMENTS];
	char		nulls[MAX_ARGUMENTS] = {0};
	int			code;

	Assert(nargs <= MAX_ARGUMENTS);
	for (int i = 0; i < nargs; i++)
	{
		types[i] = args[i].type;
		values[i] = args[i].value;
		nulls[i] = ' ';
	}
	code = SPI_execute_with_args(sql, nargs, types, values, nulls, false, 0);
	if (code < 0)
		elog(ERROR, "%s: %s", SPI_result_code_string(code), sql);
	return (int) SPI_processed;
}

void *
cb_tx_alloc(Size size)
{
	return MemoryContextAlloc(caller_context, size);
}

char *
cb_tx_text(int row, int column)
{
	char	   *value = SPI_getvalue(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column + 1);

	return value == NULL ? NULL : MemoryContextStrdup(caller_context, value);
}

static Datum
column_value(int row, int column, bool *is_null)
{
	return SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column + 1, is_null);
}

int
cb_tx_int(int row, int column, int null_value)
{
	bool		is_null;
	Datum		value = column_value(row, column, &is_null);

	return is_null ? null_value : DatumGetInt32(value);
}

bool
cb_tx_bool(int row, int column)
{
	bool		is_null;
	Datum		value = column_value(row, column, &is_null);

	return !is_null && DatumGetBool(value);
}

bytea *
cb_tx_bytea(int row, int column)
{
	bool		is_null;
	Datum		value = column_value(row, column, &is_null);

	return is_null ? NULL : DatumGetByteaPP(value);
}

TimestampTz
cb_tx_time(int row, int column)
{
	bool		is_null;
	Datum		value = column_value(row, column, &is_null);

	return is_null ? 0 : DatumGetTimestampTz(value);
}

bool
cb_attempt(void (*work) (void), CbFailure *failure)
{
	MemoryContext context = CurrentMemoryContext;
	volatile bool ok = true;

	PG_TRY();
	{
		work();
	}
	PG_CATCH();
	{
		ErrorData  *error;

		/* Not in ErrorContext, which flushing empties. */
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		AbortOutOfAnyTransaction();
		pgstat_report_activity(STATE_IDLE, NULL);
		MemoryContextSwitchTo(context);
		save_failure(error, failure);
		FreeErrorData(error);
		ok = false;
	}
	PG_END_TRY();
	return ok;
}

static void
save_failure(const ErrorData *error, CbFailure *failure)
{
	const char *message = error->message ? error->message : "unknown error";
	int			length = pg_mbcliplen(message, strlen(message), sizeof(failure->message) - 1);

	memcpy(failure->message, message, length);
	failure->message[length] = '\0';
	failure->sqlstate = error->sqlerrcode;
	failure->blocker = 0;
	if (error->sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE)
		failure->blocker = find_pid(error->detail);
}

/* Who reports a lock timeout and knows whose lock it is begins with that. */
static int
find_pid(const char *detail)
{
	int			pid;

	return detail != NULL && sscanf(detail, "Process %d ", &pid) == 1 ? pid : 0;
}
