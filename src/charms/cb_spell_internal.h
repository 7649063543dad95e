/*-------------------------------------------------------------------------
 *
 * cb_spell_internal.h
 *	  What the files that read spells share.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_SPELL_INTERNAL_H
#define CB_SPELL_INTERNAL_H

#include "cb_spell.h"

/* [tag, identity, vk] */
extern void cb_app_read(CbReader *r, CbApp *app);

#endif							/* CB_SPELL_INTERNAL_H */
