/*-------------------------------------------------------------------------
 *
 * cb_customer.h
 *	  Customers, as calls name them.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_CUSTOMER_H
#define CB_CUSTOMER_H

#include "postgres.h"

#include "fmgr.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

/* At least one of them. */
typedef struct CbCustomerNames
{
	char	   *address;		/* in its usual spelling; NULL without one */
	char	   *external_id;	/* NULL without one */
} CbCustomerNames;

/* Names from two arguments; CB011 when they are none, CB002 and CB003 of the address. */
extern void cb_customer_args(FunctionCallInfo fcinfo, int address_arg, int external_id_arg,
							 CbCustomerNames *names);

/* The JSON object that an argument is, as text; NULL without one. */
extern char *cb_metadata_arg(FunctionCallInfo fcinfo, int argno);

/*
 * The merchant's customer of these names, found or made, and locked.  metadata,
 * a JSON object or NULL, is merged into what is kept there.
 */
extern pg_uuid_t cb_customer_take(const pg_uuid_t *merchant_id, const CbCustomerNames *names,
								  const char *metadata, TimestampTz now);

/*
 * CB009 when a customer has a live subscription to a plan, other than one that
 * may be NULL.  Who is about to add one has locked the customer's row.
 */
extern void cb_customer_check_free(const pg_uuid_t *customer_id, const pg_uuid_t *plan_id, const pg_uuid_t *but);

#endif							/* CB_CUSTOMER_H */
