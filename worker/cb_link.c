/*-------------------------------------------------------------------------
 *
 * cb_link.c
 *	  The rendezvous with charmbills.so, and the slots in shared memory.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "../src/cb_compat.h"
#include "cb_link.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/proc.h"

CB_MODULE_MAGIC;

static CbRendezvous *rendezvous = NULL;
static CbWorkerSlot *my_slot = NULL;

static void withdraw_launcher(int code, Datum arg);
static void release_slot(int code, Datum arg);
static void reset_slot(CbWorkerSlot *slot, Oid database);
static CbWorkerSlot *find_slot(Oid database);

void
cb_link_attach(void)
{
	rendezvous = (CbRendezvous *) *find_rendezvous_variable(CB_RENDEZVOUS);
	if (rendezvous == NULL || rendezvous->shared == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("charmbills is not loaded"),
				 errhint("Add charmbills to shared_preload_libraries and restart the server.")));
	if (rendezvous->version != CB_RENDEZVOUS_VERSION)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("charmbills and charmbills_worker come from different versions"),
				 errhint("Install both libraries from one build and restart the server.")));
}

CbShared *
cb_link_shared(void)
{
	return rendezvous->shared;
}

void
cb_link_settings(CbWorkerSettings *settings)
{
	rendezvous->get_settings(settings);
}

size_t
cb_link_headers_to_outweigh(const uint8 *theirs, size_t n_theirs,
							const uint8 *ours, size_t n_ours)
{
	return rendezvous->headers_to_outweigh(theirs, n_theirs, ours, n_ours);
}

/* Registered before the state is touched, so that no exit can miss it. */
void
cb_link_announce_launcher(void)
{
	CbShared   *shared = rendezvous->shared;

	before_shmem_exit(withdraw_launcher, (Datum) 0);
	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	shared->launcher_proc_number = cb_my_proc_number();
	LWLockRelease(shared->lock);
}

static void
withdraw_launcher(int code, Datum arg)
{
	CbShared   *shared = rendezvous->shared;

	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	if (shared->launcher_proc_number == cb_my_proc_number())
		shared->launcher_proc_number = -1;
	LWLockRelease(shared->lock);
}

int
cb_slot_for_database(Oid database)
{
	CbShared   *shared = rendezvous->shared;
	CbWorkerSlot *slot;

	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	slot = find_slot(database);
	if (slot == NULL)
	{
		slot = find_slot(InvalidOid);
		if (slot != NULL)
			reset_slot(slot, database);
	}
	LWLockRelease(shared->lock);
	return slot == NULL ? -1 : (int) (slot - shared->workers);
}

/* A slot whose process still runs is that process's to empty. */
void
cb_slot_free(int index)
{
	CbShared   *shared = rendezvous->shared;
	CbWorkerSlot *slot = &shared->workers[index];

	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	if (slot->pid == 0)
		reset_slot(slot, InvalidOid);
	LWLockRelease(shared->lock);
}

bool
cb_slot_claim(void)
{
	CbShared   *shared = rendezvous->shared;
	CbWorkerSlot *slot;

	before_shmem_exit(release_slot, (Datum) 0);
	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	slot = find_slot(MyDatabaseId);
	if (slot != NULL && slot->pid == 0 && !slot->stop_requested)
	{
		my_slot = slot;
		slot->pid = MyProcPid;
		slot->proc_number = cb_my_proc_number();
		slot->started_at = GetCurrentTimestamp();
		slot->requests = 0;
		slot->jobs_in_flight = 0;
		strlcpy(slot->state, "starting", sizeof(slot->state));
	}
	LWLockRelease(shared->lock);
	return my_slot != NULL;
}

/*
 * What was last known of the chain and the last error stay for worker_status();
 * a successor may own the slot already.
 */
