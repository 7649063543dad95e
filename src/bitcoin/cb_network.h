/*-------------------------------------------------------------------------
 *
 * cb_network.h
 *	  The five Bitcoin networks and what differs between them.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_NETWORK_H
#define CB_NETWORK_H

#include "cb_hash.h"

typedef enum CbNetworkId
{
	CB_MAINNET,
	CB_TESTNET3,
	CB_TESTNET4,
	CB_SIGNET,
	CB_REGTEST
} CbNetworkId;

#define CB_NUM_NETWORKS 5

typedef struct CbNetwork
{
	CbNetworkId id;
	const char *name;			/* as charmbills.network spells it */
	const char *core_name;		/* as getblockchaininfo.chain spells it */
	uint8_t		p2pkh_prefix;	/* base58check version bytes */
	uint8_t		p2sh_prefix;
	uint32_t	xpub_version;	/* BIP-32 public and private version bytes */
	uint32_t	xprv_version;
	const char *hrp;			/* bech32 human-readable part */
	CbHash256	genesis;		/* hash of block 0, wire order */
	uint32_t	pow_limit_bits; /* easiest target, compact */
	bool		allow_min_difficulty;	/* 20-minute rule of the test networks */
	bool		no_retargeting; /* regtest: the target never changes */
	bool		enforce_bip94;	/* testnet4: retarget from the first block of
								 * the period, which must not be before its
								 * predecessor less 10 minutes */
} CbNetwork;

extern const CbNetwork *cb_network(CbNetworkId id);
/* NULL where the name is unknown. */
extern const CbNetwork *cb_network_by_name(const char *name);

#endif							/* CB_NETWORK_H */
