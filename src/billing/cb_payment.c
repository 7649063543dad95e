/*-------------------------------------------------------------------------
 *
 * cb_payment.c
 *	  Payments: outputs to a merchant's scripts, and what the chain says of them.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "billing/cb_payment.h"
#include "billing/cb_rate.h"
#include "catalog/pg_type.h"
#include "cb_guc.h"
#include "cb_json.h"
#include "cb_uuid.h"
#include "types/cb_types.h"
#include "utils/builtins.h"

/* A coinbase output can be spent a hundred blocks later. */
#define MATURITY(k, p) \
	"greatest(" k ".block_height + greatest(" p ".confirmations, 1) - 1, " \
	"         CASE WHEN " p ".is_coinbase THEN " k ".block_height + 100 END)"

CB_STATEMENT(find_invoices, "txid[] int4 int4 bytea[] int8[]",
			 "SELECT p.invoice_id FROM charmbills.payments p "
			 "WHERE p.txid = ANY ($1) AND p.invoice_id IS NOT NULL "
			 "UNION "
			 "SELECT p.invoice_id FROM charmbills.payments p "
			 "WHERE p.status = 'confirmed' AND p.matures_at_height > $2 AND p.matures_at_height <= $3 "
			 "      AND p.invoice_id IS NOT NULL "
			 "UNION "
			 "SELECT i.id FROM unnest($4, $5) h(script, amount) "
			 "JOIN charmbills.invoices i ON i.script = h.script AND i.descriptor_id IS NOT NULL "
			 "UNION "
			 "SELECT i.id FROM unnest($4, $5) h(script, amount) "
			 "JOIN charmbills.invoices i ON i.script = h.script AND i.amount_sats = h.amount "
			 "     AND i.descriptor_id IS NULL "
			 "ORDER BY 1");
CB_STATEMENT(find_issuers, "uuid[] bytea[] int8[]",
			 "SELECT DISTINCT h.merchant_id FROM unnest($1, $2, $3) h(merchant_id, script, amount) "
			 "WHERE NOT EXISTS (SELECT FROM charmbills.invoices i "
			 "                  WHERE i.script = h.script AND i.descriptor_id IS NOT NULL) "
			 "      AND NOT EXISTS (SELECT FROM charmbills.invoices i "
			 "                      WHERE i.script = h.script AND i.amount_sats = h.amount "
			 "                            AND i.descriptor_id IS NULL) "
			 "ORDER BY 1");
/*
 * A derived script belongs to one invoice for ever.  At a fixed address the
 * amount tells: the invoice that waits for it, else the latest that did.
 */
CB_KEYS_STATEMENT(insert_payments, "outpoint[] uuid[] int8[] bytea[] bool[] int4",
				  "INSERT INTO charmbills.payments "
				  "       (outpoint, invoice_id, merchant_id, amount_sats, script, txid, is_coinbase, confirmations, "
				  "        block_height, block_hash, block_median_time, matures_at_height, status, first_seen_at, "
				  "        currency, rate) "
				  "SELECT p.outpoint, p.invoice_id, p.merchant_id, p.amount, p.script, k.txid, p.is_coinbase, "
				  "       p.confirmations, k.block_height, k.block_hash, k.block_median_time, " MATURITY("k", "p") ", "
				  "       k.status, k.first_seen_at, p.currency, "
				  "       " CB_PAYMENT_RATE("p.invoice_id", "p.currency", "k.first_seen_at") " "
				  "FROM (SELECT h.*, coalesce(d.id, f.id) AS invoice_id, "
				  "             coalesce(d.confirmations, f.confirmations, $6) AS confirmations, d.currency "
				  "      FROM unnest($1, $2, $3, $4, $5) h(outpoint, merchant_id, amount, script, is_coinbase) "
				  "      LEFT JOIN charmbills.invoices d ON d.script = h.script AND d.descriptor_id IS NOT NULL "
				  "      LEFT JOIN LATERAL (SELECT i.id, i.confirmations FROM charmbills.invoices i "
				  "                         WHERE i.script = h.script AND i.amount_sats = h.amount "
				  "                               AND i.descriptor_id IS NULL AND i.status <> 'void' "
				  "                         ORDER BY i.status IN ('open', 'processing') DESC, i.created_at DESC, i.number DESC "
				  "                         LIMIT 1) f ON d.id IS NULL) p "
				  "JOIN charmbills.chain_transactions k ON k.txid = charmbills.outpoint_txid(p.outpoint) "
				  "WHERE k.status <> 'unseen' "
				  "ORDER BY p.outpoint "
				  "ON CONFLICT (outpoint) DO NOTHING "
				  "RETURNING outpoint, status, invoice_id, merchant_id, amount_sats, NULL::text, block_height");
