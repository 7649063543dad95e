/*-------------------------------------------------------------------------
 *
 * cb_spell_verify.h
 *	  Whether a spell's proof holds.
 *
 * A proof is about the spell, the committed inputs and coins, and whatever the
 * inputs' own spells were: nothing before the transaction need be looked at.
 * It is not about the transaction's other outputs, before version 8 about no
 * output's amount or script, and before version 10 not about the last input:
 * only a transaction that is in the chain is worth verifying.
 *
 * Tested on real spells of versions 2, 4 and 6 to 12.  Of versions 1, 3, 5 and
 * 13 to 15 none were to be found: for these the rules are as the protocol's
 * own files have them.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_SPELL_VERIFY_H
#define CB_SPELL_VERIFY_H

#include "cb_proof.h"
#include "cb_spell.h"

typedef enum CbVerdict
{
	CB_VERDICT_NONE,			/* no spell */
	CB_VERDICT_INVALID,			/* refused as it is written, or its proof does
								 * not hold */
	CB_VERDICT_UNSUPPORTED,		/* of a version for which there is no key: to be
								 * judged again when there is */
	CB_VERDICT_MOCK,			/* made without a proof, for tests */
	CB_VERDICT_VALID
} CbVerdict;

/* "none", "invalid", "unsupported", "mock" or "valid". */
extern const char *cb_verdict_name(CbVerdict verdict);

/*
 * Keys that are prepared when they are first needed, 140 kB; the caller zeroes
 * it once, and keeps it.
 */
typedef struct CbSpellVerifier
{
	bool		is_ready[CB_PROOF_KEYS];
	CbGroth16Key keys[CB_PROOF_KEYS];
} CbSpellVerifier;

/*
 * Judge what cb_spell_read() made of a transaction.  The reason is NULL for
 * CB_VERDICT_VALID only.
 */
extern CbVerdict cb_spell_verify(CbSpellVerifier *verifier, const CbTx *tx, const CbSpell *spell,
								 const char **reason);

#endif							/* CB_SPELL_VERIFY_H */
