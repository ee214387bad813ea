/* uri.c -- where a zone can be had. */
#include "uri.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* What follows "axfr:" and its like: HOST[@PORT][#NAME]. */
static const struct scheme {
	const char *prefix;
	enum lr_scheme scheme;
	uint16_t port;
} schemes[] = {
    {"file:", LR_FILE, 0},
    {"axfr:", LR_AXFR, 53},
    {"ixfr:", LR_IXFR, 53},
    {"xot:", LR_XOT, 853}, /* RFC 9103 section 8.1 */
    {"http://", LR_HTTP, 80},
    {"https://", LR_HTTPS, 443},
};

static enum lr_code
wrong(struct lr_error *err, const char *text, const char *what)
{
	return lr_fail(err, LR_EUSAGE, "\"%.120s\": %s", text, what);
}

/* Copies LENGTH characters and ends them; false where there is no room. */
static bool
copy(char *to, size_t room, const char *from, size_t length)
{
	if (length >= room)
		return false;
	memcpy(to, from, length);
	to[length] = '\0';
	return true;
}

/* A host name (RFC 1123 section 2.1; underscores are let pass), final dot or not. */
static bool
host_name_ok(const char *name)
{
	size_t length = strlen(name), label = 0;
	bool digits = true; /* in the last label: RFC 1123 keeps such names for addresses */

	if (length > 0 && name[length - 1] == '.')
		length--;
	if (length == 0 || length > 253)
		return false;
	for (size_t i = 0; i < length; i++) {
		char c = name[i];
		if (c == '.') {
			if (label == 0 || name[i - 1] == '-')
				return false;
			label = 0;
			digits = true;
			continue;
		}
		bool digit = c >= '0' && c <= '9';
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
		if (!(digit || letter || (c == '-' && label > 0)) || ++label > 63)
			return false;
		digits = digits && digit;
	}
	return label > 0 && name[length - 1] != '-' && !digits;
}

static bool
address_ok(const char *text)
{
	struct in6_addr address;
	return inet_pton(AF_INET, text, &address) == 1 || inet_pton(AF_INET6, text, &address) == 1;
}

static bool
port_ok(const char *text, size_t length, uint16_t *port)
{
	unsigned value = 0;
	if (length == 0 || length > 5)
		return false;
	for (size_t i = 0; i < length; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		value = value * 10 + (unsigned)(text[i] - '0');
	}
	*port = (uint16_t)value;
	return value > 0 && value <= UINT16_MAX;
}

/* file:/path and file:///path (RFC 8089); the path is taken as it stands, without
 * percent-decoding. */
static enum lr_code
parse_file(const char *rest, struct lr_uri *uri, struct lr_error *err)
{
	if (strncmp(rest, "//", 2) == 0)
		rest += 2;
	if (rest[0] != '/' || rest[1] == '/')
		return wrong(err, uri->text, "file: wants an absolute path");
	if (rest[strlen(rest) - 1] == '/')
		return wrong(err, uri->text, "a folder, not a file");
	if (!copy(uri->path, sizeof(uri->path), rest, strlen(rest)))
		return wrong(err, uri->text, "path too long");
	return LR_OK;
}

/* What people write where a host is meant, and why it is none. */
static enum lr_code
no_host(const struct lr_uri *uri, const char *host, struct lr_error *err)
{
	size_t length = strcspn(host, "@#");
	return wrong(err, uri->text,
	    memchr(host, '[', length)   ? "brackets and :PORT are of the form that ends in /."
	    : memchr(host, ':', length) ? "not an IPv6 address (a port comes after @)"
					: "neither an address nor a host name");
}

/* [#NAME], for xot */
static enum lr_code
parse_name(const char *at, struct lr_uri *uri, struct lr_error *err)
{
	if (*at == '\0')
		return LR_OK;
	if (uri->scheme != LR_XOT)
		return wrong(err, uri->text, "#name is for xot: alone");
	if (!copy(uri->name, sizeof(uri->name), at + 1, strlen(at + 1)) || !host_name_ok(uri->name))
		return wrong(
		    err, uri->text, "after # comes a name, the one in the server's certificate");
	return LR_OK;
}

