/*-------------------------------------------------------------------------
 *
 * cb_spell_request.h
 *	  Spells as provers are asked for them, and payloads as they make them.
 *
 * From version 10 on a prover is given the committed spell: what
 * cb_spell_build() writes, with the transaction's inputs, all of them, and the
 * outputs that the spell is about put in.  The prover takes these out again.
 * Before, it is given no CBOR at all.
 *
 * Sources: the files of CharmsDev/charms that read requests.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_SPELL_REQUEST_H
#define CB_SPELL_REQUEST_H

#include "cb_spell.h"

/*
 * Append the spell for a request: the transaction has just the inputs, and the
 * outputs that are asked for.  mock: for a prover that proves nothing, which
 * wants to be told so.  CB_ERR_UNSUPPORTED for what cb_spell_build() did not
 * write for such a transaction, or for a version that is asked for otherwise.
 */
extern CbResult cb_spell_request_write(const CbTx *tx, CbSpan spell, bool mock, CbWriter *out);

/* Append the same spell as a mock prover has it in its payload. */
extern CbResult cb_spell_write_mock(CbSpan spell, CbWriter *out);

/* Is the one the other as a mock prover has it? */
extern bool cb_spell_is_mock_of(CbSpan mock, CbSpan spell);

/* Append the payload: the pair of spell and proof. */
extern void cb_spell_write_payload(CbSpan spell, CbSpan proof, CbWriter *out);

/*
 * What apps that are bound to an outpoint ask for in private, where they mint:
 * "txid:vout" as CBOR.
 */
extern void cb_spell_write_witness(const CbOutpoint *outpoint, CbWriter *out);

#endif							/* CB_SPELL_REQUEST_H */
