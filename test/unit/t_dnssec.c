/* Signatures and the NSEC chain. ldns-keygen and ldns-signzone make the zones; ldns' verdicts are
 * in check.sh. */
#include "dnssec.h"
#include "key.h"
#include "sample.h"

#include <openssl/evp.h>

enum { NSEC = 47, RRSIG = 46, DNSKEY = 48 };

static struct sample_signed sample; /* ECDSAP256SHA256, for all tests but algorithms */

static int
set_up(void **state)
{
	(void)state;
	sample_sign(&sample, "ECDSAP256SHA256", "", SAMPLE_ZONE);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	sample_signed_free(&sample);
	return 0;
}

static enum lr_code
verify_at(struct lr_draft *draft, const struct lr_anchors *anchors, uint32_t now, bool check_time,
    struct lr_dnssec *result, struct lr_error *err)
{
	assert_int_equal(lr_draft_sort(draft, NULL), LR_OK);
	enum lr_code code = lr_dnssec_verify(draft, anchors, now, check_time, result, err);
	lr_draft_free(draft);
	return code;
}

/* Consumes the draft. */
static void
assert_refused(struct lr_draft *draft, enum lr_code expected, const char *reason)
{
	struct lr_dnssec result = {.signatures = 99};
	struct lr_error err = {LR_OK, ""};
	assert_int_equal(
	    verify_at(draft, sample.anchors, SAMPLE_NOW, true, &result, &err), expected);
	assert_int_equal(err.code, expected);
	if (!strstr(err.text, reason))
		fail_msg("\"%s\" lacks \"%s\"", err.text, reason);
	assert_int_equal(result.signatures, 99);
}

static void
assert_verified(struct lr_draft *draft, const struct lr_anchors *anchors)
{
	struct lr_dnssec result;
	struct lr_error err = {LR_OK, ""};
	if (verify_at(draft, anchors, SAMPLE_NOW, true, &result, &err) != LR_OK)
		fail_msg("%s", err.text);
}

static struct lr_draft *
whole(void)
{
	return sample_draft("example.", sample.text);
}

/*
 * What ldns-signzone signs of SAMPLE_ZONE: at the apex SOA, NS, NSEC, DNSKEY (4); ns A, AAAA, NSEC
 * (3); alias, *.wild, a.b, tree and UPPER one rrset and NSEC each (10); com DS and NSEC (2); net
 * NSEC (1): 20.
 */
static void
each_algorithm(void **state)
{
	static const char *const names[] = {
	    "RSASHA256", "RSASHA512", "ECDSAP256SHA256", "ECDSAP384SHA384", "ED25519", "ED448"};
	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct sample_signed s;
		struct lr_dnssec result;
		struct lr_error err = {LR_OK, ""};
		sample_sign(&s, names[i], "", SAMPLE_ZONE);
		if (verify_at(sample_draft("example.", s.text), s.anchors, SAMPLE_NOW, true,
			&result, &err) != LR_OK)
			fail_msg("%s: %s", names[i], err.text);
		assert_int_equal(result.signatures, 20);
		assert_int_equal(result.expires, SAMPLE_EXPIRATION);
		assert_int_equal(result.key_tag, s.key_tag);
		/* Another zone's keys do not do. */
		assert_int_equal(verify_at(sample_draft("example.", s.text), sample.anchors,
				     SAMPLE_NOW, true, &result, NULL),
		    LR_EANCHOR);
		sample_signed_free(&s);
	}
}

static void
ds_anchor(void **state)
{
	char text[4096], command[64];
	(void)state;
	/* ldns-keygen leaves a DS record for the key-signing key in a file of its own. */
	snprintf(command, sizeof(command), "cat *.ds");
	sample_run(sample.directory, command, text, sizeof(text));
	struct lr_anchors *anchors = sample_anchors("example.", text);
	assert_int_equal(lr_anchors_count(anchors), 1);
	assert_verified(whole(), anchors);
	lr_anchors_free(anchors);
}

static void
no_anchor(void **state)
{
	struct lr_anchors *none = lr_anchors_new(sample_name("example."));
	(void)state;
	assert_int_equal(verify_at(whole(), none, SAMPLE_NOW, true, NULL, NULL), LR_EANCHOR);
	assert_int_equal(verify_at(whole(), NULL, SAMPLE_NOW, true, NULL, NULL), LR_EANCHOR);
	lr_anchors_free(none);
	assert_refused(sample_draft("example.", SAMPLE_ZONE), LR_EANCHOR, "no DNSKEY");
}

/* RFC 4034 section 3.1.5: both ends belong to the period. */
static void
times(void **state)
{
	static const struct {
		uint32_t now;
		enum lr_code code;
	} cases[] = {
	    {SAMPLE_INCEPTION - 1, LR_EEXPIRED},
	    {SAMPLE_INCEPTION, LR_OK},
	    {SAMPLE_EXPIRATION, LR_OK},
	    {SAMPLE_EXPIRATION + 1u, LR_EEXPIRED},
	    {0, LR_EEXPIRED},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct lr_dnssec result;
		assert_int_equal(
		    verify_at(whole(), sample.anchors, cases[i].now, true, &result, NULL),
		    cases[i].code);
		assert_int_equal(
		    verify_at(whole(), sample.anchors, cases[i].now, false, &result, NULL), LR_OK);
	}
}

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
	/* The only one of its name: the NSEC record lists it. */
	assert_refused(lacking("net.example.", RRSIG, 0), LR_EBOGUS, "other types");
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

/* Changes the fields of one RRSIG of ns.example. A. */
struct field {
	size_t offset;
	uint8_t value;
	bool hit;
};

