/*-------------------------------------------------------------------------
 *
 * cb_header_chain.h
 *	  The headers held, and judging a new one against them.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_HEADER_CHAIN_H
#define CB_HEADER_CHAIN_H

#include "postgres.h"

#include "utils/timestamp.h"

#include "bitcoin/cb_block.h"
#include "chain/cb_chain_state.h"

/*
 * Check a header that continues the chain at height: its target and time by
 * the network's rules as far as the headers held allow.  Raises CB007.
 */
extern void cb_header_chain_check(int32 height, const CbHeader *header);

/* Store it; gives its median time past. */
extern TimestampTz cb_header_chain_add(int32 height, CbHeader *header, const char *hash);

/*
 * Which block is held at height, and its median time past; false when none is.
 */
extern bool cb_header_chain_at(int32 height, char hash[CB_HASH_TEXT_SIZE], TimestampTz *median_time);

/* Remove all above height. */
extern void cb_header_chain_truncate(int32 height);

/* Summed work of the headers held above height. */
extern CbUint256 cb_header_chain_work_above(int32 height);

extern TimestampTz cb_unix_time(uint32 seconds);

#endif							/* CB_HEADER_CHAIN_H */
