/*-------------------------------------------------------------------------
 *
 * cb_descriptor_fn.c
 *	  SQL functions on output descriptors.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_compat.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "bitcoin/cb_address.h"
#include "bitcoin/cb_descriptor.h"
#include "cb_errors.h"
#include "types/cb_types.h"

/* More is not a preview, and would only keep a backend busy. */
#define MAX_PREVIEW 10000

static void parse_descriptor(text *descriptor, const CbNetwork *net, CbDescriptor *desc);
static text *address_at(const CbDescriptor *desc, uint32 index, const CbNetwork *net);
static int32 check_preview_count(int32 count);

PG_FUNCTION_INFO_V1(charmbills_derive_address);
PG_FUNCTION_INFO_V1(charmbills_preview_addresses);
PG_FUNCTION_INFO_V1(charmbills_descriptor_checksum);

Datum
charmbills_derive_address(PG_FUNCTION_ARGS)
{
	const CbNetwork *net;
	CbDescriptor desc;
	int32		index;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	index = PG_GETARG_INT32(1);
	net = cb_network_arg(fcinfo, 2);
	parse_descriptor(PG_GETARG_TEXT_PP(0), net, &desc);

	if (index < 0)
		cb_raise(CB_ERR_INDEX, "descriptor");
	PG_RETURN_TEXT_P(address_at(&desc, (uint32) index, net));
}

static void
parse_descriptor(text *descriptor, const CbNetwork *net, CbDescriptor *desc)
{
	CbResult	result = cb_descriptor_parse(VARDATA_ANY(descriptor), VARSIZE_ANY_EXHDR(descriptor), net, desc);

	if (result != CB_OK)
		cb_raise(result, "descriptor");
}

static text *
address_at(const CbDescriptor *desc, uint32 index, const CbNetwork *net)
{
	CbScriptBuf buffer;
	CbSpan		script = {buffer.data, 0};
	char		address[CB_ADDRESS_SIZE];
	CbResult	result = cb_descriptor_script(desc, index, &buffer);

	if (result != CB_OK)
		cb_raise(result, "descriptor");
	script.len = buffer.len;
	result = cb_script_to_address(script, net, address);
	if (result != CB_OK)
		cb_raise(result, "descriptor");
	return cstring_to_text(address);
}

/* A descriptor without wildcard has one address, however many are asked for. */
Datum
charmbills_preview_addresses(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	const CbNetwork *net;
	CbDescriptor desc;
	int32		count;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();

	count = check_preview_count(PG_GETARG_INT32(1));
	net = cb_network_arg(fcinfo, 2);
	parse_descriptor(PG_GETARG_TEXT_PP(0), net, &desc);
	if (!desc.is_ranged)
		count = Min(count, 1);

	for (int32 index = 0; index < count; index++)
	{
		Datum		values[2];
		bool		nulls[2] = {false, false};

		CHECK_FOR_INTERRUPTS();
		values[0] = Int32GetDatum(index);
		values[1] = PointerGetDatum(address_at(&desc, (uint32) index, net));
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	PG_RETURN_NULL();
}

static int32
check_preview_count(int32 count)
{
	if (count < 0 || count > MAX_PREVIEW)
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("count of %d is out of range", count),
				 errdetail("From 0 to %d addresses can be previewed.", MAX_PREVIEW)));
	return count;
}

/* A checksum that is there already has to be the right one. */
Datum
charmbills_descriptor_checksum(PG_FUNCTION_ARGS)
{
	char	   *descriptor = text_to_cstring(PG_GETARG_TEXT_PP(0));
	char	   *given = strchr(descriptor, '#');
	size_t		len = given != NULL ? (size_t) (given - descriptor) : strlen(descriptor);
	char		checksum[9];
	CbResult	result;

	if (cb_text_has_private_key(descriptor, strlen(descriptor)))
		cb_raise(CB_ERR_DESCRIPTOR_PRIVATE, "descriptor");
	result = cb_descriptor_checksum(descriptor, len, checksum);
	if (result == CB_OK && given != NULL && strcmp(given + 1, checksum) != 0)
		result = CB_ERR_CHECKSUM;
	if (result != CB_OK)
		cb_raise(result, "descriptor");
	PG_RETURN_TEXT_P(cstring_to_text(checksum));
}
