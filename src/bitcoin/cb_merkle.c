/*-------------------------------------------------------------------------
 *
 * cb_merkle.c
 *	  Merkle roots.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_block.h"

#include <string.h>

/*
 * An odd level repeats its last node.  A block that repeats real nodes in its
 * place has the same root, so two equal nodes side by side betray a mutation;
 * an honest tree never holds them.
 */
void
cb_merkle_root(CbHash256 *leaves, uint32_t n, CbHash256 *root, bool *mutated)
{
	*mutated = false;
	while (n > 1)
	{
		uint32_t	parents = 0;

		for (uint32_t i = 0; i < n; i += 2)
		{
			CbHash256	pair[2];

			pair[0] = leaves[i];
			pair[1] = i + 1 < n ? leaves[i + 1] : leaves[i];
			if (i + 1 < n && memcmp(&pair[0], &pair[1], sizeof(CbHash256)) == 0)
				*mutated = true;
			cb_sha256d(pair[0].bytes, sizeof(pair), &leaves[parents++]);
		}
		n = parents;
	}
	*root = leaves[0];
}
