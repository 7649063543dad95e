/*-------------------------------------------------------------------------
 *
 * cb_sighash.h
 *	  What signatures cover: the hash type at their end.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_SIGHASH_H
#define CB_SIGHASH_H

#include "cb_tx.h"

#define CB_SIGHASH_DEFAULT 0x00 /* BIP-341 only */
#define CB_SIGHASH_ALL 0x01

/* DER of two integers of 1 to 33 bytes, and the hash type. */
#define CB_MIN_ECDSA_SIZE 9
#define CB_MAX_ECDSA_SIZE 73
/* Without hash type. */
#define CB_SCHNORR_SIZE 64

/* One input as it is spent: what it spends, and what it shows for it. */
typedef struct CbSpend
{
	CbSpan		script;			/* scriptPubKey of the output spent */
	CbSpan		script_sig;
	uint64_t	n_items;		/* witness items */
	CbReader	items;			/* a var_bytes each */
} CbSpend;

/*
 * Does every signature of the spend cover all inputs and outputs?  Signatures
 * are not verified: a node does that, but takes those of any hash type.
 *
 * Known are p2pkh; p2wpkh and p2wsh multisig, both by themselves and within
 * p2sh; p2tr by its key.  CB_ERR_SIGHASH where a signature has another hash
 * type; CB_ERR_SIGNATURE where one is missing or of impossible length, or the
 * key or script is not the one that the output names; CB_ERR_UNSUPPORTED for
 * other outputs, p2tr by a script and annexes.
 */
extern CbResult cb_spend_check_sighash(const CbSpend *spend);

#endif							/* CB_SIGHASH_H */
