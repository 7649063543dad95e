/*-------------------------------------------------------------------------
 *
 * cb_job_queue.h
 *	  Putting work for the outside world into the queue.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_JOB_QUEUE_H
#define CB_JOB_QUEUE_H

#include "postgres.h"

#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "bitcoin/cb_tx.h"

#define CB_JOB_BROADCAST "broadcast"
#define CB_JOB_RESCAN "rescan"
#define CB_JOB_WEBHOOK "webhook"
#define CB_JOB_EXCHANGE_RATE "exchange_rate"
#define CB_JOB_GATHER "gather"
#define CB_JOB_PROVE "prove"

/* The lane of all that the prover is asked: it is one endpoint to us. */
#define CB_PROVER_LANE "00000000-0000-0000-0000-000000000001"

/* In an insert of jobs AS j: what makes an old one new again. */
#define CB_JOB_REQUEUE_SET \
	"SET payload = EXCLUDED.payload, state = 'queued', attempts = 0, run_after = EXCLUDED.run_after, " \
	"    claimed_by = NULL, lease_until = NULL, last_error = NULL, finished_at = NULL "

/*
 * Broadcast rows of transactions, now, whatever has become of earlier tries:
 * each has one job for ever.  Wakes the worker on commit.
 */
extern void cb_job_queue_broadcasts(const pg_uuid_t *transaction_ids, int n, TimestampTz now);

/* Have the node give the transactions that have these outputs, for a row of transactions. */
extern void cb_job_queue_gather(const pg_uuid_t *transaction_id, const CbOutpoint *outpoints, int n,
								TimestampTz now);

/* Have the prover prove what a row of transactions is asked for with. */
extern void cb_job_queue_prove(const pg_uuid_t *transaction_id, TimestampTz now);

/* Neither is wanted any more.  A worker that is at it finds that out by itself. */
extern void cb_job_withdraw(const pg_uuid_t *transaction_id, TimestampTz now);

/* Look again at every block from a height upwards.  Gives the job's id. */
extern pg_uuid_t cb_job_queue_rescan(int32 from_height, TimestampTz now);

#endif							/* CB_JOB_QUEUE_H */
