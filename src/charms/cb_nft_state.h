/*-------------------------------------------------------------------------
 *
 * cb_nft_state.h
 *	  The state of a plan's NFT: a CBOR map with the fields of CHIP-0420 that
 *	  describe it, and "remaining", what may still be minted of its token.
 *
 * Fields that are not known here are kept when a state is written anew.
 *
 * Sources: CHIP-0420; the states of NFTs in real spells.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_NFT_STATE_H
#define CB_NFT_STATE_H

#include "cb_cbor.h"

/* Texts in UTF-8; those that are empty are left out. */
typedef struct CbNftState
{
	CbSpan		ticker;
	CbSpan		name;
	CbSpan		description;
	CbSpan		image;
	CbSpan		image_hash;		/* in hex */
	CbSpan		url;
	uint64_t	remaining;
} CbNftState;

extern void cb_nft_state_write(const CbNftState *state, const CbCborWriter *w);

/*
 * All below take a whole canonical CBOR item, and answer false where it is no
 * map with such a field.
 */

/* What may still be minted. */
extern bool cb_nft_remaining(CbSpan state, uint64_t *remaining);
/* The same state with another number in place of its own. */
extern bool cb_nft_state_replace(CbSpan state, uint64_t remaining, const CbCborWriter *w);
/* Whether two states differ in nothing but that number. */
extern bool cb_nft_same_but_remaining(CbSpan a, CbSpan b);

#endif							/* CB_NFT_STATE_H */
