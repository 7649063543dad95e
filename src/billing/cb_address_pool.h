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

/* A merchant's numbers and addresses, while its counters are locked. */
typedef struct CbAddressSource
{
	pg_uuid_t	merchant_id;
	char	   *series;
	int64		next_number;
	char	   *address;		/* fixed; NULL without one */
	char	   *descriptor;		/* canonical; NULL without one */
	int64		dust_limit;		/* sats: less than this cannot be paid to it */
} CbAddressSource;

/* Where an invoice is to be paid, and its number. */
typedef struct CbInvoicePlace
{
	bool		needs_address;
	int64		amount;			/* sats: with a fixed address made unique there; 0 where only quotes tell */
	char		address[CB_ADDRESS_SIZE];
	CbScriptBuf script;
	bool		is_derived;
	pg_uuid_t	descriptor_id;
	int32		derivation_index;
	char	   *series;
	int64		number;
} CbInvoicePlace;

/*
 * Lock the counters of merchants, given in order of key and each once, until
 * the transaction ends: call it last.  sources: one for each merchant.
 */
extern void cb_address_pool_open(const pg_uuid_t *merchant_ids, int n, CbAddressSource *sources);

/*
 * Give places the merchant's next numbers and, where they need one, an address.
 * Their needs_address and amount are set.  CB015 when no address is left, or no
 * amount that is unique at a fixed address.
 */
extern void cb_address_pool_take(CbAddressSource *source, CbInvoicePlace *const *places, int n);

/* A merchant's source as it is, without locking anything. */
extern void cb_address_pool_peek(const pg_uuid_t *merchant_id, CbAddressSource *source);

/* The amount that an invoice at the source's fixed address would get now; sats. */
extern int64 cb_address_pool_unique_amount(const CbAddressSource *source, int64 amount);

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
