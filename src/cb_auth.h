/*-------------------------------------------------------------------------
 *
 * cb_auth.h
 *	  Who may act for whom.
 *
 * An operator is a superuser, a member of the role that owns the schema, or a
 * member of the role charmbills_operator if the DBA has made one.  Any other
 * role acts for the merchants that merchant_roles gives it, and sees no
 * other's rows.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_AUTH_H
#define CB_AUTH_H

#include "postgres.h"

#include "utils/uuid.h"

#define CB_OPERATOR_ROLE "charmbills_operator"
#define CB_MONITOR_ROLE "charmbills_monitor"

extern bool cb_is_operator(void);
/* Error 42501 unless the caller is an operator. */
extern void cb_authorize_operator(void);
/* The same, but monitors pass too. */
extern void cb_authorize_monitor(void);
/* Error 42501 unless the caller may act for the merchant. */
extern void cb_authorize(const pg_uuid_t *merchant_id);
/*
 * The merchants whose rows the caller may see, as uuid[]; NULL for an operator,
 * who sees all.  SPI must be connected.
 */
extern NullableDatum cb_visible_merchants(void);
/* The same for the operators' questions: a monitor may ask about all. */
extern NullableDatum cb_counted_merchants(void);

#endif							/* CB_AUTH_H */
