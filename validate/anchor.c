#include "anchor.h"
#include "key.h"
#include "text.h"

#include <ldns/ldns.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

/* More anchors would be a mistake, since the root has had three at the most; and the RDATA of a
 * DNSKEY stays far below 4096 octets. */
enum { ANCHORS_MAX = 64, RDATA_MAX = 4096, FILE_MAX = 1 << 20 };

struct anchor {
	uint16_t type;
	uint16_t length;
	uint8_t *rdata;
};

struct lr_anchors {
	uint8_t origin[LR_NAME_MAX];
	size_t count;
	struct anchor list[ANCHORS_MAX];
};

struct lr_anchors *
lr_anchors_new(const uint8_t *origin)
{
	struct lr_anchors *anchors = calloc(1, sizeof(*anchors));
	if (!anchors)
		return NULL;
	size_t length = lr_name_length(origin, LR_NAME_MAX);
	for (size_t i = 0; i < length; i++)
		anchors->origin[i] = lr_fold[origin[i]]; /* as a DS hashes it */
	return anchors;
}

void
lr_anchors_free(struct lr_anchors *anchors)
{
	if (!anchors)
		return;
	for (size_t i = 0; i < anchors->count; i++)
		free(anchors->list[i].rdata);
	free(anchors);
}

static bool
holds(const struct lr_anchors *anchors, uint16_t type, const uint8_t *rdata, size_t length)
{
	for (size_t i = 0; i < anchors->count; i++) {
		const struct anchor *a = &anchors->list[i];
		if (a->type == type && a->length == length && memcmp(a->rdata, rdata, length) == 0)
			return true;
	}
	return false;
}

enum lr_code
lr_anchors_add(struct lr_anchors *anchors, uint16_t type, const uint8_t *rdata, size_t length,
    struct lr_error *err)
{
	if (type != LDNS_RR_TYPE_DS && type != LDNS_RR_TYPE_DNSKEY)
		return lr_fail(err, LR_EFORMAT, "a trust anchor is a DS or DNSKEY record");
	if (length < 5 || length > RDATA_MAX) /* four octets of fields, and a key or a digest */
		return lr_fail(err, LR_EFORMAT, "a trust anchor of %zu octets", length);
	if (type == LDNS_RR_TYPE_DNSKEY && (rdata[1] & LR_KEY_REVOKED))
		return LR_OK;
	if (holds(anchors, type, rdata, length))
		return LR_OK;
	if (anchors->count == ANCHORS_MAX)
		return lr_fail(err, LR_ELIMIT, "more than %d trust anchors", ANCHORS_MAX);
	uint8_t *copy = malloc(length);
	if (!copy)
		return lr_fail(err, LR_ENOMEM, "out of memory");
	memcpy(copy, rdata, length);
	anchors->list[anchors->count++] = (struct anchor){type, (uint16_t)length, copy};
	return LR_OK;
}

/* What the `;;state=` comment in an auto-trust-anchor-file says. */
static bool
state_counts(const char *comment)
{
	const char *state = comment + strlen(";;state=");
	return (state[0] == '2' || state[0] == '3') && (state[1] < '0' || state[1] > '9');
}

/* Blanks from AT up to END, but for the line ends, so that lines keep their numbers. */
static void
blank_out(char *at, const char *end)
{
	for (; at < end; at++)
		if (*at != '\n')
			*at = ' ';
}

/* Takes away the entries whose state says that they are no anchors. An entry ends with its line, or
 * where its last parenthesis closes (RFC 1035 section 5.1). */
static void
leave_anchors(char *text)
{
	char *entry = text, *c = text;
	int depth = 0;
	bool counts = true, comment = false;
	for (; *c; c++) {
		if (strncmp(c, ";;state=", 8) == 0)
			counts = counts && state_counts(c);
		if (*c == '\n') {
			comment = false;
			if (depth > 0)
				continue;
			if (!counts)
				blank_out(entry, c);
			entry = c + 1;
			counts = true;
		} else if (*c == ';') {
			comment = true;
		} else if (!comment && (*c == '(' || *c == ')')) {
			depth += *c == '(' ? 1 : -1;
		}
	}
	if (!counts)
		blank_out(entry, c);
}

