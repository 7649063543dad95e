/*-------------------------------------------------------------------------
 *
 * cb_descriptor_internal.h
 *	  What the files that implement cb_descriptor.h share.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_DESCRIPTOR_INTERNAL_H
#define CB_DESCRIPTOR_INTERNAL_H

#include "cb_descriptor.h"

/* What stands before and after the keys of each type, by CbDescriptorType. */
typedef struct CbDescriptorForm
{
	const char *open;
	const char *close;
} CbDescriptorForm;

#define CB_DESCRIPTOR_NUM_TYPES 5

extern const CbDescriptorForm cb_descriptor_forms[CB_DESCRIPTOR_NUM_TYPES];

/* Put an item where it belongs among n sorted ones, all of size bytes. */
extern void cb_insert_sorted(void *items, int n, const void *item, size_t size);

/* secp256k1 names the parity of y in a compressed key's first byte. */
#define CB_PUBKEY_EVEN 0x02

#endif							/* CB_DESCRIPTOR_INTERNAL_H */
