/*-------------------------------------------------------------------------
 *
 * cb_chain_state.h
 *	  The one row that says how far the chain has been followed.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_CHAIN_STATE_H
#define CB_CHAIN_STATE_H

#include "postgres.h"

#include "utils/snapshot.h"
#include "utils/timestamp.h"

#include "bitcoin/cb_block.h"

#define CB_HASH_TEXT_SIZE 65

typedef struct CbChainState
{
	bool		has_tip;
	int32		height;
	char		hash[CB_HASH_TEXT_SIZE];
	int32		base_height;
	TimestampTz followed_until; /* DT_NOBEGIN when never */
	char	   *stopped_reason; /* NULL while following */
	char	   *series;			/* of invoice numbers */
} CbChainState;

/* Read without a lock; what is not there yet reads as an empty chain. */
extern void cb_chain_state_read(CbChainState *state);

/* What the row says of time, as a snapshot sees it; read without SQL. */
typedef struct CbChainTime
{
	TimestampTz followed_until; /* DT_NOBEGIN when never */
	bool		has_test_clock;
	TimestampTz test_clock;
	char	   *network;		/* NULL when not written down */
} CbChainTime;

extern void cb_chain_time_read(CbChainTime *time, Snapshot snapshot);

/* CB014 when charmbills.network is not this one; NULL is any. */
extern void cb_chain_check_network(const char *network);

/*
 * Lock the cursor, making its row if there is none, and read it.  Errors: not
 * READ COMMITTED; CB014 when charmbills.network is not the one written down.
 */
extern void cb_chain_lock(CbChainState *state);

/* Move the cursor; it must be locked. */
extern void cb_chain_set_tip(int32 height, const char *hash, int32 base_height);

/*
 * Make sure the row is there and charmbills.network is the network written
 * down, writing it down if none is.
 */
extern void cb_chain_pin_network(void);

extern void cb_hash_text(const CbHash256 *hash, char out[CB_HASH_TEXT_SIZE]);
extern void cb_hash_parse(const char *text, CbHash256 *hash);	/* CB002 */

#endif							/* CB_CHAIN_STATE_H */
