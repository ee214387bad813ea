/*
 * sample.h -- zones for the tests of validate/: read from text, changed record by record, signed by
 * ldns' tools.
 */
#ifndef LR_SAMPLE_H
#define LR_SAMPLE_H

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "anchor.h"
#include "cursor.h"
#include "draft.h"
#include "rdata.h"
#include "text.h"

#define UNUSED __attribute__((unused))

static const struct lr_draft_limits sample_limits = {64 << 20, 1 << 20, 0};

static inline const uint8_t *
sample_name(const char *text)
{
	static uint8_t names[8][LR_NAME_MAX];
	static unsigned turn;
	size_t length;
	uint8_t *name = names[turn++ % 8];
	assert_true(lr_name_parse(text, name, &length));
	return name;
}

static inline struct lr_draft *
sample_empty(const char *origin)
{
	struct lr_draft *draft;
	assert_int_equal(lr_draft_new(sample_name(origin), &sample_limits, &draft, NULL), LR_OK);
	return draft;
}

/* Adds the records of a master file in memory. */
static inline void
sample_add(struct lr_draft *draft, const char *text)
{
	struct lr_error err = {LR_OK, ""};
	FILE *stream = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
	assert_non_null(stream);
	if (lr_text_read_as(stream, draft, &(struct lr_text_options){.ldns = true}, &err) != LR_OK)
		fail_msg("%s", err.text);
	fclose(stream);
}

static inline struct lr_draft *
sample_draft(const char *origin, const char *text)
{
	struct lr_draft *draft = sample_empty(origin);
	sample_add(draft, text);
	return draft;
}

static inline struct lr_draft *
sample_sorted(const char *origin, const char *text)
{
	struct lr_draft *draft = sample_draft(origin, text);
	assert_int_equal(lr_draft_sort(draft, NULL), LR_OK);
	return draft;
}

/* Adds a record as it is. */
static inline void
sample_add_raw(struct lr_draft *draft, const char *owner, uint16_t type, uint32_t ttl,
    const void *rdata, size_t length)
{
	const uint8_t *name = sample_name(owner);
	struct lr_record r = {
	    name, rdata, ttl, type, (uint16_t)length, (uint8_t)lr_name_length(name, LR_NAME_MAX)};
	assert_int_equal(lr_draft_add(draft, &r, NULL), LR_OK);
}

/*
 * Copies a draft, record by record, through CHANGE, which may change the record (its rdata and
 * owner are copies) or return false to leave it out.
 */
typedef bool sample_change(
    struct lr_record *record, uint8_t *owner, uint8_t *rdata, size_t index, void *arg);

static inline struct lr_draft *
sample_copy(const struct lr_draft *draft, sample_change *change, void *arg)
{
	static uint8_t rdata[UINT16_MAX], owner[LR_NAME_MAX];
	struct lr_draft *copy;
	assert_int_equal(lr_draft_new(lr_draft_origin(draft), &sample_limits, &copy, NULL), LR_OK);
	for (size_t i = 0; i < lr_draft_count(draft); i++) {
		struct lr_record r = lr_draft_record(draft, i);
		memcpy(rdata, r.rdata, r.rdata_length);
		memcpy(owner, r.owner, r.owner_length);
		r.rdata = rdata;
		r.owner = owner;
		if (!change || change(&r, owner, rdata, i, arg))
			assert_int_equal(lr_draft_add(copy, &r, NULL), LR_OK);
	}
	return copy;
}

/* Whether a reader would take this RDATA: names in it must be well-formed. */
static inline bool
sample_readable(const struct lr_record *r)
{
	static uint8_t out[UINT16_MAX];
	size_t length;
	struct lr_cursor c = lr_cursor_init(r->rdata, r->rdata_length);
	return lr_rdata_read(&c, r->type, r->rdata_length, out, sizeof(out), &length, NULL) ==
		   LR_OK &&
	       length == r->rdata_length;
}

/* One octet of the RDATA of one record; readable is
 * false where a reader would refuse what comes of it. */
struct sample_flip {
	size_t record, octet;
	uint8_t mask;
	bool readable;
	uint16_t type;
};

static inline bool
sample_flip_octet(struct lr_record *r, uint8_t *owner, uint8_t *rdata, size_t index, void *arg)
{
	struct sample_flip *flip = arg;
	(void)owner;
	if (index != flip->record)
		return true;
	flip->type = r->type;
	rdata[flip->octet % r->rdata_length] ^= flip->mask;
	flip->readable = sample_readable(r);
	return flip->readable;
}

static inline char *
sample_file(const char *path)
{
	FILE *f = fopen(path, "r");
	if (!f)
		fail_msg("cannot open %s", path);
	char *text = NULL;
	size_t room = 0;
	assert_true(getdelim(&text, &room, '\0', f) > 0);
	fclose(f);
	return text;
}

/* A zone signed at test time, in a folder of its own. */
struct sample_signed {
	char directory[32];
	unsigned key_tag; /* of the key-signing key, as ldns-keygen says */
	char *text;
	struct lr_anchors *anchors;
};

