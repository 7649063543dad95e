/*-------------------------------------------------------------------------
 *
 * charmbills.c
 *	  Loading of the library.
 *
 * Everything but the background worker works without
 * shared_preload_libraries, so loading never fails for want of it.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "billing/cb_rate_source.h"
#include "billing/cb_settle.h"
#include "cb_compat.h"
#include "cb_event.h"
#include "cb_guc.h"
#include "cb_shared.h"
#include "chain/cb_incarnation.h"
#include "chain/cb_job_kind.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "postmaster/bgworker.h"
#include "proving/cb_proving.h"
#include "sandbox/cb_sandbox.h"
#include "webhooks/cb_webhook.h"

CB_MODULE_MAGIC;

PGDLLEXPORT void _PG_init(void);

static void register_launcher(void);

void
_PG_init(void)
{
	cb_guc_define();
	cb_shmem_init();
	cb_events_take_epoch(cb_incarnation_epoch);
	cb_node_jobs_register();
	cb_settle_register();
	cb_rates_register();
	cb_webhook_register();
	cb_gather_register();
	cb_prover_register();
	cb_sandbox_register();
	if (process_shared_preload_libraries_in_progress && !IsBinaryUpgrade)
		register_launcher();
}

/*
 * The launcher has a library of its own, so that ordinary backends never load
 * libcurl.
 */
static void
register_launcher(void)
{
	BackgroundWorker worker;

	MemSet(&worker, 0, sizeof(worker));
	worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = 10;
	strlcpy(worker.bgw_library_name, "charmbills_worker", sizeof(worker.bgw_library_name));
	strlcpy(worker.bgw_function_name, "charmbills_launcher_main", sizeof(worker.bgw_function_name));
	strlcpy(worker.bgw_name, "charmbills launcher", sizeof(worker.bgw_name));
	strlcpy(worker.bgw_type, "charmbills launcher", sizeof(worker.bgw_type));
	RegisterBackgroundWorker(&worker);
}
