/*-------------------------------------------------------------------------
 *
 * cb_psbt_text.h
 *	  PSBTs as texts: base64 as BIP-174 has it, or hex.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_PSBT_TEXT_H
#define CB_PSBT_TEXT_H

#include "postgres.h"

#include "bitcoin/cb_psbt.h"

/* Does the text begin like a PSBT, in either form? */
extern bool cb_is_psbt_text(const text *given);

/*
 * Parse one, with every input made final that can be; what it points into is
 * palloc'd.  CB002 naming `what`.
 */
extern void cb_psbt_arg_finalized(const text *given, const char *what, CbPsbt *psbt);

extern text *cb_psbt_base64(CbSpan psbt);

#endif							/* CB_PSBT_TEXT_H */
