/*
 * t_work.c -- zones and files that are made to cost time: no kind of them keeps the work on it from
 * being asked to stop, at the limits.
 */
#define WATCHED_MS 50 /* other machines are slower */

#include "dnssec.h"
#include "key.h"
#include "nsec.h"
#include "owner.h"
#include "put_message.h"
#include "sample.h"
#include "seal.h"
#include "semantics.h"
#include "source.h"
#include "transfer.h"
#include "watched.h"
#include "zonemd.h"

#include <unistd.h>
#include <zlib.h>

#if defined(__SANITIZE_ADDRESS__)
enum { OCTETS = 16 << 20 };
#else
enum { OCTETS = (64 << 20) - 65536 };
#endif

static struct lr_error err;

static struct lr_draft *
root_draft(void)
{
	struct lr_draft *draft;
	assert_int_equal(
	    lr_draft_new((const uint8_t *)"", &lr_limits_default.draft, &draft, NULL), LR_OK);
	lr_draft_heed(draft, &stop);
	return draft;
}

static bool
add(struct lr_draft *draft, const uint8_t *owner, uint16_t type, const void *rdata, size_t length)
{
	const struct lr_record r = {.owner = owner,
	    .owner_length = (uint8_t)lr_name_length(owner, LR_NAME_MAX),
	    .type = type,
	    .ttl = 86400,
	    .rdata = rdata,
	    .rdata_length = (uint16_t)length};
	return lr_draft_add(draft, &r, NULL) == LR_OK;
}

static void
add_apex(struct lr_draft *draft)
{
	struct message m = {.size = 0};
	uint8_t zonemd[6 + 48] = {0, 0, 0, 1, 1, 1};
	put_soa(&m, 1);
	assert_true(add(draft, (const uint8_t *)"", 6, m.bytes + m.size - 26, 26));
	assert_true(add(draft, (const uint8_t *)"", 2, "\1a", 3));
	assert_true(add(draft, (const uint8_t *)"", 63, zonemd, sizeof(zonemd)));
}

/* Every step that a zone without a good signature can come to: its digest can be right. */
static void
all_steps(const char *what, struct lr_draft *draft)
{
	char text[120];
	uint32_t serial;
	struct lr_zonemd zonemd;
	const struct lr_zone *zone;
	int64_t begun = begin();
	enum lr_code code = lr_draft_sort(draft, &err);
	snprintf(text, sizeof(text), "%s: sorting", what);
	expect_looks(text, begun);
	assert_int_equal(code, LR_OK);
	begun = begin();
	code = lr_semantic_checks(draft, &serial, &err);
	snprintf(text, sizeof(text), "%s: shape (%s)", what, lr_code_word(code));
	expect_looks(text, begun);
	begun = begin();
	code = lr_zonemd_verify(draft, 1, &zonemd, &err);
	snprintf(text, sizeof(text), "%s: digest (%s)", what, lr_code_word(code));
	expect_looks(text, begun);
	begun = begin();
	code = lr_nsec_verify(draft, &err);
	snprintf(text, sizeof(text), "%s: NSEC (%s)", what, lr_code_word(code));
	expect_looks(text, begun);
	begun = begin();
	code = lr_semantic_understood(draft, &err);
	snprintf(text, sizeof(text), "%s: types (%s)", what, lr_code_word(code));
	expect_looks(text, begun);
	begun = begin();
	code = lr_zone_seal(draft, 0, NULL, &zone, &err);
	snprintf(text, sizeof(text), "%s: sealing (%s)", what, lr_code_word(code));
	expect_looks(text, begun);
	if (code == LR_OK)
		lr_zone_unref(zone);
	lr_draft_free(draft);
}

/* All records at one name, of as many types as there are. */
static void
one_name(void **state)
{
	struct lr_draft *draft = root_draft();
	(void)state;
	add_apex(draft);
	for (uint32_t i = 0; add(draft, (const uint8_t *)"\1n", (uint16_t)(256 + i % 65000), &i, 4);
	     i++) {
	}
	all_steps("one name", draft);
}

/* Two types in turn, so that nothing is as it was before. */
static void
two_types(void **state)
{
	struct lr_draft *draft = root_draft();
	uint8_t owner[] = "\6xxxxxx", address[16] = {0};
	(void)state;
	add_apex(draft);
	for (uint32_t i = 0;; i++) {
		for (unsigned at = 0; at < 6; at++)
			owner[6 - at] = (uint8_t)('a' + (i >> at * 4 & 15));
		if (!add(draft, owner, 1, address, 4) || !add(draft, owner, 28, address, 16))
			break;
	}
	all_steps("two types", draft);
}

