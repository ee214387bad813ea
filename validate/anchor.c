#include "anchor.h"
#include "key.h"

#include <ldns/ldns.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

/* More would be a mistake: the root has had three at the most. RDATA of a DNSKEY stays far below.
 */
enum { ANCHORS_MAX = 64, RDATA_MAX = 4096, ENTRY_MAX = 1 << 16 };

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

/* One record in presentation form; *previous is the owner that a line without one has. */
static enum lr_code
add_text(struct lr_anchors *anchors, const char *text, ldns_rdf **previous, struct lr_error *err)
{
	ldns_rr *rr = NULL;
	ldns_buffer *rdata = NULL;
	enum lr_code code = LR_OK;
	ldns_status status = ldns_rr_new_frm_str(&rr, text, 0, NULL, previous);
	if (status == LDNS_STATUS_SYNTAX_EMPTY)
		return LR_OK;
	if (status != LDNS_STATUS_OK)
		return lr_fail(err, LR_EFORMAT, "%s", ldns_get_errorstr_by_id(status));

	ldns_rr_type type = ldns_rr_get_type(rr);
	ldns_rdf *owner = ldns_rr_owner(rr);
	if ((type == LDNS_RR_TYPE_DS || type == LDNS_RR_TYPE_DNSKEY) &&
	    ldns_rr_get_class(rr) == LDNS_RR_CLASS_IN &&
	    lr_name_equal(ldns_rdf_data(owner), anchors->origin)) {
		rdata = ldns_buffer_new(RDATA_MAX);
		if (!rdata || ldns_rr_rdata2buffer_wire(rdata, rr) != LDNS_STATUS_OK)
			code = lr_fail(err, LR_ENOMEM, "out of memory");
		else
			code = lr_anchors_add(anchors, (uint16_t)type, ldns_buffer_begin(rdata),
			    ldns_buffer_position(rdata), err);
	}
	if (rdata)
		ldns_buffer_free(rdata);
	ldns_rr_free(rr);
	return code;
}

/* What the `;;state=` comment in a line of an auto-trust-anchor-file says; valid where there is
 * none. */
static bool
state_counts(const char *line)
{
	const char *state = strstr(line, ";;state=");
	if (!state)
		return true;
	state += strlen(";;state=");
	return (state[0] == '2' || state[0] == '3') && (state[1] < '0' || state[1] > '9');
}

/* Cuts the comment off and counts parentheses (RFC 1035 section 5.1). DS and DNSKEY have no quoted
 * text. */
static void
cut_comment(char *line, int *depth)
{
	for (char *c = line; *c; c++) {
		if (*c == ';') {
			*c = '\0';
			return;
		}
		if (*c == '(' || *c == ')') {
			*depth += *c == '(' ? 1 : -1;
			*c = ' ';
		} else if (*c == '\n' || *c == '\r') {
			*c = ' ';
		}
	}
}

static bool
blank(const char *text)
{
	return text[strspn(text, " \t")] == '\0';
}

enum lr_code
lr_anchors_read(struct lr_anchors *anchors, FILE *stream, struct lr_error *err)
{
	char *line = NULL, *entry = malloc(ENTRY_MAX);
	size_t room = 0, used = 0;
	ssize_t length;
	unsigned number = 0;
	int depth = 0;
	bool counts = true;
	ldns_rdf *previous = NULL;
	struct lr_error why = {LR_OK, ""};

	if (!entry)
		lr_fail(&why, LR_ENOMEM, "out of memory");
	while (why.code == LR_OK && (length = getline(&line, &room, stream)) >= 0) {
		number++;
		if (strlen(line) != (size_t)length || used + (size_t)length >= ENTRY_MAX) {
			lr_fail(&why, LR_EFORMAT, "not a line of a master file");
			break;
		}
		counts = counts && state_counts(line);
		cut_comment(line, &depth);
		memcpy(entry + used, line, strlen(line) + 1);
		used += strlen(line);
		if (depth > 0)
			continue;
		if (depth < 0 || (entry[0] == '$' && strncmp(entry, "$TTL", 4) != 0))
			lr_fail(&why, LR_EFORMAT, "not supported here: %.40s", entry);
		else if (counts && entry[0] != '$' && !blank(entry))
			add_text(anchors, entry, &previous, &why);
		used = 0;
		counts = true;
	}
	if (why.code == LR_OK && ferror(stream))
		lr_fail(&why, LR_EIO, "cannot be read");
	else if (why.code == LR_OK && depth > 0)
		lr_fail(&why, LR_EFORMAT, "a parenthesis is not closed");
	free(line);
	free(entry);
	ldns_rdf_deep_free(previous);
	if (why.code == LR_OK)
		return LR_OK;
	return lr_fail(err, why.code, "line %u: %s", number, why.text);
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
static bool
hashes_to(
    const struct lr_anchors *anchors, const struct anchor *ds, const uint8_t *dnskey, size_t length)
{
	const EVP_MD *const digests[] = {NULL, EVP_sha1(), EVP_sha256(), NULL, EVP_sha384()};
	uint8_t number = ds->rdata[3], digest[EVP_MAX_MD_SIZE];
	unsigned size = 0;
	if (number >= sizeof(digests) / sizeof(digests[0]) || !digests[number])
		return false;
	if (ds->rdata[2] != dnskey[3] ||
	    (ds->rdata[0] << 8 | ds->rdata[1]) != lr_key_tag(dnskey, length))
		return false;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool ok = context && EVP_DigestInit_ex(context, digests[number], NULL) &&
		  EVP_DigestUpdate(
		      context, anchors->origin, lr_name_length(anchors->origin, LR_NAME_MAX)) &&
		  EVP_DigestUpdate(context, dnskey, length) &&
		  EVP_DigestFinal_ex(context, digest, &size);
	EVP_MD_CTX_free(context);
	return ok && ds->length == 4 + size && memcmp(ds->rdata + 4, digest, size) == 0;
}

bool
lr_anchors_match(const struct lr_anchors *anchors, const uint8_t *dnskey, size_t length)
{
	if (length < 5)
		return false;
	if (holds(anchors, LDNS_RR_TYPE_DNSKEY, dnskey, length))
		return true;
	for (size_t i = 0; i < anchors->count; i++)
		if (anchors->list[i].type == LDNS_RR_TYPE_DS &&
		    hashes_to(anchors, &anchors->list[i], dnskey, length))
			return true;
	return false;
}
