/*-------------------------------------------------------------------------
 *
 * cb_token_verify.h
 *	  Tokens of subscriptions, verified again.
 *
 * What the chain layer has written down of the transaction that made a token
 * is held against its bytes: the proof, the block, what its outputs hold, and
 * that none is spent.  Where something differs the plan is followed again.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_TOKEN_VERIFY_H
#define CB_TOKEN_VERIFY_H

#include "postgres.h"

#include "utils/timestamp.h"

/* Whether any subscription's tokens are due to be looked at by $n. */
#define CB_TOKENS_DUE(until) \
	"charmbills.subscription_facts f " \
	"WHERE f.token_check_at > '-infinity' AND f.token_check_at <= " until " "

/*
 * Look at the tokens of those subscriptions that are due at an instant until
 * which the chain is known, and whose rows nobody else holds; gives how many.
 */
extern int64 cb_tokens_verify_due(TimestampTz lapse, TimestampTz now, int64 max_rows);

#endif							/* CB_TOKEN_VERIFY_H */
