/*-------------------------------------------------------------------------
 *
 * bench_block.c
 *	  How long a block takes: bench_block FILE [REPEAT]
 *
 * Reading every transaction with its identifier, and parsing the whole block
 * with its merkle root and witness commitment checked: each beside the hashing
 * in it, which cannot be avoided and so is the floor.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_block.h"

#include "measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Bench
{
	uint8_t    *data;
	size_t		len;
	CbBlock		block;
	CbBlockTx  *txs;
	CbHash256  *scratch;
	uint8_t   **cores;			/* each transaction without witness, joined */
	uint32_t	n;
} Bench;

static void load(Bench *bench, const char *path);
static void join_cores(Bench *bench);
static void parse_block(void *arg);
static void parse_txids(void *arg);
static void hash_txids(void *arg);
static void hash_trees(void *arg);

int
main(int argc, char **argv)
{
	Bench		bench;
	int			repeat = argc > 2 ? atoi(argv[2]) : 50;

	if (argc < 2 || repeat < 1)
	{
		fprintf(stderr, "usage: %s FILE [REPEAT]\n", argv[0]);
		return 2;
	}
	load(&bench, argv[1]);
	join_cores(&bench);
	measure("parse with all txids", parse_txids, &bench, repeat);
	measure("hash the txids alone", hash_txids, &bench, repeat);
	measure("parse and check the block", parse_block, &bench, repeat);
	measure("hash the block alone", hash_trees, &bench, repeat);
	return 0;
}

static void
load(Bench *bench, const char *path)
{
	FILE	   *file = fopen(path, "rb");

	if (file == NULL)
	{
		perror(path);
		exit(2);
	}
	bench->data = malloc(CB_MAX_BLOCK_WEIGHT);
	bench->len = fread(bench->data, 1, CB_MAX_BLOCK_WEIGHT, file);
	fclose(file);
	if (cb_block_count(bench->data, bench->len, &bench->n) != CB_OK)
	{
		fprintf(stderr, "%s is not a block\n", path);
		exit(2);
	}
	bench->txs = malloc(bench->n * sizeof(CbBlockTx));
	bench->scratch = malloc(bench->n * sizeof(CbHash256));
	parse_block(bench);
}

static void
join_cores(Bench *bench)
{
	bench->cores = malloc(bench->n * sizeof(*bench->cores));
	for (uint32_t i = 0; i < bench->n; i++)
	{
		const CbTx *tx = &bench->txs[i].tx;
		size_t		size = cb_tx_base_size(tx);
		CbWriter	w;

		bench->cores[i] = malloc(size);
		w = cb_writer(bench->cores[i], size);
		cb_write_u32(&w, (uint32_t) tx->version);
		cb_write_bytes(&w, tx->core.data, tx->core.len);
		cb_write_u32(&w, tx->locktime);
	}
}

static void
parse_block(void *arg)
{
	Bench	   *bench = arg;
	CbResult	result = cb_block_parse(bench->data, bench->len, &bench->block, bench->txs, bench->scratch, bench->n);

	if (result != CB_OK)
	{
		fprintf(stderr, "%s\n", cb_result_message(result));
		exit(2);
	}
}

static void
parse_txids(void *arg)
{
	Bench	   *bench = arg;
	CbReader	r = cb_reader(bench->block.txs.data, bench->block.txs.len);

	for (uint32_t i = 0; i < bench->n; i++)
	{
		CbTx		tx;

		if (cb_tx_read(&r, &tx) != CB_OK)
			abort();
		cb_tx_txid(&tx, &bench->scratch[i]);
	}
}

static void
hash_txids(void *arg)
{
	Bench	   *bench = arg;

	for (uint32_t i = 0; i < bench->n; i++)
		cb_sha256d(bench->cores[i], cb_tx_base_size(&bench->txs[i].tx), &bench->scratch[i]);
}

/* Both merkle trees, each over all its leaves. */
static void
hash_trees(void *arg)
{
	Bench	   *bench = arg;
	CbHash256	root;
	bool		mutated;

	hash_txids(bench);
	cb_merkle_root(bench->scratch, bench->n, &root, &mutated);
	if (memcmp(&root, &bench->block.header.merkle_root, sizeof(root)) != 0)
		abort();
	for (uint32_t i = 0; i < bench->n; i++)
	{
		if (bench->txs[i].tx.has_witness)
			cb_tx_wtxid(&bench->txs[i].tx, &bench->scratch[i]);
	}
	cb_merkle_root(bench->scratch, bench->n, &root, &mutated);
}
