/*-------------------------------------------------------------------------
 *
 * cb_address_guard.h
 *	  Which addresses a merchant's URL may lead to: those of the public internet.
 *
 * Pure: knows nothing of PostgreSQL or libcurl.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_ADDRESS_GUARD_H
#define CB_ADDRESS_GUARD_H

#include <stdbool.h>
#include <sys/socket.h>

/*
 * False for loopback, private, link-local, shared, multicast, reserved and
 * documentation addresses, for IPv6 forms that stand for such an IPv4 address,
 * and for everything that is neither IPv4 nor IPv6.
 */
extern bool cb_address_is_public(const struct sockaddr *address, socklen_t length);

/* The same for an address in its usual spelling; false for what is none. */
extern bool cb_address_text_is_public(const char *text);

#endif							/* CB_ADDRESS_GUARD_H */
