/* tsig_keys.c -- the keys of transaction signatures, read from a file. */
#include "tsig_keys.h"
#include "whole_file.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <ldns/ldns.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#define WORD_MAX 512

struct server {
	char host[256];
	size_t key;
};

struct lr_tsig_keys {
	size_t count, server_count;
	struct lr_tsig_key *list;
	struct server *servers;
};

/* The file while it is read: a word, or one of { } ; */
struct reading {
	struct lr_tsig_keys *keys;
	const char *at;
	unsigned line;
	char word[WORD_MAX];
	bool quoted;
	struct lr_error *err;
};

static enum lr_code
bad(const struct reading *r, const char *what)
{
	return lr_fail(r->err, LR_EFORMAT, "line %u: %s", r->line, what);
}

static enum lr_code
out_of_memory(struct lr_error *err)
{
	return lr_fail(err, LR_ENOMEM, "out of memory");
}

/* Goes over white space and comments. */
static enum lr_code
skip(struct reading *r)
{
	while (*r->at) {
		if (*r->at == '#' || strncmp(r->at, "//", 2) == 0) {
			r->at += strcspn(r->at, "\n");
		} else if (strncmp(r->at, "/*", 2) == 0) {
			const char *end = strstr(r->at + 2, "*/");
			if (!end)
				return bad(r, "a comment without end");
			for (; r->at < end + 2; r->at++)
				r->line += *r->at == '\n';
		} else if (isspace((unsigned char)*r->at)) {
			r->line += *r->at++ == '\n';
		} else {
			break;
		}
	}
	return LR_OK;
}

/* The next word; empty and not quoted at the end. */
static enum lr_code
next(struct reading *r)
{
	enum lr_code code = skip(r);
	if (code != LR_OK)
		return code;
	r->quoted = *r->at == '"';
	r->at += r->quoted;
	size_t length = r->quoted               ? strcspn(r->at, "\"\n")
			: strchr("{};", *r->at) ? *r->at != '\0'
						: strcspn(r->at, " \t\r\n\f\v{};\"#");
	if (r->quoted && r->at[length] != '"')
		return bad(r, "a quoted word without end");
	if (length >= WORD_MAX)
		return bad(r, "a word that is too long");
	memcpy(r->word, r->at, length);
	r->word[length] = '\0';
	r->at += length + r->quoted;
	return LR_OK;
}

/* The next word, which has to be WORD. */
static enum lr_code
expect(struct reading *r, const char *word)
{
	char what[64];
	enum lr_code code = next(r);
	snprintf(what, sizeof(what), "expected \"%s\"", word);
	if (code == LR_OK && (r->quoted || strcmp(r->word, word) != 0))
		code = bad(r, what);
	return code;
}

/* The next word, which has to be a value: neither empty, nor a brace or semicolon. */
static enum lr_code
value(struct reading *r)
{
	enum lr_code code = next(r);
	if (code == LR_OK && (!*r->word || (!r->quoted && strchr("{};", *r->word))))
		code = bad(r, "a value is missing");
	return code;
}

static void
fold(uint8_t *name)
{
	for (size_t length = lr_name_length(name, LR_NAME_MAX), i = 0; i < length; i++)
		name[i] = lr_fold[name[i]]; /* a label's length is no letter: below 64 */
}

static bool
algorithm_of(const char *word, enum lr_tsig_algorithm *algorithm)
{
	static const char *const names[] = {"hmac-sha256", "hmac-sha384", "hmac-sha512"};
	size_t length = strlen(word) - (word[strlen(word) - 1] == '.');
	for (size_t i = 0; i < LR_TSIG_ALGORITHMS; i++) {
		if (strlen(names[i]) == length && strncasecmp(word, names[i], length) == 0) {
			*algorithm = (enum lr_tsig_algorithm)i;
			return true;
		}
	}
	return false;
}