/* HOST[:PORT]/ZONE (draft-hardaker-dnsop-dns-xfr-scheme), an IPv6 address in brackets. */
static enum lr_code
parse_with_zone(const char *rest, struct lr_uri *uri, struct lr_error *err)
{
	bool literal = *rest == '[';
	size_t host = literal ? strcspn(++rest, "]/") : strcspn(rest, ":/");
	const char *at = rest + host;
	if (literal && *at++ != ']')
		return wrong(err, uri->text, "malformed IPv6 address");
	if (!copy(uri->host, sizeof(uri->host), rest, host) ||
	    (literal ? !strchr(uri->host, ':') || !address_ok(uri->host)
		     : !address_ok(uri->host) && !host_name_ok(uri->host)))
		return wrong(err, uri->text, "neither an address nor a host name");
	if (*at == ':') {
		size_t digits = strcspn(++at, "/");
		if (!port_ok(at, digits, &uri->port))
			return wrong(err, uri->text, "malformed port");
		at += digits;
	}
	if (*at != '/')
		return wrong(err, uri->text, "neither an address nor a host name");
	if (at[1] != '.' || (at[2] != '\0' && at[2] != '#'))
		return wrong(err, uri->text, "another zone than the root, which is written \".\"");
	return parse_name(at + 2, uri, err);
}

/* HOST[@PORT] and [#NAME] */
static enum lr_code
parse_server(const char *rest, struct lr_uri *uri, struct lr_error *err)
{
	if (strchr(rest, '/'))
		return parse_with_zone(rest, uri, err);
	size_t host = strcspn(rest, "@#");
	const char *at = rest + host;

	if (!copy(uri->host, sizeof(uri->host), rest, host) ||
	    (!address_ok(uri->host) && !host_name_ok(uri->host)))
		return no_host(uri, rest, err);
	if (*at == '@') {
		size_t digits = strcspn(++at, "#");
		if (!port_ok(at, digits, &uri->port))
			return wrong(err, uri->text, "after @ comes a port, 1 to 65535");
		at += digits;
	}
	return parse_name(at, uri, err);
}

/* Takes a trailing @ADDRESS off the text of LENGTH characters; returns the length of the rest. */
static size_t
take_address(const char *text, size_t length, struct lr_uri *uri)
{
	const char *at = memrchr(text, '@', length);
	if (!at ||
	    !copy(uri->address, sizeof(uri->address), at + 1, length - (size_t)(at + 1 - text)))
		return length;
	if (address_ok(uri->address))
		return (size_t)(at - text);
	uri->address[0] = '\0';
	return length;
}

/* HOST[:PORT][/PATH][@ADDRESS]. The address comes
 * after the path, where user information cannot be. */
static enum lr_code
parse_https(const char *rest, struct lr_uri *uri, struct lr_error *err)
{
	bool literal = rest[0] == '[';
	size_t host = literal ? strcspn(rest, "]/") : strcspn(rest, ":/@");
	const char *at = rest + host;

	if (literal) {
		struct in6_addr address;
		if (*at++ != ']' || !copy(uri->host, sizeof(uri->host), rest + 1, host - 1) ||
		    inet_pton(AF_INET6, uri->host, &address) != 1)
			return wrong(err, uri->text, "malformed IPv6 address");
	} else if (!copy(uri->host, sizeof(uri->host), rest, host) ||
		   (!address_ok(uri->host) && !host_name_ok(uri->host))) {
		return wrong(err, uri->text, "neither an address nor a host name");
	}
	if (*at == ':') {
		size_t digits = strcspn(++at, "/@");
		if (!port_ok(at, digits, &uri->port))
			return wrong(err, uri->text,
			    "malformed port (or a user's name, which is not taken)");
		at += digits;
	}
	size_t path = take_address(at, strlen(at), uri);
	if (path > 0 && *at != '/')
		return wrong(
		    err, uri->text, "malformed host (or a user's name, which is not taken)");
	if (strcspn(at, " \"<>\\^`{|}#") < path)
		return wrong(
		    err, uri->text, "the path holds a character that must be percent-encoded");
	if (!copy(uri->path, sizeof(uri->path), path ? at : "/", path ? path : 1))
		return wrong(err, uri->text, "path too long");
	return LR_OK;
}

bool
lr_uri_is_web(const struct lr_uri *uri)
{
	return uri->scheme == LR_HTTP || uri->scheme == LR_HTTPS;
}

bool
lr_uri_is_transfer(const struct lr_uri *uri)
{
	return uri->scheme != LR_FILE && !lr_uri_is_web(uri);
}

