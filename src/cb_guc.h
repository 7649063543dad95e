/*-------------------------------------------------------------------------
 *
 * cb_guc.h
 *	  The settings charmbills.*, as the code reads them.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_GUC_H
#define CB_GUC_H

#include "postgres.h"

#include "bitcoin/cb_network.h"

extern int	cb_guc_network;		/* CbNetworkId */
extern char *cb_guc_rpc_url;
extern char *cb_guc_rpc_user;
extern char *cb_guc_rpc_password_file;
extern char *cb_guc_rpc_cookie_file;
extern int	cb_guc_rpc_timeout; /* s */
extern char *cb_guc_webhook_ca_file;
extern char *cb_guc_databases;
extern int	cb_guc_poll_interval;	/* s */
extern int	cb_guc_mempool_interval;	/* s */
extern int	cb_guc_confirmations;
extern int	cb_guc_max_reorg_depth; /* blocks */
extern int	cb_guc_max_stale;	/* s */
extern int	cb_guc_quote_validity;	/* s */
extern int	cb_guc_index_jump;
extern int	cb_guc_start_height;	/* -1: the tip less max_reorg_depth */
extern char *cb_guc_checkpoint; /* 'height:hash' or empty */
extern bool cb_guc_jobs;
extern char *cb_guc_secret_file;	/* empty: charmbills.key in the data directory */
extern bool cb_guc_webhook_allow_private;
extern int	cb_guc_log_level;
extern char *cb_guc_app_vk;		/* 64 hex digits or empty */
extern int	cb_guc_unknown_grace;	/* s */
extern char *cb_guc_prover_url; /* empty: there is none */
extern int	cb_guc_prover_timeout;	/* s */
extern char *cb_guc_prover_binary_file;
extern int	cb_guc_spell_version;	/* 8 or 15 */
extern int	cb_guc_max_fee;		/* sats */
extern int	cb_guc_max_fee_rate;	/* sats for a virtual byte */
extern char *cb_guc_prover_fee_address;
extern int	cb_guc_prover_max_fee;	/* sats */
extern int	cb_guc_mint_in_flight;	/* CbMintInFlight */

/* What becomes of a mint while the plan's NFT is in another one. */
typedef enum CbMintInFlight
{
	CB_MINT_WAIT,
	CB_MINT_REFUSE
} CbMintInFlight;

extern void cb_guc_define(void);

/* The password itself: SHOW and pg_settings see only a mask. */
extern const char *cb_rpc_password(void);

/* The network that charmbills.network names. */
extern const CbNetwork *cb_current_network(void);
/* True where the chain lives inside the database. */
extern bool cb_is_sandbox(void);
/* True where spells without a proof count: on regtest, where that is set. */
extern bool cb_accepts_mock_spells(void);
/* True where spells are proved by the sandbox itself, without a proof. */
extern bool cb_is_sandbox_prover(void);

#endif							/* CB_GUC_H */
