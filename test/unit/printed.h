/*
 * printed.h -- a record as it is printed: compared with ldns' text for it, and read back by our
 * reader and by ldns.
 */
#ifndef LR_PRINTED_H
#define LR_PRINTED_H

#include "print.h"
#include "sample.h"

#include <ldns/ldns.h>

static inline char *
printed_by_us(const struct lr_record *record)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	assert_int_equal(lr_record_print(record, out), LR_OK);
	fclose(out);
	return text;
}

static inline ldns_rr *
printed_as_ldns(const struct lr_record *record)
{
	static uint8_t wire[LR_NAME_MAX + 10 + UINT16_MAX];
	size_t at = record->owner_length;
	ldns_rr *rr = NULL;
	memcpy(wire, record->owner, at);
	ldns_write_uint16(wire + at, record->type);
	ldns_write_uint16(wire + at + 2, LDNS_RR_CLASS_IN);
	ldns_write_uint32(wire + at + 4, record->ttl);
	ldns_write_uint16(wire + at + 8, record->rdata_length);
	if (record->rdata_length)
		memcpy(wire + at + 10, record->rdata, record->rdata_length);
	size_t position = 0;
	assert_int_equal(
	    ldns_wire2rr(&rr, wire, at + 10 + record->rdata_length, &position, LDNS_SECTION_ANSWER),
	    LDNS_STATUS_OK);
	return rr;
}

/* The record that both texts are of, whatever they may differ in: blanks; ldns' comment behind a
 * DNSKEY; the backslash that we put before `"`, `@` and `$` in names, since a name may stand where
 * they have a meaning; a tab in a string, which ldns leaves as it is. */
static inline void
printed_normalise(char *text)
{
	char *to = text;
	bool quoted = false;
	for (const char *from = text; *from && *from != '\n'; from++) {
		if (*from == '\\' && !quoted && from[1] && strchr("\"@$", from[1])) {
			*to++ = *++from;
			continue;
		}
		if (quoted && strncmp(from, "\\009", 4) == 0) {
			*to++ = '\t';
			from += 3;
			continue;
		}
		if (*from == '\\') {
			*to++ = *from++;
		} else if (*from == '"' && (quoted || (to > text && to[-1] == ' '))) {
			quoted = !quoted;
		} else if (*from == ';' && !quoted) {
			break;
		} else if ((*from == ' ' || *from == '\t') && !quoted) {
			if (to > text && to[-1] != ' ')
				*to++ = ' ';
			continue;
		}
		*to++ = *from;
	}
	while (to > text && to[-1] == ' ')
		to--;
	*to = '\0';
}

static inline void
printed_like_ldns(const struct lr_record *record)
{
	char *ours = printed_by_us(record);
	ldns_rr *rr = printed_as_ldns(record);
	char *theirs = ldns_rr2str(rr);
	assert_non_null(theirs);
	printed_normalise(ours);
	printed_normalise(theirs);
	if (strcmp(ours, theirs) != 0) {
		size_t same = 0;
		while (ours[same] == theirs[same])
			same++;
		fail_msg("%.60s… differs at %zu: %.60s and %.60s", ours, same, ours + same,
		    theirs + same);
	}
	LDNS_FREE(theirs);
	ldns_rr_free(rr);
	free(ours);
}

/* Names count by their octets, in the same case. */
static inline void
printed_reads_back_here(const struct lr_record *record)
{
	char *text = printed_by_us(record);
	struct lr_draft *draft = sample_empty(".");
	struct lr_error err = {LR_OK, ""};
	FILE *stream = fmemopen(text, strlen(text), "r");
	if (lr_text_read(stream, draft, &err) != LR_OK)
		fail_msg("%s: %s", err.text, text);
	fclose(stream);
	assert_int_equal(lr_draft_count(draft), 1);
	struct lr_record read = lr_draft_record(draft, 0);
	assert_int_equal(read.owner_length, record->owner_length);
	assert_memory_equal(read.owner, record->owner, record->owner_length);
	assert_int_equal(read.type, record->type);
	assert_int_equal(read.ttl, record->ttl);
	assert_int_equal(read.rdata_length, record->rdata_length);
	assert_memory_equal(read.rdata, record->rdata, record->rdata_length);
	lr_draft_free(draft);
	free(text);
}

static inline void
printed_reads_back(const struct lr_record *record)
{
	printed_reads_back_here(record);
	char *text = printed_by_us(record);
	ldns_rr *rr = NULL;
	uint8_t *wire;
	size_t size, head = record->owner_length + 10u;
	ldns_status status = ldns_rr_new_frm_str(&rr, text, 0, NULL, NULL);
	if (status != LDNS_STATUS_OK)
		fail_msg("ldns: %s: %s", ldns_get_errorstr_by_id(status), text);
	assert_int_equal(ldns_rr_ttl(rr), record->ttl);
	assert_int_equal(ldns_rr_get_type(rr), record->type);
	assert_int_equal(ldns_rr2wire(&wire, rr, LDNS_SECTION_ANSWER, &size), LDNS_STATUS_OK);
	if (size != head + record->rdata_length ||
	    memcmp(wire, record->owner, record->owner_length) != 0 ||
	    memcmp(wire + head, record->rdata, record->rdata_length) != 0)
		fail_msg("ldns reads other octets: %s", text);
	LDNS_FREE(wire);
	ldns_rr_free(rr);
	free(text);
}

#endif