static const struct scheme *
find_scheme(const char *text)
{
	for (size_t i = 0; i < sizeof(schemes) / sizeof(*schemes); i++)
		if (strncasecmp(text, schemes[i].prefix, strlen(schemes[i].prefix)) == 0)
			return &schemes[i];
	return NULL;
}

/* RFC 3986 section 3.1 */
bool
lr_uri_is_foreign(const char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	static const char others[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "0123456789+-.";
	size_t length = strspn(text, others);
	if (text[length] != ':' || !*text || !strchr(letters, *text))
		return false;
	for (size_t i = 0; i < sizeof(schemes) / sizeof(*schemes); i++)
		if (strncasecmp(text, schemes[i].prefix, length + 1) == 0)
			return false; /* known, if malformed */
	return true;
}

enum lr_code
lr_proxy_parse(const char *text, struct lr_proxy *proxy, struct lr_error *err)
{
	static const char *const prefixes[] = {"http://", "https://", "socks5h://"};
	struct lr_proxy parsed;
	const char *host = NULL;
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++)
		if (strncasecmp(text, prefixes[i], strlen(prefixes[i])) == 0)
			host = text + strlen(prefixes[i]);
	if (!host)
		return lr_fail(
		    err, LR_EUSAGE, "a proxy starts with http:// https:// or socks5h://");
	if (strrchr(host, '@'))
		host = strrchr(host, '@') + 1;
	bool literal = *host == '[';
	size_t length = literal ? strcspn(++host, "]") : strcspn(host, ":");
	const char *at = host + length + (literal && host[length] == ']');
	if (!copy(parsed.host, sizeof(parsed.host), host, length) ||
	    (literal ? !strchr(parsed.host, ':') || !address_ok(parsed.host)
		     : !address_ok(parsed.host) && !host_name_ok(parsed.host)))
		return lr_fail(
		    err, LR_EUSAGE, "the proxy is neither at an address nor at a host name");
	size_t end = strcspn(at, "/");
	if (*at != ':' || !port_ok(at + 1, end - 1, &parsed.port) || strlen(at + end) > 1)
		return lr_fail(err, LR_EUSAGE, "after the proxy's host comes :PORT, and no path");
	*proxy = parsed;
	return LR_OK;
}

enum lr_code
lr_uri_parse(const char *text, struct lr_uri *uri, struct lr_error *err)
{
	struct lr_uri parsed = {.host = ""};
	const struct scheme *scheme = NULL;
	enum lr_code code;

	if (!copy(parsed.text, sizeof(parsed.text), text, strlen(text)))
		return wrong(err, text, "too long");
	for (const char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return wrong(err, text, "a control character");
	scheme = find_scheme(text);
	if (!scheme)
		return wrong(
		    err, text, "a source starts with file: axfr: ixfr: xot: https:// or http://");
	parsed.scheme = scheme->scheme;
	parsed.port = scheme->port;
	text += strlen(scheme->prefix);
	code = parsed.scheme == LR_FILE ? parse_file(text, &parsed, err)
	       : lr_uri_is_web(&parsed) ? parse_https(text, &parsed, err)
					: parse_server(text, &parsed, err);
	if (code == LR_OK)
		*uri = parsed;
	return code;
}

/* Addresses as in dns-root-data's root.hints of
 * 2024041801; ICANN's own as in RFC 8806 appendix A. */
const char *const lr_uri_builtin[] = {
    "axfr:192.0.32.132", /* lax.xfr.dns.icann.org, before: xfr.lax */
    "axfr:2620:0:2d0:202::132",
    "axfr:192.0.47.132", /* iad.xfr.dns.icann.org, before: xfr.cjr */
    "axfr:2620:0:2830:202::132",
    "axfr:170.247.170.2", /* b.root-servers.net, since 2023 */
    "axfr:2801:1b8:10::b",
    "axfr:192.33.4.12", /* c */
    "axfr:2001:500:2::c",
    "axfr:199.7.91.13", /* d */
    "axfr:2001:500:2d::d",
    "axfr:192.5.5.241", /* f */
    "axfr:2001:500:2f::f",
    "axfr:192.112.36.4", /* g */
    "axfr:2001:500:12::d0d",
    "axfr:193.0.14.129", /* k */
    "axfr:2001:7fd::1",
    "https://www.internic.net/domain/root.zone",
    "axfr:lax.xfr.dns.icann.org",
    "axfr:iad.xfr.dns.icann.org",
    NULL,
};
