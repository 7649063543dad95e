/*-------------------------------------------------------------------------
 *
 * cb_launcher.c
 *	  Keeping one worker running for each database in charmbills.databases.
 *
 * The workers are dynamic and never restarted by the postmaster: the launcher
 * starts them again, with a backoff for those that do not last.  It connects to
 * no database, which is enough to look names up.  It ends only by a signal.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <signal.h>

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_database.h"
#include "cb_backoff.h"
#include "cb_link.h"
#include "libpq/pqsignal.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/latch.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/varlena.h"

/* The postmaster tells of every start and end; this is for what it does not. */
#define LOOK_MS 5000

/* A worker that ran for so long did not fail to start. */
#define HEALTHY_MS 60000

/* One name in charmbills.databases. */
typedef struct Listed
{
	char		name[NAMEDATALEN];
	Oid			database;		/* InvalidOid: there is none of that name */
	BackgroundWorkerHandle *handle; /* NULL: none started yet, or its end was seen */
	TimestampTz launched_at;
	CbBackoff	backoff;
	bool		complained;
} Listed;

static List *listed = NIL;		/* of Listed, in TopMemoryContext */

PGDLLEXPORT void charmbills_launcher_main(Datum unused);

static void start(void);
static void reload_settings(void);
static void read_list(void);
static Listed *find_listed(List *list, const char *name);
static void find_databases(void);
static List *read_databases(void);
static Oid	database_of_name(List *found, const char *name);
static void tend(Listed *entry);
static bool has_ended(Listed *entry);
static void launch(Listed *entry);
static void complain(Listed *entry, const char *why, const char *hint);
static void retire_unlisted(void);
static bool is_listed(Oid database);
static long until_next(void);

void
charmbills_launcher_main(Datum unused)
{
	MemoryContext loop_context;

	start();
	loop_context = AllocSetContextCreate(TopMemoryContext, "charmbills launcher",
										 ALLOCSET_DEFAULT_SIZES);
	for (;;)
	{
		ListCell   *cell;

		MemoryContextSwitchTo(loop_context);
		MemoryContextReset(loop_context);
		if (ConfigReloadPending)
			reload_settings();
		find_databases();
		foreach(cell, listed)
			tend(lfirst(cell));
		retire_unlisted();
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
						 until_next(), PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
	}
}

static void
start(void)
{
	pqsignal(SIGTERM, die);
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnection(NULL, NULL, 0);
	pgstat_report_appname("charmbills launcher");
	cb_link_attach();
	cb_link_announce_launcher();
	reload_settings();
}

static void
reload_settings(void)
{
	ConfigReloadPending = false;
	ProcessConfigFile(PGC_SIGHUP);
	read_list();
}

/* What is known of names that stay is kept, but for their backoff. */
static void
read_list(void)
{
	CbWorkerSettings settings;
	List	   *names;
	List	   *fresh = NIL;
	ListCell   *cell;

	cb_link_settings(&settings);
	if (!SplitIdentifierString(pstrdup(settings.databases), ',', &names))
		names = NIL;
	foreach(cell, names)
	{
		const char *name = lfirst(cell);
		Listed	   *entry = find_listed(fresh, name);
		MemoryContext outer = MemoryContextSwitchTo(TopMemoryContext);

		if (entry == NULL)
			entry = find_listed(listed, name);
		if (entry == NULL)
		{
			entry = palloc0(sizeof(Listed));
			strlcpy(entry->name, name, NAMEDATALEN);
		}
		cb_backoff_reset(&entry->backoff);
		entry->complained = false;
		fresh = list_append_unique_ptr(fresh, entry);
		MemoryContextSwitchTo(outer);
	}
	foreach(cell, listed)
	{
		if (!list_member_ptr(fresh, lfirst(cell)))
			pfree(lfirst(cell));
	}
	list_free(listed);
	listed = fresh;
}

static Listed *
find_listed(List *list, const char *name)
{
	ListCell   *cell;

	foreach(cell, list)
	{
		Listed	   *entry = lfirst(cell);

		if (strcmp(entry->name, name) == 0)
			return entry;
	}
	return NULL;
}

static void
find_databases(void)
{
	MemoryContext outer = CurrentMemoryContext;
	ListCell   *cell;
	List	   *found;

	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	found = read_databases();
	foreach(cell, listed)
	{
		Listed	   *entry = lfirst(cell);
		Oid			database = database_of_name(found, entry->name);

		/* Another database of the same name knows nothing of past failures. */
		if (database != entry->database)
			cb_backoff_reset(&entry->backoff);
		entry->database = database;
	}
	CommitTransactionCommand();
	(void) pgstat_report_stat(true);
	MemoryContextSwitchTo(outer);
}

/*
 * Rows of pg_database, without an index: before any backend has connected to
 * the cluster's first database, a process without one cannot use indexes.
 */
static List *
read_databases(void)
{
	List	   *found = NIL;
	Relation	rel = table_open(DatabaseRelationId, AccessShareLock);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	HeapTuple	tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		found = lappend(found, heap_copytuple(tuple));
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return found;
}

