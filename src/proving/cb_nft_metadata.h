/*-------------------------------------------------------------------------
 *
 * cb_nft_metadata.h
 *	  The state of a plan's NFT, from what SQL says of it.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_NFT_METADATA_H
#define CB_NFT_METADATA_H

#include "postgres.h"

#include "bitcoin/cb_bytes.h"

/*
 * The state as CBOR, palloc'd.  metadata is a jsonb object with fields of
 * CHIP-0420, or null; a name that it does not give is the service's.  CB011.
 */
extern CbSpan cb_nft_metadata_state(NullableDatum metadata, const char *ticker, const char *service_name,
									uint64 supply);

#endif							/* CB_NFT_METADATA_H */
