/*
 * signed.h -- the zone that the tests of signatures share, signed once, and what they say of its
 * copies.
 */
#ifndef LR_SIGNED_H
#define LR_SIGNED_H

#include "dnssec.h"
#include "sample.h"

enum { NSEC = 47, RRSIG = 46, DNSKEY = 48 };

static struct sample_signed sample; /* ECDSAP256SHA256, for all tests but algorithms */

static inline int
set_up(void **state)
{
	(void)state;
	sample_sign(&sample, "ECDSAP256SHA256", "", SAMPLE_ZONE);
	return 0;
}

static inline int
tear_down(void **state)
{
	(void)state;
	sample_signed_free(&sample);
	return 0;
}

static inline enum lr_code
verify_at(struct lr_draft *draft, const struct lr_anchors *anchors, uint32_t now, bool check_time,
    struct lr_dnssec *result, struct lr_error *err)
{
	assert_int_equal(lr_draft_sort(draft, NULL), LR_OK);
	enum lr_code code = lr_dnssec_verify(draft, anchors, now, check_time, result, err);
	lr_draft_free(draft);
	return code;
}

/* Consumes the draft. */
static inline void
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

static inline void
assert_verified(struct lr_draft *draft, const struct lr_anchors *anchors)
{
	struct lr_dnssec result;
	struct lr_error err = {LR_OK, ""};
	if (verify_at(draft, anchors, SAMPLE_NOW, true, &result, &err) != LR_OK)
		fail_msg("%s", err.text);
}

static inline struct lr_draft *
whole(void)
{
	return sample_draft("example.", sample.text);
}

#endif
