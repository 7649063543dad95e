/*-------------------------------------------------------------------------
 *
 * cb_guc_internal.h
 *	  What the files that define settings share.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_GUC_INTERNAL_H
#define CB_GUC_INTERNAL_H

#include "postgres.h"

#include "utils/guc.h"

extern void cb_guc_define_charms(void);

/* sandbox, or http[s]://host[:port][/path] without credentials; or empty. */
extern bool cb_check_node_url(char **newval, void **extra, GucSource source);
extern bool cb_check_absolute_path(char **newval, void **extra, GucSource source);
/* 64 lower-case hex digits, or empty. */
extern bool cb_check_app_vk(char **newval, void **extra, GucSource source);

#endif							/* CB_GUC_INTERNAL_H */
