/*-------------------------------------------------------------------------
 *
 * cb_webhook_internal.h
 *	  What the files of this layer share.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_WEBHOOK_INTERNAL_H
#define CB_WEBHOOK_INTERNAL_H

#include "postgres.h"

#include "cb_secret.h"
#include "chain/cb_job_kind.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#define CB_WEBHOOK_TRIES 10

/* cb_webhook_url.c: CB011 unless it is one that webhooks may go to. */
extern void cb_webhook_check_url(const char *url);

/* cb_webhook_secret.c */
#define CB_WEBHOOK_FINGERPRINT_SIZE 8
typedef struct CbWebhookFingerprint
{
	uint8		bytes[CB_WEBHOOK_FINGERPRINT_SIZE];
} CbWebhookFingerprint;

extern char *cb_webhook_purpose(const pg_uuid_t *endpoint_id, int32 generation);
extern CbWebhookFingerprint cb_webhook_fingerprint(const CbSecret *secret);
/* As its owner is given it: whsec_ and base64. */
extern char *cb_webhook_secret_text(const CbSecret *secret);
/* One entry of the header webhook-signature. */
extern char *cb_webhook_signature(const CbSecret *secret, const char *id, int64 timestamp,
								  const char *body);

/* cb_webhook_request.c: what to send for a job. */
extern NullableDatum cb_webhook_request(const CbJob *job);

/* cb_webhook_report.c: what came of it. */
extern void *cb_webhook_lock(const CbJob *job);
extern const char *cb_webhook_report(const CbJob *job, void *locked, NullableDatum outcome);

/* cb_webhook_log.c: a delivery, its endpoint, and the log of attempts. */
typedef struct CbWebhookDelivery
{
	pg_uuid_t	id;
	pg_uuid_t	endpoint_id;
	bool		is_queued;
	int32		attempts;		/* in the log */
	bool		has_merchant;
	pg_uuid_t	merchant_id;
	bool		endpoint_is_active;
	char	   *disabled_reason;
	bool		is_failing;
	TimestampTz failing_since;
} CbWebhookDelivery;

/* How one attempt went. */
typedef struct CbWebhookAttempt
{
	NullableDatum status;		/* int4; NULL without an answer */
	const char *error;			/* NULL: it went well */
	NullableDatum duration_ms;	/* int4 */
	bool		blames_endpoint;	/* a failure is the endpoint's */
	TimestampTz not_before;		/* of the endpoint; 0: no pause */
} CbWebhookAttempt;

/* The delivery that a job is for, its endpoint locked or not; false when it is gone. */
extern bool cb_webhook_load(const CbJob *job, bool lock, CbWebhookDelivery *delivery);
/* Write an attempt into the log, and what it says of the endpoint. */
extern void cb_webhook_log(CbWebhookDelivery *delivery, const CbWebhookAttempt *attempt, TimestampTz now);
/* The delivery has come to its end. */
extern void cb_webhook_delivered(const CbWebhookDelivery *delivery, TimestampTz now);
extern void cb_webhook_given_up(const CbWebhookDelivery *delivery);

/*
 * cb_webhook_disable.c: tell an endpoint nothing any more, and give up what
 * waits for it.  The endpoint is locked.
 */
extern void cb_webhook_stop(const pg_uuid_t *endpoint_id, const char *reason, TimestampTz now);
/* The same for one that is at fault, with an event. */
extern void cb_webhook_disable(const CbWebhookDelivery *delivery, const char *reason, TimestampTz now);

#endif							/* CB_WEBHOOK_INTERNAL_H */
