/* t_uri.c -- where a zone can be had. */
#include "unit.h"

#include "uri.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static void
good(void **state)
{
	static const struct {
		const char *text;
		struct lr_uri uri;
	} cases[] = {
	    {"file:/var/lib/root.zone", {.scheme = LR_FILE, .path = "/var/lib/root.zone"}},
	    {"file:///root.zone", {.scheme = LR_FILE, .path = "/root.zone"}},
	    {"FILE:/a b%20ü", {.scheme = LR_FILE, .path = "/a b%20ü"}},
	    {"axfr:192.0.32.132", {.scheme = LR_AXFR, .port = 53, .host = "192.0.32.132"}},
	    {"axfr:2001:db8::1@5353", {.scheme = LR_AXFR, .port = 5353, .host = "2001:db8::1"}},
	    {"Axfr:xfr.lax.dns.icann.org.",
		{.scheme = LR_AXFR, .port = 53, .host = "xfr.lax.dns.icann.org."}},
	    {"axfr:a-1._x@1", {.scheme = LR_AXFR, .port = 1, .host = "a-1._x"}},
	    {"ixfr:192.0.2.1@65535", {.scheme = LR_IXFR, .port = 65535, .host = "192.0.2.1"}},
	    {"xot:192.0.2.1", {.scheme = LR_XOT, .port = 853, .host = "192.0.2.1"}},
	    {"xot:2001:db8::1@8853#ns.example.net",
		{.scheme = LR_XOT, .port = 8853, .host = "2001:db8::1", .name = "ns.example.net"}},
	    {"xot:192.0.2.1#ns.example.net",
		{.scheme = LR_XOT, .port = 853, .host = "192.0.2.1", .name = "ns.example.net"}},
	    {"https://www.internic.net/domain/root.zone", {.scheme = LR_HTTPS,
							      .port = 443,
							      .host = "www.internic.net",
							      .path = "/domain/root.zone"}},
	    {"https://a.example:8443",
		{.scheme = LR_HTTPS, .port = 8443, .host = "a.example", .path = "/"}},
	    {"https://[2001:db8::1]:444/z?a=1",
		{.scheme = LR_HTTPS, .port = 444, .host = "2001:db8::1", .path = "/z?a=1"}},
	    {"https://a.example/z@192.0.2.7", {.scheme = LR_HTTPS,
						  .port = 443,
						  .host = "a.example",
						  .path = "/z",
						  .address = "192.0.2.7"}},
	    {"https://a.example:8443@2001:db8::7", {.scheme = LR_HTTPS,
						       .port = 8443,
						       .host = "a.example",
						       .path = "/",
						       .address = "2001:db8::7"}},
	    {"https://[2001:db8::1]/z@1.2.3.4@::1", {.scheme = LR_HTTPS,
							.port = 443,
							.host = "2001:db8::1",
							.path = "/z@1.2.3.4",
							.address = "::1"}},
	    {"http://a.example/z",
		{.scheme = LR_HTTP, .port = 80, .host = "a.example", .path = "/z"}},
	    {"HTTP://[2001:db8::1]:8080/z.gz@192.0.2.7", {.scheme = LR_HTTP,
							     .port = 8080,
							     .host = "2001:db8::1",
							     .path = "/z.gz",
							     .address = "192.0.2.7"}},
	    /* draft-hardaker-dnsop-dns-xfr-scheme */
	    {"axfr:b.root-servers.net/.",
		{.scheme = LR_AXFR, .port = 53, .host = "b.root-servers.net"}},
	    {"axfr:192.0.2.1:5353/.", {.scheme = LR_AXFR, .port = 5353, .host = "192.0.2.1"}},
	    {"ixfr:[2001:db8::1]/.", {.scheme = LR_IXFR, .port = 53, .host = "2001:db8::1"}},
	    {"xot:[2001:db8::1]:8853/.", {.scheme = LR_XOT, .port = 8853, .host = "2001:db8::1"}},
	    {"xot:192.0.2.1/.#ns.example",
		{.scheme = LR_XOT, .port = 853, .host = "192.0.2.1", .name = "ns.example"}},
	    {"https://a.example/z@home",
		{.scheme = LR_HTTPS, .port = 443, .host = "a.example", .path = "/z@home"}},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct lr_uri uri;
		struct lr_error err = {.text = ""};
		const struct lr_uri *want = &cases[i].uri;
		if (lr_uri_parse(cases[i].text, &uri, &err) != LR_OK)
			fail_msg("%s: %s", cases[i].text, err.text);
		assert_int_equal(uri.scheme, want->scheme);
		assert_int_equal(uri.port, want->port);
		assert_string_equal(uri.host, want->host);
		assert_string_equal(uri.path, want->path);
		assert_string_equal(uri.name, want->name);
		assert_string_equal(uri.address, want->address);
		assert_string_equal(uri.text, cases[i].text);
	}
}

