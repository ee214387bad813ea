/*
 * text.c -- reader for master files.
 *
 * First an entry is split into tokens (RFC 1035 section 5.1: it ends with its line, or with the
 * line where its last parenthesis closes), then owner, TTL, class and type are read, then
 * text_field.c reads the RDATA, or else ldns where that is wanted.
 */
#include "text.h"
#include "rdata.h"
#include "text_field.h"

#include <errno.h>
#include <ldns/ldns.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Characters, comments included: room for 30 times the longest record of the root zone. */
#define ENTRY_MAX 65536
#define TOKENS_MAX 1024
#define OCTETS_A_STEP 64 /* lr_draft_step */
#define LDNS_STEPS 32

struct reader {
	FILE *stream;
	struct lr_draft *draft;
	struct lr_text_options options;
	struct lr_error *err;
	unsigned long line, entry_line;

	uint8_t origin[LR_NAME_MAX], owner[LR_NAME_MAX];
	size_t owner_length; /* zero before the first record */
	/* Of records without one: $TTL, or else the last one given (RFC 2308 section 4). */
	uint32_t ttl;
	bool has_ttl, ttl_is_default;

	bool indented; /* the entry starts with a blank: the owner is the last one */
	size_t count, used, seen;
	struct lr_token tokens[TOKENS_MAX];
	char text[ENTRY_MAX + 1];
	char line_for_ldns[ENTRY_MAX + 2 * TOKENS_MAX + 64]; /* quotes put back */
	uint8_t rdata[UINT16_MAX], checked[UINT16_MAX];

	size_t next, end;
	unsigned char block[16384];
};

static enum lr_code
malformed(struct reader *r, const char *what)
{
	return lr_fail(r->err, LR_EFORMAT, "line %lu: %s", r->entry_line, what);
}

/* WHAT is wrong with a token, or with what begins with it: it is quoted. */
static enum lr_code
malformed_at(struct reader *r, size_t token, const char *what)
{
	return lr_fail(r->err, LR_EFORMAT, "line %lu: %.40s: %.180s", r->entry_line,
	    r->tokens[token].text, what);
}

static int
next_char(struct reader *r)
{
	if (r->next == r->end) {
		r->end = fread(r->block, 1, sizeof(r->block), r->stream);
		r->next = 0;
		if (r->end == 0)
			return EOF;
	}
	int c = r->block[r->next++];
	if (c == '\n')
		r->line++;
	r->seen++;
	return c;
}

/* Gives C back, the last character that next_char() gave. */
static void
give_back(struct reader *r, int c)
{
	if (c == EOF)
		return;
	r->next--;
	r->seen--;
	if (c == '\n')
		r->line--;
}

/* What ends a token that is not quoted: blanks,
 * line ends, NUL and the characters with a meaning. */
static bool
ends_token(int c)
{
	static const bool ends[128] = {['\0'] = true,
	    [' '] = true,
	    ['\t'] = true,
	    ['\r'] = true,
	    ['\n'] = true,
	    [';'] = true,
	    ['('] = true,
	    [')'] = true,
	    ['"'] = true};
	return c == EOF || (c < 128 && ends[c]);
}

/* One token whose first character is C. */
static enum lr_code
read_token(struct reader *r, int c)
{
	struct lr_token *token = &r->tokens[r->count];
	if (r->count == TOKENS_MAX)
		return lr_fail(
		    r->err, LR_ELIMIT, "line %lu: more than %d fields", r->entry_line, TOKENS_MAX);
	token->text = r->text + r->used;
	token->quoted = c == '"';
	if (token->quoted)
		c = next_char(r);
	for (;; c = next_char(r)) {
		if (token->quoted ? c == '"' : ends_token(c))
			break;
		if (c == '\\') {
			r->text[r->used++] = '\\';
			c = next_char(r);
			if (c == '\n')
				c = EOF;
		}
		if (c == EOF || c == '\0' || (token->quoted && c == '\n'))
			return malformed(
			    r, c == '\0' ? "a NUL" : "an escape or a quote without an end");
		if (r->used + 4 > ENTRY_MAX)
			return lr_fail(r->err, LR_ELIMIT, "line %lu: longer than %d characters",
			    r->entry_line, ENTRY_MAX);
		r->text[r->used++] = (char)c;
	}
	if (!token->quoted)
		give_back(r, c);
	token->length = (uint32_t)(r->text + r->used - token->text);
	r->text[r->used++] = '\0';
	r->count++;
	return LR_OK;
}

