/*-------------------------------------------------------------------------
 *
 * spell_draft.h
 *	  Drafts of spells, for tests: one for each action, to be changed in right
 *	  and wrong ways.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPELL_DRAFT_H
#define SPELL_DRAFT_H

#include "charms/cb_nft_state.h"
#include "charms/cb_spell_build.h"

#include "spell_tx.h"

#define MAX_CHARMS 3
#define MAX_COINS 3

/* A draft with all that it points to. */
typedef struct TestDraft
{
	CbSpellDraft draft;
	CbApp		apps[MAX_CHARMS];
	CbDraftCoin inputs[MAX_COINS];
	CbDraftCoin outputs[MAX_COINS];
	CbDraftCharm in_charms[MAX_COINS][MAX_CHARMS];
	CbDraftCharm out_charms[MAX_COINS][MAX_CHARMS];
	uint8_t		state_in[400];
	uint8_t		state_out[400];
} TestDraft;

static inline CbSpan
text_span(const char *s)
{
	CbSpan		span = {(const uint8_t *) s, strlen(s)};

	return span;
}

static inline CbSpan
write_state(uint8_t *buffer, size_t capacity, const char *ticker, uint64_t remaining)
{
	CbWriter	w = cb_writer(buffer, capacity);
	CbCborWriter cbor = cb_cbor_writer(&w);
	CbNftState	state = {0};
	CbSpan		written;

	state.ticker = text_span(ticker);
	state.remaining = remaining;
	cb_nft_state_write(&state, &cbor);
	if (w.error != CB_OK)
		abort();
	written.data = buffer;
	written.len = w.len;
	return written;
}

/* Apps of one identity: that of the first input. */
static inline void
draft_empty(TestDraft *f, CbSpellAction action, uint32_t version)
{
	memset(f, 0, sizeof(*f));
	f->draft.action = action;
	f->draft.version = version;
	f->draft.apps = f->apps;
	f->draft.inputs = f->inputs;
	f->draft.outputs = f->outputs;
	for (uint8_t i = 0; i < MAX_COINS; i++)
	{
		memset(&f->inputs[i].outpoint.txid, 0xa0 + i, 32);
		f->inputs[i].outpoint.vout = i;
		f->inputs[i].charms = f->in_charms[i];
		f->outputs[i].charms = f->out_charms[i];
	}
	for (uint8_t i = 0; i < MAX_CHARMS; i++)
	{
		cb_app_identity(&f->inputs[0].outpoint, f->apps[i].identity);
		memset(f->apps[i].vk, 0x77, 32);
		f->apps[i].tag[0] = 't';
	}
}

static inline void
draft_mint_nft(TestDraft *f)
{
	draft_empty(f, CB_SPELL_MINT_NFT, CB_DRAFT_VERSION);
	f->draft.n_apps = f->draft.n_inputs = f->draft.n_outputs = 1;
	f->apps[0].tag[0] = 'n';
	f->outputs[0].n_charms = 1;
	f->out_charms[0][0].state = write_state(f->state_out, sizeof(f->state_out), "PLAN", 1000);
}

/* 400 of 1000 are minted, in output 1; the NFT goes to output 0. */
static inline void
draft_mint_token(TestDraft *f)
{
	draft_empty(f, CB_SPELL_MINT_TOKEN, CB_DRAFT_VERSION);
	f->draft.n_apps = f->draft.n_outputs = 2;
	f->draft.n_inputs = 1;
	f->apps[0].tag[0] = 'n';
	f->inputs[0].n_charms = f->outputs[0].n_charms = f->outputs[1].n_charms = 1;
	f->in_charms[0][0].state = write_state(f->state_in, sizeof(f->state_in), "PLAN", 1000);
	f->out_charms[0][0].state = write_state(f->state_out, sizeof(f->state_out), "PLAN", 600);
	f->out_charms[1][0].app = 1;
	f->out_charms[1][0].amount = 400;
}

/* 7 and 5 to 10 and 2. */
static inline void
draft_send(TestDraft *f)
{
	draft_empty(f, CB_SPELL_SEND, CB_DRAFT_VERSION);
	f->draft.n_apps = 1;
	f->draft.n_inputs = f->draft.n_outputs = 2;
	f->inputs[0].n_charms = f->inputs[1].n_charms = f->outputs[0].n_charms = f->outputs[1].n_charms = 1;
	f->in_charms[0][0].amount = 7;
	f->in_charms[1][0].amount = 5;
	f->out_charms[0][0].amount = 10;
	f->out_charms[1][0].amount = 2;
}

/* With an empty proof, in a transaction with two outputs before the spell's. */
static inline CbSpellState
read_built(SpellTx *stx, const CbWriter *built, CbSpell *spell)
{
	char	   *hex = malloc(2 * built->len + 5);

	memcpy(hex, "82", 2);
	cb_hex_encode(built->data, built->len, hex + 2);
	memcpy(hex + 2 + 2 * built->len, "80", 3);
	spell_tx_with_payload(stx, hex);
	free(hex);
	return cb_spell_read(&stx->tx, &stx->joined, spell);
}

#endif							/* SPELL_DRAFT_H */
