/*-------------------------------------------------------------------------
 *
 * cb_shmem.c
 *	  Shared memory, the rendezvous with the worker library, and waking it.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "bitcoin/cb_block.h"
#include "cb_guc.h"
#include "cb_shared.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/proc.h"
#include "storage/shmem.h"

CbShared   *cb_shared = NULL;

static CbRendezvous rendezvous;
static shmem_request_hook_type previous_request_hook;
static shmem_startup_hook_type previous_startup_hook;
static bool wake_callback_registered = false;
static bool wake_at_commit = false;

static void request_shmem(void);
static void startup_shmem(void);
static void initialize_shared(CbShared *shared);
static void get_settings(CbWorkerSettings *settings);
static void wake_callback(XactEvent event, void *arg);

/*
 * Publish the rendezvous struct; while the server preloads libraries, also ask
 * for shared memory.
 */
void
cb_shmem_init(void)
{
	void	  **slot = find_rendezvous_variable(CB_RENDEZVOUS);

	rendezvous.version = CB_RENDEZVOUS_VERSION;
	rendezvous.get_settings = get_settings;
	rendezvous.headers_to_outweigh = cb_headers_to_outweigh;
	*slot = &rendezvous;

	if (!process_shared_preload_libraries_in_progress)
		return;
	previous_request_hook = shmem_request_hook;
	shmem_request_hook = request_shmem;
	previous_startup_hook = shmem_startup_hook;
	shmem_startup_hook = startup_shmem;
}

static void
request_shmem(void)
{
	if (previous_request_hook)
		previous_request_hook();
	RequestAddinShmemSpace(MAXALIGN(sizeof(CbShared)));
	RequestNamedLWLockTranche("charmbills", 1);
}

static void
startup_shmem(void)
{
	bool		found;

	if (previous_startup_hook)
		previous_startup_hook();
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	cb_shared = ShmemInitStruct("charmbills", sizeof(CbShared), &found);
	if (!found)
		initialize_shared(cb_shared);
	LWLockRelease(AddinShmemInitLock);
	rendezvous.shared = cb_shared;
}

static void
initialize_shared(CbShared *shared)
{
	MemSet(shared, 0, sizeof(CbShared));
	shared->lock = &GetNamedLWLockTranche("charmbills")->lock;
	shared->launcher_proc_number = -1;
	for (int i = 0; i < CB_MAX_WORKERS; i++)
		shared->workers[i].proc_number = -1;
	for (int i = 0; i < CB_MAX_FUNCTIONS; i++)
	{
		pg_atomic_init_u64(&shared->calls[i].calls, 0);
		pg_atomic_init_u64(&shared->calls[i].errors, 0);
		pg_atomic_init_u64(&shared->calls[i].microseconds, 0);
	}
}

static void
get_settings(CbWorkerSettings *settings)
{
	settings->network = cb_current_network()->name;
	settings->network_core_name = cb_current_network()->core_name;
	settings->rpc_url = cb_guc_rpc_url;
	settings->rpc_user = cb_guc_rpc_user;
	settings->rpc_password = cb_rpc_password();
	settings->rpc_password_file = cb_guc_rpc_password_file;
	settings->rpc_cookie_file = cb_guc_rpc_cookie_file;
	settings->rpc_timeout = cb_guc_rpc_timeout;
	settings->webhook_ca_file = cb_guc_webhook_ca_file;
	settings->databases = cb_guc_databases;
	settings->poll_interval = cb_guc_poll_interval;
	settings->mempool_interval = cb_guc_mempool_interval;
	settings->max_reorg_depth = cb_guc_max_reorg_depth;
	settings->start_height = cb_guc_start_height;
	settings->jobs = cb_guc_jobs;
	settings->log_level = cb_guc_log_level;
}

/*
 * Waking is an optimisation: a worker that misses it finds the work at its
 * next look.
 */
void
cb_wake_on_commit(void)
{
	if (cb_shared == NULL)
		return;
	if (!wake_callback_registered)
	{
		RegisterXactCallback(wake_callback, NULL);
		wake_callback_registered = true;
	}
	wake_at_commit = true;
}

static void
wake_callback(XactEvent event, void *arg)
{
	if (!wake_at_commit)
		return;
	if (event == XACT_EVENT_COMMIT)
		cb_wake_worker(MyDatabaseId);
	if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT ||
		event == XACT_EVENT_PREPARE)
		wake_at_commit = false;
}

bool
cb_wake_worker(Oid database)
{
	bool		woken = false;

	if (cb_shared == NULL)
		return false;
	LWLockAcquire(cb_shared->lock, LW_SHARED);
	for (int i = 0; i < CB_MAX_WORKERS; i++)
	{
		CbWorkerSlot *slot = &cb_shared->workers[i];

		if (slot->database == database && slot->pid != 0 && slot->proc_number >= 0)
		{
			SetLatch(&ProcGlobal->allProcs[slot->proc_number].procLatch);
			woken = true;
		}
	}
	LWLockRelease(cb_shared->lock);
	return woken;
}
