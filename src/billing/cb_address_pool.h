/*-------------------------------------------------------------------------
 *
 * cb_address_pool.h
 *	  A merchant's addresses: issuing fresh ones, watching the next ones.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_ADDRESS_POOL_H
#define CB_ADDRESS_POOL_H

#include "postgres.h"

#include "cb_event.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "bitcoin/cb_address.h"

/* Scripts beyond the last one issued that are watched too. */
#define CB_LOOKAHEAD 20

/* Where an invoice is to be paid, and its number. */
typedef struct CbInvoicePlace
{
	char		address[CB_ADDRESS_SIZE];
	CbScriptBuf script;
	bool		is_derived;
	pg_uuid_t	descriptor_id;
	int32		derivation_index;
	int64		amount;			/* with a fixed address: made unique there */
	char	   *series;
	int64		number;
} CbInvoicePlace;

/*
 * Take the merchant's next number and, unless amount is 0, an address for it,
 * under the lock of its merchant_counters row, which is held until the
 * transaction ends: call it last.  CB015 when no amount is left that is unique
 * at a fixed address.
 */
extern void cb_address_pool_issue(const pg_uuid_t *merchant_id, int64 amount, CbInvoicePlace *place);

/*
 * A script that was derived but never issued has been paid: skip it, so that
 * no invoice ever gets it, and say so with an event.
 */
extern void cb_address_pool_hit(const pg_uuid_t *merchant_id, const pg_uuid_t *descriptor_id,
								int32 derivation_index, CbEvents *events, TimestampTz now);

/*
 * Add a descriptor to a merchant's, or find it there, and let its next index be
 * at least first_index.  CB009 when it is another merchant's.
 */
extern void cb_address_pool_add(const pg_uuid_t *merchant_id, const char *descriptor,
								int32 first_index, CbEvents *events, TimestampTz now);

/* Begin the new series for merchants that are in an old one; gives how many. */
extern int64 cb_address_pool_catch_up(int64 max_rows);

#endif							/* CB_ADDRESS_POOL_H */
