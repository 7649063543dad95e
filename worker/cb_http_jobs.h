/*-------------------------------------------------------------------------
 *
 * cb_http_jobs.h
 *	  Jobs that are one HTTP request: webhooks, prices, proofs.
 *
 * Claimed, sent and reported apart from each other, so that one that is slow
 * holds up nothing else.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_HTTP_JOBS_H
#define CB_HTTP_JOBS_H

#include "postgres.h"

#include "datatype/timestamp.h"

/* Take note of requests that have ended; true when there were any. */
extern bool cb_http_jobs_heard(void);

/* When there is something to report; DT_NOEND: nothing. */
extern TimestampTz cb_http_jobs_report_due(void);
/* What cannot be reported is tried again a few times; raises no error. */
extern void cb_http_jobs_report(void);

/*
 * Requests that outlast the lease: keep their jobs, and drop what is ours no
 * more.  DT_NOEND: there are none.
 */
extern TimestampTz cb_http_jobs_hold_due(void);
extern void cb_http_jobs_hold(void);

/* Whether another request may be sent. */
extern bool cb_http_jobs_have_room(void);
/* Claim some jobs and send what they ask for.  False when there were none. */
extern bool cb_http_jobs_send(void);

#endif							/* CB_HTTP_JOBS_H */