static void
bad(void **state)
{
	static const char *const cases[] = {"", "axfr", "root.zone", "/root.zone",
	    "https:/a.example", "http:/a.example", "http://", "http://a.example:0/",
	    "axfr:b.example/", "axfr:b.example/example.", "axfr:b.example/..", "axfr:/.",
	    "axfr:b.example:/.", "axfr:b.example:0/.", "axfr:b.example:53x/.", "axfr:2001:db8::1/.",
	    "axfr:[2001:db8::1/.", "axfr:[2001:db8::1]x/.", "axfr:[192.0.2.1]/.",
	    "axfr:[b.example]/.", "axfr:b.example@53/.", "axfr:[2001:db8::1]",
	    "axfr:[2001:db8::1]:53", "axfr:b.example:53", "axfr:b.example/.#name",
	    "xot:b.example/.#", "xot:ns.zone.example:8853/zone.example.", "ftp:/x",
	    "file:", "file:root.zone", "file://host/x", "file:////x", "file:/dir/",
	    "axfr:", "axfr:@53", "axfr:1.2.3", "axfr:1.2.3.4.5", "axfr:192.0.2.300", "axfr:1:2",
	    "axfr:a..b", "axfr:.a", "axfr:-a.example", "axfr:a-.example", "axfr:a.example-",
	    "axfr:a b", "axfr:[::1]", "axfr:::1%eth0", "axfr:a.example@", "axfr:a.example@0",
	    "axfr:a.example@65536", "axfr:a.example@+53", "axfr:a.example@53x",
	    "axfr:a.example@000053", "axfr:a.example#b", "xot:a.example#", "xot:a.example#b c",
	    "xot:a.example@#b", "axfr:a\nb", "file:/a\tb", "https://", "https:///x",
	    "https://a.example:/x", "https://a.example:x/", "https://u@a.example/", "https://[::1/",
	    "https://[1.2.3.4]/", "https://[::1]x/", "https://a.example/a b",
	    "https://a.example/x#y", "https://a.example@b/", "https://a.example@1.2.3.4/x",
	    "https://a.example:443@x",
	    "axfr:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example"};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct lr_uri uri = {.port = 77};
		struct lr_error err = {.text = ""};
		if (lr_uri_parse(cases[i], &uri, &err) != LR_EUSAGE)
			fail_msg("taken: %s", cases[i]);
		assert_int_equal(uri.port, 77); /* outputs on success only */
		assert_non_null(strchr(err.text, '"'));
	}
}

static void
error_quotes_the_text(void **state)
{
	struct lr_uri uri;
	struct lr_error err;
	(void)state;
	assert_int_equal(lr_uri_parse("axfr:192.0.2.300", &uri, &err), LR_EUSAGE);
	assert_string_equal(err.text, "\"axfr:192.0.2.300\": neither an address nor a host name");
}

static void
too_long(void **state)
{
	char text[4096];
	struct lr_uri uri;
	(void)state;
	for (size_t size = 1000; size < sizeof(text); size++) {
		memset(text, 'a', size);
		memcpy(text, "file:/", 6);
		text[size] = '\0';
		/* path[1024] holds 1023 characters; "file:" is five more */
		assert_int_equal(
		    lr_uri_parse(text, &uri, NULL), size <= 1023 + 5 ? LR_OK : LR_EUSAGE);
	}
}

