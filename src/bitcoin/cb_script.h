/*-------------------------------------------------------------------------
 *
 * cb_script.h
 *	  Output scripts: their standard classes and how they are built.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_SCRIPT_H
#define CB_SCRIPT_H

#include "cb_bytes.h"

/* The last opcode that pushes the bytes that follow it. */
#define CB_OP_PUSHDATA4 0x4e
#define CB_OP_RETURN 0x6a

/* The longest script that has an address: 1 version opcode, push, 40 bytes. */
#define CB_MAX_ADDRESS_SCRIPT 42

typedef enum CbScriptClass
{
	CB_SCRIPT_NONSTANDARD,
	CB_SCRIPT_PUBKEY,
	CB_SCRIPT_PUBKEYHASH,
	CB_SCRIPT_SCRIPTHASH,
	CB_SCRIPT_MULTISIG,
	CB_SCRIPT_NULLDATA,
	CB_SCRIPT_WITNESS_V0_KEYHASH,
	CB_SCRIPT_WITNESS_V0_SCRIPTHASH,
	CB_SCRIPT_WITNESS_V1_TAPROOT,
	CB_SCRIPT_ANCHOR,			/* pay to anchor: OP_1 <4e73> */
	CB_SCRIPT_WITNESS_UNKNOWN
} CbScriptClass;

typedef struct CbScriptBuf
{
	uint8_t		data[CB_MAX_ADDRESS_SCRIPT];
	size_t		len;
} CbScriptBuf;

/* Next opcode, and the bytes it pushes (empty for other opcodes). */
extern uint8_t cb_script_read_op(CbReader *r, CbSpan *data);

/* A public key, compressed, uncompressed or hybrid, by first byte and length alone. */
extern bool cb_script_is_key(CbSpan key);

/*
 * Class of a script; *payload (may be NULL) becomes the hash, key or witness
 * program within it, empty where there is none.
 */
extern CbScriptClass cb_script_classify(CbSpan script, CbSpan *payload);
/* As Bitcoin Core names the type: "pubkeyhash", "witness_v0_keyhash", ... */
extern const char *cb_script_class_name(CbScriptClass cls);
/* Witness version and program if the script is a witness output. */
extern bool cb_script_witness_program(CbSpan script, int *version, CbSpan *program);
extern bool cb_script_is_unspendable(CbSpan script);

extern void cb_script_p2pkh(const uint8_t hash[20], CbScriptBuf *out);
extern void cb_script_p2sh(const uint8_t hash[20], CbScriptBuf *out);
/* version 0..16, program 2..40 bytes; false otherwise. */
extern bool cb_script_witness(int version, CbSpan program, CbScriptBuf *out);

/* Below this many sats an output of this script is not relayed (3 sat/vB). */
extern int64_t cb_script_dust_limit(CbSpan script);

#endif							/* CB_SCRIPT_H */
