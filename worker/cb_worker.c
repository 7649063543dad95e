/*-------------------------------------------------------------------------
 *
 * cb_worker.c
 *	  The worker process of one database: its start, its loop, its waiting.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_fetch.h"
#include "cb_http.h"
#include "cb_http_jobs.h"
#include "cb_link.h"
#include "cb_loop.h"
#include "cb_rpc.h"
#include "cb_transfer.h"
#include "cb_wait.h"
#include "cb_work.h"
#include "libpq/pqsignal.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/memutils.h"

PGDLLEXPORT void charmbills_worker_main(Datum database);

static void start(Oid database);
static void reload_settings(void);
static void wait_for_next(void);

void
charmbills_worker_main(Datum database)
{
	MemoryContext loop_context;

	start(DatumGetObjectId(database));
	loop_context = AllocSetContextCreate(TopMemoryContext, "charmbills loop",
										 ALLOCSET_DEFAULT_SIZES);
	for (;;)
	{
		MemoryContextSwitchTo(loop_context);
		MemoryContextReset(loop_context);
		CHECK_FOR_INTERRUPTS();
		if (ConfigReloadPending)
			reload_settings();
		cb_work_pass();
		cb_slot_set_state(cb_work_state());
		cb_slot_set_blocker(cb_work_blocker());
		wait_for_next();
	}
}

/*
 * A SIGHUP may have come before there was a handler for it, so the settings are
 * read once in any case.
 */
static void
start(Oid database)
{
	pqsignal(SIGTERM, die);
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnectionByOid(database, InvalidOid, 0);
	pgstat_report_appname(MyBgworkerEntry->bgw_name);
	cb_link_attach();
	if (!cb_slot_claim())
		proc_exit(0);
	cb_transfer_init();
	cb_http_init();
	cb_fetch_init();
	reload_settings();
}

static void
reload_settings(void)
{
	ConfigReloadPending = false;
	ProcessConfigFile(PGC_SIGHUP);
	cb_rpc_reconfigure();
	cb_wait_reset();
	cb_work_configure();
}

static void
wait_for_next(void)
{
	const CbBlockId *tip = cb_work_known_tip();

	(void) pgstat_report_stat(true);
	if (tip != NULL)
		cb_wait_begin(tip);
	cb_transfer_wait(TimestampDifferenceMilliseconds(GetCurrentTimestamp(), cb_work_next()));
	if (cb_http_jobs_heard())
		cb_work_hear_http();
	if (cb_loop_was_woken())
		cb_work_hasten();
	if (cb_wait_heard())
		cb_work_look_at_node();
}