/* Whether a file has a line whose last word is WORD. */
static bool
has_last_word(FILE *file, const char *word)
{
	char line[256], *last;
	rewind(file);
	while (fgets(line, sizeof(line), file)) {
		last = strrchr(line, ' ');
		line[strcspn(line, "\n")] = '\0';
		if (last && strcasecmp(last + 1, word) == 0)
			return true;
	}
	return false;
}

static void
builtin(void **state)
{
	FILE *hints = fopen("/usr/share/dns/root.hints", "r");
	size_t i;
	(void)state;
	for (i = 0; lr_uri_builtin[i]; i++) {
		struct lr_uri uri;
		assert_int_equal(lr_uri_parse(lr_uri_builtin[i], &uri, NULL), LR_OK);
		if (i >= 16) { /* these by their names */
			assert_string_equal(
			    lr_uri_builtin[i], i == 16 ? "https://www.internic.net/domain/root.zone"
					       : i == 17 ? "axfr:lax.xfr.dns.icann.org"
							 : "axfr:iad.xfr.dns.icann.org");
			continue;
		}
		assert_int_equal(uri.scheme, LR_AXFR);
		assert_int_equal(uri.port, 53);
		/* the first four are ICANN's transfer servers, which are no root servers */
		if (hints && i >= 4 && !has_last_word(hints, uri.host))
			fail_msg("not in root.hints: %s", uri.host);
	}
	/* two of ICANN's, b c d f g k: IPv4 and IPv6 each; and three names */
	assert_int_equal(i, 19);
	if (hints)
		fclose(hints);
}

static void
proxies(void **state)
{
	static const struct {
		const char *text, *host;
		uint16_t port;
	} cases[] = {
	    {"http://192.0.2.1:3128", "192.0.2.1", 3128},
	    {"http://proxy.example:80/", "proxy.example", 80},
	    {"https://[2001:db8::1]:443", "2001:db8::1", 443},
	    {"SOCKS5H://me:s@:cret@proxy.example.:1080", "proxy.example.", 1080},
	};
	static const char *const wrong[] = {"", "proxy.example:3128", "socks5://192.0.2.1:1080",
	    "http://", "http://proxy.example", "http://proxy.example/", "http://:3128",
	    "http://192.0.2.1:0", "http://192.0.2.1:65536", "http://192.0.2.1:3128/path",
	    "http://[192.0.2.1]:3128", "http://[2001:db8::1:3128", "http://2001:db8::1:3128",
	    "http://[2001:db8::1]3128", "http://a b:3128"};
	struct lr_proxy proxy;
	struct lr_error err;
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		if (lr_proxy_parse(cases[i].text, &proxy, &err) != LR_OK)
			fail_msg("%s: %s", cases[i].text, err.text);
		assert_string_equal(proxy.host, cases[i].host);
		assert_int_equal(proxy.port, cases[i].port);
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		if (lr_proxy_parse(wrong[i], &proxy, &err) != LR_EUSAGE)
			fail_msg("%s", wrong[i]);
}

static void
foreign(void **state)
{
	static const char *const others[] = {"gopher://a/", "ftp:x", "quic+xfr:a", "X-1.2:"};
	static const char *const not_others[] = {"axfr:1.2.3", "AXFR:", "https:/x", "http:x",
	    "file:x", "", ":", "1a:x", "+a:x", "192.0.2.1", "a b:c", "\x1b:x"};
	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (!lr_uri_is_foreign(others[i]))
			fail_msg("%s", others[i]);
	for (size_t i = 0; i < sizeof(not_others) / sizeof(*not_others); i++)
		if (lr_uri_is_foreign(not_others[i]))
			fail_msg("%s", not_others[i]);
}

UNIT_TESTS(NULL, NULL, TEST(good), TEST(bad), TEST(error_quotes_the_text), TEST(too_long),
    TEST(builtin), TEST(proxies), TEST(foreign))