static enum lr_code
add_records(struct lr_anchors *anchors, const struct lr_draft *draft, struct lr_error *err)
{
	enum lr_code code = LR_OK;
	for (size_t i = 0; i < lr_draft_count(draft) && code == LR_OK; i++) {
		struct lr_record r = lr_draft_record(draft, i);
		if ((r.type == LDNS_RR_TYPE_DS || r.type == LDNS_RR_TYPE_DNSKEY) &&
		    lr_name_equal(r.owner, anchors->origin))
			code = lr_anchors_add(anchors, r.type, r.rdata, r.rdata_length, err);
	}
	return code;
}

static enum lr_code
read_text(struct lr_anchors *anchors, char *text, size_t size, struct lr_error *err)
{
	static const uint8_t root[] = {0};
	static const struct lr_draft_limits limits = {FILE_MAX, FILE_MAX, 0};
	struct lr_draft *draft = NULL;
	leave_anchors(text);
	FILE *stream = fmemopen(text, size, "r");
	if (!stream)
		return lr_fail(err, LR_ENOMEM, "out of memory");
	enum lr_code code = lr_draft_new(root, &limits, &draft, err);
	if (code == LR_OK)
		code =
		    lr_text_read_as(stream, draft, &(struct lr_text_options){.loose = true}, err);
	if (code == LR_OK)
		code = add_records(anchors, draft, err);
	lr_draft_free(draft);
	fclose(stream);
	return code;
}

enum lr_code
lr_anchors_read(struct lr_anchors *anchors, FILE *stream, struct lr_error *err)
{
	enum lr_code code = LR_OK;
	char *text = malloc(FILE_MAX + 1);
	if (!text)
		return lr_fail(err, LR_ENOMEM, "out of memory");
	size_t size = fread(text, 1, FILE_MAX, stream);
	text[size] = '\0';
	if (ferror(stream))
		code = lr_fail(err, LR_EIO, "cannot be read");
	else if (size == FILE_MAX)
		code = lr_fail(err, LR_ELIMIT, "more than %d octets", FILE_MAX - 1);
	else if (size > 0)
		code = read_text(anchors, text, size, err);
	free(text);
	return code;
}

size_t
lr_anchors_count(const struct lr_anchors *anchors)
{
	return anchors->count;
}

bool
lr_anchors_equal(const struct lr_anchors *a, const struct lr_anchors *b)
{
	if (a->count != b->count || !lr_name_equal(a->origin, b->origin))
		return false;
	for (size_t i = 0; i < a->count; i++) /* neither holds a record twice */
		if (!holds(b, a->list[i].type, a->list[i].rdata, a->list[i].length))
			return false;
	return true;
}

/* RFC 4034 section 5.1.4: the digest of the owner's canonical name and the DNSKEY's RDATA. */
static enum lr_code
hashes_to(
    const struct lr_anchors *anchors, const struct anchor *ds, const uint8_t *dnskey, size_t length)
{
	const EVP_MD *const digests[] = {NULL, EVP_sha1(), EVP_sha256(), NULL, EVP_sha384()};
	uint8_t number = ds->rdata[3], digest[EVP_MAX_MD_SIZE];
	unsigned size = 0;
	if (number >= sizeof(digests) / sizeof(digests[0]) || !digests[number])
		return LR_EANCHOR;
	if (ds->rdata[2] != dnskey[3] ||
	    (ds->rdata[0] << 8 | ds->rdata[1]) != lr_key_tag(dnskey, length))
		return LR_EANCHOR;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool ok = context && EVP_DigestInit_ex(context, digests[number], NULL) &&
		  EVP_DigestUpdate(
		      context, anchors->origin, lr_name_length(anchors->origin, LR_NAME_MAX)) &&
		  EVP_DigestUpdate(context, dnskey, length) &&
		  EVP_DigestFinal_ex(context, digest, &size);
	EVP_MD_CTX_free(context);
	if (!ok)
		return LR_ENOMEM;
	return ds->length == 4 + size && memcmp(ds->rdata + 4, digest, size) == 0 ? LR_OK
										  : LR_EANCHOR;
}

enum lr_code
lr_anchors_match(const struct lr_anchors *anchors, const uint8_t *dnskey, size_t length)
{
	enum lr_code code = LR_EANCHOR;
	if (length < 5)
		return code;
	if (holds(anchors, LDNS_RR_TYPE_DNSKEY, dnskey, length))
		return LR_OK;
	for (size_t i = 0; i < anchors->count && code == LR_EANCHOR; i++)
		if (anchors->list[i].type == LDNS_RR_TYPE_DS)
			code = hashes_to(anchors, &anchors->list[i], dnskey, length);
	return code;
}