CB_KEYS_STATEMENT(lock_payments, "txid[]",
				  "SELECT p.outpoint, k.status, p.invoice_id, p.merchant_id, p.amount_sats, p.status, k.block_height "
				  "FROM charmbills.payments p JOIN charmbills.chain_transactions k ON k.txid = p.txid "
				  "WHERE p.txid = ANY ($1) AND (p.status, p.block_hash) IS DISTINCT FROM (k.status, k.block_hash) "
				  "ORDER BY p.outpoint FOR NO KEY UPDATE OF p");
CB_KEYS_STATEMENT(update_payments, "txid[]",
				  "UPDATE charmbills.payments p "
				  "SET status = k.status, block_height = k.block_height, block_hash = k.block_hash, "
				  "    block_median_time = k.block_median_time, matures_at_height = " MATURITY("k", "p") " "
				  "FROM charmbills.chain_transactions k "
				  "WHERE k.txid = p.txid AND p.txid = ANY ($1) "
				  "      AND (p.status, p.block_hash) IS DISTINCT FROM (k.status, k.block_hash)");
CB_STATEMENT(find_touched, "txid[] int4 int4",
			 "SELECT DISTINCT p.invoice_id, CASE WHEN p.invoice_id IS NULL THEN p.outpoint END "
			 "FROM charmbills.payments p WHERE p.txid = ANY ($1) "
			 "UNION "
			 "SELECT p.invoice_id, CASE WHEN p.invoice_id IS NULL THEN p.outpoint END "
			 "FROM charmbills.payments p "
			 "WHERE p.status = 'confirmed' AND p.matures_at_height > $2 AND p.matures_at_height <= $3 "
			 "ORDER BY 1, 2");

/* The hits of a change as parameters. */
typedef struct HitArrays
{
	NullableDatum outpoints;
	NullableDatum merchants;
	NullableDatum amounts;
	NullableDatum scripts;
	NullableDatum coinbases;
} HitArrays;

static void make_hit_arrays(const CbChange *change, HitArrays *arrays);
static NullableDatum concerned_txids(const CbChange *change);
static void announce_payments(const CbChange *change, CbEvents *events);

int
cb_payment_find_invoices(const CbChange *change, pg_uuid_t **invoices)
{
	HitArrays	hits;
	int			n;

	make_hit_arrays(change, &hits);
	n = (int) cb_execute(&find_invoices,
						 CB_ARGS(concerned_txids(change), cb_int4(change->lowest_tip), cb_int4(change->highest_tip),
								 hits.scripts, hits.amounts));
	*invoices = cb_column_uuids(n);
	return n;
}

int
cb_payment_find_issuers(const CbChange *change, pg_uuid_t **merchants)
{
	HitArrays	hits;
	int			n;

	make_hit_arrays(change, &hits);
	n = (int) cb_execute(&find_issuers, CB_ARGS(hits.merchants, hits.scripts, hits.amounts));
	*merchants = cb_column_uuids(n);
	return n;
}

