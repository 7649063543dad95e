/*-------------------------------------------------------------------------
 *
 * cb_cbor_internal.h
 *	  What the files of the CBOR reader share.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_CBOR_INTERNAL_H
#define CB_CBOR_INTERNAL_H

#include "cb_cbor.h"

/* Whether a head is written as the canonical rules have it. */
extern bool cb_cbor_head_is_canonical(const CbCborHead *head);
/* The bits of the double that a float's head stands for. */
extern uint64_t cb_cbor_float_bits(const CbCborHead *head);
/* UTF-8: shortest forms only, no surrogates, nothing beyond U+10FFFF. */
extern bool cb_cbor_text_is_valid(CbSpan text);

#endif							/* CB_CBOR_INTERNAL_H */
