/*-------------------------------------------------------------------------
 *
 * cb_verifier.h
 *	  The keys with which this server process verifies spells.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_VERIFIER_H
#define CB_VERIFIER_H

#include "postgres.h"

#include "charms/cb_spell_verify.h"

/* Made when it is first asked for, and kept as long as the process lives. */
extern CbSpellVerifier *cb_server_verifier(void);

#endif							/* CB_VERIFIER_H */