static void
make_hit_arrays(const CbChange *change, HitArrays *arrays)
{
	int			n = change->n_hits;
	CbOutpoint *outpoints = palloc(sizeof(CbOutpoint) * Max(n, 1));
	pg_uuid_t  *merchants = palloc(sizeof(pg_uuid_t) * Max(n, 1));
	Datum	   *columns = palloc(sizeof(Datum) * 3 * Max(n, 1));

	for (int i = 0; i < n; i++)
	{
		outpoints[i] = change->hits[i].outpoint;
		merchants[i] = change->hits[i].merchant_id;
		columns[i] = Int64GetDatum(change->hits[i].amount);
		columns[n + i] = cb_bytea(change->hits[i].script).value;
		columns[2 * n + i] = BoolGetDatum(change->hits[i].is_coinbase);
	}
	arrays->outpoints = cb_outpoint_array(outpoints, n);
	arrays->merchants = cb_uuid_array(merchants, n);
	arrays->amounts = cb_array(columns, NULL, n, INT8OID);
	arrays->scripts = cb_array(columns + n, NULL, n, BYTEAOID);
	arrays->coinbases = cb_array(columns + 2 * n, NULL, n, BOOLOID);
}

/* Transactions that have changed, or in which a payment was found. */
static NullableDatum
concerned_txids(const CbChange *change)
{
	CbTxidSet	all = {NULL, 0, 0};

	for (int i = 0; i < change->moved.n; i++)
		cb_txid_set_add(&all, &change->moved.txids[i]);
	for (int i = 0; i < change->n_hits; i++)
		cb_txid_set_add(&all, &change->hits[i].outpoint.txid);
	return cb_txid_array(all.txids, all.n);
}

void
cb_payment_update(const CbChange *change, CbEvents *events)
{
	NullableDatum moved = cb_txid_array(change->moved.txids, change->moved.n);
	HitArrays	hits;

	if (change->n_hits > 0)
	{
		make_hit_arrays(change, &hits);
		cb_execute(&insert_payments,
				   CB_ARGS(hits.outpoints, hits.merchants, hits.amounts, hits.scripts,
						   hits.coinbases, cb_int4(cb_guc_confirmations)));
		announce_payments(change, events);
	}
	if (change->moved.n > 0 && cb_execute(&lock_payments, CB_ARGS(moved)) > 0)
	{
		announce_payments(change, events);
		cb_execute(&update_payments, CB_ARGS(moved));
	}
}

/*
 * One event for each row of the last statement whose status is another than
 * before; a payment that only changed its block raises none.
 */
static void
announce_payments(const CbChange *change, CbEvents *events)
{
	for (uint64 row = 0; row < SPI_processed; row++)
	{
		CbOutpoint	outpoint = cb_column_outpoint(row, 1);
		CbOutpointValue subject;
		char	   *status = cb_column_text(row, 2);
		char	   *before = cb_column_text(row, 6);
		pg_uuid_t	invoice_id = cb_column_uuid(row, 3);
		pg_uuid_t	merchant_id = cb_column_uuid(row, 4);
		CbJson		payload;

		if (before != NULL && strcmp(before, status) == 0)
			continue;
		cb_outpoint_value(&outpoint, &subject);
		cb_json_begin(&payload);
		cb_json_outpoint(&payload, "outpoint", &outpoint);
		cb_json_uuid(&payload, "invoice_id", cb_column_is_null(row, 3) ? NULL : &invoice_id);
		cb_json_int(&payload, "amount_sats", cb_column_int8(row, 5));
		cb_json_text(&payload, "previous_status", before);
		if (!cb_column_is_null(row, 7))
			cb_json_int(&payload, "block_height", cb_column_int4(row, 7));
		cb_event(events, psprintf("payment.%s", status), &merchant_id, "payment",
				 cb_outpoint_cstring(&subject), cb_json_end(&payload), change->now);
	}
}

void
cb_payment_touched(const CbChange *change, CbTouched *touched)
{
	int			n = (int) cb_execute(&find_touched,
									 CB_ARGS(concerned_txids(change), cb_int4(change->lowest_tip),
											 cb_int4(change->highest_tip)));

	touched->invoices = palloc(sizeof(pg_uuid_t) * Max(n, 1));
	touched->strays = palloc(sizeof(CbOutpoint) * Max(n, 1));
	touched->n_invoices = 0;
	touched->n_strays = 0;
	for (int i = 0; i < n; i++)
	{
		if (cb_column_is_null(i, 1))
			touched->strays[touched->n_strays++] = cb_column_outpoint(i, 2);
		else
			touched->invoices[touched->n_invoices++] = cb_column_uuid(i, 1);
	}
}
