/*-------------------------------------------------------------------------
 *
 * cb_worker_control.c
 *	  Seeing, waking, stopping and starting the background worker.
 *
 * All of it goes through shared memory and acts at once, whatever becomes of
 * the transaction.  The launcher starts no worker for a slot that is asked to
 * stop, and starts one again when it no longer is.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <signal.h>

#include "cb_call.h"
#include "cb_sql.h"
#include "commands/dbcommands.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "monitoring/cb_worker_control.h"
#include "storage/latch.h"
#include "storage/proc.h"
#include "storage/procarray.h"
#include "utils/fmgrprotos.h"

#define STATUS_COLUMNS 13

static CbWorkerSlot *find_slot(Oid database);
static CbWorkerSlot *find_or_make_slot(Oid database);
static bool request_stop(CbWorkerSlot *stopped);
static bool withdraw_stop(void);
static void end_process(const CbWorkerSlot *slot);
static void wake_launcher(void);
static CbWorkerSlot *copy_slots(void);
static void put_slot(ReturnSetInfo *rsinfo, const CbWorkerSlot *slot);
static NullableDatum name_or_null(const char *s);
static NullableDatum text_or_null(const char *s);
static NullableDatum int_or_null(int value, int unknown);

bool
cb_worker_slot(CbWorkerSlot *slot)
{
	CbWorkerSlot *found;

	if (cb_shared == NULL)
		return false;
	LWLockAcquire(cb_shared->lock, LW_SHARED);
	found = find_slot(MyDatabaseId);
	if (found != NULL)
		*slot = *found;
	LWLockRelease(cb_shared->lock);
	return found != NULL;
}

const char *
cb_worker_absence(void)
{
	CbWorkerSlot slot;

	if (cb_shared == NULL)
		return "charmbills is not in shared_preload_libraries";
	if (cb_worker_slot(&slot))
	{
		if (slot.pid != 0)
			return NULL;
		if (slot.stop_requested)
			return "worker_stop() was called";
	}
	if (cb_shared->launcher_proc_number < 0)
		return "the launcher does not run; the server log may say why";
	return "it is starting again, or charmbills.databases does not name this database";
}

/* The lock must be held, here and below. */
static CbWorkerSlot *
find_slot(Oid database)
{
	for (int i = 0; i < CB_MAX_WORKERS; i++)
		if (cb_shared->workers[i].database == database)
			return &cb_shared->workers[i];
	return NULL;
}

/* NULL when all slots are taken. */
static CbWorkerSlot *
find_or_make_slot(Oid database)
{
	CbWorkerSlot *slot = find_slot(database);

	if (slot != NULL)
		return slot;
	slot = find_slot(InvalidOid);
	if (slot == NULL)
		return NULL;
	MemSet(slot, 0, sizeof(CbWorkerSlot));
	slot->database = database;
	slot->proc_number = -1;
	slot->tip_height = -1;
	slot->node_height = -1;
	strlcpy(slot->state, "not running", sizeof(slot->state));
	return slot;
}

/*
 * charmbills.wake_worker() -> boolean
 *
 * False when none runs for this database.
 */
CB_FUNCTION(wake_worker, CB_OPERATOR)
{
	PG_RETURN_BOOL(cb_wake_worker(MyDatabaseId));
}

/*
 * charmbills.worker_stop() -> boolean
 *
 * The worker lets go of this database and stays away until worker_start() or
 * the next start of the server.  False without shared memory, or when it had
 * been asked already.
 */
CB_FUNCTION(worker_stop, CB_OPERATOR)
{
	CbWorkerSlot slot;

	if (cb_shared == NULL || !request_stop(&slot))
		PG_RETURN_BOOL(false);
	end_process(&slot);
	wake_launcher();
	PG_RETURN_BOOL(true);
}

/* Gives a copy of the slot as well. */
static bool
request_stop(CbWorkerSlot *stopped)
{
	CbWorkerSlot *slot;
	bool		requested;

	LWLockAcquire(cb_shared->lock, LW_EXCLUSIVE);
	slot = find_or_make_slot(MyDatabaseId);
	requested = slot != NULL && !slot->stop_requested;
	if (requested)
	{
		slot->stop_requested = true;
		*stopped = *slot;
	}
	LWLockRelease(cb_shared->lock);
	if (slot == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
				 errmsg("no slot is left for the worker of this database"),
				 errdetail("There are %d.", CB_MAX_WORKERS)));
	return requested;
}

/*
 * The slot may name a process that has just gone and whose pid is another's
 * now; background workers' PGPROCs are never used by other processes.
 */
