/* t_network.c -- which ways the operator lets the fetches go. */
#include "unit.h"
#include "network.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

static struct sockaddr_storage at;

static const struct sockaddr *
address(const char *text)
{
	struct sockaddr_in *four = (struct sockaddr_in *)&at;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)&at;
	memset(&at, 0, sizeof(at));
	at.ss_family = strchr(text, ':') ? AF_INET6 : AF_INET;
	void *place = at.ss_family == AF_INET ? (void *)&four->sin_addr : (void *)&six->sin6_addr;
	assert_int_equal(inet_pton(at.ss_family, text, place), 1);
	return (const struct sockaddr *)&at;
}

static bool
allows(const struct lr_network *network, const char *text)
{
	bool by_address = lr_network_refuses(network, address(text)) == NULL;
	assert_int_equal(lr_network_allows(network, text), by_address);
	return by_address;
}

static void
families(void **state)
{
	(void)state;
	struct lr_network *four = lr_network_new(true, false, NULL);
	struct lr_network *six = lr_network_new(false, true, NULL);
	assert_true(allows(NULL, "192.0.2.1") && allows(NULL, "2001:db8::1"));
	assert_true(allows(four, "192.0.2.1") && !allows(four, "2001:db8::1"));
	assert_true(!allows(six, "192.0.2.1") && allows(six, "2001:db8::1"));
	/* that is IPv4, however it is written */
	assert_true(allows(four, "::ffff:192.0.2.1") && !allows(six, "::ffff:192.0.2.1"));
	assert_true(lr_network_allows(four, "www.example"));
	lr_network_unref(four);
	lr_network_unref(six);
	lr_network_unref(NULL);
}

/* Blocks of whole octets, of bits within one, of all and of none. */
static void
not_asked(void **state)
{
	static const struct {
		const char *block, *inside, *outside;
	} cases[] = {
	    {"192.0.2.0/24", "192.0.2.255", "192.0.3.0"},
	    {"192.0.2.128/25", "192.0.2.128", "192.0.2.127"},
	    {"192.0.2.7", "192.0.2.7", "192.0.2.6"},
	    {"192.0.2.7/32", "::ffff:192.0.2.7", "::ffff:192.0.2.8"},
	    {"0.0.0.0/0", "203.0.113.1", "2001:db8::1"},
	    {"2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::1"},
	    {"::/0", "2001:db8::1", "192.0.2.1"},
	    {"2001:db8::1", "2001:db8::1", "2001:db8::2"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct lr_network *network = lr_network_new(true, true, NULL);
		assert_int_equal(lr_network_add_not_asked(network, cases[i].block, NULL), LR_OK);
		if (allows(network, cases[i].inside) || !allows(network, cases[i].outside))
			fail_msg("%s", cases[i].block);
		lr_network_unref(network);
	}
}

static void
malformed(void **state)
{
	static const char *const texts[] = {"", "/", "192.0.2.0/33", "192.0.2.0/", "192.0.2.0/x",
	    "192.0.2.0/-1", "192.0.2", "2001:db8::/129", "eth0", "192.0.2.1@53", "192.0.2.1 "};
	struct lr_network *network = lr_network_new(true, true, NULL);
	struct lr_error err;
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		assert_int_equal(lr_network_add_not_asked(network, texts[i], &err), LR_EUSAGE);
		assert_int_equal(lr_network_add_outgoing(network, texts[i], &err), LR_EUSAGE);
	}
	assert_true(allows(network, "192.0.2.1"));
	lr_network_unref(network);
}

static uint16_t next_number;

static bool
numbers(void *arg, uint16_t *number)
{
	(void)arg;
	*number = next_number;
	next_number = (uint16_t)(next_number * 31 + 7);
	return true;
}

static const struct lr_io io = {.cancel_fd = -1, .random16 = numbers};

static uint32_t
bound(const struct lr_network *network)
{
	struct sockaddr_in here = {.sin_family = AF_INET};
	socklen_t size = sizeof(here);
	struct lr_error err;
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	if (lr_network_bind(network, fd, AF_INET, &io, &err) != LR_OK)
		fail_msg("%s", err.text);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&here, &size), 0);
	close(fd);
	return ntohl(here.sin_addr.s_addr);
}

static void
outgoing(void **state)
{
	struct lr_network *network = lr_network_new(true, true, "http://192.0.2.1:3128");
	struct lr_error err;
	unsigned seen = 0;
	(void)state;
	assert_string_equal(lr_network_proxy(network), "http://192.0.2.1:3128");
	assert_int_equal(bound(NULL), 0);
	assert_int_equal(bound(network), 0);
	assert_int_equal(lr_network_add_outgoing(network, "127.0.0.2", NULL), LR_OK);
	assert_int_equal(bound(network), 0x7f000002);
	assert_true(allows(network, "192.0.2.1") && !allows(network, "2001:db8::1"));
	assert_int_equal(lr_network_add_outgoing(network, "127.0.0.3", NULL), LR_OK);
	for (unsigned i = 0; i < 64; i++)
		seen |= 1u << (bound(network) & 3);
	assert_int_equal(seen, 1 << 2 | 1 << 3);
	lr_network_unref(network);

	network = lr_network_new(true, true, NULL); /* a block: its addresses by chance */
	assert_int_equal(lr_network_add_outgoing(network, "127.7.0.0/20", NULL), LR_OK);
	uint32_t first = bound(network), differ = 0;
	for (unsigned i = 0; i < 64; i++) {
		uint32_t one = bound(network);
		assert_int_equal(one >> 12, 0x7f070000 >> 12);
		differ |= one ^ first;
	}
	assert_true(differ > 0xff);
	lr_network_unref(network);

	network = lr_network_new(true, true, NULL);
	assert_int_equal(lr_network_add_outgoing(network, "192.0.2.1", NULL), LR_OK);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(lr_network_bind(network, fd, AF_INET, &io, &err), LR_EIO);
	assert_non_null(strstr(err.text, "cannot connect from 192.0.2.1: "));
	close(fd);
	lr_network_unref(network);
}

UNIT_TESTS(NULL, NULL, TEST(families), TEST(not_asked), TEST(malformed), TEST(outgoing))
