/*-------------------------------------------------------------------------
 *
 * cb_psbt_text.c
 *	  PSBTs as texts: base64 as BIP-174 has it, or hex.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "cb_compat.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "bitcoin/cb_base64.h"
#include "cb_errors.h"
#include "types/cb_psbt_text.h"
#include "types/cb_types.h"

/* The magic bytes in both forms. */
#define BASE64_START "cHNidP"
#define HEX_START "70736274ff"

/* A PSBT has the transactions that are spent; this is more than any has use for. */
#define MAX_TEXT (64 * 1024 * 1024)

static bool begins_with(const text *given, const char *start);
static CbSpan decode(const text *given, const char *what);
static void read_psbt(const text *given, const char *what, CbPsbt *psbt);
static void parse(CbSpan bytes, const char *what, CbPsbt *psbt);

PG_FUNCTION_INFO_V1(charmbills_combine_psbts);

bool
cb_is_psbt_text(const text *given)
{
	return begins_with(given, BASE64_START) || begins_with(given, HEX_START);
}

static bool
begins_with(const text *given, const char *start)
{
	size_t		len = strlen(start);

	return VARSIZE_ANY_EXHDR(given) >= len && pg_strncasecmp(VARDATA_ANY(given), start, len) == 0;
}

static void
read_psbt(const text *given, const char *what, CbPsbt *psbt)
{
	parse(decode(given, what), what, psbt);
}

static CbSpan
decode(const text *given, const char *what)
{
	size_t		len = VARSIZE_ANY_EXHDR(given);
	uint8	   *bytes;
	CbSpan		span;
	CbResult	result;

	if (len > MAX_TEXT)
		cb_raise(CB_ERR_TX_SIZE, what);
	if (begins_with(given, HEX_START))
		return cb_hex_arg(PointerGetDatum(given), what);
	bytes = palloc(len);
	span.data = bytes;
	result = cb_base64_decode(VARDATA_ANY(given), len, bytes, len, &span.len);
	if (result != CB_OK)
		cb_raise(result, what);
	return span;
}

static void
parse(CbSpan bytes, const char *what, CbPsbt *psbt)
{
	CbResult	result = cb_psbt_parse(bytes.data, bytes.len, psbt);

	if (result != CB_OK)
		cb_raise(result, what);
}

void
cb_psbt_arg_finalized(const text *given, const char *what, CbPsbt *psbt)
{
	size_t		capacity;
	CbWriter	w;
	CbResult	result;

	read_psbt(given, what, psbt);
	capacity = psbt->raw.len + (size_t) psbt->tx.n_inputs * CB_PSBT_FINAL_GROWTH;
	w = cb_writer(palloc(capacity), capacity);
	result = cb_psbt_finalize(psbt, &w);
	if (result != CB_OK)
		cb_raise(result, what);
	parse((CbSpan) {w.data, w.len}, what, psbt);
}

text *
cb_psbt_base64(CbSpan psbt)
{
	size_t		len = cb_base64_size(psbt.len);
	text	   *encoded = palloc(VARHDRSZ + len);
	CbResult	result = cb_base64_encode(psbt.data, psbt.len, VARDATA(encoded), len);

	if (result != CB_OK)
		cb_raise(result, "PSBT");
	SET_VARSIZE(encoded, VARHDRSZ + len);
	return encoded;
}

/* charmbills.combine_psbts(psbts text[]) -> text */
Datum
charmbills_combine_psbts(PG_FUNCTION_ARGS)
{
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(0);
	Datum	   *elements;
	int			n;
	CbPsbt		combined;

	if (array_contains_nulls(array) || ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array)) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("psbts must be PSBTs, at least one, and none null")));
	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &elements, NULL, &n);
	read_psbt(DatumGetTextPP(elements[0]), "PSBT", &combined);
	for (int i = 1; i < n; i++)
	{
		CbPsbt		next;
		CbWriter	w;
		CbResult	result;

		read_psbt(DatumGetTextPP(elements[i]), "PSBT", &next);
		w = cb_writer(palloc(combined.raw.len + next.raw.len), combined.raw.len + next.raw.len);
		result = cb_psbt_combine(&combined, &next, &w);
		if (result == CB_ERR_PSBT_OTHER_TX)
			ereport(ERROR,
					(errcode(ERRCODE_CB_INVALID_ARGUMENT),
					 errmsg("PSBT %d is of another transaction than the first", i + 1)));
		if (result != CB_OK)
			cb_raise(result, "PSBT");
		parse((CbSpan) {w.data, w.len}, "PSBT", &combined);
	}
	PG_RETURN_TEXT_P(cb_psbt_base64(combined.raw));
}