/* The tokens of the next entry; none at the end of an empty line. *end at the end of the file. */
static enum lr_code
read_entry(struct reader *r, bool *end)
{
	unsigned open = 0;
	bool comment = false;
	enum lr_code code;

	r->count = r->used = r->seen = 0;
	r->entry_line = r->line + 1;
	for (;;) {
		int c = next_char(r);
		if (r->seen > ENTRY_MAX)
			return lr_fail(r->err, LR_ELIMIT, "line %lu: longer than %d characters",
			    r->entry_line, ENTRY_MAX);
		if (r->seen == 1)
			r->indented = c == ' ' || c == '\t';
		switch (c) {
		case EOF:
			*end = true;
			if (ferror(r->stream))
				return lr_fail(r->err, LR_EIO, "cannot read: %s", strerror(errno));
			return open ? malformed(r, "a parenthesis without an end") : LR_OK;
		case '\n':
			comment = false;
			if (open == 0)
				return LR_OK;
			continue;
		case ' ':
		case '\t':
		case '\r':
			continue;
		case '\0':
			return malformed(r, "a NUL");
		case ';':
			comment = true;
			continue;
		default:
			break;
		}
		if (comment)
			continue;
		if (c == '(') {
			open++;
		} else if (c == ')') {
			if (open-- == 0)
				return malformed(r, "a parenthesis without a beginning");
		} else {
			code = read_token(r, c);
			if (code != LR_OK)
				return code;
		}
	}
}

static enum lr_code
read_directive(struct reader *r)
{
	const char *word = r->tokens[0].text;
	const char *value = r->count == 2 ? r->tokens[1].text : "";

	if (strcasecmp(word, "$TTL") == 0) {
		if (!lr_field_ttl(value, &r->ttl))
			return malformed(r, "malformed $TTL");
		r->has_ttl = r->ttl_is_default = true;
	} else if (strcasecmp(word, "$ORIGIN") == 0) {
		uint8_t origin[LR_NAME_MAX];
		size_t length = lr_field_name(value, r->origin, origin);
		if (length == 0)
			return malformed(r, "malformed $ORIGIN");
		memcpy(r->origin, origin, length);
	} else {
		/* $INCLUDE would open files that nobody named in the configuration. */
		return lr_fail(
		    r->err, LR_EFORMAT, "line %lu: %.20s is not taken", r->entry_line, word);
	}
	return LR_OK;
}

/* TTL and class, both optional and in either order,
 * then the type. *next: the first token of the RDATA. */
static enum lr_code
read_fixed(struct reader *r, struct lr_record *record, size_t *next)
{
	bool has_ttl = false, has_class = false;
	size_t i = *next;

	for (; i < r->count; i++) {
		const char *text = r->tokens[i].text;
		if (!has_ttl && text[0] >= '0' && text[0] <= '9') {
			if (!lr_field_ttl(text, &record->ttl))
				return malformed_at(r, i, "malformed TTL");
			has_ttl = true;
		} else if (!has_class &&
			   (strcasecmp(text, "IN") == 0 || strcasecmp(text, "CLASS1") == 0)) {
			has_class = true;
		} else {
			break;
		}
	}
	if (i == r->count)
		return malformed(r, "no type");
	record->type = lr_field_type(r->tokens[i].text);
	if (record->type == 0)
		return lr_fail(r->err, LR_EFORMAT, "line %lu: neither a type nor class IN: %.40s",
		    r->entry_line, r->tokens[i].text);
	if (has_ttl && !r->ttl_is_default) {
		r->ttl = record->ttl;
		r->has_ttl = true;
	} else if (!has_ttl) {
		if (!r->has_ttl)
			return malformed(r, "no TTL");
		record->ttl = r->ttl;
	}
	*next = i + 1;
	return LR_OK;
}

/* RDATA of the less common types, whose tokens begin at FIRST, behind the type: ldns reads it, for
 * an owner and a TTL that do not matter. */
static enum lr_code
read_by_ldns(struct reader *r, uint16_t type, size_t first, size_t *length)
{
	char *at = r->line_for_ldns;
	ldns_rdf *origin =
	    ldns_dname_new_frm_data((uint16_t)lr_name_length(r->origin, LR_NAME_MAX), r->origin);
	ldns_rr *rr = NULL;
	ldns_status status = LDNS_STATUS_MEM_ERR;

	at += sprintf(at, ". 0 IN TYPE%u", type);
	for (size_t i = first; i < r->count; i++) {
		const struct lr_token *token = &r->tokens[i];
		*at++ = ' ';
		if (token->quoted)
			*at++ = '"';
		memcpy(at, token->text, token->length);
		at += token->length;
		if (token->quoted)
			*at++ = '"';
	}
	*at = '\0';
	if (origin)
		status = ldns_rr_new_frm_str(&rr, r->line_for_ldns, 0, origin, NULL);
	ldns_rdf_deep_free(origin);
	if (status == LDNS_STATUS_MEM_ERR)
		return lr_fail(r->err, LR_ENOMEM, "out of memory");
	if (status != LDNS_STATUS_OK)
		return malformed_at(r, first - 1, ldns_get_errorstr_by_id(status));

	size_t used = 0;
	bool fits = true;
	for (size_t i = 0; i < ldns_rr_rd_count(rr); i++) {
		const ldns_rdf *field = ldns_rr_rdf(rr, i);
		size_t size = field ? ldns_rdf_size(field) : 0;
		fits = fits && size <= sizeof(r->rdata) - used;
		if (!fits || size == 0)
			continue;
		memcpy(r->rdata + used, ldns_rdf_data(field), size);
		used += size;
	}
	ldns_rr_free(rr);
	*length = used;
	return fits ? LR_OK : malformed_at(r, first - 1, "RDATA too long");
}