static Oid
database_of_name(List *found, const char *name)
{
	ListCell   *cell;

	foreach(cell, found)
	{
		Form_pg_database row = (Form_pg_database) GETSTRUCT((HeapTuple) lfirst(cell));

		if (strcmp(NameStr(row->datname), name) == 0)
			return row->oid;
	}
	return InvalidOid;
}

/* Start the worker unless it runs, was told to stay away, or failed lately. */
static void
tend(Listed *entry)
{
	CbShared   *shared = cb_link_shared();
	int			index;
	bool		wanted;

	if (!has_ended(entry))
		return;
	if (!OidIsValid(entry->database))
	{
		complain(entry, "there is no such database",
				 "Correct charmbills.databases, or create the database.");
		return;
	}
	index = cb_slot_for_database(entry->database);
	if (index < 0)
	{
		complain(entry, "too many databases have one", NULL);
		return;
	}
	LWLockAcquire(shared->lock, LW_SHARED);
	wanted = shared->workers[index].pid == 0 && !shared->workers[index].stop_requested;
	LWLockRelease(shared->lock);
	if (wanted && GetCurrentTimestamp() >= entry->backoff.not_before)
		launch(entry);
}

/*
 * True when no process started by us is left.  Its end says nothing of why, and
 * a start that failed looks the same: how long it took tells.
 */
static bool
has_ended(Listed *entry)
{
	pid_t		pid;

	if (entry->handle == NULL)
		return true;
	if (GetBackgroundWorkerPid(entry->handle, &pid) != BGWH_STOPPED)
		return false;
	pfree(entry->handle);
	entry->handle = NULL;
	if (GetCurrentTimestamp() >= TimestampTzPlusMilliseconds(entry->launched_at, HEALTHY_MS))
		cb_backoff_reset(&entry->backoff);
	cb_backoff_fail(&entry->backoff);
	return true;
}

static void
launch(Listed *entry)
{
	BackgroundWorker worker;
	MemoryContext outer = MemoryContextSwitchTo(TopMemoryContext);

	MemSet(&worker, 0, sizeof(worker));
	worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = BGW_NEVER_RESTART;
	strlcpy(worker.bgw_library_name, "charmbills_worker", sizeof(worker.bgw_library_name));
	strlcpy(worker.bgw_function_name, "charmbills_worker_main", sizeof(worker.bgw_function_name));
	snprintf(worker.bgw_name, sizeof(worker.bgw_name), "charmbills worker");
	strlcpy(worker.bgw_type, "charmbills worker", sizeof(worker.bgw_type));
	worker.bgw_main_arg = ObjectIdGetDatum(entry->database);
	worker.bgw_notify_pid = MyProcPid;
	if (RegisterDynamicBackgroundWorker(&worker, &entry->handle))
	{
		entry->launched_at = GetCurrentTimestamp();
		entry->complained = false;
	}
	else
	{
		entry->handle = NULL;
		cb_backoff_fail(&entry->backoff);
		complain(entry, "no background worker is free", "Raise max_worker_processes.");
	}
	MemoryContextSwitchTo(outer);
}

/* Once, until something changes. */
static void
complain(Listed *entry, const char *why, const char *hint)
{
	if (entry->complained)
		return;
	entry->complained = true;
	ereport(WARNING,
			(errcode(ERRCODE_CONFIG_FILE_ERROR),
			 errmsg("no charmbills worker for database \"%s\": %s", entry->name, why),
			 hint ? errhint("%s", hint) : 0));
}

/*
 * End the workers of databases that are no longer listed, and free the slots
 * that nobody needs.  While the lock is held a slot's process cannot go.
 */
static void
retire_unlisted(void)
{
	CbShared   *shared = cb_link_shared();

	for (int i = 0; i < CB_MAX_WORKERS; i++)
	{
		CbWorkerSlot *slot = &shared->workers[i];
		bool		idle;

		LWLockAcquire(shared->lock, LW_SHARED);
		idle = OidIsValid(slot->database) && !is_listed(slot->database);
		if (idle && slot->pid != 0)
			(void) kill(slot->pid, SIGTERM);
		LWLockRelease(shared->lock);
		if (idle)
			cb_slot_free(i);
	}
}

static bool
is_listed(Oid database)
{
	ListCell   *cell;

	foreach(cell, listed)
	{
		if (((Listed *) lfirst(cell))->database == database)
			return true;
	}
	return false;
}

/* The nearest end of a backoff, but a look every few seconds. */
static long
until_next(void)
{
	TimestampTz now = GetCurrentTimestamp();
	long		wait = LOOK_MS;
	ListCell   *cell;

	foreach(cell, listed)
	{
		Listed	   *entry = lfirst(cell);

		if (entry->handle == NULL && entry->backoff.not_before > now)
			wait = Min(wait, TimestampDifferenceMilliseconds(now, entry->backoff.not_before) + 1);
	}
	return wait;
}
