/* The only door: what passes it, what does not, and what
 * the report says. ldns-signzone makes zones and digests. */
#include "sample.h"
#include "validate.h"

enum { RRSIG = 46, ZONEMD = 63 };

static struct sample_signed sample;

static int
set_up(void **state)
{
	(void)state;
	sample_sign(&sample, "ECDSAP256SHA256", "-z 1:1", SAMPLE_ZONE);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	sample_signed_free(&sample);
	return 0;
}

static struct lr_draft *
whole(void)
{
	return sample_draft("example.", sample.text);
}

static struct lr_validate_options
usual(void)
{
	return (struct lr_validate_options){
	    .anchors = sample.anchors, .dnssec = true, .now = SAMPLE_NOW, .check_time = true};
}

/* Consumes the draft; a zone that came of it is let go. */
static enum lr_code
validate(
    struct lr_draft *draft, const struct lr_validate_options *options, struct lr_report *report)
{
	static const struct lr_zone *const untouched = (const struct lr_zone *)&sample;
	const struct lr_zone *zone = untouched;
	enum lr_code code = lr_validate(draft, options, &zone, report);
	assert_int_equal(report->error.code, code);
	if (code == LR_OK) {
		assert_ptr_not_equal(zone, untouched);
		lr_zone_unref(zone);
	} else {
		assert_ptr_equal(zone, untouched);
		assert_true(report->error.text[0]);
	}
	return code;
}

static void
assert_refused(struct lr_draft *draft, enum lr_code expected)
{
	struct lr_report report;
	struct lr_validate_options options = usual();
	assert_int_equal(validate(draft, &options, &report), expected);
}

static void
a_good_zone(void **state)
{
	struct lr_report report;
	struct lr_validate_options options = usual();
	const struct lr_zone *zone;
	(void)state;
	assert_int_equal(lr_validate(whole(), &options, &zone, &report), LR_OK);
	assert_int_equal(report.error.code, LR_OK);
	assert_int_equal(report.serial, 7);
	/*
	 * SAMPLE_ZONE has 16 records; 2 DNSKEY and ZONEMD make 19; NSEC at 9 names (the apex,
	 * alias, a.b, com, net, ns, tree, upper, *.wild) 28; signatures: t_dnssec.c counts 20,
	 * and the ZONEMD's: 49.
	 */
	assert_int_equal(report.records, 49);
	assert_int_equal(report.delegations, 2);
	assert_int_equal(report.dnssec.signatures, 21);
	assert_int_equal(report.dnssec.key_tag, sample.key_tag);
	assert_int_equal(report.zonemd.algorithm, 1);
	const struct lr_zone_facts *facts = lr_zone_facts(zone);
	assert_int_equal(facts->serial, 7);
	assert_int_equal(facts->records, 49);
	assert_int_equal(facts->delegations, 2);
	assert_int_equal(facts->expire, 604800);
	assert_int_equal(facts->signatures_expire, SAMPLE_EXPIRATION);
	assert_non_null(lr_zone_lookup(zone, sample_name("UPPER.example."), 65280));
	lr_zone_unref(zone);
}

/* SAMPLE_ZONE has a record of type 65280, which nobody
 * knows: that is said of a verified zone alone. */
static void
understood(void **state)
{
	struct lr_report report;
	struct lr_validate_options options = usual();
	(void)state;
	options.understood = true;
	assert_int_equal(validate(whole(), &options, &report), LR_EUPDATE);
	assert_int_equal(report.dnssec.signatures, 21);
	assert_non_null(strstr(report.error.text, "TYPE65280"));
	options.now = SAMPLE_EXPIRATION + 1u;
	assert_int_equal(validate(whole(), &options, &report), LR_EEXPIRED);
}

static void
sorted_or_not(void **state)
{
	struct lr_report report;
	struct lr_validate_options options = usual();
	struct lr_draft *draft = whole();
	(void)state;
	assert_int_equal(lr_draft_sort(draft, NULL), LR_OK);
	assert_int_equal(validate(draft, &options, &report), LR_OK);
}

static void
dates(void **state)
{
	struct lr_report report;
	struct lr_validate_options options = usual();
	(void)state;
	options.now = SAMPLE_EXPIRATION + 1u;
	assert_int_equal(validate(whole(), &options, &report), LR_EEXPIRED);
	assert_int_equal(report.serial, 7); /* what is known is reported */
	assert_int_equal(report.zonemd.size, 48);
	assert_int_equal(report.dnssec.signatures, 0);
	options.now = SAMPLE_INCEPTION - 1;
	assert_int_equal(validate(whole(), &options, &report), LR_EEXPIRED);
	options.check_time = false;
	assert_int_equal(validate(whole(), &options, &report), LR_OK);
}