/* Each name has all labels that it can, and none has more than the last in common with the next. */
static void
deep_names(void **state)
{
	struct lr_draft *draft = root_draft();
	uint8_t owner[LR_NAME_MAX];
	(void)state;
	add_apex(draft);
	for (uint32_t i = 0;; i++) {
		for (unsigned at = 0; at < 254; at += 2) {
			owner[at] = 1;
			owner[at + 1] =
			    (uint8_t)(at < 242 ? 'x' : 'a' + (i >> (252 - at) * 2 & 15));
		}
		owner[254] = 0;
		if (i == OCTETS / 4000 || !add(draft, owner, 1, "abcd", 4))
			break;
	}
	all_steps("deep names", draft);
}

/* Signatures of one name alone, of all types. */
static void
many_signatures(void **state)
{
	struct lr_draft *draft = root_draft();
	uint8_t rdata[18 + 1 + 4] = {0};
	(void)state;
	add_apex(draft);
	for (uint32_t i = 0;; i++) {
		rdata[0] = (uint8_t)(i >> 8);
		rdata[1] = (uint8_t)i;
		memcpy(rdata + 19, &i, 4);
		if (!add(draft, (const uint8_t *)"\1n", 46, rdata, sizeof(rdata)))
			break;
	}
	all_steps("signatures", draft);
}

/* Signatures */

static struct sample_signed sample;

/* A root's own keys and signatures, as everybody can copy them, and what may cost beside them. */
static struct lr_draft *
signed_draft(void)
{
	sample_sign(&sample, "RSASHA256", "",
	    "example. 3600 IN SOA a. b. 7 1800 900 604800 300\nexample. 3600 IN NS a.\n");
	struct lr_draft *draft = sample_draft("example.", sample.text);
	lr_draft_heed(draft, &stop);
	return draft;
}

static void
verify(const char *what, struct lr_draft *draft, const char *why)
{
	struct lr_dnssec result;
	assert_int_equal(lr_draft_sort(draft, &err), LR_OK);
	int64_t begun = begin();
	enum lr_code code =
	    lr_dnssec_verify(draft, sample.anchors, SAMPLE_NOW, true, &result, &err);
	expect_looks(what, begun);
	assert_int_equal(code, LR_EBOGUS);
	if (!strstr(err.text, why))
		fail_msg("%s: %s", what, err.text);
	lr_draft_free(draft);
	sample_signed_free(&sample);
}

/* The signature of the apex' NS rrset, made one of the type. */
static size_t
borrowed(const struct lr_draft *draft, uint16_t type, uint8_t out[1024])
{
	for (size_t i = 0; i < lr_draft_count(draft); i++) {
		struct lr_record r = lr_draft_record(draft, i);
		if (r.type != 46 || lr_get16(r.rdata) != 2 || r.rdata_length > 1024)
			continue;
		memcpy(out, r.rdata, r.rdata_length);
		lr_put16(out, type);
		return r.rdata_length;
	}
	fail_msg("no signature of NS");
	return 0;
}

/* An rrset as large as a zone, which a key of the zone is said to have signed. */
static void
large_rrset(void **state)
{
	static uint8_t rdata[1024] = {255};
	uint8_t signature[1024];
	struct lr_draft *draft = signed_draft();
	(void)state;
	for (unsigned at = 0; at < sizeof(rdata); at += 256)
		rdata[at] = 255;
	for (uint32_t i = 0; i < OCTETS / 1100; i++) {
		memcpy(rdata + 1, &i, 4);
		sample_add_raw(draft, "example.", 16, 3600, rdata, sizeof(rdata));
	}
	size_t length = borrowed(draft, 16, signature);
	sample_add_raw(draft, "example.", 46, 3600, signature, length);
	verify("an rrset as large as a zone", draft, "more than a message can hold");
}

/* CVE-2023-50387: as many keys as are taken, the slowest that are; and signatures of all of them.
 */
static void
many_keys(void **state)
{
	uint8_t rdata[4 + 9 + 512], signature[1024];
	struct lr_draft *draft = signed_draft();
	(void)state;
	for (unsigned key = 0; key < LR_DNSKEYS_MAX - 2; key++) {
		memcpy(
		    rdata, "\1\0\3\10\10", 5); /* a zone key, RSASHA256, an exponent of 8 octets */
		memset(rdata + 5, 0xff, sizeof(rdata) - 5);
		rdata[sizeof(rdata) - 3] = (uint8_t)key;
		rdata[sizeof(rdata) - 5] = (uint8_t)~key; /* the same tag */
		sample_add_raw(draft, "example.", 48, 3600, rdata, sizeof(rdata));
	}
	for (unsigned i = 0; i < LR_SIGNATURES_MAX - 2; i++) {
		size_t length = borrowed(draft, 48, signature);
		lr_put16(signature + 16, lr_key_tag(rdata, sizeof(rdata)));
		signature[length - 1] = (uint8_t)i;
		sample_add_raw(draft, "example.", 46, 3600, signature, length);
	}
	verify("many keys of one tag", draft, "does not verify");
}

