/*-------------------------------------------------------------------------
 *
 * cb_lock.c
 *	  Locking invoices with their subscriptions, and merchants' counters, and
 *	  saying who is in the way.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"
#include "access/xact.h"
#include "billing/cb_settle.h"
#include "cb_errors.h"
#include "cb_shared.h"
#include "cb_sql.h"
#include "miscadmin.h"
#include "storage/proc.h"
#include "storage/procarray.h"

CB_STATEMENT(probe_rows, "uuid[]",
			 "SELECT s.xmax FROM charmbills.subscription_facts s "
			 "WHERE s.id = ANY (SELECT i.subscription_id FROM charmbills.invoices i WHERE i.id = ANY ($1)) "
			 "UNION ALL "
			 "SELECT i.xmax FROM charmbills.invoices i WHERE i.id = ANY ($1)");
CB_STATEMENT(lock_subscriptions, "uuid[]",
			 "SELECT s.id FROM charmbills.subscription_facts s "
			 "WHERE s.id = ANY (SELECT i.subscription_id FROM charmbills.invoices i WHERE i.id = ANY ($1)) "
			 "ORDER BY s.id FOR NO KEY UPDATE");
CB_STATEMENT(probe_subscriptions, "uuid[]",
			 "SELECT s.xmax FROM charmbills.subscription_facts s WHERE s.id = ANY ($1)");
CB_STATEMENT(lock_subscriptions_alone, "uuid[]",
			 "SELECT s.id FROM charmbills.subscription_facts s WHERE s.id = ANY ($1) "
			 "ORDER BY s.id FOR NO KEY UPDATE");
CB_STATEMENT(lock_invoices, "uuid[]",
			 "SELECT i.id FROM charmbills.invoices i WHERE i.id = ANY ($1) "
			 "ORDER BY i.id FOR NO KEY UPDATE");
CB_STATEMENT(probe_counters, "uuid[]",
			 "SELECT c.xmax FROM charmbills.merchant_counters c WHERE c.merchant_id = ANY ($1)");
CB_STATEMENT(lock_counters, "uuid[]",
			 "SELECT c.merchant_id FROM charmbills.merchant_counters c WHERE c.merchant_id = ANY ($1) "
			 "ORDER BY c.merchant_id FOR NO KEY UPDATE");

typedef void (*RowLocker) (NullableDatum ids, int n);

static void lock_and_report(CbStatement *probe, RowLocker lock_rows, NullableDatum ids, int n);
static int	find_blocker(CbStatement *probe, NullableDatum ids);
static void report_blocker(int pid);
static void lock_invoice_rows(NullableDatum ids, int n);
static void lock_subscription_rows(NullableDatum ids, int n);
static void lock_counter_rows(NullableDatum ids, int n);

void
cb_lock_invoices(const pg_uuid_t *invoice_ids, int n)
{
	if (n > 0)
		lock_and_report(&probe_rows, lock_invoice_rows, cb_uuid_array(invoice_ids, n), n);
}

void
cb_lock_subscriptions(const pg_uuid_t *subscription_ids, int n)
{
	if (n > 0)
		lock_and_report(&probe_subscriptions, lock_subscription_rows, cb_uuid_array(subscription_ids, n), n);
}

void
cb_lock_counters(const pg_uuid_t *merchant_ids, int n)
{
	if (n > 0)
		lock_and_report(&probe_counters, lock_counter_rows, cb_uuid_array(merchant_ids, n), n);
}

static void
lock_and_report(CbStatement *probe, RowLocker lock_rows, NullableDatum ids, int n)
{
	/* Whoever waits for ever needs no name of who blocks: pg_locks has it. */
	int			blocker = LockTimeout > 0 ? find_blocker(probe, ids) : 0;

	if (blocker == 0)
	{
		lock_rows(ids, n);
		return;
	}
	report_blocker(blocker);
	PG_TRY();
	{
		lock_rows(ids, n);
	}
	PG_CATCH();
	{
		if (geterrcode() == ERRCODE_LOCK_NOT_AVAILABLE)
			errdetail("Process %d holds a subscription, an invoice or a merchant's counters that this concerns.",
					  blocker);
		PG_RE_THROW();
	}
	PG_END_TRY();
	report_blocker(0);
}

static void
lock_invoice_rows(NullableDatum ids, int n)
{
	cb_execute(&lock_subscriptions, CB_ARGS(ids));
	if (cb_execute(&lock_invoices, CB_ARGS(ids)) != (uint64) n)
		ereport(ERROR,
				(errcode(ERRCODE_CB_NOT_FOUND),
				 errmsg("invoice does not exist")));
}

static void
lock_subscription_rows(NullableDatum ids, int n)
{
	cb_execute(&lock_subscriptions_alone, CB_ARGS(ids));
}

static void
lock_counter_rows(NullableDatum ids, int n)
{
	cb_execute(&lock_counters, CB_ARGS(ids));
}

/* A process that has changed or locked one of the rows and not yet ended; 0 if none. */
static int
find_blocker(CbStatement *probe, NullableDatum ids)
{
	uint64		n = cb_execute(probe, CB_ARGS(ids));

	for (uint64 row = 0; row < n; row++)
	{
		bool		isnull;
		TransactionId xmax = DatumGetTransactionId(cb_column(row, 1, &isnull));

		if (TransactionIdIsNormal(xmax) && !TransactionIdIsCurrentTransactionId(xmax) &&
			TransactionIdIsInProgress(xmax))
			return BackendXidGetPid(xmax);
	}
	return 0;
}

/* Show it in worker_status(). */
static void
report_blocker(int pid)
{
	if (cb_shared == NULL)
		return;
	LWLockAcquire(cb_shared->lock, LW_EXCLUSIVE);
	for (int i = 0; i < CB_MAX_WORKERS; i++)
		if (cb_shared->workers[i].pid == MyProcPid)
			cb_shared->workers[i].blocked_by = pid;
	LWLockRelease(cb_shared->lock);
}
