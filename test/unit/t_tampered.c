/* Signed zones after someone without the keys was
 * at them, and zones made to wear a verifier out. */
#include "key.h"
#include "signed.h"

#include <openssl/evp.h>

/* Leaves out the records of one type (and with COVERED, RRSIGs over it) at one owner. */
struct without {
	const char *owner;
	uint16_t type, covered;
	unsigned hits;
};

static bool
leave_out(struct lr_record *r, uint8_t *owner, uint8_t *rdata, size_t index, void *arg)
{
	struct without *w = arg;
	(void)index;
	if (r->type != w->type || !lr_name_equal(owner, sample_name(w->owner)) ||
	    (w->covered && (rdata[0] << 8 | rdata[1]) != w->covered))
		return true;
	w->hits++;
	return false;
}

static struct lr_draft *
lacking(const char *owner, uint16_t type, uint16_t covered)
{
	struct without w = {owner, type, covered, 0};
	struct lr_draft *draft = whole();
	struct lr_draft *less = sample_copy(draft, leave_out, &w);
	lr_draft_free(draft);
	assert_true(w.hits > 0);
	return less;
}

static void
missing_signatures(void **state)
{
	static const struct {
		const char *owner;
		uint16_t type;
	} cases[] = {{"example.", 6}, {"example.", 2}, {"example.", NSEC}, {"example.", DNSKEY},
	    {"ns.example.", 1}, {"ns.example.", 28}, {"alias.example.", 5}, {"*.wild.example.", 16},
	    {"com.example.", 43}, {"com.example.", NSEC}, {"upper.example.", 65280}};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_refused(lacking(cases[i].owner, RRSIG, cases[i].type), LR_EBOGUS, "sign");
	/* The only one of its name. */
	assert_refused(lacking("net.example.", RRSIG, 0), LR_EBOGUS, "NSEC: not signed");
}

static void
missing_nsec(void **state)
{
	static const char *const owners[] = {"example.", "ns.example.", "alias.example.",
	    "*.wild.example.", "com.example.", "net.example.", "a.b.example.", "upper.example."};
	(void)state;
	for (size_t i = 0; i < sizeof(owners) / sizeof(owners[0]); i++)
		assert_refused(lacking(owners[i], NSEC, 0), LR_EBOGUS, "NSEC");
}

/* Without a record the bitmap, or a signature, is left over. */
static void
missing_records(void **state)
{
	(void)state;
	assert_refused(lacking("com.example.", 43, 0), LR_EBOGUS, "com.example.");
	assert_refused(lacking("ns.example.", 28, 0), LR_EBOGUS, "ns.example.");
	assert_refused(lacking("com.example.", 2, 0), LR_EBOGUS, "");
	/* Glue is not signed: DNSSEC alone does not miss it. The digest does. */
	assert_verified(lacking("ns.com.example.", 1, 0), sample.anchors);
}

static void
extra_records(void **state)
{
	static const char *const extra[] = {
	    "extra.example. 600 IN A 192.0.2.9\n",             /* unsigned, and not in the chain */
	    "ns.example. 600 IN A 192.0.2.9\n",                /* in a signed rrset */
	    "ns.example. 600 IN TXT \"x\"\n",                  /* not in the bitmap */
	    "net.example. 600 IN DS 1 13 2 00\n",              /* a delegation made secure */
	    "extra.example. 600 IN NS ns.example.\n",          /* a new delegation */
	    "ns.example. 600 IN NS evil.example.\n",           /* a cut where there is data */
	    "ns.com.example. 600 IN NSEC z.example. A NSEC\n", /* a proof in occluded data */
	    "example. 3600 IN DNSKEY 257 3 13 AAAA\n",
	};
	(void)state;
	for (size_t i = 0; i < sizeof(extra) / sizeof(extra[0]); i++) {
		struct lr_draft *draft = whole();
		sample_add(draft, extra[i]);
		assert_refused(draft, LR_EBOGUS, "");
	}
}