/* Messages */

/* A name of 127 labels, each of them behind a pointer; records whose names are all that one. */
static void
deep_pointers(void **state)
{
	static struct message m;
	struct lr_draft *draft = root_draft();
	struct lr_transfer *transfer;
	bool done = false;
	enum lr_code code = LR_OK;
	(void)state;
	assert_int_equal(lr_transfer_new(1, draft, &transfer, NULL), LR_OK);
	int64_t begun = begin();
	for (unsigned number = 0; code == LR_OK && number < 200; number++) {
		unsigned answers = 0, pointer = 0;
		put_header(&m, 1, 0x8400, 0, 0, 0);
		if (number == 0)
			put_soa(&m, 1);
		answers += number == 0;
		/* a record that holds the chain: "\1a" and a pointer to the part before */
		put_fixed(&m, "t.", 65280, 86400, 126 * 4);
		for (unsigned i = 0; i < 126; i++) {
			unsigned here = (unsigned)m.size;
			put8(&m, 1);
			put8(&m, 'a');
			put16(&m, i ? 0xc000 | pointer : 0);
			pointer = here;
		}
		answers++;
		while (m.size < 65000) {
			put16(&m, 0xc000 | pointer);
			put16(&m, 2);
			put16(&m, 1);
			put32(&m, 86400);
			put16(&m, 2);
			put16(&m, 0xc000 | pointer);
			answers++;
		}
		m.bytes[6] = (uint8_t)(answers >> 8);
		m.bytes[7] = (uint8_t)answers;
		code = lr_transfer_message(transfer, m.bytes, m.size, &done, &err);
		look(); /* as the connection does for each message */
	}
	expect_looks("names in 127 pieces", begun);
	printf("#   %s %s\n", lr_code_word(code), err.text);
	lr_transfer_free(transfer);
	lr_draft_free(draft);
}

/* Files */

/* HEAD once, then the piece until TOTAL octets. */
static void
read_pieces(const char *what, const char *head, size_t head_size, const char *piece, size_t size,
    size_t total)
{
	char path[] = "/tmp/lr-work-XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	FILE *file = fdopen(fd, "w");
	assert_int_equal(fwrite(head, 1, head_size, file), head_size);
	for (size_t written = head_size; written + size < total; written += size)
		assert_int_equal(fwrite(piece, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
	read_path(what, path);
}

#define PIECES_OF(TOTAL, WHAT, HEAD, PIECE)                                                        \
	read_pieces(WHAT, HEAD, sizeof(HEAD) - 1, PIECE, sizeof(PIECE) - 1, TOTAL)
#define PIECES(WHAT, HEAD, PIECE) PIECES_OF(OCTETS, WHAT, HEAD, PIECE)

static void
texts(void **state)
{
	(void)state;
	PIECES("one line", ";", "xxxxxxxxxxxxxxxx");
	PIECES("blanks", "", "                ");
	PIECES("an open parenthesis", "a 1 TXT (", "\n");
	PIECES("an open quote", "a 1 TXT \"", "xxxxxxxxxxxxxxxx");
	PIECES_OF(OCTETS / 8, "NSEC3", "",
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa 1 NSEC3 1 0 65535 aabb "
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa A RRSIG\n");
	PIECES_OF(OCTETS / 8, "$ORIGIN", "", "$ORIGIN a.\n");
}

/* Packed so that reading a lot of it gives nothing: empty blocks (RFC 1951 section 3.2.4), and
 * empty members (RFC 1952 section 2.2). */
static void
packed(void **state)
{
	static const char head[] = "\x1f\x8b\x08\0\0\0\0\0\0\3", block[] = "\0\0\0\xff\xff";
	static const char member[] = "\x1f\x8b\x08\0\0\0\0\0\0\3\3\0\0\0\0\0\0\0\0\0";
	(void)state;
	PIECES("gzip: empty blocks", head, block);
	PIECES("gzip: empty members", "", member);
}

/* As much as may come of it, from a thousandth. */
static void
unpacked(void **state)
{
	char path[] = "/tmp/lr-work-XXXXXX";
	static char blanks[65536];
	int fd = mkstemp(path);
	(void)state;
	memset(blanks, '\n', sizeof(blanks));
	assert_true(fd >= 0);
	gzFile file = gzdopen(fd, "wb");
	for (size_t written = 0; written < OCTETS; written += sizeof(blanks))
		assert_true(gzwrite(file, blanks, sizeof(blanks)) > 0);
	assert_int_equal(gzclose(file), Z_OK);
	read_path("gzip: a bomb", path);
}

UNIT_TESTS(NULL, NULL, TEST(one_name), TEST(two_types), TEST(deep_names), TEST(many_signatures),
    TEST(large_rrset), TEST(many_keys), TEST(deep_pointers), TEST(texts), TEST(packed),
    TEST(unpacked))
