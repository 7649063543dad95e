/*-------------------------------------------------------------------------
 *
 * cb_reservation.c
 *	  Reserving UTXOs, so that no two transactions of ours spend the same one.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_args.h"
#include "cb_auth.h"
#include "cb_call.h"
#include "cb_clock.h"
#include "cb_errors.h"
#include "cb_sql.h"
#include "chain/cb_chain_state.h"
#include "chain/cb_charmed.h"
#include "chain/cb_reservation.h"
#include "chain/cb_watch.h"
#include "utils/array.h"
#include "utils/builtins.h"

/* In the order of the key: two callers cannot wait for each other. */
CB_STATEMENT(insert_reservations, "outpoint[] uuid text text uuid timestamptz",
			 "INSERT INTO charmbills.used_utxos "
			 "       (outpoint, merchant_id, used_by, marked_by, transaction_id, used_at) "
			 "SELECT o.outpoint, $2, $3, $4, $5, $6 FROM unnest($1) o(outpoint) ORDER BY o.outpoint "
			 "ON CONFLICT (outpoint) DO NOTHING "
			 "RETURNING outpoint");
CB_STATEMENT(lock_reservations, "outpoint[]",
			 "SELECT outpoint FROM charmbills.used_utxos WHERE outpoint = ANY ($1) "
			 "ORDER BY outpoint FOR NO KEY UPDATE");
/*
 * A holder that this statement's snapshot does not see was committed after the
 * rows were locked, and is alive.
 */
CB_STATEMENT(take_reservations, "outpoint[] uuid timestamptz bool uuid",
			 "INSERT INTO charmbills.used_utxos AS u "
			 "       (outpoint, merchant_id, used_by, transaction_id, used_at) "
			 "SELECT o.outpoint, t.merchant_id, t.type, t.id, $3 "
			 "FROM unnest($1) o(outpoint) JOIN charmbills.transactions t ON t.id = $2 "
			 "ORDER BY o.outpoint "
			 "ON CONFLICT (outpoint) DO UPDATE SET transaction_id = EXCLUDED.transaction_id "
			 "WHERE (u.merchant_id = EXCLUDED.merchant_id OR (u.merchant_id IS NULL AND $4)) "
			 "  AND (u.transaction_id IS NULL OR u.transaction_id IN (EXCLUDED.transaction_id, $5) "
			 "       OR EXISTS (SELECT FROM charmbills.transactions holder "
			 "                  WHERE holder.id = u.transaction_id "
			 "                    AND holder.status IN ('failed', 'replaced'))) "
			 "  AND (NOT u.confirmed OR EXISTS (SELECT FROM charmbills.transactions mine "
			 "                                  WHERE mine.id = $2 "
			 "                                    AND u.spent_by IN (mine.commit_txid, mine.spell_txid))) "
			 "RETURNING outpoint");
CB_STATEMENT(find_refused, "outpoint[] uuid",
			 "SELECT u.outpoint::text FROM charmbills.used_utxos u "
			 "WHERE u.outpoint = ANY ($1) AND u.transaction_id IS DISTINCT FROM $2 "
			 "ORDER BY u.outpoint LIMIT 1");
CB_STATEMENT(delete_reservations, "outpoint[]",
			 "DELETE FROM charmbills.used_utxos WHERE outpoint = ANY ($1)");
CB_STATEMENT(read_merchant, "uuid",
			 "SELECT id FROM charmbills.merchants WHERE id = $1");
CB_STATEMENT(read_reservation, "outpoint",
			 "SELECT merchant_id FROM charmbills.used_utxos WHERE outpoint = $1 FOR NO KEY UPDATE");
CB_STATEMENT(find_reservation, "outpoint",
			 "SELECT EXISTS (SELECT FROM charmbills.used_utxos WHERE outpoint = $1)");
CB_STATEMENT(confirm_reservation, "outpoint",
			 "UPDATE charmbills.used_utxos SET confirmed = true WHERE outpoint = $1 AND NOT confirmed");
CB_STATEMENT(lock_idle, "timestamptz interval uuid[]",
			 "SELECT u.outpoint FROM charmbills.used_utxos u "
			 "WHERE u.used_at < $1 - $2 AND NOT u.confirmed AND u.spent_by IS NULL "
			 "  AND ($3 IS NULL OR u.merchant_id = ANY ($3)) "
			 "  AND NOT EXISTS (SELECT FROM charmbills.transactions t WHERE t.id = u.transaction_id "
			 "                  AND t.status IN ('pending_signature', 'pending')) "
			 "ORDER BY u.outpoint FOR UPDATE OF u");
/*
 * A block has watches before reservations: one that it has now is left, which
 * does no harm, for it may be waiting for the reservation.
 */
CB_STATEMENT(drop_watches, "outpoint[] txid",
			 "DELETE FROM charmbills.watched_outpoints d "
			 "WHERE d.spender = $2 AND d.outpoint IN ("
			 "  SELECT w.outpoint FROM charmbills.watched_outpoints w "
			 "  WHERE w.outpoint = ANY ($1) AND w.spender = $2 "
			 "    AND NOT EXISTS (SELECT FROM charmbills.plans p WHERE p.nft_utxo = w.outpoint) "
			 "    AND NOT EXISTS (SELECT FROM charmbills.charms c WHERE c.outpoint = w.outpoint) "
			 "  FOR UPDATE SKIP LOCKED)");
