/*-------------------------------------------------------------------------
 *
 * test_address_guard.c
 *	  Which addresses a merchant's URL may lead to.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_address_guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include "tap.h"

/* First and last addresses of each network, and those next to them. */
static const char *const refused[] = {
	"0.0.0.0", "0.255.255.255",
	"10.0.0.0", "10.255.255.255",
	"100.64.0.0", "100.127.255.255",
	"127.0.0.0", "127.0.0.1", "127.255.255.255",
	"169.254.0.0", "169.254.169.254", "169.254.255.255",
	"172.16.0.0", "172.31.255.255",
	"192.0.0.0", "192.0.0.255",
	"192.0.2.0", "192.0.2.255",
	"192.88.99.0", "192.88.99.255",
	"192.168.0.0", "192.168.255.255",
	"198.18.0.0", "198.19.255.255",
	"198.51.100.0", "198.51.100.255",
	"203.0.113.0", "203.0.113.255",
	"224.0.0.0", "239.255.255.255",
	"240.0.0.0", "255.255.255.254", "255.255.255.255",
	"::", "::1", "::2",
	/* IPv4 in IPv6 that nobody sends to: mapped, compatible, translated */
	"::ffff:127.0.0.1", "::ffff:10.1.2.3", "::ffff:8.8.8.8", "::127.0.0.1", "::8.8.8.8",
	"::ffff:0:8.8.8.8",
	"100::", "100::1",
	"64:ff9b::127.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b::169.254.169.254", "64:ff9b::255.255.255.255",
	"64:ff9b::1:808:808", "64:ff9b:1::808:808",
	"1fff:ffff::1",
	/* Teredo with a refused server, or client; the client is inverted */
	"2001:0:7f00:1:0:0:f7f7:f7f7", "2001:0:0808:0808:0:0:80ff:fffe", "2001:0:0808:0808:0:0:f5ff:fffe",
	"2001:1::1", "2001:2::1", "2001:10::1", "2001:20::1", "2001:1ff:ffff::1",
	"2001:db8::", "2001:db8::1", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
	"2002:7f00:1::1", "2002:a00:1::1", "2002:c0a8:101::1", "2002:a9fe:a9fe::1", "2002:e000:1::1",
	"3fff::", "3fff:fff:ffff::1",
	"4000::", "5f00::1",
	"fc00::", "fc00::1", "fd12:3456:789a::1", "fdff:ffff::1",
	"fe80::", "fe80::1", "febf:ffff::1", "fec0::1",
	"ff00::", "ff02::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
};

static const char *const taken[] = {
	"1.0.0.0", "9.255.255.255", "11.0.0.0",
	"100.63.255.255", "100.128.0.0",
	"126.255.255.255", "128.0.0.0",
	"169.253.255.255", "169.255.0.0",
	"172.15.255.255", "172.32.0.0",
	"191.255.255.255", "192.0.1.0", "192.0.3.0",
	"192.88.98.255", "192.88.100.0",
	"192.167.255.255", "192.169.0.0",
	"198.17.255.255", "198.20.0.0",
	"198.51.99.255", "198.51.101.0",
	"203.0.112.255", "203.0.114.0",
	"223.255.255.255", "8.8.8.8",
	"2000::1", "2001:200::1", "2001:db7:ffff::1", "2001:db9::1", "2606:4700::1111",
	"2a00:1450:4001::1", "3ffe:ffff::1", "3fff:1000::1",
	"64:ff9b::8.8.8.8", "2002:808:808::1", "2001:0:0808:0808:0:0:f7f7:f7f7",
};

static const char *const no_addresses[] = {
	"", "localhost", "1.2.3", "1.2.3.4.5", "8.8.8.8 ", "2606:4700::1111%eth0", "[::1]", "0x8080808",
};

/* The same address as text and as a socket has it. */
static void
judge(const char *text, bool wanted)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET,.sin_port = htons(443)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6,.sin6_port = htons(443)};

	ok(cb_address_text_is_public(text) == wanted, "%s is %s", text, wanted ? "taken" : "refused");
	if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
		ok(cb_address_is_public((const struct sockaddr *) &v4, sizeof(v4)) == wanted,
		   "%s as a socket's address", text);
	else if (inet_pton(AF_INET6, text, &v6.sin6_addr) == 1)
		ok(cb_address_is_public((const struct sockaddr *) &v6, sizeof(v6)) == wanted,
		   "%s as a socket's address", text);
	else
		ok(false, "%s is an address", text);
}

/* What cannot be judged is refused. */
static void
test_no_internet(void)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	struct sockaddr_un local = {.sun_family = AF_UNIX,.sun_path = "/tmp/socket"};

	(void) inet_pton(AF_INET, "8.8.8.8", &v4.sin_addr);
	(void) inet_pton(AF_INET6, "2606:4700::1111", &v6.sin6_addr);
	ok(cb_address_is_public((const struct sockaddr *) &v4, sizeof(v4)), "an IPv4 address");
	ok(!cb_address_is_public((const struct sockaddr *) &v4, sizeof(v4) - 1), "is none when cut short");
	ok(cb_address_is_public((const struct sockaddr *) &v6, sizeof(v6)), "an IPv6 address");
	ok(!cb_address_is_public((const struct sockaddr *) &v6, sizeof(v6) - 1), "is none when cut short");
	ok(!cb_address_is_public((const struct sockaddr *) &v6, sizeof(v4)), "even to the size of the other");
	ok(!cb_address_is_public((const struct sockaddr *) &local, sizeof(local)), "a socket of this machine");
	v4.sin_family = AF_UNSPEC;
	ok(!cb_address_is_public((const struct sockaddr *) &v4, sizeof(v4)), "an address of no family");
}

int
main(void)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		judge(refused[i], false);
	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
		judge(taken[i], true);
	for (size_t i = 0; i < sizeof(no_addresses) / sizeof(no_addresses[0]); i++)
		ok(!cb_address_text_is_public(no_addresses[i]), "\"%s\" is no address", no_addresses[i]);
	test_no_internet();
	return done();
}
