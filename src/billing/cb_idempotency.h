/*-------------------------------------------------------------------------
 *
 * cb_idempotency.h
 *	  Creating something once, however often it is asked for.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_IDEMPOTENCY_H
#define CB_IDEMPOTENCY_H

#include "postgres.h"

#include "fmgr.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

/* A key within a merchant, and the call it stands for. */
typedef struct CbIdempotencyKey
{
	pg_uuid_t	merchant_id;
	const char *key;
	const char *function_name;
	const char *arguments;		/* a JSON object */
} CbIdempotencyKey;

/*
 * Take a key for what is about to be created as *id.  False when that has been
 * done already: *id is then what was created.  Waits while another transaction
 * holds the key, so call it before locking anything.  CB016 when the key stands
 * for another call.
 */
extern bool cb_idempotency_claim(const CbIdempotencyKey *key, TimestampTz now, pg_uuid_t *id);

/*
 * The same for a SQL function as it was called, with all its arguments; its key
 * is argument key_arg, and true when that is null.
 */
extern bool cb_idempotency_claim_call(FunctionCallInfo fcinfo, int key_arg, const pg_uuid_t *merchant_id,
									  TimestampTz now, pg_uuid_t *id);

/* The merchant of operators' keys. */
extern const pg_uuid_t cb_no_merchant;

/* Keys to be forgotten at the time that is the first parameter. */
#define CB_OLD_KEYS "charmbills.idempotency_keys o WHERE o.created_at < $1 - interval '30 days' "

/* Forget keys older than thirty days, at most max_rows of them; gives how many. */
extern int64 cb_idempotency_clean_up(TimestampTz now, int64 max_rows);

#endif							/* CB_IDEMPOTENCY_H */
