/*-------------------------------------------------------------------------
 *
 * test_spell_build_vectors.c
 *	  Spells that are built, beside those of real transactions.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "spell_draft.h"
#include "tap.h"
#include "vectors.h"

static void draft_inputs(TestDraft *f, const CbTx *tx, size_t n);
static void draft_of_spell(TestDraft *f, const CbSpell *spell, const CbTx *tx);
static void check_vector(const json_t *vector, CbSpellAction action, bool whole);
static void test_vectors(void);

int
main(void)
{
	test_vectors();
	return done();
}

/* All that a spell names: not the input that pays the prover's fee. */
static void
draft_inputs(TestDraft *f, const CbTx *tx, size_t n)
{
	CbTxInIter	it = cb_tx_inputs(tx);
	CbTxIn		in;

	for (size_t i = 0; i < n && cb_tx_next_input(&it, &in); i++)
		f->inputs[i].outpoint = in.prevout;
	f->draft.n_inputs = n;
}

/* The draft that should have led to a spell, as far as the spell tells. */
static void
draft_of_spell(TestDraft *f, const CbSpell *spell, const CbTx *tx)
{
	CbCharmIter it = cb_spell_charms(spell);
	CbCharm		charm;

	f->draft.n_apps = spell->n_apps;
	f->draft.n_outputs = spell->n_outs;
	for (uint32_t i = 0; i < spell->n_apps; i++)
		cb_spell_app(spell, i, &f->apps[i]);
	while (cb_spell_next_charm(&it, &charm))
	{
		CbDraftCharm *drafted = &f->out_charms[charm.vout][f->outputs[charm.vout].n_charms++];

		drafted->app = charm.app;
		if (!cb_charm_amount(&f->apps[charm.app], &charm, &drafted->amount))
			drafted->state = charm.data;
	}
	draft_inputs(f, tx, cb_spell_committed_inputs(tx, spell));
}

/*
 * What the inputs held is not in the vectors: it is what the outputs hold, put
 * back together.
 */
static void
check_vector(const json_t *vector, CbSpellAction action, bool whole)
{
	const char *name = json_string_value(json_object_get(vector, "txid"));
	SpellTx		stx;
	SpellTx		built_stx;
	CbSpell		spell;
	CbSpell		built_spell;
	TestDraft	f;
	uint8_t		buffer[2000];
	CbWriter	built = cb_writer(buffer, sizeof(buffer));

	draft_empty(&f, action, CB_DRAFT_OLD_VERSION);
	spell_tx_from_hex(&stx, json_string_value(json_object_get(vector, "raw_hex")));
	is_int(cb_spell_read(&stx.tx, &stx.joined, &spell), CB_SPELL_READ, "%.8s is read", name);
	draft_of_spell(&f, &spell, &stx.tx);
	if (action != CB_SPELL_MINT_NFT)
		f.inputs[0].n_charms = 1;
	if (action == CB_SPELL_SEND)
		f.in_charms[0][0].amount = f.out_charms[0][0].amount + f.out_charms[1][0].amount;
	if (action == CB_SPELL_MINT_TOKEN)
		f.in_charms[0][0].state = write_state(f.state_in, sizeof(f.state_in), "CHARMS-19", 100000);
	is_str(cb_spell_build(&f.draft, &built), NULL, "%.8s: a spell like its own is built", name);
	is_int(read_built(&built_stx, &built, &built_spell), CB_SPELL_READ, "%.8s: and read", name);
	ok(cb_span_equal(built_spell.outs, spell.outs), "%.8s: its charms are the same", name);
	/* Mock spells of that app have public inputs. */
	if (!cb_spell_is_mock(&spell))
		ok(cb_span_equal(built_spell.apps, spell.apps), "%.8s: so are its apps", name);
	if (whole)
		ok(spell.carrier.payload.len > built.len && memcmp(spell.carrier.payload.data + 1, built.data, built.len) == 0,
		   "%.8s: so is every byte of it", name);
	spell_tx_free(&built_stx);
	spell_tx_free(&stx);
}

static void
test_vectors(void)
{
	static const struct
	{
		const char *list;
		const char *txid;
		CbSpellAction action;
		bool		whole;		/* of version 8 */
	}			wanted[] = {
		{"vectors", "e047f52e", CB_SPELL_MINT_NFT, true},
		{"vectors", "1acee7fb", CB_SPELL_MINT_NFT, false},
		{"vectors", "9c048eca", CB_SPELL_MINT_TOKEN, false},
		{"vectors", "72dfc428", CB_SPELL_SEND, false},
		{"vectors", "1a34811c", CB_SPELL_SEND, false},
		{"regtest_mock_vectors", "30803e26", CB_SPELL_SEND, false},
		{"regtest_mock_vectors", "badd2101", CB_SPELL_SEND, false},
	};
	json_t	   *vectors = load_vectors("charms/spells.json");
	json_t	   *vector;
	size_t		j;

	for (size_t i = 0; vectors != NULL && i < sizeof(wanted) / sizeof(wanted[0]); i++)
	{
		bool		found = false;

		json_array_foreach(json_object_get(vectors, wanted[i].list), j, vector)
		{
			if (strncmp(json_string_value(json_object_get(vector, "txid")), wanted[i].txid, 8) != 0)
				continue;
			found = true;
			check_vector(vector, wanted[i].action, wanted[i].whole);
		}
		ok(found, "%s is there", wanted[i].txid);
	}
	json_decref(vectors);
}