/* Takes the word as the secret, and overwrites it and what was decoded of it. */
static enum lr_code
take_secret(struct reading *r, struct lr_tsig_key *key)
{
	ldns_rdf *octets = NULL;
	enum lr_code code = LR_OK;
	ldns_status status = ldns_str2rdf_b64(&octets, r->word);
	size_t size = octets ? ldns_rdf_size(octets) : 0;
	if (status == LDNS_STATUS_MEM_ERR) {
		code = out_of_memory(r->err);
	} else if (size == 0 || size > LR_TSIG_SECRET_MAX) {
		code = bad(r, size ? "the secret is too long" : "the secret is not base64");
	} else {
		memcpy(key->secret, ldns_rdf_data(octets), size);
		key->size = size;
	}
	if (octets)
		explicit_bzero(ldns_rdf_data(octets), size);
	ldns_rdf_deep_free(octets);
	explicit_bzero(r->word, sizeof(r->word));
	return code;
}

/* What stands in the braces of a key. */
static enum lr_code
read_key_body(struct reading *r, struct lr_tsig_key *key)
{
	bool has_algorithm = false;
	enum lr_code code = expect(r, "{");
	while (code == LR_OK && (code = next(r)) == LR_OK && strcmp(r->word, "}") != 0) {
		bool secret = strcmp(r->word, "secret") == 0;
		if (!secret && strcmp(r->word, "algorithm") != 0)
			return bad(r, "expected \"algorithm\", \"secret\" or \"}\"");
		code = value(r);
		if (code == LR_OK && secret)
			code = take_secret(r, key);
		else if (code == LR_OK && !(has_algorithm = algorithm_of(r->word, &key->algorithm)))
			code =
			    bad(r, "the algorithm is not hmac-sha256, hmac-sha384 or hmac-sha512");
		if (code == LR_OK)
			code = expect(r, ";");
	}
	if (code == LR_OK && (!has_algorithm || key->size == 0))
		code = bad(r, has_algorithm ? "a key without secret" : "a key without algorithm");
	return code == LR_OK ? expect(r, ";") : code;
}

/* Not by realloc(), which leaves secrets behind. */
static bool
add_key(struct lr_tsig_keys *keys, const struct lr_tsig_key *key)
{
	size_t size = keys->count * sizeof(*key);
	struct lr_tsig_key *list = calloc(keys->count + 1, sizeof(*key));
	if (!list)
		return false;
	if (keys->list) {
		memcpy(list, keys->list, size);
		explicit_bzero(keys->list, size);
	}
	free(keys->list);
	list[keys->count++] = *key;
	keys->list = list;
	return true;
}

static enum lr_code
read_key(struct reading *r)
{
	struct lr_tsig_keys *keys = r->keys;
	struct lr_tsig_key key = {.size = 0};
	size_t length;
	enum lr_code code = value(r);
	if (code == LR_OK && !lr_name_parse(r->word, key.name, &length))
		code = bad(r, "the key's name is not a domain name");
	if (code != LR_OK)
		return code;
	fold(key.name);
	if (lr_tsig_keys_named(keys, key.name))
		return bad(r, "a second key of that name");
	code = read_key_body(r, &key);
	if (code == LR_OK && !add_key(keys, &key))
		code = out_of_memory(r->err);
	explicit_bzero(&key, sizeof(key));
	return code;
}

/* keys NAME; or keys { NAME; }; */
static enum lr_code
read_server_body(struct reading *r, uint8_t name[LR_NAME_MAX])
{
	size_t length;
	enum lr_code code = expect(r, "{");
	if (code == LR_OK)
		code = expect(r, "keys");
	if (code == LR_OK)
		code = next(r);
	bool braces = code == LR_OK && !r->quoted && strcmp(r->word, "{") == 0;
	if (braces)
		code = value(r);
	if (code == LR_OK && !lr_name_parse(r->word, name, &length))
		code = bad(r, "expected the name of a key");
	if (code == LR_OK && braces)
		code = expect(r, ";");
	if (code == LR_OK && braces)
		code = expect(r, "}");
	if (code == LR_OK)
		code = expect(r, ";");
	if (code == LR_OK)
		code = expect(r, "}");
	return code == LR_OK ? expect(r, ";") : code;
}