/* Names the type, whose token stands at AT, and the field. */
static enum lr_code
malformed_rdata(struct reader *r, size_t at, const struct lr_field_fault *fault)
{
	const char *type = r->tokens[at].text;
	size_t token = at + 1 + fault->token;
	if (fault->foreign)
		return lr_fail(r->err, LR_EUNSUPPORTED,
		    "line %lu: %.40s is taken in the generic form (RFC 3597) only", r->entry_line,
		    type);
	if (token >= r->count)
		return lr_fail(r->err, LR_EFORMAT, "line %lu: %.40s: field %zu is missing",
		    r->entry_line, type, fault->token + 1);
	return lr_fail(r->err, LR_EFORMAT, "line %lu: %.40s: malformed field %zu: %.40s",
	    r->entry_line, type, fault->token + 1, r->tokens[token].text);
}

static enum lr_code
read_record(struct reader *r)
{
	struct lr_record record = {.rdata = r->rdata};
	size_t next = 0, length, checked;
	struct lr_field_fault fault;
	enum lr_code code;

	if (!r->indented) {
		r->owner_length = lr_field_name(r->tokens[next++].text, r->origin, r->owner);
		if (r->owner_length == 0)
			return malformed_at(r, 0, "malformed owner name");
	} else if (r->owner_length == 0) {
		return malformed(r, "no owner name");
	}
	code = read_fixed(r, &record, &next);
	if (code != LR_OK)
		return code;
	if (!lr_field_rdata(record.type, r->tokens + next, r->count - next, r->origin, r->rdata,
		sizeof(r->rdata), &length, &fault)) {
		if (!fault.foreign || !r->options.ldns)
			return malformed_rdata(r, next - 1, &fault);
		code = lr_draft_step(r->draft, LDNS_STEPS, r->err);
		if (code == LR_OK)
			code = read_by_ldns(r, record.type, next, &length);
		if (code != LR_OK)
			return code;
	}
	/* The generic form and ldns may leave anything;
	 * a compressed name would change in the reading. */
	struct lr_cursor cursor = lr_cursor_init(r->rdata, length);
	struct lr_error why;
	if (lr_rdata_read(&cursor, record.type, (uint16_t)length, r->checked, sizeof(r->checked),
		&checked, &why) != LR_OK)
		return malformed_at(r, next - 1, why.text);
	if (checked != length)
		return malformed_at(r, next - 1, "compressed name in RDATA");
	record.owner = r->owner;
	record.owner_length = (uint8_t)r->owner_length;
	record.rdata_length = (uint16_t)length;
	code = lr_draft_add(r->draft, &record, &why);
	if (code == LR_ELIMIT)
		return lr_fail(r->err, code, "line %lu: %.200s", r->entry_line, why.text);
	return code == LR_OK ? LR_OK : lr_fail(r->err, code, "%s", why.text);
}

enum lr_code
lr_text_read_as(FILE *stream, struct lr_draft *draft, const struct lr_text_options *options,
    struct lr_error *err)
{
	struct reader *r = malloc(sizeof(*r)); /* not cleared: a third of a megabyte of buffers */
	const uint8_t *origin = lr_draft_origin(draft);
	size_t before = lr_draft_count(draft);
	enum lr_code code = LR_OK;

	if (!r)
		return lr_fail(err, LR_ENOMEM, "out of memory");
	r->stream = stream;
	r->draft = draft;
	r->options = *options;
	r->err = err;
	r->line = 0;
	memcpy(r->origin, origin, lr_name_length(origin, LR_NAME_MAX));
	r->owner_length = 0;
	r->ttl = 0;
	r->has_ttl = r->options.loose;
	r->ttl_is_default = false;
	r->next = r->end = 0;

	for (bool end = false; code == LR_OK && !end;) {
		code = read_entry(r, &end);
		if (code == LR_OK) /* comments and blank lines take time too */
			code = lr_draft_step(draft, 1 + r->seen / OCTETS_A_STEP, err);
		if (code != LR_OK || r->count == 0)
			continue;
		if (!r->indented && r->tokens[0].text[0] == '$')
			code = read_directive(r);
		else
			code = read_record(r);
	}
	if (code == LR_OK && lr_draft_count(draft) == before && !r->options.loose)
		code = lr_fail(err, LR_EFORMAT, "no records");
	free(r);
	return code;
}

enum lr_code
lr_text_read(FILE *stream, struct lr_draft *draft, struct lr_error *err)
{
	static const struct lr_text_options strict;
	return lr_text_read_as(stream, draft, &strict, err);
}
