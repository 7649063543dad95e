/*-------------------------------------------------------------------------
 *
 * cb_args.c
 *	  Arguments that many SQL functions take: networks, hex and transactions.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_compat.h"
#include "utils/builtins.h"

#include "bitcoin/cb_bytes.h"
#include "cb_errors.h"
#include "cb_guc.h"
#include "types/cb_types.h"

const CbNetwork *
cb_network_arg_or_null(FunctionCallInfo fcinfo, int argno)
{
	char	   *name;
	const CbNetwork *net;

	if (PG_NARGS() <= argno || PG_ARGISNULL(argno))
		return cb_current_network();

	name = text_to_cstring(PG_GETARG_TEXT_PP(argno));
	net = cb_network_by_name(name);
	pfree(name);
	return net;
}

const CbNetwork *
cb_network_arg(FunctionCallInfo fcinfo, int argno)
{
	const CbNetwork *net = cb_network_arg_or_null(fcinfo, argno);

	if (net == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_CB_SETTING),
				 errmsg("unknown Bitcoin network"),
				 errhint("Use mainnet, testnet3, testnet4, signet or regtest.")));
	return net;
}

CbSpan
cb_hex_arg(Datum hex_text, const char *what)
{
	text	   *hex = DatumGetTextPP(hex_text);
	size_t		hex_len = VARSIZE_ANY_EXHDR(hex);
	uint8	   *bytes = palloc(hex_len / 2);
	CbSpan		span = {bytes, 0};
	CbResult	result = cb_hex_decode(VARDATA_ANY(hex), hex_len, bytes, hex_len / 2, &span.len);

	if (result != CB_OK)
		ereport(ERROR,
				(errcode(ERRCODE_CB_MALFORMED),
				 errmsg("invalid %s: not hexadecimal", what),
				 errdetail("Expected an even number of hexadecimal digits and nothing else.")));
	return span;
}

void
cb_tx_arg(Datum hex_text, CbTx *tx)
{
	CbSpan		raw = cb_hex_arg(hex_text, "transaction");
	CbResult	result = cb_tx_parse(raw.data, raw.len, tx);

	if (result != CB_OK)
		cb_raise(result, "transaction");
}

char *
cb_hex_cstring(CbSpan bytes)
{
	char	   *hex = palloc(bytes.len * 2 + 1);

	cb_hex_encode(bytes.data, bytes.len, hex);
	hex[bytes.len * 2] = '\0';
	return hex;
}
