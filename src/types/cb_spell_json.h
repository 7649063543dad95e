/*-------------------------------------------------------------------------
 *
 * cb_spell_json.h
 *	  Spells as jsonb.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_SPELL_JSON_H
#define CB_SPELL_JSON_H

#include "postgres.h"

#include "utils/jsonb.h"

#include "charms/cb_spell.h"

/* What is shown of an app: its tag, in the database's encoding, and the rest in hex. */
typedef struct CbAppText
{
	char		tag[sizeof("U+10FFFF")];
	char		identity[2 * 32 + 1];
	char		vk[2 * 32 + 1];
} CbAppText;

extern void cb_app_show(const CbApp *app, CbAppText *shown);
/* tag/identity/vk, palloc'd. */
extern char *cb_app_cstring(const CbAppText *shown);

/*
 * A spell that was read, by the names of its YAML form, with inputs and coins
 * of its transaction; of any other, why it was not.
 */
extern Jsonb *cb_spell_jsonb(const CbTx *tx, const CbSpell *spell);

#endif							/* CB_SPELL_JSON_H */
