/*-------------------------------------------------------------------------
 *
 * cb_package.h
 *	  What is broadcast together: a commit transaction and the spell that
 *	  spends it, or either alone.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_PACKAGE_H
#define CB_PACKAGE_H

#include "postgres.h"

#include "bitcoin/cb_block.h"

typedef struct CbPackage
{
	bool		has_commit;
	bool		has_spell;
	CbBlockTx	commit;
	CbBlockTx	spell;
} CbPackage;

/*
 * Parse the hex texts, NULL for one that is not there, and check that they make
 * a package.  CB002 for what is no transaction, CB011 for what is no package.
 */
extern void cb_package_parse(const text *commit_hex, const text *spell_hex, CbPackage *package);

/* The spell, or the only transaction: its depth is the package's. */
extern const CbBlockTx *cb_package_final(const CbPackage *package);

/* Parents first; at most two. */
extern int	cb_package_txs(const CbPackage *package, const CbBlockTx *txs[2]);

/*
 * The inputs that the package takes from outside, without those that it makes
 * itself; palloc'd, in no order.
 */
extern int	cb_package_inputs(const CbPackage *package, CbOutpoint **inputs);

#endif							/* CB_PACKAGE_H */
