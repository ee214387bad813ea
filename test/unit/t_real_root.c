/* The real root zone of 31 July 2026, and changes
 * of it; skipped as a whole where it is not there. */
#include "printed.h"
#include "validate.h"

#include <time.h>

enum { DS = 43, RRSIG = 46, NSEC = 47, ZONEMD = 63 };
enum { NOW = 1785888000, EXPIRES = 1786651200 }; /* 2026-08-05, 2026-08-13 20:00 UTC */

static char path[1024];

static struct lr_draft *
real_root(void)
{
	char command[1100];
	snprintf(command, sizeof(command), "zcat '%s'", path);
	FILE *pipe = popen(command, "r");
	assert_non_null(pipe);
	struct lr_draft *draft = sample_empty(".");
	assert_int_equal(lr_text_read(pipe, draft, NULL), LR_OK);
	assert_int_equal(pclose(pipe), 0);
	return draft;
}

/* Consumes the draft. */
static enum lr_code
verify_digest(struct lr_draft *draft, struct lr_zonemd *matched)
{
	assert_int_equal(lr_draft_sort(draft, NULL), LR_OK);
	enum lr_code code = lr_zonemd_verify(draft, 2026073102, matched, NULL);
	lr_draft_free(draft);
	return code;
}

static enum lr_code
verify_signatures(struct lr_draft *draft, const struct lr_anchors *anchors, uint32_t now,
    struct lr_dnssec *result)
{
	assert_int_equal(lr_draft_sort(draft, NULL), LR_OK);
	enum lr_code code = lr_dnssec_verify(draft, anchors, now, true, result, NULL);
	lr_draft_free(draft);
	return code;
}

/* 200 changes of one octet, at positions spread evenly. */
static void
digest(void **state)
{
	struct lr_draft *root = real_root();
	struct lr_zonemd matched;
	(void)state;
	assert_int_equal(verify_digest(sample_copy(root, NULL, NULL), &matched), LR_OK);
	assert_int_equal(matched.algorithm, 1);
	for (size_t i = 0; i < 200; i++) {
		struct sample_flip flip = {
		    i * lr_draft_count(root) / 200, i * 7919, 0x10, false, 0};
		struct lr_record r = lr_draft_record(root, flip.record);
		if (r.type == RRSIG && r.rdata[0] == 0 && r.rdata[1] == ZONEMD)
			continue; /* the one record that the digest does not cover */
		assert_int_not_equal(
		    verify_digest(sample_copy(root, sample_flip_octet, &flip), &matched), LR_OK);
	}
	lr_draft_free(root);
}

/*
 * 2,792 is what `grep -c RRSIG` counts, and 20260813200000 the first that sort finds among their
 * dates. 20 changes of signed records, each found without the digest's help.
 */
static void
signatures(void **state)
{
	struct lr_draft *root = real_root();
	struct lr_anchors *anchors = sample_anchors(".", SAMPLE_ROOT_DS);
	struct lr_dnssec result;
	unsigned changed = 0;
	(void)state;
	assert_int_equal(
	    verify_signatures(sample_copy(root, NULL, NULL), anchors, NOW, &result), LR_OK);
	assert_int_equal(result.signatures, 2792);
	assert_int_equal(result.key_tag, 20326);
	assert_int_equal(result.expires, EXPIRES);
	for (size_t i = 0; changed < 20; i++) {
		struct sample_flip flip = {
		    i * 1201 % lr_draft_count(root), i * 7919, 0x11, false, 0};
		struct lr_record r = lr_draft_record(root, flip.record);
		if (r.type != DS && r.type != RRSIG && r.type != NSEC)
			continue; /* nearly all the rest is glue and delegations */
		assert_int_not_equal(verify_signatures(sample_copy(root, sample_flip_octet, &flip),
					 anchors, NOW, &result),
		    LR_OK);
		changed++;
	}
	assert_int_equal(verify_signatures(root, anchors, EXPIRES + 1, &result), LR_EEXPIRED);
	lr_anchors_free(anchors);
}

static int64_t
cpu_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* `ldns-verify-zone -k root.key -t 20260805000000 -ZZ` says "Zone is verified and complete". */
static void
the_door(void **state)
{
	struct lr_draft *root = real_root();
	struct lr_anchors *anchors = sample_anchors(".", SAMPLE_ROOT_DS);
	struct lr_report report;
	const struct lr_zone *zone;
	struct lr_validate_options options = {
	    .anchors = anchors, .dnssec = true, .now = NOW, .check_time = true, .cpu_ns = cpu_ns};
	(void)state;
	for (size_t i = 0; i < 20; i++) {
		struct sample_flip flip = {i * lr_draft_count(root) / 20, i * 7919, 0x11, false, 0};
		assert_int_not_equal(lr_validate(sample_copy(root, sample_flip_octet, &flip),
					 &options, &zone, &report),
		    LR_OK);
	}
	assert_int_equal(lr_validate(root, &options, &zone, &report), LR_OK);
	assert_int_equal(report.serial, 2026073102);
	assert_int_equal(report.records, 24877);    /* wc -l */
	assert_int_equal(report.delegations, 1438); /* names with an NSEC but the apex: 1439 - 1 */
	printf("# CPU: sort %lld us, digest %lld us, signatures %lld us, seal %lld us\n",
	    (long long)report.sort_ns / 1000, (long long)report.zonemd_ns / 1000,
	    (long long)report.dnssec_ns / 1000, (long long)report.seal_ns / 1000);
	lr_zone_unref(zone);
	lr_anchors_free(anchors);
}

/* Each record as ldns prints it, and back. */
static void
printed(void **state)
{
	struct lr_draft *root = real_root();
	(void)state;
	for (size_t i = 0; i < lr_draft_count(root); i++) {
		struct lr_record record = lr_draft_record(root, i);
		printed_like_ldns(&record);
		printed_reads_back(&record);
	}
	lr_draft_free(root);
}

static int
find_root(void **state)
{
	const char *top = getenv("LR_TOP");
	(void)state;
	snprintf(path, sizeof(path), "%s/test/data/root-2026073102.zone.gz", top ? top : ".");
	return 0;
}

UNIT_TESTS(find_root, NULL, TEST(digest), TEST(signatures), TEST(the_door), TEST(printed))
