/* Signatures: keys, anchors, times, fields. ldns-keygen and ldns-signzone make the zones. */
#include "signed.h"

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

/* Runs ldns-signzone again with the keys that are there; returns what it wrote. */
static char *
sign_again(const struct sample_signed *s, const char *options, const char *keys)
{
	char command[512], path[64], nothing[8];
	snprintf(command, sizeof(command),
	    "ldns-signzone -o example. -i 20260101000000 %s -f again zone $(grep -l %s *.key | "
	    "sed 's/.key$//')",
	    options, keys);
	sample_run(s->directory, command, nothing, sizeof(nothing));
	snprintf(path, sizeof(path), "%s/again", s->directory);
	return sample_file(path);
}

/* The horizon is the earliest expiration, the ZONEMD's signature apart. */
struct mix {
	struct lr_draft *to;
	uint16_t type; /* and the signatures that cover it */
	bool take;
};

static bool
mix_in(struct lr_record *r, uint8_t *owner, uint8_t *rdata, size_t index, void *arg)
{
	struct mix *mix = arg;
	(void)owner;
	(void)index;
	uint16_t type = r->type == RRSIG ? (uint16_t)(rdata[0] << 8 | rdata[1]) : r->type;
	bool mine = (type == mix->type) == mix->take;
	if (mine && mix->to)
		assert_int_equal(lr_draft_add(mix->to, r, NULL), LR_OK);
	return mine;
}

static void
earliest_expiration(void **state)
{
	enum { TXT = 16, ZONEMD = 63 };
	static const struct {
		const char *options;
		uint16_t type;
	} parts[] = {{"-e 20261101000000", TXT}, {"-z 1:1 -e 20261001000000", ZONEMD}};
	struct lr_dnssec result;
	(void)state;
	/* 2027-01-01, but for the TXT rrset 2026-11-01, and for the ZONEMD 2026-10-01 */
	char *text = sign_again(&sample, "-z 1:1 -e 20270101000000", "DNSKEY");
	struct lr_draft *mixed = sample_draft("example.", text);
	free(text);
	for (size_t i = 0; i < 2; i++) {
		text = sign_again(&sample, parts[i].options, "DNSKEY");
		struct lr_draft *part = sample_draft("example.", text);
		struct mix others = {NULL, parts[i].type, false};
		struct lr_draft *rest = sample_copy(mixed, mix_in, &others);
		struct mix own = {rest, parts[i].type, true};
		lr_draft_free(sample_copy(part, mix_in, &own));
		lr_draft_free(part);
		lr_draft_free(mixed);
		free(text);
		mixed = rest;
	}
	assert_int_equal(verify_at(mixed, sample.anchors, SAMPLE_NOW, true, &result, NULL), LR_OK);
	assert_int_equal(result.signatures, 21);
	assert_int_equal(result.expires, 1793491200); /* date -u -d 2026-11-01 +%s */
}

/* The anchored key is there, but another one signs the keys. */
static void
keys_signed_by_another(void **state)
{
	struct sample_signed s;
	struct lr_dnssec result;
	struct lr_error err;
	char nothing[8];
	(void)state;
	sample_sign(&s, "ECDSAP256SHA256", "", SAMPLE_ZONE);
	sample_run(s.directory, "grep -h 'DNSKEY.257' *.key >>zone", nothing, sizeof(nothing));
	char *text = sign_again(&s, "-e 20270101000000", "DNSKEY.256");
	assert_non_null(strstr(text, "DNSKEY\t257"));
	assert_int_equal(
	    verify_at(sample_draft("example.", text), s.anchors, SAMPLE_NOW, true, &result, &err),
	    LR_EBOGUS);
	assert_non_null(strstr(err.text, "not signed by a key that matches"));
	free(text);
	sample_signed_free(&s);
}

/* RFC 4034 section 6.2: owners and signers are hashed in lower case. */
static bool
upper_case(struct lr_record *r, uint8_t *owner, uint8_t *rdata, size_t index, void *arg)
{
	uint8_t *signer = r->type == RRSIG ? rdata + 19 : NULL;
	(void)index;
	(void)arg;
	for (size_t i = 0; i < r->owner_length; i++)
		owner[i] = (uint8_t)(owner[i] >= 'a' && owner[i] <= 'z' ? owner[i] - 32 : owner[i]);
	for (size_t i = 0; signer && i < 7; i++) /* "example" */
		signer[i] = (uint8_t)(signer[i] - 32);
	return true;
}

static void
letter_case(void **state)
{
	struct lr_draft *draft = whole();
	(void)state;
	assert_verified(sample_copy(draft, upper_case, NULL), sample.anchors);
	lr_draft_free(draft);
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

/* RFC 6605 section 4: R and S have 32 octets each. Behind a zero each has the same value. */
static bool
stretch(struct lr_record *r, uint8_t *owner, uint8_t *rdata, size_t index, void *arg)
{
	enum { SIGNATURE = 18 + sizeof("\7example"), HALF = 32 };
	(void)index;
	if (r->type != RRSIG || rdata[1] != 1 || !lr_name_equal(owner, sample_name("ns.example.")))
		return true;
	assert_int_equal(r->rdata_length, SIGNATURE + 2 * HALF);
	memmove(rdata + SIGNATURE + HALF + 2, rdata + SIGNATURE + HALF, HALF);
	memmove(rdata + SIGNATURE + 1, rdata + SIGNATURE, HALF);
	rdata[SIGNATURE] = rdata[SIGNATURE + HALF + 1] = 0;
	r->rdata_length += 2;
	*(bool *)arg = true;
	return true;
}

static void
stretched_signature(void **state)
{
	struct lr_draft *draft = whole();
	bool hit = false;
	(void)state;
	struct lr_draft *stretched = sample_copy(draft, stretch, &hit);
	lr_draft_free(draft);
	assert_true(hit);
	assert_refused(stretched, LR_EBOGUS, "does not verify");
}

/* The zone's two keys, and others of an unknown algorithm. */
static struct lr_draft *
with_keys(unsigned keys)
{
	struct lr_draft *draft = whole();
	for (unsigned i = 2; i < keys; i++) {
		const uint8_t rdata[] = {1, 0, 3, 99, (uint8_t)i};
		sample_add_raw(draft, "example.", DNSKEY, 3600, rdata, sizeof(rdata));
	}
	return draft;
}

static void
many_keys(void **state)
{
	(void)state;
	assert_refused(with_keys(LR_DNSKEYS_MAX), LR_EBOGUS, "does not verify");
	assert_refused(with_keys(LR_DNSKEYS_MAX + 1), LR_EBOGUS, "too many keys");
}

UNIT_TESTS(set_up, tear_down, TEST(each_algorithm), TEST(ds_anchor), TEST(no_anchor), TEST(times),
    TEST(earliest_expiration), TEST(keys_signed_by_another), TEST(letter_case), TEST(rrsig_fields),
    TEST(another_ttl), TEST(unknown_algorithm), TEST(revoked_key),
    TEST(foreign_signatures_do_not_harm), TEST(stretched_signature), TEST(many_keys))