static bool
set_field(struct lr_record *r, uint8_t *owner, uint8_t *rdata, size_t index, void *arg)
{
	struct field *f = arg;
	(void)index;
	if (r->type == RRSIG && rdata[1] == 1 && lr_name_equal(owner, sample_name("ns.example."))) {
		rdata[f->offset] = f->value;
		f->hit = true;
	}
	return true;
}

/* RFC 4035 section 5.3.1, field by field: what is wrong is named before any cryptography. */
static void
rrsig_fields(void **state)
{
	static const struct {
		size_t offset;
		uint8_t value;
		enum lr_code code;
		const char *reason;
	} cases[] = {
	    {2, 99, LR_EBOGUS, "not signed by a key"}, /* algorithm */
	    {3, 1, LR_EBOGUS, "labels"}, {3, 3, LR_EBOGUS, "labels"}, {7, 1, LR_EBOGUS, "TTL"},
	    {8, 0x60, LR_EEXPIRED, "expired"},        /* expiration in 2021 */
	    {12, 0x7a, LR_EEXPIRED, "not valid yet"}, /* inception in 2034 */
	    {19, 'f', LR_EBOGUS, "signer"},           /* 18: the length of "example" */
	    {30, 0, LR_EBOGUS, "does not verify"},    /* the signature's fourth octet, mostly */
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct field f = {cases[i].offset, cases[i].value, false};
		struct lr_draft *draft = whole(), *changed;
		if (cases[i].offset == 30) { /* flip rather than set: any value may be there */
			struct lr_record r;
			for (size_t k = 0; k < lr_draft_count(draft); k++) {
				r = lr_draft_record(draft, k);
				if (r.type == RRSIG && r.rdata[1] == 1)
					f.value = r.rdata[30] ^ 1;
			}
		}
		changed = sample_copy(draft, set_field, &f);
		lr_draft_free(draft);
		assert_true(f.hit);
		assert_refused(changed, cases[i].code, cases[i].reason);
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

static bool
longer_ttl(struct lr_record *r, uint8_t *owner, uint8_t *rdata, size_t index, void *arg)
{
	(void)rdata;
	(void)index;
	if (lr_name_equal(owner, sample_name(arg)))
		r->ttl++;
	return true;
}

static void
another_ttl(void **state)
{
	char owner[] = "ns.example.";
	struct lr_draft *draft = whole();
	(void)state;
	assert_refused(sample_copy(draft, longer_ttl, owner), LR_EBOGUS, "TTL");
	lr_draft_free(draft);
}

static void
nsec3_is_not_supported(void **state)
{
	struct sample_signed s;
	struct lr_dnssec result;
	(void)state;
	sample_sign(&s, "ECDSAP256SHA256", "-n", SAMPLE_ZONE);
	assert_int_equal(
	    verify_at(sample_draft("example.", s.text), s.anchors, SAMPLE_NOW, true, &result, NULL),
	    LR_EUNSUPPORTED);
	sample_signed_free(&s);
}

/* RSA/SHA-1 is known to ldns, not to us. */
static void
unknown_algorithm(void **state)
{
	struct sample_signed s;
	struct lr_dnssec result;
	(void)state;
	sample_sign(&s, "RSASHA1", "", SAMPLE_ZONE);
	assert_int_equal(
	    verify_at(sample_draft("example.", s.text), s.anchors, SAMPLE_NOW, true, &result, NULL),
	    LR_EUNSUPPORTED);
	sample_signed_free(&s);
}

/* RFC 5011: a zone whose anchored key says of itself that it is revoked (flags 257 become 385). */
static bool
set_revoked(struct lr_record *r, uint8_t *owner, uint8_t *rdata, size_t index, void *arg)
{
	(void)owner;
	(void)index;
	(void)arg;
	if (r->type == DNSKEY && rdata[1] == 1)
		rdata[1] |= 0x80;
	return true;
}

static void
revoked_key(void **state)
{
	struct lr_draft *draft = whole();
	(void)state;
	assert_refused(sample_copy(draft, set_revoked, NULL), LR_EANCHOR, "no key");
	lr_draft_free(draft);
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

/* RFC 6840 section 5.11: by an algorithm, or key, that the zone does not have: passed over. */
static void
foreign_signatures_do_not_harm(void **state)
{
	struct lr_draft *draft = whole();
	(void)state;
	sample_add(draft,
	    "ns.example. 600 IN RRSIG A 250 2 600 20270101000000 20260101000000 1 example. AAAA\n");
	assert_verified(draft, sample.anchors);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_algorithm),
	    cmocka_unit_test(ds_anchor),
	    cmocka_unit_test(no_anchor),
	    cmocka_unit_test(times),
	    cmocka_unit_test(missing_signatures),
	    cmocka_unit_test(missing_nsec),
	    cmocka_unit_test(missing_records),
	    cmocka_unit_test(extra_records),
	    cmocka_unit_test(misplaced_signatures),
	    cmocka_unit_test(rrsig_fields),
	    cmocka_unit_test(one_flipped_octet),
	    cmocka_unit_test(another_ttl),
	    cmocka_unit_test(nsec3_is_not_supported),
	    cmocka_unit_test(unknown_algorithm),
	    cmocka_unit_test(revoked_key),
	    cmocka_unit_test(too_many_keys_and_signatures),
	    cmocka_unit_test(colliding_key_tags),
	    cmocka_unit_test(foreign_signatures_do_not_harm),
	    cmocka_unit_test(short_rdata),
	};
	return cmocka_run_group_tests_name("dnssec", tests, set_up, tear_down);
}
