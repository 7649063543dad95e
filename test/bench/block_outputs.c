/*-------------------------------------------------------------------------
 *
 * block_outputs.c
 *	  Whom a block pays: block_outputs FILE
 *
 * One line for each output to a witness key hash: the script in hex, a tab, and
 * the amount in satoshis.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_block.h"
#include "cb_script.h"

#include <stdio.h>
#include <stdlib.h>

static void print_outputs(const CbTx *tx);

int
main(int argc, char **argv)
{
	static uint8_t data[CB_MAX_BLOCK_WEIGHT];
	FILE	   *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
	size_t		len;
	uint32_t	n;
	CbBlock		block;
	CbBlockTx  *txs;
	CbHash256  *scratch;

	if (file == NULL)
	{
		fprintf(stderr, "usage: %s FILE\n", argv[0]);
		return 2;
	}
	len = fread(data, 1, sizeof(data), file);
	fclose(file);
	if (cb_block_count(data, len, &n) != CB_OK)
		return 1;
	txs = malloc(n * sizeof(CbBlockTx));
	scratch = malloc(n * sizeof(CbHash256));
	if (txs == NULL || scratch == NULL || cb_block_parse(data, len, &block, txs, scratch, n) != CB_OK)
		return 1;
	for (uint32_t i = 0; i < n; i++)
		print_outputs(&txs[i].tx);
	return 0;
}

static void
print_outputs(const CbTx *tx)
{
	CbTxOutIter it = cb_tx_outputs(tx);
	CbTxOut		out;

	while (cb_tx_next_output(&it, &out))
	{
		if (cb_script_classify(out.script, NULL) != CB_SCRIPT_WITNESS_V0_KEYHASH)
			continue;
		for (size_t i = 0; i < out.script.len; i++)
			printf("%02x", out.script.data[i]);
		printf("\t%lld\n", (long long) out.value);
	}
}
