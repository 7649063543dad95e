/*-------------------------------------------------------------------------
 *
 * cb_prove_args.c
 *	  Arguments that all who ask for a spell take.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "billing/cb_address_text.h"
#include "catalog/pg_type.h"
#include "cb_clock.h"
#include "cb_errors.h"
#include "cb_guc.h"
#include "cb_sql.h"
#include "proving/cb_prove_internal.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"

/* Arguments from change_address on, in their order. */
enum
{
	ARG_CHANGE_ADDRESS,
	ARG_FEE_RATE,
	ARG_MAX_FEE,
	ARG_SPELL_VERSION,
	ARG_PREVIOUS_TXS
};

/* What is taken where no fee rate is given, in sats for a virtual byte. */
#define DEFAULT_FEE_RATE "2"
/* Less than this, nodes do not relay. */
#define MIN_FEE_RATE "0.1"

CB_STATEMENT(check_fee_rate, "numeric int4",
			 "SELECT trim_scale(round(f.rate, 3)), f.rate >= " MIN_FEE_RATE " AND f.rate <= $2 "
			 "FROM (SELECT coalesce($1, least(" DEFAULT_FEE_RATE ", $2)) AS rate) f");
CB_STATEMENT(check_units, "numeric",
			 "SELECT $1 BETWEEN 1 AND 18446744073709551615 AND $1 = trunc($1), trunc($1)::text");

static void set_fees(FunctionCallInfo fcinfo, int first_arg, CbProveTerms *terms);
static void set_version(FunctionCallInfo fcinfo, int argno, CbProveTerms *terms);
static void set_previous(FunctionCallInfo fcinfo, int argno, CbProveTerms *terms);

void
cb_prove_require_prover(void)
{
	bool		is_named = cb_guc_prover_url[0] != '\0';

	if (cb_is_sandbox_prover() || (is_named && strcmp(cb_guc_prover_url, "sandbox") != 0))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_CB_SETTING),
			 errmsg("there is no prover"),
			 is_named ? errdetail("The sandbox's prover is only in the sandbox.") : 0,
			 errhint("Set charmbills.prover_url to the address of one.")));
}

void
cb_prove_terms(FunctionCallInfo fcinfo, int funding_arg, int first_arg, CbProveTerms *terms)
{
	memset(terms, 0, sizeof(*terms));
	terms->now = cb_now();
	terms->funding = cb_outpoint_of_value(PG_GETARG_CB_OUTPOINT(funding_arg));
	if (!PG_ARGISNULL(first_arg + ARG_CHANGE_ADDRESS))
		(void) cb_address_checked(text_to_cstring(PG_GETARG_TEXT_PP(first_arg + ARG_CHANGE_ADDRESS)),
								  &terms->change);
	set_fees(fcinfo, first_arg, terms);
	set_version(fcinfo, first_arg + ARG_SPELL_VERSION, terms);
	set_previous(fcinfo, first_arg + ARG_PREVIOUS_TXS, terms);
}

/* What the operator has set is the most that anybody may agree to. */
static void
set_fees(FunctionCallInfo fcinfo, int first_arg, CbProveTerms *terms)
{
	bool		isnull;

	cb_execute_one(&check_fee_rate,
				   CB_ARGS(cb_arg(fcinfo, first_arg + ARG_FEE_RATE), cb_int4(cb_guc_max_fee_rate)));
	if (!cb_column_bool(0, 2))
		ereport(ERROR,
				(errcode(ERRCODE_CB_AMOUNT),
				 errmsg("a fee rate is from " MIN_FEE_RATE " to %d sats for a virtual byte", cb_guc_max_fee_rate),
				 errhint("An operator may raise charmbills.max_fee_rate.")));
	terms->fee_rate = cb_datum(datumCopy(cb_column(0, 1, &isnull), false, -1));
	terms->max_fee = cb_guc_max_fee;
	if (PG_ARGISNULL(first_arg + ARG_MAX_FEE))
		return;
	terms->max_fee = PG_GETARG_INT64(first_arg + ARG_MAX_FEE);
	if (terms->max_fee < 1 || terms->max_fee > cb_guc_max_fee)
		ereport(ERROR,
				(errcode(ERRCODE_CB_AMOUNT),
				 errmsg("a limit for fees is from 1 to %d sats", cb_guc_max_fee),
				 errhint("An operator may raise charmbills.max_fee.")));
}

static void
set_version(FunctionCallInfo fcinfo, int argno, CbProveTerms *terms)
{
	terms->version = PG_ARGISNULL(argno) ? cb_guc_spell_version : PG_GETARG_INT32(argno);
	if (terms->version != CB_DRAFT_VERSION && terms->version != CB_DRAFT_OLD_VERSION)
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("spells of version %d are not built", terms->version),
				 errdetail("The versions are %d and %d.", CB_DRAFT_OLD_VERSION, CB_DRAFT_VERSION)));
}

static void
set_previous(FunctionCallInfo fcinfo, int argno, CbProveTerms *terms)
{
	Datum	   *texts;
	bool	   *nulls;

	if (PG_ARGISNULL(argno))
		return;
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(argno), TEXTOID, -1, false, TYPALIGN_INT,
					  &texts, &nulls, &terms->n_previous);
	terms->previous = palloc(sizeof(CbBlockTx) * Max(terms->n_previous, 1));
	for (int i = 0; i < terms->n_previous; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_CB_INVALID_ARGUMENT),
					 errmsg("a previous transaction must not be null")));
		cb_tx_arg(texts[i], &terms->previous[i].tx);
		cb_tx_txid(&terms->previous[i].tx, &terms->previous[i].txid);
	}
}

uint64
cb_prove_units_arg(FunctionCallInfo fcinfo, int argno)
{
	cb_execute_one(&check_units, CB_ARGS(cb_arg(fcinfo, argno)));
	if (!cb_column_bool(0, 1))
		ereport(ERROR,
				(errcode(ERRCODE_CB_AMOUNT),
				 errmsg("a number of tokens is a whole one from 1 to 18446744073709551615")));
	return strtou64(cb_column_text(0, 2), NULL, 10);
}

CbSpan
cb_prove_address_script(const char *address)
{
	CbScriptBuf *script = palloc(sizeof(CbScriptBuf));

	(void) cb_address_checked(address, script);
	return (CbSpan) {script->data, script->len};
}