static void
release_slot(int code, Datum arg)
{
	CbShared   *shared = rendezvous->shared;

	if (my_slot == NULL)
		return;
	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	if (my_slot->pid == MyProcPid)
	{
		my_slot->pid = 0;
		my_slot->proc_number = -1;
		my_slot->jobs_in_flight = 0;
		my_slot->blocked_by = 0;
		strlcpy(my_slot->state, "not running", sizeof(my_slot->state));
	}
	LWLockRelease(shared->lock);
	my_slot = NULL;
}

static void
reset_slot(CbWorkerSlot *slot, Oid database)
{
	MemSet(slot, 0, sizeof(CbWorkerSlot));
	slot->database = database;
	slot->proc_number = -1;
	slot->tip_height = -1;
	slot->node_height = -1;
	strlcpy(slot->state, OidIsValid(database) ? "not running" : "", sizeof(slot->state));
}

/* The caller holds the lock. */
static CbWorkerSlot *
find_slot(Oid database)
{
	CbShared   *shared = rendezvous->shared;

	for (int i = 0; i < CB_MAX_WORKERS; i++)
	{
		if (shared->workers[i].database == database)
			return &shared->workers[i];
	}
	return NULL;
}

void
cb_slot_set_state(const char *state)
{
	LWLockAcquire(rendezvous->shared->lock, LW_EXCLUSIVE);
	strlcpy(my_slot->state, state, sizeof(my_slot->state));
	LWLockRelease(rendezvous->shared->lock);
}

void
cb_slot_set_error(const char *message)
{
	int			length = pg_mbcliplen(message, strlen(message), CB_ERROR_SIZE - 1);

	LWLockAcquire(rendezvous->shared->lock, LW_EXCLUSIVE);
	memcpy(my_slot->last_error, message, length);
	my_slot->last_error[length] = '\0';
	my_slot->last_error_at = GetCurrentTimestamp();
	LWLockRelease(rendezvous->shared->lock);
}

void
cb_slot_set_tip(int height)
{
	LWLockAcquire(rendezvous->shared->lock, LW_EXCLUSIVE);
	my_slot->tip_height = height;
	LWLockRelease(rendezvous->shared->lock);
}

void
cb_slot_set_node(int height)
{
	LWLockAcquire(rendezvous->shared->lock, LW_EXCLUSIVE);
	my_slot->node_height = height;
	LWLockRelease(rendezvous->shared->lock);
}

void
cb_slot_set_jobs(CbSlotJobs sort, int count)
{
	static int	counts[CB_SLOT_JOB_SORTS];

	LWLockAcquire(rendezvous->shared->lock, LW_EXCLUSIVE);
	my_slot->jobs_in_flight += count - counts[sort];
	LWLockRelease(rendezvous->shared->lock);
	counts[sort] = count;
}

void
cb_slot_set_blocker(int pid)
{
	LWLockAcquire(rendezvous->shared->lock, LW_EXCLUSIVE);
	my_slot->blocked_by = pid;
	LWLockRelease(rendezvous->shared->lock);
}

void
cb_slot_touch(void)
{
	LWLockAcquire(rendezvous->shared->lock, LW_EXCLUSIVE);
	my_slot->last_contact_at = GetCurrentTimestamp();
	LWLockRelease(rendezvous->shared->lock);
}

void
cb_slot_count_request(void)
{
	LWLockAcquire(rendezvous->shared->lock, LW_EXCLUSIVE);
	my_slot->requests++;
	LWLockRelease(rendezvous->shared->lock);
}

void
cb_slot_wake_others(void)
{
	CbShared   *shared = rendezvous->shared;

	LWLockAcquire(shared->lock, LW_SHARED);
	for (int i = 0; i < CB_MAX_WORKERS; i++)
	{
		CbWorkerSlot *slot = &shared->workers[i];

		if (slot != my_slot && slot->pid != 0 && slot->proc_number >= 0)
			SetLatch(&ProcGlobal->allProcs[slot->proc_number].procLatch);
	}
	LWLockRelease(shared->lock);
}
