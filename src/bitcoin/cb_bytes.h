/*-------------------------------------------------------------------------
 *
 * cb_bytes.h
 *	  Bounded reading and writing of bytes, and the pure layers' result codes.
 *
 * A span is borrowed memory: whoever made it keeps it alive.  A reader never
 * moves past the end of its span and a writer never past its capacity: each
 * records the first failure and ignores whatever follows, so that callers
 * check once at the end.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_BYTES_H
#define CB_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What a function of the pure layers answers.  CB_OK is 0; everything else
 * says why the input was refused.  cb_result_message() puts it in words.
 */
typedef enum CbResult
{
	CB_OK = 0,
	CB_ERR_TRUNCATED,			/* input ends before the structure does */
	CB_ERR_TRAILING,			/* bytes left after the structure */
	CB_ERR_NONMINIMAL,			/* size not in its shortest form */
	CB_ERR_COUNT,				/* a count that the input cannot hold, or zero
								 * where one is needed */
	CB_ERR_LENGTH,				/* wrong length for what it is */
	CB_ERR_CAPACITY,			/* the caller's buffer is too small */
	CB_ERR_CHARACTER,			/* a character that does not belong */
	CB_ERR_CHECKSUM,			/* checksum does not match */
	CB_ERR_NETWORK,				/* valid, but for another network */
	CB_ERR_AMOUNT,				/* negative, or more than there can be */
	CB_ERR_WITNESS,				/* superfluous or unknown segwit marker */
	CB_ERR_TX_SIZE,				/* transaction larger than a block, or than
								 * nodes relay, or of 64 bytes */
	CB_ERR_BLOCK_SIZE,			/* block heavier than allowed */
	CB_ERR_COINBASE,			/* first transaction is not the coinbase, or
								 * another one is */
	CB_ERR_MERKLE_ROOT,			/* transactions do not hash to the header's
								 * root */
	CB_ERR_MERKLE_DUPLICATE,	/* duplicated transactions (CVE-2012-2459) */
	CB_ERR_WITNESS_COMMITMENT,	/* witness commitment missing or wrong */
	CB_ERR_TARGET,				/* compact target malformed or above the limit */
	CB_ERR_TARGET_CHANGE,		/* target that the network does not allow here */
	CB_ERR_PROOF_OF_WORK,		/* hash above the target */
	CB_ERR_TIME,				/* block time not after the median of the past */
	CB_ERR_ADDRESS,				/* not an address */
	CB_ERR_DESCRIPTOR,			/* malformed descriptor */
	CB_ERR_DESCRIPTOR_TYPE,		/* a descriptor function that is not supported */
	CB_ERR_DESCRIPTOR_PRIVATE,	/* contains a private key */
	CB_ERR_DESCRIPTOR_RANGE,	/* ranged where it must not be, or the reverse */
	CB_ERR_DESCRIPTOR_HARDENED, /* hardened derivation from a public key */
	CB_ERR_DESCRIPTOR_BARE_KEY, /* an extended key alone, without a function */
	CB_ERR_KEY,					/* not a valid public key */
	CB_ERR_INDEX,				/* derivation index out of range */
	CB_ERR_SIGNATURE,			/* malformed signature */
	CB_ERR_PSBT,				/* malformed PSBT, or a field not as it must be */
	CB_ERR_PSBT_VERSION,		/* PSBT of another version than 0 */
	CB_ERR_PSBT_DUPLICATE,		/* a key twice in one map of a PSBT */
	CB_ERR_PSBT_UTXO,			/* a PSBT's previous transaction is not the one
								 * that its input spends */
	CB_ERR_PSBT_NOT_FINAL,		/* an input of a PSBT is not final */
	CB_ERR_PSBT_OTHER_TX,		/* PSBTs of different transactions */
	CB_ERR_SIGHASH,				/* signature that leaves something unsigned */
	CB_ERR_CBOR,				/* malformed CBOR, or CBOR that the canonical
								 * rules do not allow */
	CB_ERR_CBOR_TYPE,			/* a CBOR value of another type than wanted */
	CB_ERR_CBOR_DEPTH,			/* CBOR nested too deeply */
	CB_ERR_CBOR_DUPLICATE,		/* a key twice in one CBOR map */
	CB_ERR_POINT_RANGE,			/* coordinate not below the field's modulus */
	CB_ERR_POINT_CURVE,			/* point not on its curve */
	CB_ERR_POINT_SUBGROUP,		/* point outside the prime-order subgroup */
	CB_ERR_POINT_INFINITY,		/* point at infinity where none may be */
	CB_ERR_POINT_ENCODING,		/* flags or padding that no encoder writes */
	CB_ERR_SCALAR,				/* public input not below the group's order */
	CB_ERR_PROOF,				/* well-formed proof of something else */
	CB_ERR_PROOF_KEY,			/* proof made for another key */
	CB_ERR_UNSUPPORTED			/* well formed, but of a kind not handled */
} CbResult;