static enum lr_code
read_server(struct reading *r)
{
	struct lr_tsig_keys *keys = r->keys;
	struct server server = {.key = 0};
	uint8_t name[LR_NAME_MAX];
	enum lr_code code = value(r);
	if (code == LR_OK && strlen(r->word) >= sizeof(server.host))
		code = bad(r, "the server is neither an address nor a host name");
	if (code != LR_OK)
		return code;
	memcpy(server.host, r->word, strlen(r->word) + 1);
	if (lr_tsig_keys_for(keys, server.host))
		return bad(r, "a second time the same server");
	code = read_server_body(r, name);
	if (code != LR_OK)
		return code;
	const struct lr_tsig_key *key = lr_tsig_keys_named(keys, name);
	if (!key)
		return bad(r, "no key of that name stands before");
	server.key = (size_t)(key - keys->list);
	struct server *servers =
	    reallocarray(keys->servers, keys->server_count + 1, sizeof(*servers));
	if (!servers)
		return out_of_memory(r->err);
	keys->servers = servers;
	servers[keys->server_count++] = server;
	return LR_OK;
}

static enum lr_code
read_statements(struct reading *r)
{
	enum lr_code code;
	while ((code = next(r)) == LR_OK && (*r->word || r->quoted)) {
		if (strcmp(r->word, "key") == 0)
			code = read_key(r);
		else if (strcmp(r->word, "server") == 0)
			code = read_server(r);
		else
			code = bad(r, "expected \"key\" or \"server\"");
		if (code != LR_OK)
			return code;
	}
	if (code == LR_OK && r->keys->count == 0)
		code = lr_fail(r->err, LR_EFORMAT, "no key in it");
	return code;
}

enum lr_code
lr_tsig_keys_read(FILE *in, struct lr_tsig_keys **out, struct lr_error *err)
{
	struct stat status;
	if (fstat(fileno(in), &status) == 0 && status.st_mode & S_IRWXO)
		return lr_fail(err, LR_EUSAGE, "others can read it: keys have to be private");
	char *text = calloc(1, LR_TSIG_KEYS_OCTETS + 2);
	struct lr_tsig_keys *keys = calloc(1, sizeof(*keys));
	if (!text || !keys) {
		free(text);
		free(keys);
		return out_of_memory(err);
	}
	struct reading reading = {.keys = keys, .at = text, .line = 1, .err = err};
	setvbuf(in, NULL, _IONBF, 0); /* stdio would keep the secrets */
	enum lr_code code = lr_whole_file_read(in, text, LR_TSIG_KEYS_OCTETS, err);
	if (code == LR_OK)
		code = read_statements(&reading);
	if (code == LR_OK) {
		*out = keys;
		keys = NULL;
	}
	explicit_bzero(text, LR_TSIG_KEYS_OCTETS + 2);
	free(text);
	lr_tsig_keys_free(keys);
	return code;
}

void
lr_tsig_keys_free(struct lr_tsig_keys *keys)
{
	if (!keys)
		return;
	if (keys->list)
		explicit_bzero(keys->list, keys->count * sizeof(*keys->list));
	free(keys->list);
	free(keys->servers);
	free(keys);
}

/* Addresses are the same however they are written; names in whatever case, final dot or not. */
static bool
same_host(const char *a, const char *b)
{
	uint8_t left[sizeof(struct in6_addr)], right[sizeof(struct in6_addr)];
	size_t size = strchr(a, ':') ? 16 : 4;
	int family = size == 16 ? AF_INET6 : AF_INET;
	if (inet_pton(family, a, left) == 1)
		return inet_pton(family, b, right) == 1 && memcmp(left, right, size) == 0;
	size_t a_length = strlen(a), b_length = strlen(b);
	a_length -= a_length && a[a_length - 1] == '.';
	b_length -= b_length && b[b_length - 1] == '.';
	return a_length == b_length && strncasecmp(a, b, a_length) == 0;
}

const struct lr_tsig_key *
lr_tsig_keys_for(const struct lr_tsig_keys *keys, const char *host)
{
	for (size_t i = 0; keys && i < keys->server_count; i++)
		if (same_host(keys->servers[i].host, host))
			return &keys->list[keys->servers[i].key];
	return NULL;
}

const struct lr_tsig_key *
lr_tsig_keys_named(const struct lr_tsig_keys *keys, const uint8_t *name)
{
	for (size_t i = 0; keys && i < keys->count; i++)
		if (lr_name_equal(keys->list[i].name, name))
			return &keys->list[i];
	return NULL;
}
