/*-------------------------------------------------------------------------
 *
 * cb_descriptor_cache.c
 *	  Parsed descriptors, kept by this backend.
 *
 * Parsing costs more than deriving.  What is kept depends on the text and the
 * network alone, not on any row, so it never goes stale.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "billing/cb_descriptor_cache.h"
#include "cb_errors.h"
#include "cb_guc.h"
#include "utils/memutils.h"

#define CACHE_SIZE 32

static CbCachedDescriptor cache[CACHE_SIZE];
static int	next_slot = 0;		/* the one to be replaced next */

static const CbCachedDescriptor *remember(const CbDescriptor *descriptor, const char *text, const char *canonical);
static int64 dust_limit(const CbDescriptor *descriptor);

const CbCachedDescriptor *
cb_descriptor_cached(const char *text)
{
	const CbNetwork *network = cb_current_network();
	CbDescriptor descriptor;
	char		canonical[CB_DESCRIPTOR_MAX_TEXT];
	CbResult	result;

	for (int i = 0; i < CACHE_SIZE; i++)
		if (cache[i].text != NULL && cache[i].network == network->id &&
			strcmp(cache[i].text, text) == 0)
			return &cache[i];

	result = cb_descriptor_parse(text, strlen(text), network, &descriptor);
	if (result == CB_OK)
		result = cb_descriptor_canonical(&descriptor, network, canonical, sizeof(canonical));
	if (result != CB_OK)
		cb_raise(result, "descriptor");
	return remember(&descriptor, text, canonical);
}

static const CbCachedDescriptor *
remember(const CbDescriptor *descriptor, const char *text, const char *canonical)
{
	CbCachedDescriptor *slot = &cache[next_slot];
	char	   *text_copy = MemoryContextStrdup(TopMemoryContext, text);
	char	   *canonical_copy = MemoryContextStrdup(TopMemoryContext, canonical);

	if (slot->text != NULL)
	{
		pfree(slot->text);
		pfree(slot->canonical);
	}
	slot->network = cb_current_network()->id;
	slot->text = text_copy;
	slot->canonical = canonical_copy;
	slot->descriptor = *descriptor;
	slot->dust_limit = dust_limit(descriptor);
	next_slot = (next_slot + 1) % CACHE_SIZE;
	return slot;
}

/* All its scripts are of one kind. */
static int64
dust_limit(const CbDescriptor *descriptor)
{
	CbScriptBuf script;
	CbSpan		span = {script.data, 0};

	if (cb_descriptor_script(descriptor, 0, &script) != CB_OK)
		return 0;
	span.len = script.len;
	return cb_script_dust_limit(span);
}