CB_STATEMENT(check_age, "interval",
			 "SELECT $1 >= interval '0'");

static void refuse_taken(NullableDatum outpoints, const pg_uuid_t *transaction_id);
static bool mark(FunctionCallInfo fcinfo, const CbOutpoint *outpoints, int n);
static void authorize_owner(const pg_uuid_t *merchant_id);
static int	array_outpoints(Datum array, CbOutpoint **outpoints);
static int	sort_outpoints(CbOutpoint *outpoints, int n);
static int	compare_outpoints(const void *a, const void *b);
static int	result_outpoints(CbOutpoint **outpoints);
static void watch(const CbOutpoint *outpoints, int n);

/*
 * All or nothing without a subtransaction: what was inserted beside a UTXO that
 * is taken is deleted again, which no other session ever sees.
 */
bool
cb_reserve(const CbOutpoint *outpoints, int n, const CbReservation *reservation)
{
	NullableDatum wanted = cb_outpoint_array(outpoints, n);
	CbOutpoint *inserted;
	int			n_inserted;
	CbChainState state;
	CbEvents	events = {NIL};
	TimestampTz now = cb_now();

	cb_execute(&insert_reservations,
			   CB_ARGS(wanted, cb_uuid(reservation->merchant_id), cb_text(reservation->used_by),
					   cb_text(reservation->marked_by), cb_uuid(reservation->transaction_id),
					   cb_timestamptz(now)));
	n_inserted = result_outpoints(&inserted);
	if (n_inserted < n)
	{
		cb_execute(&delete_reservations, CB_ARGS(cb_outpoint_array(inserted, n_inserted)));
		return false;
	}
	watch(outpoints, n);
	cb_chain_state_read(&state);
	cb_reservation_recompute(wanted, state.height, now, &events);
	cb_events_write(&events);
	return true;
}

void
cb_reserve_for_transaction(const CbOutpoint *outpoints, int n, const pg_uuid_t *transaction_id,
						   const pg_uuid_t *replaced_id)
{
	CbOutpoint *sorted = palloc(sizeof(CbOutpoint) * Max(n, 1));
	NullableDatum wanted;
	uint64		taken;

	if (n == 0)
		return;
	memcpy(sorted, outpoints, sizeof(CbOutpoint) * n);
	n = sort_outpoints(sorted, n);
	wanted = cb_outpoint_array(sorted, n);
	cb_execute(&lock_reservations, CB_ARGS(wanted));
	taken = cb_execute(&take_reservations,
					   CB_ARGS(wanted, cb_uuid(transaction_id), cb_timestamptz(cb_now()),
							   cb_bool(cb_is_operator()), cb_uuid(replaced_id)));
	if (taken < (uint64) n)
		refuse_taken(wanted, transaction_id);
	watch(sorted, n);
}

static void
refuse_taken(NullableDatum outpoints, const pg_uuid_t *transaction_id)
{
	const char *outpoint = "?";

	if (cb_execute(&find_refused, CB_ARGS(outpoints, cb_uuid(transaction_id))) > 0)
		outpoint = cb_column_text(0, 1);
	ereport(ERROR,
			(errcode(ERRCODE_CB_CONFLICT),
			 errmsg("UTXO %s is reserved already", outpoint),
			 errhint("Build the transaction from other UTXOs, or release this one with charmbills.cleanup_utxos().")));
}

static int
result_outpoints(CbOutpoint **outpoints)
{
	int			n = (int) SPI_processed;

	*outpoints = palloc(sizeof(CbOutpoint) * Max(n, 1));
	for (int i = 0; i < n; i++)
		(*outpoints)[i] = cb_column_outpoint(i, 1);
	return n;
}

static void
watch(const CbOutpoint *outpoints, int n)
{
	CbHash256  *spenders = palloc(sizeof(CbHash256) * n);

	for (int i = 0; i < n; i++)
		spenders[i] = cb_no_spender;
	cb_watch_outpoints(outpoints, spenders, n);
}

/* charmbills.mark_utxo_used(utxo, used_by, marked_by, merchant_id) -> boolean */
CB_FUNCTION(mark_utxo_used, CB_MERCHANT)
{
	CbOutpoint	outpoint;

	cb_require_args(fcinfo, 2);
	outpoint = cb_outpoint_of_value(PG_GETARG_CB_OUTPOINT(0));
	PG_RETURN_BOOL(mark(fcinfo, &outpoint, 1));
}

/* charmbills.mark_utxos_used(utxos, used_by, marked_by, merchant_id) -> boolean */
CB_FUNCTION(mark_utxos_used, CB_MERCHANT)
{
	CbOutpoint *outpoints;
	int			n;

	cb_require_args(fcinfo, 2);
	n = array_outpoints(PG_GETARG_DATUM(0), &outpoints);
	PG_RETURN_BOOL(mark(fcinfo, outpoints, n));
}

