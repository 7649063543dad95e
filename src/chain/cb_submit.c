/*-------------------------------------------------------------------------
 *
 * cb_submit.c
 *	  Signed transactions for rows that wait for them.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_args.h"
#include "cb_call.h"
#include "cb_clock.h"
#include "cb_errors.h"
#include "cb_sql.h"
#include "cb_uuid.h"
#include "chain/cb_signed.h"
#include "chain/cb_submit.h"
#include "utils/builtins.h"

#define COMMIT "commit transaction"
#define SPELL "spell transaction"

CB_STATEMENT(find_other, "uuid txid",
			 "SELECT FROM charmbills.transactions "
			 "WHERE id <> $1 AND (spell_txid = $2 OR (commit_txid = $2 AND spell_txid IS NULL)) LIMIT 1");
CB_STATEMENT(read_transaction, "uuid",
			 "SELECT t FROM charmbills.transactions t WHERE t.id = $1");

static void load_signed(FunctionCallInfo fcinfo, const CbUnsigned *row, CbPackage *package);
static text *part_of(FunctionCallInfo fcinfo, int argno, const char *stored, const char *what);
static void check_same(const CbUnsigned *row, const CbPackage *package);
static void check_signatures(const CbUnsigned *row, const CbPackage *package);
static bool is_still_to_be_sent(const CbUnsigned *row);
static void refuse_other_row(const CbOutgoing *outgoing);

/*
 * charmbills.submit_signed(transaction_id uuid, spell_tx, commit_tx text,
 *		replaces uuid) -> transactions
 *
 * What has been sent already gives its row, and is not sent again.
 */
CB_FUNCTION(submit_signed, CB_MERCHANT)
{
	CbUnsigned	row;
	CbOutgoing	outgoing;

	cb_require_args(fcinfo, 1);
	memset(&outgoing, 0, sizeof(outgoing));
	cb_unsigned_read(PG_GETARG_UUID_P(0), &row);
	cb_refuse_changing_commit(&row);
	load_signed(fcinfo, &row, &outgoing.package);
	check_same(&row, &outgoing.package);
	outgoing.id = row.id;
	outgoing.merchant_id = row.merchant_id;
	outgoing.replaces = PG_ARGISNULL(3) ? NULL : PG_GETARG_UUID_P(3);
	outgoing.now = cb_now();
	if (cb_submit_is_wanted(&row))
	{
		check_signatures(&row, &outgoing.package);
		cb_submit(&row, &outgoing);
	}
	cb_execute_one(&read_transaction, CB_ARGS(cb_uuid(&row.id)));
	return cb_return_row(fcinfo);
}

static void
load_signed(FunctionCallInfo fcinfo, const CbUnsigned *row, CbPackage *package)
{
	/* The one transaction of a row may stand in either column. */
	bool		is_single = row->commit_hex == NULL || row->spell_hex == NULL;

	if (PG_ARGISNULL(1) && PG_ARGISNULL(2))
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("no transaction is given"),
				 errhint("Give spell_tx, and commit_tx where there is one.")));
	if (is_single && !PG_ARGISNULL(2) && !PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("there is one transaction to be signed, not two")));
	if (is_single)
	{
		text	   *given = cb_signed_hex(PG_GETARG_TEXT_PP(PG_ARGISNULL(1) ? 2 : 1), SPELL);

		cb_package_parse(row->spell_hex ? NULL : given, row->spell_hex ? given : NULL, package);
	}
	else
		cb_package_parse(part_of(fcinfo, 2, row->commit_hex, COMMIT),
						 part_of(fcinfo, 1, row->spell_hex, SPELL), package);
}

/* What is not given may need no more signatures. */
static text *
part_of(FunctionCallInfo fcinfo, int argno, const char *stored, const char *what)
{
	if (PG_ARGISNULL(argno))
		return cstring_to_text(stored);
	return cb_signed_hex(PG_GETARG_TEXT_PP(argno), what);
}

/*
 * The spell names the commit by its identifier, which signatures of old outputs
 * are a part of.
 */
static void
check_same(const CbUnsigned *row, const CbPackage *package)
{
	const CbPackage *wanted = &row->package;

	if (package->has_commit)
		cb_check_same(&package->commit, &wanted->commit, package->has_spell ? COMMIT : SPELL);
	if (package->has_spell)
		cb_check_same(&package->spell, &wanted->spell, SPELL);
}

static void
check_signatures(const CbUnsigned *row, const CbPackage *package)
{
	const CbBlockTx *given[2];
	const CbBlockTx *wanted[2];
	int			n = cb_package_txs(package, given);

	cb_package_txs(&row->package, wanted);
	for (int i = 0; i < n; i++)
		cb_check_signed(given[i], wanted[i], cb_previous_outputs(&row->id, package, wanted[i]),
						i + 1 < n ? COMMIT : SPELL);
}

bool
cb_submit_is_wanted(const CbUnsigned *row)
{
	return strcmp(row->status, "pending_signature") == 0 || strcmp(row->status, "failed") == 0;
}

void
cb_submit(const CbUnsigned *row, const CbOutgoing *outgoing)
{
	cb_broadcast_begin(outgoing);
	if (!is_still_to_be_sent(row))
		return;
	refuse_other_row(outgoing);
	cb_broadcast_revive(outgoing);
	cb_broadcast_send(outgoing);
}

/* Looked at again now that the row is locked: somebody else may have sent it. */
static bool
is_still_to_be_sent(const CbUnsigned *row)
{
	CbUnsigned	now;

	cb_unsigned_read(&row->id, &now);
	if (!cb_submit_is_wanted(&now))
		return false;
	if (!cb_text_equal(now.commit_hex, row->commit_hex) || !cb_text_equal(now.spell_hex, row->spell_hex))
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("the transaction has changed while it was checked"),
				 errhint("Try again.")));
	return true;
}

/* broadcast_package() may have been given the very same transaction. */
static void
refuse_other_row(const CbOutgoing *outgoing)
{
	if (cb_execute(&find_other, CB_ARGS(cb_uuid(&outgoing->id),
										cb_txid(&cb_package_final(&outgoing->package)->txid))) > 0)
		ereport(ERROR,
				(errcode(ERRCODE_CB_CONFLICT),
				 errmsg("this transaction has a row of its own")));
}
