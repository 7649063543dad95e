/*-------------------------------------------------------------------------
 *
 * cb_credit.c
 *	  The ledger of what customers have paid beyond their invoices.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "billing/cb_credit.h"
#include "cb_json.h"
#include "cb_sql.h"

CB_STATEMENT(insert_credit, "uuid uuid int8 text uuid outpoint timestamptz",
			 "INSERT INTO charmbills.credits "
			 "       (merchant_id, customer_id, amount_sats, kind, invoice_id, outpoint, created_at) "
			 "VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id");

void
cb_credit_adjust(const CbCreditSource *source, const char *kind, int64 entered, int64 target,
				 TimestampTz now, CbEvents *events)
{
	int64		difference = target - entered;
	pg_uuid_t	id;
	CbJson		payload;

	if (difference == 0)
		return;
	cb_execute_one(&insert_credit,
				   CB_ARGS(cb_uuid(&source->merchant_id), cb_uuid(source->customer_id), cb_int8(difference),
						   cb_text(kind), cb_uuid(source->invoice_id), cb_outpoint(source->outpoint), cb_timestamptz(now)));
	id = cb_column_uuid(0, 1);
	cb_json_begin(&payload);
	cb_json_text(&payload, "kind", kind);
	cb_json_int(&payload, "amount_sats", difference);
	cb_json_uuid(&payload, "customer_id", source->customer_id);
	cb_json_uuid(&payload, "invoice_id", source->invoice_id);
	if (source->outpoint != NULL)
		cb_json_outpoint(&payload, "outpoint", source->outpoint);
	cb_event_uuid(events, "credit.entered", &source->merchant_id, "credit", &id,
				  cb_json_end(&payload), now);
}
