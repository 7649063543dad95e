/*-------------------------------------------------------------------------
 *
 * cb_quote.h
 *	  How many sats pay what is missing on an invoice in a currency.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_QUOTE_H
#define CB_QUOTE_H

#include "postgres.h"

#include "utils/timestamp.h"
#include "utils/uuid.h"

/*
 * The sats of an invoice's quote, while it is valid and nothing has come in
 * since it was given; 0 when there is none.
 */
extern int64 cb_quote_valid(const pg_uuid_t *invoice_id, TimestampTz now);

#endif							/* CB_QUOTE_H */
