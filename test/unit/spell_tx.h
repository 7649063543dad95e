/*-------------------------------------------------------------------------
 *
 * spell_tx.h
 *	  Transactions that carry spells, for tests: real ones, and ones made of
 *	  pieces in hexadecimal that can be put together in right and wrong ways.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPELL_TX_H
#define SPELL_TX_H

#include "bitcoin/cb_tx.h"
#include "vectors.h"

/* Arrays of 32 bytes as serde writes them. */
#define ZEROS_31 "00000000000000000000000000000000000000000000000000000000000000"
#define ZEROS_32 ZEROS_31 "00"
#define A32_1 "9820" "11" ZEROS_31
#define A32_2 "9820" "12" ZEROS_31
/* Greater than the others as bytes, and than any as CBOR. */
#define A32_F "9820" "18ff" ZEROS_31

/* Fields of spells, whose values are given. */
#define VERSION(v) "6776657273696f6e" #v
#define TX(fields) "627478" fields
#define INS(items) "63696e73" items
#define REFS(items) "6472656673" items
#define OUTS(items) "646f757473" items
#define BEAMED "6b6265616d65645f6f757473"
#define COINS(items) "65636f696e73" items
#define SCROLLS "677363726f6c6c73"
#define APPS(entries) "716170705f7075626c69635f696e70757473" entries
#define APP(tag, identity, vk) "83" tag identity vk
#define VERSIONED_KEY "6e76657273696f6e65645f61707073"
#define WASM_HASH "697761736d5f68617368" A32_2
#define VERSIONED_APP(vk) vk "a2" VERSION(01) WASM_HASH
#define VERSIONED VERSIONED_KEY "a1" VERSIONED_APP(A32_1)
#define MOCK "646d6f636bf5"

#define ONE_APP "a1" APP("6174", A32_1, A32_1) "f6"
#define ONE_NFT "a1" APP("616e", A32_1, A32_1) "f6"
#define TWO_APPS "a2" APP("616e", A32_1, A32_1) "f6" APP("6174", A32_1, A32_1) "f6"

#define PROOF "83010218ff"
#define PAIR(spell) "82" spell PROOF
#define SPELL "a3" VERSION(0f) TX("a1" OUTS("80")) APPS("a0")

/* Every field that there is; output 1 has two charms, the second an amount. */
#define FULL_PAYLOAD \
	PAIR("a5" VERSION(0f) \
		TX("a4" REFS("81" "5824" ZEROS_32 "01000000") OUTS("82a0" "a2" "00" "a1616100" "01" "1bffffffffffffffff") \
			BEAMED "a101" A32_1 SCROLLS "8101") \
		APPS(TWO_APPS) VERSIONED MOCK)

/* Arrays within arrays, where five levels are around them already. */
#define NESTED_8 "8181818181818181"
#define NESTED_65 NESTED_8 NESTED_8 NESTED_8 NESTED_8 NESTED_8 NESTED_8 NESTED_8 NESTED_8 "8100"

#define BYTES_51 "010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101"
#define BYTES_357 BYTES_51 BYTES_51 BYTES_51 BYTES_51 BYTES_51 BYTES_51 BYTES_51

/* Tapscripts with their lengths; the payload is an empty spell of version 15. */
#define SMALL_PAYLOAD "82" SPELL "80"
#define SMALL_PAYLOAD_SIZE "29"
#define WITNESS_SCRIPT "33" "0063057370656c6c" SMALL_PAYLOAD_SIZE SMALL_PAYLOAD "68"
#define WITNESS_IN_PIECES "37" "0063057370656c6c" "4c0182" "00" "27" SPELL "0180" "68"
#define CONTROL "21" "c0" ZEROS_32
#define CONTROL_ODD "21" "c1" ZEROS_32
#define CONTROL_OTHER "21" "c2" ZEROS_32
#define CONTROL_TWO "41" "c0" ZEROS_32 ZEROS_32

