/*-------------------------------------------------------------------------
 *
 * cb_descriptor.h
 *	  Output descriptors (BIP-380 to 386) and public derivation (BIP-32).
 *
 * Only public, unhardened descriptors: pkh, wpkh, sh(wpkh), tr with a key
 * only, wsh(sortedmulti).  A private key anywhere is CB_ERR_DESCRIPTOR_PRIVATE
 * and no error ever carries a part of the text.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_DESCRIPTOR_H
#define CB_DESCRIPTOR_H

#include "cb_network.h"
#include "cb_script.h"

#define CB_DESCRIPTOR_MAX_KEYS 15	/* of wsh(sortedmulti) */
#define CB_DESCRIPTOR_MAX_PATH 10	/* steps after an xpub, before the wildcard */
#define CB_DESCRIPTOR_MAX_ORIGIN 10 /* steps to an xpub that are remembered */
#define CB_DESCRIPTOR_MAX_TEXT 4096

typedef enum CbDescriptorType
{
	CB_DESC_PKH,
	CB_DESC_WPKH,
	CB_DESC_SH_WPKH,
	CB_DESC_TR,
	CB_DESC_WSH_SORTEDMULTI
} CbDescriptorType;

/*
 * A key with its fixed steps already taken: what remains is the key itself,
 * or its children by index.  Where only its x coordinate matters, y is even.
 */
typedef struct CbDescriptorKey
{
	uint8_t		pubkey[33];		/* compressed */
	uint8_t		chain_code[32]; /* zero unless ranged */
	bool		is_ranged;		/* text ended in a wildcard */
	bool		has_origin;		/* unless its steps are too many */
	uint8_t		fingerprint[4]; /* of the master key or, where the text does not
								 * say, of the key that it begins with */
	uint8_t		n_steps;
	uint32_t	path[CB_DESCRIPTOR_MAX_ORIGIN + CB_DESCRIPTOR_MAX_PATH];	/* from there to here */
} CbDescriptorKey;

typedef struct CbDescriptor
{
	CbDescriptorType type;
	int			threshold;		/* of sortedmulti, else 0 */
	int			n_keys;
	CbDescriptorKey keys[CB_DESCRIPTOR_MAX_KEYS];	/* sorted, the rest zero */
	bool		is_ranged;		/* some key is */
} CbDescriptor;

/*
 * Parse a descriptor of a network (its xpub version).  A checksum is verified
 * when given.  Whatever else is wrong, a private key is reported first, then
 * the length and the checksum.
 *
 * CB_ERR_DESCRIPTOR_PRIVATE, _TYPE (a function, or a use of one, that is not
 * supported), _HARDENED, _BARE_KEY (also of SLIP-132 keys such as zpub);
 * CB_ERR_NETWORK (another network's xpub); CB_ERR_UNSUPPORTED (a SLIP-132 key
 * within a function, an uncompressed key, a multipath step, too many keys or
 * steps); CB_ERR_KEY, CB_ERR_INDEX, CB_ERR_COUNT (threshold), CB_ERR_CHECKSUM,
 * CB_ERR_LENGTH; CB_ERR_DESCRIPTOR for everything else.
 */
extern CbResult cb_descriptor_parse(const char *text, size_t len, const CbNetwork *net, CbDescriptor *desc);

/*
 * Script at an index below 2^31.  A descriptor without wildcard has index 0
 * only, else CB_ERR_INDEX.
 */
extern CbResult cb_descriptor_script(const CbDescriptor *desc, uint32_t index, CbScriptBuf *script);

/* The longest script of keys: threshold, keys, their number, an opcode. */
#define CB_DESCRIPTOR_MAX_WITNESS_SCRIPT (1 + CB_DESCRIPTOR_MAX_KEYS * (1 + 33) + 1 + 1)

/* What a signer must know of one script; what the type does not have is empty. */
typedef struct CbDescriptorSpend
{
	uint8_t		pubkeys[CB_DESCRIPTOR_MAX_KEYS][33];	/* in the order of the descriptor's */
	CbScriptBuf redeem_script;
	uint8_t		witness_script[CB_DESCRIPTOR_MAX_WITNESS_SCRIPT];
	size_t		witness_script_len;
} CbDescriptorSpend;

/* The same for how the script at an index is spent. */
extern CbResult cb_descriptor_spend(const CbDescriptor *desc, uint32_t index, CbDescriptorSpend *spend);

/*
 * The text that identifies the set of scripts: without origins and checksum,
 * keys of sortedmulti sorted, fixed steps taken.  Two descriptors of the same
 * scripts written differently have the same canonical text.  Terminated.
 */
extern CbResult cb_descriptor_canonical(const CbDescriptor *desc, const CbNetwork *net, char *out, size_t capacity);

/* BIP-380 checksum of a descriptor without one: 8 characters, terminated. */
extern CbResult cb_descriptor_checksum(const char *text, size_t len, char out[9]);

/*
 * BIP-32 public derivation of one unhardened step.  CB_ERR_KEY for the parent,
 * CB_ERR_INDEX for a hardened index or the rare one that has no key.  The child
 * may take the parent's place.
 */
extern CbResult cb_bip32_derive(const uint8_t pubkey[33], const uint8_t chain_code[32], uint32_t index, uint8_t child_pubkey[33], uint8_t child_chain_code[32]);

/* True where the text contains something that looks like a private key. */
extern bool cb_text_has_private_key(const char *text, size_t len);

#endif							/* CB_DESCRIPTOR_H */
