/*-------------------------------------------------------------------------
 *
 * cb_address_text.c
 *	  Addresses as users write them.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "billing/cb_address_text.h"
#include "bitcoin/cb_descriptor.h"
#include "cb_errors.h"
#include "cb_guc.h"

static CbResult parse(const char *address, CbScriptBuf *script, char *written);

char *
cb_address_or_null(const char *address, CbScriptBuf *script)
{
	char		written[CB_ADDRESS_SIZE];

	return parse(address, script, written) == CB_OK ? pstrdup(written) : NULL;
}

char *
cb_address_checked(const char *address, CbScriptBuf *script)
{
	char		written[CB_ADDRESS_SIZE];
	CbResult	result = parse(address, script, written);

	/* Somebody may paste the key that belongs to the address they mean. */
	if (result != CB_OK && cb_text_has_private_key(address, strlen(address)))
		result = CB_ERR_DESCRIPTOR_PRIVATE;
	if (result != CB_OK)
		cb_raise(result, "address");
	return pstrdup(written);
}

static CbResult
parse(const char *address, CbScriptBuf *script, char *written)
{
	const CbNetwork *network = cb_current_network();
	CbResult	result = cb_address_to_script(address, strlen(address), network, script);
	CbSpan		span = {script->data, 0};

	if (result != CB_OK)
		return result;
	span.len = script->len;
	return cb_script_to_address(span, network, written);
}
