/*-------------------------------------------------------------------------
 *
 * cb_subscription_token.h
 *	  The tokens on a subscription's address.
 *
 * token_amount is the sum of the plan's tokens on the script of the
 * subscription's address: the live ones, and those that were spent by a spell
 * of an unsupported version until charmbills.unknown_grace has passed.
 * token_utxo is where most of them are, and last_verified_at the oldest check
 * of the proofs that made them.  Without an address, or in a plan that is not
 * tracked, there is nothing to know, and they are null.
 *
 * A subscription that is committed while a block is applied is seen by neither
 * the block nor itself sees what the block brings: it is settled by the next.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_SUBSCRIPTION_TOKEN_H
#define CB_SUBSCRIPTION_TOKEN_H

#include "postgres.h"

#include "bitcoin/cb_script.h"
#include "chain/cb_change.h"

/*
 * Of a row c of charms on an address: whether its tokens count, at an instant and
 * with the grace of unknown ones.  An index knows no longer scripts.
 */
#define CB_TOKENS_COUNT(lapse, grace) \
	"(c.spent_height IS NULL OR c.is_unknown) " \
	"AND octet_length(c.script) <= " CppAsString2(CB_MAX_ADDRESS_SCRIPT) " " \
	"AND (c.spent_height IS NULL OR c.spent_at + " grace " > " lapse ") " \
	"AND c.beamed_to IS NULL AND c.amount > 0 "

/* How long a check of a proof is good for. */
#define CB_TOKEN_CHECK_EVERY "interval '1 day'"

/*
 * Recompute them for locked subscriptions, and announce what has changed.
 * checked_at: when proofs were looked at last, or DT_NOBEGIN.
 */
extern void cb_subscription_tokens_refresh(const pg_uuid_t *ids, int n, TimestampTz checked_at,
										   TimestampTz now, CbEvents *events);

/*
 * The same for one that is new, or new to its plan; once more with the next
 * block.
 */
extern void cb_subscription_tokens_begin(const pg_uuid_t *id, TimestampTz now, CbEvents *events);

/* Lock those that a change concerns together with those that these invoices are for. */
extern void cb_subscription_tokens_lock(const CbChange *change, const pg_uuid_t *invoices, int n);

/* Recompute them for those that a change concerns. */
extern void cb_subscription_tokens_follow(const CbChange *change, CbEvents *events);

#endif							/* CB_SUBSCRIPTION_TOKEN_H */
