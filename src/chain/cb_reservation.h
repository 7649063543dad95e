/*-------------------------------------------------------------------------
 *
 * cb_reservation.h
 *	  Reserved UTXOs, and what the chain shows of them.
 *
 * A row of used_utxos keeps every other transaction of ours from spending the
 * UTXO.  Whoever inserts the row has it; its outpoint is watched, so that we
 * learn when it is spent, by whomever.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_RESERVATION_H
#define CB_RESERVATION_H

#include "postgres.h"

#include "chain/cb_change.h"

/* Who reserves, and what for. */
typedef struct CbReservation
{
	const pg_uuid_t *merchant_id;	/* NULL: the operator */
	const char *used_by;
	const char *marked_by;		/* or NULL */
	const pg_uuid_t *transaction_id;	/* of ours, or NULL */
} CbReservation;

/*
 * Reserve all of some outpoints, each named once, or none of them.  True for
 * one of any number of callers; they are taken in order, so callers wait for
 * one another but never in a circle.  What is known already of the outpoints'
 * spending is recorded too.
 */
extern bool cb_reserve(const CbOutpoint *outpoints, int n, const CbReservation *reservation);

/*
 * Reserve outpoints for a transaction of ours, taking over those that its
 * merchant holds for nothing that is still alive, or for the one it replaces
 * (NULL: none).  CB009, naming the outpoint, for any other.  Recompute
 * afterwards: this writes no event.
 */
extern void cb_reserve_for_transaction(const CbOutpoint *outpoints, int n,
									   const pg_uuid_t *transaction_id, const pg_uuid_t *replaced_id);

/*
 * Of these transactions, whose rows are locked, some may be dead: what those
 * hold and a living one of the same merchant spends, that one holds.
 */
extern void cb_reservation_inherit(NullableDatum transaction_ids);

/*
 * Reserve what these transactions spend, which had been given up and live again,
 * where it has been released meanwhile.  Their rows are locked.
 */
extern void cb_reservation_take_again(const pg_uuid_t *transaction_ids, int n, TimestampTz now);

/*
 * Give back what was reserved for a transaction that will not be, and that
 * nothing is known to spend.  The transaction is locked.
 */
extern void cb_reservation_release(const pg_uuid_t *transaction_id);

/*
 * Recompute, from the known transactions, what has become of reserved
 * outpoints that moved transactions spend, and of those that reach their depth
 * or lose it.
 */
extern void cb_reservation_update(const CbChange *change, CbEvents *events);

/*
 * The same for given outpoints.  Their rows, and before them the transactions
 * they belong to, must be locked.
 */
extern void cb_reservation_recompute(NullableDatum outpoints, int32 tip, TimestampTz now,
									 CbEvents *events);

#endif							/* CB_RESERVATION_H */