/* Every kind of name that the verifier tells apart. The DS digest is any 32 octets. */
#define SAMPLE_ZONE                                                                                \
	"example. 3600 IN SOA ns.example. Admin.Example. 7 1800 900 604800 300\n"                  \
	"example. 3600 IN NS ns.example.\n"                                                        \
	"example. 3600 IN NS NS.com.example.\n"                                                    \
	"ns.example. 600 IN A 192.0.2.1\n"                                                         \
	"ns.example. 600 IN AAAA 2001:db8::1\n"                                                    \
	"alias.example. 600 IN CNAME NS.example.\n"                                                \
	"*.wild.example. 600 IN TXT \"wild\"\n"                                                    \
	"a.b.example. 600 IN MX 10 Mail.example.\n"                                                \
	"tree.example. 600 IN DNAME ns.example.\n"                                                 \
	"UPPER.example. 600 IN TYPE65280 \\# 3 414243\n"                                           \
	"com.example. 600 IN NS ns.com.example.\n"                                                 \
	"com.example. 600 IN NS ns.net.example.\n"                                                 \
	"com.example. 600 IN DS 4711 13 2 "                                                        \
	"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"                       \
	"ns.com.example. 600 IN A 192.0.2.2\n"                                                     \
	"net.example. 600 IN NS ns.net.example.\n"                                                 \
	"ns.net.example. 600 IN A 192.0.2.3\n"

/* Signed from 2026-01-01 to 2027-01-01; 2026-07-01 is within. */
enum { SAMPLE_INCEPTION = 1767225600, SAMPLE_EXPIRATION = 1798761600, SAMPLE_NOW = 1782864000 };

static inline void
sample_run(const char *directory, const char *command, char *output, size_t size)
{
	char line[2048];
	snprintf(line, sizeof(line), "cd %s && %s", directory, command);
	FILE *pipe = popen(line, "r");
	assert_non_null(pipe);
	size_t got = fread(output, 1, size - 1, pipe);
	output[got] = '\0';
	output[strcspn(output, "\n")] = '\0';
	if (pclose(pipe) != 0)
		fail_msg("%s (needs ldnsutils)", line);
}

/* Signs with a fresh key pair of the algorithm; OPTIONS go to ldns-signzone. */
static inline void
sample_sign(struct sample_signed *s, const char *algorithm, const char *options, const char *zone)
{
	char ksk[128], zsk[128], command[1024], path[256], nothing[8];
	strcpy(s->directory, "/tmp/lr-sample-XXXXXX");
	assert_non_null(mkdtemp(s->directory));
	snprintf(path, sizeof(path), "%s/zone", s->directory);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(zone, f);
	fclose(f);
	snprintf(command, sizeof(command), "ldns-keygen -r /dev/urandom -b 2048 -a %s -k example.",
	    algorithm);
	sample_run(s->directory, command, ksk, sizeof(ksk));
	snprintf(command, sizeof(command), "ldns-keygen -r /dev/urandom -b 2048 -a %s example.",
	    algorithm);
	sample_run(s->directory, command, zsk, sizeof(zsk));
	snprintf(command, sizeof(command),
	    "ldns-signzone -o example. -i 20260101000000 -e 20270101000000 %s -f signed zone %s %s",
	    options, zsk, ksk);
	sample_run(s->directory, command, nothing, sizeof(nothing));
	snprintf(path, sizeof(path), "%s/signed", s->directory);
	s->text = sample_file(path);
	s->key_tag = (unsigned)strtoul(strrchr(ksk, '+') + 1, NULL, 10);

	snprintf(path, sizeof(path), "%s/%s.key", s->directory, ksk);
	f = fopen(path, "r");
	assert_non_null(f);
	s->anchors = lr_anchors_new(sample_name("example."));
	assert_int_equal(lr_anchors_read(s->anchors, f, NULL), LR_OK);
	assert_int_equal(lr_anchors_count(s->anchors), 1);
	fclose(f);
}

static inline void
sample_signed_free(struct sample_signed *s)
{
	char nothing[8];
	sample_run("/tmp", "true", nothing, sizeof(nothing));
	if (strncmp(s->directory, "/tmp/lr-sample-", 15) == 0) {
		char command[64];
		snprintf(command, sizeof(command), "rm -r %s", s->directory);
		sample_run("/tmp", command, nothing, sizeof(nothing));
	}
	lr_anchors_free(s->anchors);
	free(s->text);
}

/* KSK-2017 (key tag 20326), whose DS record IANA publishes in root-anchors.xml. */
#define SAMPLE_ROOT_DS                                                                             \
	". IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D\n"

static inline struct lr_anchors *
sample_anchors(const char *origin, const char *text)
{
	struct lr_anchors *anchors = lr_anchors_new(sample_name(origin));
	FILE *stream = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
	assert_non_null(stream);
	assert_int_equal(lr_anchors_read(anchors, stream, NULL), LR_OK);
	fclose(stream);
	return anchors;
}

#endif
