/*-------------------------------------------------------------------------
 *
 * cb_address_fn.c
 *	  SQL functions on addresses, and on messages that their owners signed.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_compat.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"

#include "bitcoin/cb_address.h"
#include "bitcoin/cb_descriptor.h"
#include "bitcoin/cb_message.h"
#include "cb_errors.h"
#include "types/cb_types.h"

cb_noreturn static void raise_for_address(CbResult result, const char *address, size_t len);
static CbResult verify_on_any_network(const char *address, const char *message, const char *signature, bool *valid);

PG_FUNCTION_INFO_V1(charmbills_address_to_script);
PG_FUNCTION_INFO_V1(charmbills_script_to_address);
PG_FUNCTION_INFO_V1(charmbills_is_valid_address);
PG_FUNCTION_INFO_V1(charmbills_verify_message);

Datum
charmbills_address_to_script(PG_FUNCTION_ARGS)
{
	text	   *address;
	const CbNetwork *net;
	CbScriptBuf script;
	CbResult	result;
	bytea	   *bytes;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	address = PG_GETARG_TEXT_PP(0);
	net = cb_network_arg(fcinfo, 1);

	result = cb_address_to_script(VARDATA_ANY(address), VARSIZE_ANY_EXHDR(address), net, &script);
	if (result != CB_OK)
		raise_for_address(result, VARDATA_ANY(address), VARSIZE_ANY_EXHDR(address));

	bytes = palloc(VARHDRSZ + script.len);
	SET_VARSIZE(bytes, VARHDRSZ + script.len);
	memcpy(VARDATA(bytes), script.data, script.len);
	PG_RETURN_BYTEA_P(bytes);
}

/* Somebody may paste the key that belongs to the address they mean. */
static void
raise_for_address(CbResult result, const char *address, size_t len)
{
	if (cb_text_has_private_key(address, len))
		cb_raise(CB_ERR_DESCRIPTOR_PRIVATE, "address");
	cb_raise(result, "address");
}

Datum
charmbills_script_to_address(PG_FUNCTION_ARGS)
{
	bytea	   *bytes;
	CbSpan		script;
	const CbNetwork *net;
	char		address[CB_ADDRESS_SIZE];

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	bytes = PG_GETARG_BYTEA_PP(0);
	script.data = (const uint8_t *) VARDATA_ANY(bytes);
	script.len = VARSIZE_ANY_EXHDR(bytes);
	net = cb_network_arg(fcinfo, 1);

	if (cb_script_to_address(script, net, address) != CB_OK)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(address));
}

/* Never an error: no address is valid on a network that does not exist. */
Datum
charmbills_is_valid_address(PG_FUNCTION_ARGS)
{
	text	   *address;
	const CbNetwork *net;
	CbScriptBuf script;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	address = PG_GETARG_TEXT_PP(0);
	net = cb_network_arg_or_null(fcinfo, 1);

	PG_RETURN_BOOL(net != NULL &&
				   cb_address_to_script(VARDATA_ANY(address), VARSIZE_ANY_EXHDR(address), net, &script) == CB_OK);
}

/*
 * False for whatever proves nothing, also for a signature that is none.  An
 * address that is none, or that this cannot judge, is an error: with it no
 * signature could ever have been right.
 */
Datum
charmbills_verify_message(PG_FUNCTION_ARGS)
{
	char	   *address = text_to_cstring(PG_GETARG_TEXT_PP(0));
	char	   *message = text_to_cstring(PG_GETARG_TEXT_PP(1));
	char	   *signature = text_to_cstring(PG_GETARG_TEXT_PP(2));
	bool		valid = false;
	CbResult	result = verify_on_any_network(address, message, signature, &valid);

	if (result == CB_ERR_ADDRESS)
		raise_for_address(result, address, strlen(address));
	if (result == CB_ERR_UNSUPPORTED)
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("signature cannot be verified for this kind of address or signature"),
				 errhint("Use an address of type p2pkh, p2wpkh, p2sh-p2wpkh, or p2tr spent by its key, "
						 "and a BIP-322 simple or legacy signature.")));
	PG_RETURN_BOOL(result == CB_OK && valid);
}

/*
 * What was signed does not depend on the network, only the spelling of the
 * address does.  Wallets sign UTF-8 whatever the database's encoding.
 */
static CbResult
verify_on_any_network(const char *address, const char *message, const char *signature, bool *valid)
{
	char	   *utf8 = pg_server_to_any(message, strlen(message), PG_UTF8);
	CbResult	result = CB_ERR_NETWORK;

	for (int id = 0; id < CB_NUM_NETWORKS && result == CB_ERR_NETWORK; id++)
		result = cb_message_verify(address, (const uint8_t *) utf8, strlen(utf8),
								   signature, strlen(signature), cb_network((CbNetworkId) id), valid);
	return result;
}
