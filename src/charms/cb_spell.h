/*-------------------------------------------------------------------------
 *
 * cb_spell.h
 *	  Charms spells, versions 1 to 15 of the protocol: reading them from
 *	  transactions, walking through what they say, and what their proofs are
 *	  about.
 *
 * A payload is a CBOR pair of the normalized spell and its proof:
 *
 *		{version, tx: {refs?, outs, beamed_outs?, scrolls?},
 *		 app_public_inputs: {[tag, identity, vk]: data, ...},
 *		 versioned_apps?: {vk: {version, wasm_hash}, ...}, mock?: true}
 *
 * outs[i] maps indexes into app_public_inputs to data: the charms of the
 * transaction's output i.  The proof is about the committed spell: the same
 * with tx.ins (the transaction's inputs) and, from version 8 on, tx.coins (the
 * amounts and scripts of the first outputs) put in.
 *
 * Reading is strict: fields in their order and no others, the canonical CBOR
 * of cb_cbor.h, apps and indexes ascending.  All spells that Charms' own
 * programs write are so.  A spell that is not is refused even where Charms'
 * reader would bring it into order.
 *
 * Sources: the files of CharmsDev/charms that define the format, and the
 * spells of real transactions.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_SPELL_H
#define CB_SPELL_H

#include "cb_carrier.h"
#include "cb_cbor.h"

#define CB_SPELL_MIN_VERSION 1
#define CB_SPELL_MAX_VERSION 15

/* From here on all inputs are committed, before all but the last. */
#define CB_SPELL_ALL_INPUTS 10
/* From here on amounts and scripts of outputs are committed. */
#define CB_SPELL_COINS 8
/* From here on the key is committed as bytes, before as text. */
#define CB_SPELL_KEY_AS_BYTES 15
/* From here on every mock spell says so; before, its proof is empty. */
#define CB_SPELL_MOCK_FLAG 7

/* More apps than a proof can be made for. */
#define CB_SPELL_MAX_APPS 1024

/* Of all proofs the longest. */
#define CB_SPELL_MAX_PROOF 356

/* A tag in UTF-8, slash, 64 hex digits, slash, 64 hex digits, zero. */
#define CB_APP_TEXT_SIZE (4 + 1 + 64 + 1 + 64 + 1)

/* A hash in hex, a colon, ten digits at most, zero. */
#define CB_APP_ANCHOR_SIZE (64 + 1 + 10 + 1)

typedef enum CbSpellState
{
	CB_SPELL_NONE,				/* the transaction carries no spell */
	CB_SPELL_UNSUPPORTED,		/* one of a version that is not known here */
	CB_SPELL_MALFORMED,			/* one that is refused as it is written */
	CB_SPELL_READ
} CbSpellState;

/*
 * A spell points into the transaction, or into the buffer in which its payload
 * was joined.  Fields whose item is empty are absent.
 */
typedef struct CbSpell
{
	CbSpellState state;
	const char *reason;			/* why it is not CB_SPELL_READ */
	CbCarrier	carrier;
	bool		has_version;	/* also of a spell that was not read, where it
								 * could be told; all below only of one that was */
	uint32_t	version;
	bool		mock;			/* says so itself */
	uint32_t	n_apps;
	uint32_t	n_outs;
	CbSpan		refs;			/* whole CBOR items */
	CbSpan		outs;
	CbSpan		beamed_outs;
	CbSpan		scrolls;
	CbSpan		apps;
	CbSpan		versioned_apps;
	size_t		proof_len;
	uint8_t		proof[CB_SPELL_MAX_PROOF];
} CbSpell;

/*
 * Read the spell of a transaction.  Where an output is marked as a spell, the
 * witness is not looked at, whatever is wrong with the output.  A payload that is joined from a witness
 * stays in the caller's buffer; tx->witness.len bytes always suffice.
 */
extern CbSpellState cb_spell_read(const CbTx *tx, CbWriter *joined, CbSpell *spell);

