/*-------------------------------------------------------------------------
 *
 * cb_key_script.h
 *	  Scripts that pay to one key, named by its hash160.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_KEY_SCRIPT_H
#define CB_KEY_SCRIPT_H

#include "cb_script.h"

extern void cb_script_p2wpkh(const uint8_t key_hash[20], CbScriptBuf *out);
extern void cb_script_p2sh_p2wpkh(const uint8_t key_hash[20], CbScriptBuf *out);

/* Is this the p2pkh, p2wpkh or p2sh-p2wpkh script of the key? */
extern bool cb_script_pays_key_hash(CbSpan script, const uint8_t key_hash[20]);

#endif							/* CB_KEY_SCRIPT_H */