/* RFC 4035 section 2.2: what the zone has no authority over is not signed. */
static void
misplaced_signatures(void **state)
{
#define RRSIG_TEXT(owner, covered, labels)                                                         \
	owner " 600 IN RRSIG " covered " 13 " labels                                               \
	      " 600 20270101000000 20260101000000 1 example. AAAA\n"
	static const struct {
		const char *text, *reason;
	} extra[] = {
	    {RRSIG_TEXT("ns.com.example.", "A", "3"), "no authority"},
	    {RRSIG_TEXT("net.example.", "NS", "2"), "no authority"},
	    {RRSIG_TEXT("ns.example.", "TXT", "2"), "not there"},
	    {RRSIG_TEXT("example.", "RRSIG", "1"), "not there"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(extra) / sizeof(extra[0]); i++) {
		struct lr_draft *draft = whole();
		sample_add(draft, extra[i].text);
		assert_refused(draft, LR_EBOGUS, extra[i].reason);
	}
}

/*
 * One octet changed in every record that DNSSEC covers, at several positions. Names' case does not
 * count, so the mask leaves case alone. Glue, and the NS rrset at a cut, are not covered.
 */
static void
one_flipped_octet(void **state)
{
	struct lr_draft *draft = whole();
	unsigned refused = 0, types = 0;
	bool seen[256] = {false};
	(void)state;
	for (size_t i = 0; i < lr_draft_count(draft); i++) {
		struct lr_record r = lr_draft_record(draft, i);
		bool below = lr_name_within(r.owner, sample_name("com.example.")) ||
			     lr_name_within(r.owner, sample_name("net.example."));
		if (below && r.type != 43 && r.type != NSEC && r.type != RRSIG)
			continue;
		for (size_t octet = 0; octet < r.rdata_length; octet += 1 + octet / 8) {
			struct sample_flip flip = {i, octet, 0x11, false, 0};
			struct lr_dnssec result;
			struct lr_draft *mutant = sample_copy(draft, sample_flip_octet, &flip);
			enum lr_code code =
			    verify_at(mutant, sample.anchors, SAMPLE_NOW, true, &result, NULL);
			if (code == LR_OK)
				fail_msg("record %zu of type %u, octet %zu", i, r.type, octet);
			refused++;
		}
		types += r.type < 256 && !seen[r.type];
		seen[r.type & 255] = true;
	}
	lr_draft_free(draft);
	assert_true(refused > 500);
	assert_true(types >= 11); /* A NS CNAME SOA MX TXT AAAA DNAME DS RRSIG NSEC DNSKEY */
}

static void
nsec3_wants_an_update(void **state)
{
	struct sample_signed s;
	struct lr_dnssec result;
	(void)state;
	sample_sign(&s, "ECDSAP256SHA256", "-n", SAMPLE_ZONE);
	assert_int_equal(
	    verify_at(sample_draft("example.", s.text), s.anchors, SAMPLE_NOW, true, &result, NULL),
	    LR_EUPDATE);
	/* Said of what verifies, and of nothing else. */
	assert_int_equal(verify_at(sample_draft("example.", s.text), s.anchors,
			     SAMPLE_EXPIRATION + 1u, true, &result, NULL),
	    LR_EEXPIRED);
	sample_signed_free(&s);
}

/* CVE-2023-50387. */
static void
too_many_keys_and_signatures(void **state)
{
	struct lr_draft *draft = whole();
	(void)state;
	for (int i = 0; i < 15; i++) { /* and two of its own */
		uint8_t rdata[70] = {1, 0, 3, 13, (uint8_t)i};
		sample_add_raw(draft, "example.", DNSKEY, 3600, rdata, 68);
	}
	assert_refused(draft, LR_EBOGUS, "too many keys");

	draft = whole();
	for (int i = 0; i < 8; i++) { /* and one of its own */
		char text[160];
		snprintf(text, sizeof(text),
		    "ns.example. 600 IN RRSIG A 13 2 600 20270101000000 20260101000000 %d example. "
		    "AAAA\n",
		    i);
		sample_add(draft, text);
	}
	assert_refused(draft, LR_EBOGUS, "too many signatures");
}

static void
write_key(FILE *zone, const uint8_t key[36])
{
	uint8_t base64[64];
	EVP_EncodeBlock(base64, key + 4, 32);
	fprintf(zone, "example. 3600 IN DNSKEY 256 3 15 %s\n", (char *)base64);
}

/*
 * Writes the zone-signing key and COUNT keys of the same tag, each before it in canonical order:
 * two 16-bit words of the key change places, the smaller to the front, which leaves the sum of RFC
 * 4034 appendix B alone.
 */
static void
write_collisions(const struct sample_signed *s, FILE *zone, unsigned count)
{
	struct lr_draft *draft = sample_draft("example.", s->text);
	for (size_t k = 0; k < lr_draft_count(draft); k++) {
		struct lr_record r = lr_draft_record(draft, k);
		if (r.type != DNSKEY || r.rdata[1] != 0)
			continue;
		write_key(zone, r.rdata);
		for (int i = 4; i < 36; i += 2)
			for (int j = i + 2; j < 36 && count; j += 2) {
				uint8_t key[36];
				if (memcmp(r.rdata + j, r.rdata + i, 2) >= 0)
					continue;
				memcpy(key, r.rdata, 36);
				memcpy(key + i, r.rdata + j, 2);
				memcpy(key + j, r.rdata + i, 2);
				assert_int_equal(lr_key_tag(key, 36), lr_key_tag(r.rdata, 36));
				write_key(zone, key);
				count--;
			}
	}
	lr_draft_free(draft);
	assert_int_equal(count, 0);
}

/* Key tags are no identifiers: four keys of a tag are tried, not more (CVE-2023-50387). */
static void
colliding_key_tags(void **state)
{
	(void)state;
	for (unsigned count = 3; count <= 4; count++) {
		struct sample_signed s;
		struct lr_dnssec result;
		char path[64], nothing[8];
		sample_sign(&s, "ED25519", "", SAMPLE_ZONE);
		snprintf(path, sizeof(path), "%s/zone", s.directory);
		FILE *zone = fopen(path, "a");
		assert_non_null(zone);
		write_collisions(&s, zone, count);
		fclose(zone);
		sample_run(s.directory,
		    "ldns-signzone -o example. -i 20260101000000 -e 20270101000000 -f signed zone "
		    "$(ls *.private | sed 's/.private//')",
		    nothing, sizeof(nothing));
		free(s.text);
		snprintf(path, sizeof(path), "%s/signed", s.directory);
		s.text = sample_file(path);
		struct lr_error err = {LR_OK, ""};
		enum lr_code code = verify_at(
		    sample_draft("example.", s.text), s.anchors, SAMPLE_NOW, true, &result, &err);
		if (code != (count == 3 ? LR_OK : LR_EBOGUS))
			fail_msg("%u collisions: %s", count, err.text);
		sample_signed_free(&s);
	}
}

/* Hostile RDATA that no reader would pass, but a draft can hold. */
static void
short_rdata(void **state)
{
	static const uint8_t rrsig[24] = {0, 1, 13, 2, 0, 0, 2, 0x58, 0x6b, 0x36, 0xec, 0x80};
	static const uint8_t dnskey[8] = {1, 0, 3, 13};
	(void)state;
	for (size_t length = 0; length < sizeof(rrsig); length++) {
		struct lr_draft *draft = whole();
		sample_add_raw(draft, "ns.example.", RRSIG, 600, rrsig, length);
		assert_refused(draft, LR_EBOGUS, "");
	}
	for (size_t length = 0; length < sizeof(dnskey); length++) {
		struct lr_draft *draft = whole();
		sample_add_raw(draft, "example.", DNSKEY, 3600, dnskey, length);
		assert_refused(draft, LR_EBOGUS, "");
	}
	for (size_t length = 0; length < 8; length++) {
		struct lr_draft *draft = lacking("ns.example.", NSEC, 0);
		sample_add_raw(draft, "ns.example.", NSEC, 300, "\1a\7example", length);
		assert_refused(draft, LR_EBOGUS, "");
	}
	assert_refused(sample_empty("example."), LR_EANCHOR, "");
}

UNIT_TESTS(set_up, tear_down, TEST(missing_signatures), TEST(missing_nsec), TEST(missing_records),
    TEST(extra_records), TEST(misplaced_signatures), TEST(one_flipped_octet),
    TEST(nsec3_wants_an_update), TEST(too_many_keys_and_signatures), TEST(colliding_key_tags),
    TEST(short_rdata))
