/*-------------------------------------------------------------------------
 *
 * cb_descriptor_cache.h
 *	  Parsed descriptors, kept by this backend.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_DESCRIPTOR_CACHE_H
#define CB_DESCRIPTOR_CACHE_H

#include "postgres.h"

#include "bitcoin/cb_descriptor.h"

typedef struct CbCachedDescriptor
{
	CbNetworkId network;
	char	   *text;			/* as it was given */
	char	   *canonical;
	CbDescriptor descriptor;
	int64		dust_limit;		/* sats: less cannot be paid to its scripts */
} CbCachedDescriptor;

/*
 * A descriptor of the current network, parsed; valid until the next call.
 * Errors as cb_raise() makes them, none of which repeats the text.
 */
extern const CbCachedDescriptor *cb_descriptor_cached(const char *text);

#endif							/* CB_DESCRIPTOR_CACHE_H */