/*
 * The same of a spell that no transaction carries yet, and without proof, as
 * cb_spell_build() writes it; n_outputs: so many the transaction will have.
 */
extern CbSpellState cb_spell_read_bare(CbSpan item, uint32_t n_outputs, CbSpell *spell);

/* Made by a mock prover: such spells prove nothing. */
extern bool cb_spell_is_mock(const CbSpell *spell);

typedef struct CbApp
{
	char		tag[5];			/* one character in UTF-8, zero-terminated */
	uint8_t		identity[32];
	uint8_t		vk[32];
} CbApp;

/* By tag, identity, vk: the order in which spells list them. */
extern int	cb_app_compare(const CbApp *a, const CbApp *b);
/* Tag "t". */
extern bool cb_app_is_token(const CbApp *app);
/* tag/identity/vk */
extern void cb_app_text(const CbApp *app, char text[CB_APP_TEXT_SIZE]);
/* "txid:vout", of which an app that is bound to an outpoint has its identity; gives the length. */
extern size_t cb_app_anchor_text(const CbOutpoint *outpoint, char text[CB_APP_ANCHOR_SIZE]);
/* The identity of such an app: SHA-256 of that text. */
extern void cb_app_identity(const CbOutpoint *outpoint, uint8_t identity[32]);

/*
 * What names an outpoint in beamed_outs: SHA-256 of its bytes.  One that is
 * beamed to with a nonce, which only the prover is told, is not to be found.
 */
extern void cb_beam_hash(const CbOutpoint *outpoint, uint8_t hash[32]);

/* The apps of a spell that was read, in order. */
typedef struct CbAppIter
{
	CbReader	r;
	uint32_t	left;
} CbAppIter;

extern CbAppIter cb_spell_apps(const CbSpell *spell);
/* input: the app's public input, a CBOR item. */
extern bool cb_spell_next_app(CbAppIter *it, CbApp *app, CbSpan *input);
extern bool cb_spell_app(const CbSpell *spell, uint32_t index, CbApp *app);

/* The charms of a spell that was read, by output and app. */
typedef struct CbCharm
{
	uint32_t	vout;
	uint32_t	app;			/* index */
	CbSpan		data;			/* CBOR item */
} CbCharm;

typedef struct CbCharmIter
{
	CbReader	r;
	uint32_t	outs_left;
	uint32_t	charms_left;
	uint32_t	vout;			/* of the next output */
} CbCharmIter;

extern CbCharmIter cb_spell_charms(const CbSpell *spell);
extern bool cb_spell_next_charm(CbCharmIter *it, CbCharm *charm);
/*
 * A charm's amount, if it has one: an integer under tag "t".  Other data under
 * that tag is no balance, whatever it says.
 */
extern bool cb_charm_amount(const CbApp *app, const CbCharm *charm, uint64_t *amount);

/* The outputs whose charms went elsewhere, ascending, and where to. */
typedef struct CbBeamIter
{
	CbReader	r;
	uint32_t	left;
} CbBeamIter;

extern CbBeamIter cb_spell_beams(const CbSpell *spell);
extern bool cb_spell_next_beam(CbBeamIter *it, uint32_t *vout, uint8_t hash[32]);
/* Whether an output's charms went elsewhere; hash is of the destination, and may be NULL. */
extern bool cb_spell_beamed_out(const CbSpell *spell, uint32_t vout, uint8_t hash[32]);

/* How many of a transaction's inputs, from the first, the proof is about. */
extern uint32_t cb_spell_committed_inputs(const CbTx *tx, const CbSpell *spell);
/* How many of its outputs, with amount and script. */
extern uint32_t cb_spell_committed_coins(const CbSpell *spell);
/* The committed spell, as CBOR. */
extern void cb_spell_write_committed(const CbTx *tx, const CbSpell *spell, const CbCborWriter *w);
/* SHA-256 of the public values: the pair of the spell's key and the committed spell. */
extern void cb_spell_public_hash(const CbTx *tx, const CbSpell *spell, const uint8_t key[32], uint8_t hash[32]);

#endif							/* CB_SPELL_H */