static void
end_process(const CbWorkerSlot *slot)
{
	PGPROC	   *proc;

	if (slot->pid == 0 || slot->proc_number < 0)
		return;
	proc = BackendPidGetProc(slot->pid);
	if (proc != &ProcGlobal->allProcs[slot->proc_number] || proc->databaseId != MyDatabaseId)
		return;
	if (kill(slot->pid, SIGTERM) != 0)
		ereport(WARNING,
				(errmsg("could not send a signal to process %d: %m", slot->pid)));
}

/*
 * charmbills.worker_start() -> boolean
 *
 * False unless worker_stop() was in force.
 */
CB_FUNCTION(worker_start, CB_OPERATOR)
{
	if (cb_shared == NULL || !withdraw_stop())
		PG_RETURN_BOOL(false);
	wake_launcher();
	PG_RETURN_BOOL(true);
}

static bool
withdraw_stop(void)
{
	CbWorkerSlot *slot;
	bool		was_stopped;

	LWLockAcquire(cb_shared->lock, LW_EXCLUSIVE);
	slot = find_slot(MyDatabaseId);
	was_stopped = slot != NULL && slot->stop_requested;
	if (was_stopped)
		slot->stop_requested = false;
	LWLockRelease(cb_shared->lock);
	return was_stopped;
}

static void
wake_launcher(void)
{
	int			launcher;

	LWLockAcquire(cb_shared->lock, LW_SHARED);
	launcher = cb_shared->launcher_proc_number;
	if (launcher >= 0)
		SetLatch(&ProcGlobal->allProcs[launcher].procLatch);
	LWLockRelease(cb_shared->lock);
}

/*
 * charmbills.worker_status()
 *		-> setof (database, pid, state, tip_height, node_height, lag, started_at,
 *				  last_contact_at, last_error, last_error_at, jobs_in_flight,
 *				  blocked_by, requests)
 */
CB_FUNCTION(worker_status, CB_MONITOR)
{
	CbWorkerSlot *slots;

	InitMaterializedSRF(fcinfo, 0);
	if (cb_shared == NULL)
		return (Datum) 0;
	slots = copy_slots();
	for (int i = 0; i < CB_MAX_WORKERS; i++)
		if (OidIsValid(slots[i].database))
			put_slot((ReturnSetInfo *) fcinfo->resultinfo, &slots[i]);
	return (Datum) 0;
}

/* A copy, since nothing that may fail should be done under the lock. */
static CbWorkerSlot *
copy_slots(void)
{
	CbWorkerSlot *copy = palloc(sizeof(cb_shared->workers));

	LWLockAcquire(cb_shared->lock, LW_SHARED);
	memcpy(copy, cb_shared->workers, sizeof(cb_shared->workers));
	LWLockRelease(cb_shared->lock);
	return copy;
}

static void
put_slot(ReturnSetInfo *rsinfo, const CbWorkerSlot *slot)
{
	bool		is_stopped = slot->pid == 0 && slot->stop_requested;
	bool		knows_lag = slot->tip_height >= 0 && slot->node_height >= 0;
	const NullableDatum columns[STATUS_COLUMNS] = {
		name_or_null(get_database_name(slot->database)),
		int_or_null(slot->pid, 0),
		text_or_null(is_stopped ? "stopped" : slot->state),
		int_or_null(slot->tip_height, -1),
		int_or_null(slot->node_height, -1),
		int_or_null(knows_lag ? slot->node_height - slot->tip_height : PG_INT32_MIN,
					PG_INT32_MIN),
		cb_worker_time(slot->started_at),
		cb_worker_time(slot->last_contact_at),
		text_or_null(slot->last_error),
		cb_worker_time(slot->last_error_at),
		cb_int4(slot->jobs_in_flight),
		int_or_null(slot->blocked_by, 0),
		cb_int8((int64) slot->requests)
	};
	Datum		values[STATUS_COLUMNS];
	bool		nulls[STATUS_COLUMNS];

	for (int i = 0; i < STATUS_COLUMNS; i++)
	{
		values[i] = columns[i].value;
		nulls[i] = columns[i].isnull;
	}
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/* A database may be dropped before its slot is freed. */
static NullableDatum
name_or_null(const char *s)
{
	return s == NULL ? cb_null() : cb_datum(DirectFunctionCall1(namein, CStringGetDatum(s)));
}

static NullableDatum
text_or_null(const char *s)
{
	return cb_text(s == NULL || s[0] == '\0' ? NULL : s);
}

static NullableDatum
int_or_null(int value, int unknown)
{
	return value == unknown ? cb_null() : cb_int4(value);
}

NullableDatum
cb_worker_time(TimestampTz time)
{
	return time == 0 ? cb_null() : cb_timestamptz(time);
}
