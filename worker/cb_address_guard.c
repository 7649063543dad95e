/*-------------------------------------------------------------------------
 *
 * cb_address_guard.c
 *	  Which addresses a merchant's URL may lead to: those of the public internet.
 *
 * The tables follow the registries of special-purpose addresses of RFC 6890.
 * IPv6 is judged the other way round: what is not global unicast is refused
 * without being listed.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_address_guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct Network
{
	uint8_t		prefix[16];
	int			bits;
} Network;

static const Network ipv4_refused[] = {
	{{0}, 8},					/* this network, unspecified */
	{{10}, 8},					/* private */
	{{100, 64}, 10},			/* shared by a carrier's customers */
	{{127}, 8},					/* loopback */
	{{169, 254}, 16},			/* link-local; metadata of cloud machines */
	{{172, 16}, 12},			/* private */
	{{192, 0, 0}, 24},			/* protocol assignments */
	{{192, 0, 2}, 24},			/* documentation */
	{{192, 88, 99}, 24},		/* relays of 6to4 */
	{{192, 168}, 16},			/* private */
	{{198, 18}, 15},			/* benchmarks */
	{{198, 51, 100}, 24},		/* documentation */
	{{203, 0, 113}, 24},		/* documentation */
	{{224}, 4},					/* multicast */
	{{240}, 4},					/* reserved, broadcast */
};

static const Network ipv6_refused[] = {
	{{0x20, 0x01}, 23},			/* protocol assignments; Teredo comes before */
	{{0x20, 0x01, 0x0d, 0xb8}, 32}, /* documentation */
	{{0x3f, 0xff}, 20},			/* documentation */
};

static const Network global_unicast = {{0x20}, 3};
static const Network nat64 = {{0x00, 0x64, 0xff, 0x9b}, 96};
static const Network teredo = {{0x20, 0x01, 0x00, 0x00}, 32};
static const Network six_to_four = {{0x20, 0x02}, 16};

#define LENGTH_OF(array) (sizeof(array) / sizeof((array)[0]))

static bool ipv4_is_public(const uint8_t *address);
static bool ipv6_is_public(const uint8_t *address);
static bool teredo_is_public(const uint8_t *address);
static bool is_in(const uint8_t *address, const Network *network);
static bool is_in_any(const uint8_t *address, const Network *networks, size_t n);

bool
cb_address_is_public(const struct sockaddr *address, socklen_t length)
{
	uint8_t		bytes[16];

	if (length >= (socklen_t) sizeof(struct sockaddr_in) && address->sa_family == AF_INET)
	{
		memcpy(bytes, (const char *) address + offsetof(struct sockaddr_in, sin_addr), 4);
		return ipv4_is_public(bytes);
	}
	if (length >= (socklen_t) sizeof(struct sockaddr_in6) && address->sa_family == AF_INET6)
	{
		memcpy(bytes, (const char *) address + offsetof(struct sockaddr_in6, sin6_addr), 16);
		return ipv6_is_public(bytes);
	}
	return false;
}

bool
cb_address_text_is_public(const char *text)
{
	uint8_t		bytes[16];

	if (inet_pton(AF_INET, text, bytes) == 1)
		return ipv4_is_public(bytes);
	return inet_pton(AF_INET6, text, bytes) == 1 && ipv6_is_public(bytes);
}

static bool
ipv4_is_public(const uint8_t *address)
{
	return !is_in_any(address, ipv4_refused, LENGTH_OF(ipv4_refused));
}

/* What stands for an IPv4 address is as good as that. */
static bool
ipv6_is_public(const uint8_t *address)
{
	if (is_in(address, &nat64))
		return ipv4_is_public(address + 12);
	if (is_in(address, &six_to_four))
		return ipv4_is_public(address + 2);
	if (is_in(address, &teredo))
		return teredo_is_public(address);
	return is_in(address, &global_unicast) &&
		!is_in_any(address, ipv6_refused, LENGTH_OF(ipv6_refused));
}

/* Holds its server's address, and its own with all bits turned over. */
static bool
teredo_is_public(const uint8_t *address)
{
	uint8_t		client[4];

	for (int i = 0; i < 4; i++)
		client[i] = (uint8_t) ~address[12 + i];
	return ipv4_is_public(address + 4) && ipv4_is_public(client);
}

static bool
is_in(const uint8_t *address, const Network *network)
{
	int			bytes = network->bits / 8;
	int			rest = network->bits % 8;

	if (memcmp(address, network->prefix, (size_t) bytes) != 0)
		return false;
	return rest == 0 || (address[bytes] ^ network->prefix[bytes]) >> (8 - rest) == 0;
}

static bool
is_in_any(const uint8_t *address, const Network *networks, size_t n)
{
	for (size_t i = 0; i < n; i++)
	{
		if (is_in(address, &networks[i]))
			return true;
	}
	return false;
}