static bool
mark(FunctionCallInfo fcinfo, const CbOutpoint *outpoints, int n)
{
	CbReservation reservation;

	memset(&reservation, 0, sizeof(reservation));
	reservation.used_by = text_to_cstring(PG_GETARG_TEXT_PP(1));
	if (!PG_ARGISNULL(2))
		reservation.marked_by = text_to_cstring(PG_GETARG_TEXT_PP(2));
	if (!PG_ARGISNULL(3))
		reservation.merchant_id = PG_GETARG_UUID_P(3);
	authorize_owner(reservation.merchant_id);
	if (reservation.merchant_id != NULL &&
		cb_execute(&read_merchant, CB_ARGS(cb_uuid(reservation.merchant_id))) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_CB_NOT_FOUND),
				 errmsg("merchant does not exist")));
	cb_chain_pin_network();
	cb_refuse_charmed(outpoints, n);
	return cb_reserve(outpoints, n, &reservation);
}

/* What belongs to no merchant is the operators'. */
static void
authorize_owner(const pg_uuid_t *merchant_id)
{
	if (merchant_id == NULL)
		cb_authorize_operator();
	else
		cb_authorize(merchant_id);
}

/* The array's elements in order, each once. */
static int
array_outpoints(Datum array, CbOutpoint **outpoints)
{
	ArrayType  *values = DatumGetArrayTypeP(array);
	Datum	   *elements;
	int			n;

	if (array_contains_nulls(values))
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("an outpoint must not be null")));
	deconstruct_array(values, ARR_ELEMTYPE(values), sizeof(CbOutpointValue), false, TYPALIGN_CHAR,
					  &elements, NULL, &n);
	if (n == 0)
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("no outpoint is given")));
	*outpoints = palloc(sizeof(CbOutpoint) * n);
	for (int i = 0; i < n; i++)
		(*outpoints)[i] = cb_outpoint_of_value(DatumGetCbOutpoint(elements[i]));
	return sort_outpoints(*outpoints, n);
}

static int
sort_outpoints(CbOutpoint *outpoints, int n)
{
	int			kept = 0;

	qsort(outpoints, n, sizeof(CbOutpoint), compare_outpoints);
	for (int i = 0; i < n; i++)
		if (kept == 0 || compare_outpoints(&outpoints[kept - 1], &outpoints[i]) != 0)
			outpoints[kept++] = outpoints[i];
	return kept;
}

static int
compare_outpoints(const void *a, const void *b)
{
	const CbOutpoint *x = a;
	const CbOutpoint *y = b;
	int			order = memcmp(x->txid.bytes, y->txid.bytes, sizeof(x->txid.bytes));

	if (order != 0)
		return order;
	return x->vout < y->vout ? -1 : x->vout > y->vout;
}

/* charmbills.is_utxo_used(utxo) -> boolean */
CB_FUNCTION(is_utxo_used, CB_MERCHANT)
{
	cb_require_args(fcinfo, 1);
	cb_execute_one(&find_reservation, CB_ARGS(cb_arg(fcinfo, 0)));
	PG_RETURN_BOOL(cb_column_bool(0, 1));
}

/*
 * charmbills.confirm_utxo(utxo) -> boolean
 *
 * False when it was confirmed already.
 */
CB_FUNCTION(confirm_utxo, CB_MERCHANT)
{
	pg_uuid_t	merchant_id;
	bool		is_operators;

	cb_require_args(fcinfo, 1);
	if (cb_execute(&read_reservation, CB_ARGS(cb_arg(fcinfo, 0))) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_CB_NOT_FOUND),
				 errmsg("UTXO %s is not reserved", cb_outpoint_cstring(PG_GETARG_CB_OUTPOINT(0)))));
	is_operators = cb_column_is_null(0, 1);
	merchant_id = cb_column_uuid(0, 1);
	authorize_owner(is_operators ? NULL : &merchant_id);
	PG_RETURN_BOOL(cb_execute(&confirm_reservation, CB_ARGS(cb_arg(fcinfo, 0))) == 1);
}

/* charmbills.cleanup_utxos(older_than) -> bigint: reservations removed */
CB_FUNCTION(cleanup_utxos, CB_MERCHANT)
{
	NullableDatum visible = cb_visible_merchants();
	CbOutpoint *outpoints;
	NullableDatum idle;
	int			n;

	cb_require_args(fcinfo, 1);
	cb_execute_one(&check_age, CB_ARGS(cb_arg(fcinfo, 0)));
	if (!cb_column_bool(0, 1))
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("an age must not be negative")));
	cb_execute(&lock_idle, CB_ARGS(cb_timestamptz(cb_now()), cb_arg(fcinfo, 0), visible));
	n = result_outpoints(&outpoints);
	if (n == 0)
		PG_RETURN_INT64(0);
	idle = cb_outpoint_array(outpoints, n);
	cb_execute(&delete_reservations, CB_ARGS(idle));
	cb_execute(&drop_watches, CB_ARGS(idle, cb_txid(&cb_no_spender)));
	PG_RETURN_INT64(n);
}
