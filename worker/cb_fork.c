/*-------------------------------------------------------------------------
 *
 * cb_fork.c
 *	  Where our chain and the node's part, and which of the two weighs more.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_fork.h"
#include "cb_link.h"
#include "cb_node.h"

static int	first_on_chain(const CbBlockId *blocks, int n);
static void narrow(CbBlockId *low, int high);

/* The locator is sparse further down: look into the gap that it leaves. */
bool
cb_find_fork(const CbBlockId *tip, CbFork *fork)
{
	CbBlockId  *ours;
	int			n = cb_chain_locator(&ours);
	int			found = first_on_chain(ours, Min(n, CB_NODE_BATCH));

	if (found < 0)
		return false;
	fork->point = ours[found];
	if (found > 0)
		narrow(&fork->point, ours[found - 1].height);
	fork->depth = tip->height - fork->point.height;
	return true;
}

static int
first_on_chain(const CbBlockId *blocks, int n)
{
	bool	   *on_chain = palloc(sizeof(bool) * Max(n, 1));

	if (n > 0)
		cb_node_on_chain(blocks, n, on_chain);
	for (int i = 0; i < n; i++)
	{
		if (on_chain[i])
			return i;
	}
	return -1;
}

/*
 * Raise low to the highest block below high that is on the node's chain.  What
 * is on it comes first, so halving finds the end.
 */
static void
narrow(CbBlockId *low, int high)
{
	CbBlockId  *between;
	int			first = 0;
	int			end = cb_chain_blocks_between(low->height, high, &between);

	while (first < end)
	{
		int			middle = first + (end - first) / 2;
		bool		on_chain;

		cb_node_on_chain(&between[middle], 1, &on_chain);
		if (on_chain)
		{
			*low = between[middle];
			first = middle + 1;
		}
		else
			end = middle;
	}
}

/*
 * One block more than ours is enough unless the difficulty fell.  Whether the
 * headers are worth what they say is for the database to judge.
 */
int
cb_find_branch(const CbFork *fork, int node_height, CbBlockId **branch)
{
	int			length = node_height - fork->point.height;
	int			batch = fork->depth + 1;
	int			n = 0;
	int			n_ours;
	uint8	   *ours = cb_chain_headers_above(fork->point.height, &n_ours);
	uint8	   *headers = palloc(1);

	*branch = palloc(1);
	while (n < length)
	{
		int			wanted = Min(Min(length - n, batch), CB_NODE_BATCH);
		int			got;
		int			enough;

		*branch = repalloc_huge(*branch, sizeof(CbBlockId) * (n + wanted));
		headers = repalloc_huge(headers, (Size) CB_HEADER_SIZE * (n + wanted));
		got = cb_node_block_hashes(fork->point.height + 1 + n, wanted, *branch + n);
		if (got > 0)
			cb_node_headers(*branch + n, got, headers + (Size) CB_HEADER_SIZE * n);
		n += got;
		enough = (int) cb_link_headers_to_outweigh(headers, n, ours, n_ours);
		if (enough > 0 || got < wanted)
			return enough;
		batch = CB_NODE_BATCH;
	}
	return 0;
}
