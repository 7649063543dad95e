/*-------------------------------------------------------------------------
 *
 * cb_reservation_release.c
 *	  Giving back what was reserved for a transaction that will not be.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_sql.h"
#include "chain/cb_reservation.h"

CB_STATEMENT(release, "uuid",
			 "DELETE FROM charmbills.used_utxos "
			 "WHERE transaction_id = $1 AND NOT confirmed AND spent_by IS NULL");

void
cb_reservation_release(const pg_uuid_t *transaction_id)
{
	cb_execute(&release, CB_ARGS(cb_uuid(transaction_id)));
}