/* What the transactions below spend, and pay first, as proofs have it. */
#define FIRST_INPUT "5824" "aa" ZEROS_31 "01000000"
#define SECOND_INPUT "5824" "bb" ZEROS_31 "02000000"
#define FIRST_COIN "a2" "66616d6f756e74" "1903e8" "6464657374" "82" "1851" "18ac"

typedef struct SpellTx
{
	uint8_t    *data;
	CbTx		tx;
	CbWriter	joined;			/* for the payload, of the size that suffices */
} SpellTx;

static inline void
spell_tx_parse(SpellTx *stx, uint8_t *data, size_t len)
{
	stx->data = data;
	if (cb_tx_parse(data, len, &stx->tx) != CB_OK)
		abort();
	stx->joined = cb_writer(malloc(stx->tx.witness.len + 1), stx->tx.witness.len);
}

static inline void
spell_tx_from_hex(SpellTx *stx, const char *hex)
{
	size_t		len;
	uint8_t    *data = hex_bytes(hex, &len);

	spell_tx_parse(stx, data, len);
}

static inline void
spell_tx_free(SpellTx *stx)
{
	free(stx->data);
	free(stx->joined.data);
}

static inline void
spell_tx_write_hex(CbWriter *w, const char *hex)
{
	size_t		len;
	uint8_t    *bytes = hex_bytes(hex, &len);

	cb_write_bytes(w, bytes, len);
	free(bytes);
}

static inline void
spell_tx_write_output(CbWriter *w, const char *script)
{
	cb_write_u64(w, 1000);
	cb_write_compact_size(w, strlen(script) / 2);
	spell_tx_write_hex(w, script);
}

/* Two inputs, and n outputs; a witness, unless NULL, for the second input. */
static inline void
spell_tx_build(SpellTx *stx, const char *const *scripts, size_t n, const char *witness)
{
	size_t		capacity = 1000;
	CbWriter	w;

	for (size_t i = 0; i < n; i++)
		capacity += strlen(scripts[i]);
	w = cb_writer(malloc(capacity), capacity);
	cb_write_u32(&w, 2);
	if (witness != NULL)
		cb_write_bytes(&w, "\0\1", 2);
	cb_write_u8(&w, 2);
	spell_tx_write_hex(&w, "aa" ZEROS_31 "01000000" "00" "ffffffff");
	spell_tx_write_hex(&w, "bb" ZEROS_31 "02000000" "00" "ffffffff");
	cb_write_compact_size(&w, n);
	for (size_t i = 0; i < n; i++)
		spell_tx_write_output(&w, scripts[i]);
	if (witness != NULL)
	{
		cb_write_u8(&w, 0);
		spell_tx_write_hex(&w, witness);
	}
	cb_write_u32(&w, 0);
	/* In a buffer of exactly its size, for the sanitizer. */
	spell_tx_parse(stx, realloc(w.data, w.len), w.len);
}

static inline void
spell_tx_with_outputs(SpellTx *stx, const char *first, const char *second)
{
	const char *scripts[] = {first, second};

	spell_tx_build(stx, scripts, 2, NULL);
}

/* Two outputs before the one that carries the payload. */
static inline void
spell_tx_with_payload(SpellTx *stx, const char *payload)
{
	size_t		len = strlen(payload);
	char	   *script = malloc(len + 30);
	const char *scripts[] = {"51ac", "52", script};

	snprintf(script, len + 30, "6a057370656c6c4e%02x%02x%02x%02x%s", (unsigned) (len / 2 & 0xff),
			 (unsigned) (len / 2 >> 8 & 0xff), (unsigned) (len / 2 >> 16 & 0xff), (unsigned) (len / 2 >> 24), payload);
	spell_tx_build(stx, scripts, 3, NULL);
	free(script);
}

static inline void
spell_tx_with_witness(SpellTx *stx, const char *script, const char *witness)
{
	spell_tx_build(stx, &script, 1, witness);
}

#endif							/* SPELL_TX_H */
