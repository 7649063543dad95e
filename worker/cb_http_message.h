/*-------------------------------------------------------------------------
 *
 * cb_http_message.h
 *	  A job's HTTP request and its outcome, as JSON.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_HTTP_MESSAGE_H
#define CB_HTTP_MESSAGE_H

#include "postgres.h"

#include "cb_fetch.h"

/* No request may take longer, nor bring more: memory is finite. */
#define CB_HTTP_MAX_TIMEOUT_MS (24 * 60 * 60 * 1000)
#define CB_HTTP_MAX_ANSWER (16 * 1024 * 1024)

/* As http_request() gives it; what it points to is as the text.  Raises errors. */
extern void cb_read_http_request(const char *text, CbFetchRequest *request);

/* For report_job(). */
extern const char *cb_http_outcome(const CbFetchAnswer *answer, size_t max_answer);
extern const char *cb_http_failure(const char *message);

#endif							/* CB_HTTP_MESSAGE_H */