static void
anchors(void **state)
{
	struct lr_report report;
	struct lr_validate_options options = usual();
	struct lr_anchors *other = sample_anchors("example.",
	    "example. IN DS 4711 13 2 "
	    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n");
	struct lr_anchors *none = lr_anchors_new(sample_name("example."));
	(void)state;
	options.anchors = other;
	assert_int_equal(validate(whole(), &options, &report), LR_EANCHOR);
	options.anchors = none;
	assert_int_equal(validate(whole(), &options, &report), LR_EANCHOR);
	options.anchors = NULL;
	assert_int_equal(validate(whole(), &options, &report), LR_EANCHOR);
	options.dnssec = false; /* the digest only */
	assert_int_equal(validate(whole(), &options, &report), LR_OK);
	assert_int_equal(report.dnssec.signatures, 0);
	lr_anchors_free(other);
	lr_anchors_free(none);
}

static void
serials(void **state)
{
	struct lr_report report;
	struct lr_validate_options options = usual();
	(void)state;
	options.has_floor = true;
	options.serial_floor = 8;
	assert_int_equal(validate(whole(), &options, &report), LR_ESERIAL);
	assert_int_equal(report.serial, 7);
	assert_int_equal(report.zonemd.size, 0); /* cheap comes before expensive */
	options.serial_floor = 7;
	assert_int_equal(validate(whole(), &options, &report), LR_OK);
	options.serial_floor = 4294967295;
	assert_int_equal(validate(whole(), &options, &report), LR_OK);
	options.has_floor = false;
	options.serial_floor = 8;
	assert_int_equal(validate(whole(), &options, &report), LR_OK);
}

/* Leaves out ZONEMD, the RRSIG over it, or both. */
struct strip {
	bool zonemd, rrsig;
	unsigned hits;
};

static bool
strip(struct lr_record *r, uint8_t *owner, uint8_t *rdata, size_t index, void *arg)
{
	struct strip *s = arg;
	(void)owner;
	(void)index;
	if ((s->zonemd && r->type == ZONEMD) ||
	    (s->rrsig && r->type == RRSIG && rdata[0] == 0 && rdata[1] == ZONEMD)) {
		s->hits++;
		return false;
	}
	return true;
}

static struct lr_draft *
stripped(bool zonemd, bool rrsig)
{
	struct strip s = {zonemd, rrsig, 0};
	struct lr_draft *draft = whole(), *less = sample_copy(draft, strip, &s);
	lr_draft_free(draft);
	assert_int_equal(s.hits, zonemd + rrsig);
	return less;
}

static void
no_zonemd(void **state)
{
	struct sample_signed plain;
	struct lr_report report;
	struct lr_validate_options options = usual();
	(void)state;
	assert_refused(stripped(true, false), LR_ENOZONEMD);
	assert_refused(stripped(true, true), LR_ENOZONEMD);
	/* Well signed, and never had one: not served either. */
	sample_sign(&plain, "ECDSAP256SHA256", "", SAMPLE_ZONE);
	options.anchors = plain.anchors;
	assert_int_equal(
	    validate(sample_draft("example.", plain.text), &options, &report), LR_ENOZONEMD);
	sample_signed_free(&plain);
}

/* The digest does not cover its own signature; the signatures do. */
static void
zonemd_without_its_signature(void **state)
{
	struct lr_report report;
	struct lr_validate_options options = usual();
	(void)state;
	assert_refused(stripped(false, true), LR_EBOGUS);
	options.dnssec = false;
	assert_int_equal(validate(stripped(false, true), &options, &report), LR_OK);
}

/* Two TTLs in an rrset: no zone, but ldns-signzone's digest of it is right, and that is told to who
 * asks. */
static void
digest_whatever_the_shape(void **state)
{
	struct sample_signed odd;
	struct lr_report report;
	struct lr_validate_options options = usual();
	(void)state;
	sample_sign(
	    &odd, "ECDSAP256SHA256", "-z 1:1", SAMPLE_ZONE "ns.example. 601 IN A 192.0.2.99\n");
	options.dnssec = false;
	assert_int_equal(
	    validate(sample_draft("example.", odd.text), &options, &report), LR_EFORMAT);
	assert_int_equal(report.zonemd.size, 0);
	options.digest_anyway = true;
	assert_int_equal(
	    validate(sample_draft("example.", odd.text), &options, &report), LR_EFORMAT);
	assert_non_null(strstr(report.error.text, "two TTLs"));
	assert_int_equal(report.zonemd.size, 48);
	assert_int_equal(report.digest.code, LR_OK);
	struct lr_draft *more = sample_draft("example.", odd.text);
	sample_add(more, "ns.com.example. 600 IN A 192.0.2.98\n");
	assert_int_equal(validate(more, &options, &report), LR_EFORMAT);
	assert_int_equal(report.digest.code, LR_EDIGEST);
	sample_signed_free(&odd);
}

/* Contents changed and the digest made anew by one who has no key: ldns-signzone -Z computes it
 * without signing. */
static void
forged_digest(void **state)
{
	char path[64], nothing[8];
	struct lr_report report;
	struct lr_validate_options options = usual();
	(void)state;
	snprintf(path, sizeof(path), "%s/forged", sample.directory);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	/* Glue is not signed: only the digest, and the signature over it, keep it as it was. */
	for (const char *line = sample.text, *end; *line; line = end) {
		end = strchr(line, '\n');
		end = end ? end + 1 : line + strlen(line);
		if (memmem(line, (size_t)(end - line), "ZONEMD\t7", 8) ||
		    memmem(line, (size_t)(end - line), "RRSIG\tZONEMD", 12))
			continue;
		const char *glue = memmem(line, (size_t)(end - line), "192.0.2.2", 9);
		if (glue)
			fprintf(f, "%.*s192.0.2.66\n", (int)(glue - line), line);
		else
			fwrite(line, 1, (size_t)(end - line), f);
	}
	fclose(f);
	sample_run(sample.directory, "ldns-signzone -Z -z 1:1 -o example. -f forged.signed forged",
	    nothing, sizeof(nothing));
	snprintf(path, sizeof(path), "%s/forged.signed", sample.directory);
	char *text = sample_file(path);
	options.dnssec = false;
	assert_int_equal(validate(sample_draft("example.", text), &options, &report), LR_OK);
	options.dnssec = true;
	assert_int_not_equal(validate(sample_draft("example.", text), &options, &report), LR_OK);
	free(text);
}

static void
shapeless(void **state)
{
	struct lr_draft *draft = whole();
	(void)state;
	sample_add(
	    draft, "example. 3600 IN SOA ns.example. admin.example. 8 1800 900 604800 300\n");
	assert_refused(draft, LR_EFORMAT);
	assert_refused(sample_empty("example."), LR_EFORMAT);
}

/* Every octet of every record, glue and delegations too. The mask leaves letter case alone. */
static void
one_flipped_octet(void **state)
{
	struct lr_draft *draft = whole();
	unsigned refused = 0;
	(void)state;
	for (size_t i = 0; i < lr_draft_count(draft); i++) {
		size_t length = lr_draft_record(draft, i).rdata_length;
		for (size_t octet = 0; octet < length; octet++) {
			struct sample_flip flip = {i, octet, 0x01, false, 0};
			struct lr_report report;
			struct lr_validate_options options = usual();
			enum lr_code code = validate(
			    sample_copy(draft, sample_flip_octet, &flip), &options, &report);
			if (code == LR_OK)
				fail_msg("record %zu of type %u, octet %zu", i, flip.type, octet);
			refused++;
		}
	}
	lr_draft_free(draft);
	assert_true(refused > 2000);
}

static bool
drop_one(struct lr_record *r, uint8_t *owner, uint8_t *rdata, size_t index, void *arg)
{
	(void)r;
	(void)owner;
	(void)rdata;
	return index != *(size_t *)arg;
}

static void
one_record_less_or_more(void **state)
{
	struct lr_draft *draft = whole(), *more = whole();
	(void)state;
	for (size_t i = 0; i < lr_draft_count(draft); i++) {
		struct lr_report report;
		struct lr_validate_options options = usual();
		assert_int_not_equal(
		    validate(sample_copy(draft, drop_one, &i), &options, &report), LR_OK);
	}
	lr_draft_free(draft);
	sample_add(more, "ns.com.example. 600 IN A 192.0.2.99\n");
	assert_refused(more, LR_EDIGEST);
}

UNIT_TESTS(set_up, tear_down, TEST(a_good_zone), TEST(understood), TEST(sorted_or_not), TEST(dates),
    TEST(anchors), TEST(serials), TEST(no_zonemd), TEST(zonemd_without_its_signature),
    TEST(digest_whatever_the_shape), TEST(forged_digest), TEST(shapeless), TEST(one_flipped_octet),
    TEST(one_record_less_or_more))