extern const char *cb_result_message(CbResult result);

typedef struct CbSpan
{
	const uint8_t *data;
	size_t		len;
} CbSpan;

/* Reads forward through a span; error is the first failure and stays. */
typedef struct CbReader
{
	const uint8_t *pos;
	const uint8_t *end;
	CbResult	error;
} CbReader;

/* Appends to the caller's buffer; error becomes CB_ERR_CAPACITY when full. */
typedef struct CbWriter
{
	uint8_t    *data;
	size_t		len;
	size_t		capacity;
	CbResult	error;
} CbWriter;

extern bool cb_span_equal(CbSpan a, CbSpan b);

extern CbReader cb_reader(const uint8_t *data, size_t len);
extern size_t cb_reader_left(const CbReader *r);
extern uint8_t cb_read_u8(CbReader *r);
extern uint16_t cb_read_u16(CbReader *r);	/* little-endian, as all below */
extern uint32_t cb_read_u32(CbReader *r);
extern uint64_t cb_read_u64(CbReader *r);
/* Compact size in its shortest form only, else CB_ERR_NONMINIMAL. */
extern uint64_t cb_read_compact_size(CbReader *r);
/*
 * A compact size that counts items of at least min_item_size bytes each;
 * more than the rest of the span could hold is CB_ERR_COUNT.
 */
extern uint64_t cb_read_count(CbReader *r, size_t min_item_size);
extern CbSpan cb_read_bytes(CbReader *r, size_t len);
/* Compact size, then so many bytes. */
extern CbSpan cb_read_var_bytes(CbReader *r);
extern void cb_read_copy(CbReader *r, uint8_t *dst, size_t len);

extern CbWriter cb_writer(uint8_t *data, size_t capacity);
extern void cb_write_u8(CbWriter *w, uint8_t v);
extern void cb_write_u16(CbWriter *w, uint16_t v);
extern void cb_write_u32(CbWriter *w, uint32_t v);
extern void cb_write_u64(CbWriter *w, uint64_t v);
extern void cb_write_compact_size(CbWriter *w, uint64_t v);
extern void cb_write_bytes(CbWriter *w, const void *src, size_t len);
/* Compact size, then the bytes. */
extern void cb_write_var_bytes(CbWriter *w, CbSpan bytes);

extern uint32_t cb_load_le32(const uint8_t *p);
extern void cb_store_le32(uint8_t *p, uint32_t v);

/*
 * Hex.  Decoding takes 2 * n hex digits of either case and nothing else, and
 * writes n bytes; CB_ERR_LENGTH when odd or over capacity, CB_ERR_CHARACTER
 * else.  Encoding writes lower case and no terminator.  The _reversed forms
 * are for hashes, which Bitcoin shows last byte first.
 */
extern CbResult cb_hex_decode(const char *hex, size_t hex_len, uint8_t *out, size_t capacity, size_t *written);
extern void cb_hex_encode(const uint8_t *data, size_t len, char *out);
extern CbResult cb_hex_decode_reversed(const char *hex, size_t hex_len, uint8_t *out, size_t len);
extern void cb_hex_encode_reversed(const uint8_t *data, size_t len, char *out);

#endif							/* CB_BYTES_H */
