/*-------------------------------------------------------------------------
 *
 * cb_guc_charms.c
 *	  The settings of charms and their prover.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_guc.h"
#include "cb_guc_internal.h"
#include "utils/guc.h"

char	   *cb_guc_app_vk;
int			cb_guc_unknown_grace = 7 * 24 * 60 * 60;
char	   *cb_guc_prover_url;
int			cb_guc_prover_timeout = 30 * 60;
char	   *cb_guc_prover_binary_file;
int			cb_guc_spell_version = 15;
int			cb_guc_max_fee = 100000;
int			cb_guc_max_fee_rate = 500;
char	   *cb_guc_prover_fee_address;
int			cb_guc_prover_max_fee = 0;
int			cb_guc_mint_in_flight = CB_MINT_WAIT;
static bool accept_mock_spells = false;

static const struct config_enum_entry spell_version_options[] = {
	{"8", 8, false},
	{"15", 15, false},
	{NULL, 0, false}
};

static const struct config_enum_entry mint_in_flight_options[] = {
	{"wait", CB_MINT_WAIT, false},
	{"refuse", CB_MINT_REFUSE, false},
	{NULL, 0, false}
};

static void define_spell_settings(void);
static void define_prover_settings(void);
static void define_fee_settings(void);

void
cb_guc_define_charms(void)
{
	define_spell_settings();
	define_prover_settings();
	define_fee_settings();
}

bool
cb_accepts_mock_spells(void)
{
	return accept_mock_spells && cb_guc_network == CB_REGTEST;
}

bool
cb_is_sandbox_prover(void)
{
	return cb_is_sandbox() && strcmp(cb_guc_prover_url, "sandbox") == 0;
}

static void
define_spell_settings(void)
{
	DefineCustomStringVariable("charmbills.app_vk",
							   "Verification key of the Charms app that plans take where they name none.",
							   NULL,
							   &cb_guc_app_vk, "",
							   PGC_SUSET, 0, cb_check_app_vk, NULL, NULL);
	DefineCustomBoolVariable("charmbills.accept_mock_spells",
							 "Whether spells without a proof count, on regtest.",
							 "For tests alone: anybody can make such spells.",
							 &accept_mock_spells, false,
							 PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("charmbills.unknown_grace",
							"How long tokens give access after they were spent by a spell of an unsupported version.",
							NULL,
							&cb_guc_unknown_grace, 7 * 24 * 60 * 60, 0, 365 * 24 * 60 * 60,
							PGC_SUSET, GUC_UNIT_S, NULL, NULL, NULL);
	DefineCustomEnumVariable("charmbills.spell_version",
							 "Version of the Charms protocol in which spells are built.",
							 NULL,
							 &cb_guc_spell_version, 15, spell_version_options,
							 PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomEnumVariable("charmbills.mint_in_flight",
							 "Whether a mint waits or is refused while the plan's NFT is in another one.",
							 NULL,
							 &cb_guc_mint_in_flight, CB_MINT_WAIT, mint_in_flight_options,
							 PGC_SUSET, 0, NULL, NULL, NULL);
}

static void
define_prover_settings(void)
{
	DefineCustomStringVariable("charmbills.prover_url",
							   "Address of the Charms prover, or sandbox.",
							   "Empty: nothing is proved. The sandbox proves nothing either, but builds what a prover would.",
							   &cb_guc_prover_url, "",
							   PGC_SUSET, GUC_SUPERUSER_ONLY, cb_check_node_url, NULL, NULL);
	DefineCustomIntVariable("charmbills.prover_timeout",
							"Longest time that proving may take.",
							NULL,
							&cb_guc_prover_timeout, 30 * 60, 1, 24 * 60 * 60,
							PGC_SUSET, GUC_UNIT_S, NULL, NULL, NULL);
	DefineCustomStringVariable("charmbills.prover_binary_file",
							   "File with the Charms app that the prover runs.",
							   NULL,
							   &cb_guc_prover_binary_file, "",
							   PGC_SUSET, GUC_SUPERUSER_ONLY, cb_check_absolute_path, NULL, NULL);
}

static void
define_fee_settings(void)
{
	DefineCustomIntVariable("charmbills.max_fee",
							"Most sats that the transactions of one spell may pay in fees.",
							NULL,
							&cb_guc_max_fee, 100000, 1, PG_INT32_MAX,
							PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("charmbills.max_fee_rate",
							"Most sats for a virtual byte that they may pay.",
							NULL,
							&cb_guc_max_fee_rate, 500, 1, 100000,
							PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomStringVariable("charmbills.prover_fee_address",
							   "Address to which the prover may have its own fee paid.",
							   "Empty: no output may be for the prover.",
							   &cb_guc_prover_fee_address, "",
							   PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("charmbills.prover_max_fee",
							"Most sats that the prover may take there.",
							NULL,
							&cb_guc_prover_max_fee, 0, 0, PG_INT32_MAX,
							PGC_SUSET, 0, NULL, NULL, NULL);
}
