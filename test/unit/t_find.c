/*
 * zone/seal.c, zone/find.c, zone/print.c, zone/draft_from_zone.c: what a sealed zone says.
 *
 * The zone and most of the questions are those of RFC 4035 appendix A and B (with the NSEC chain of
 * its signed zone, and without the signatures, which look-ups do not need).
 */
#include "draft.h"
#include "draft_from_zone.h"
#include "find.h"
#include "print.h"
#include "seal.h"
#include "text.h"

#include "unit.h"

#include <stdlib.h>
#include <string.h>

#define SOA "example. 3600 IN SOA ns1.example. bugs.x.w.example. 1081539377 3600 300 3600000 3600\n"

static const char rfc4035_zone[] =
    SOA "example. 3600 IN NS ns1.example.\n"
	"example. 3600 IN NS ns2.example.\n"
	"example. 3600 IN MX 1 xx.example.\n"
	"example. 3600 IN NSEC a.example. NS SOA MX RRSIG NSEC DNSKEY\n"
	"a.example. 3600 IN NS ns1.a.example.\n"
	"a.example. 3600 IN NS ns2.a.example.\n"
	"a.example. 3600 IN DS 57855 5 1 B6DCD485719ADCA18E5F3D48A2331627FDD3636B\n"
	"a.example. 3600 IN NSEC ai.example. NS DS RRSIG NSEC\n"
	"ns1.a.example. 3600 IN A 192.0.2.5\n"
	"ns2.a.example. 3600 IN A 192.0.2.6\n"
	"ai.example. 3600 IN A 192.0.2.9\n"
	"ai.example. 3600 IN NSEC b.example. A RRSIG NSEC\n"
	"b.example. 3600 IN NS ns1.b.example.\n"
	"b.example. 3600 IN NSEC ns1.example. NS RRSIG NSEC\n"
	"ns1.b.example. 3600 IN A 192.0.2.7\n"
	"ns1.example. 3600 IN A 192.0.2.1\n"
	"ns1.example. 3600 IN NSEC ns2.example. A RRSIG NSEC\n"
	"ns2.example. 3600 IN A 192.0.2.2\n"
	"ns2.example. 3600 IN NSEC *.w.example. A RRSIG NSEC\n"
	"*.w.example. 3600 IN MX 1 ai.example.\n"
	"*.w.example. 3600 IN NSEC x.w.example. MX RRSIG NSEC\n"
	"x.w.example. 3600 IN MX 1 xx.example.\n"
	"x.w.example. 3600 IN NSEC x.y.w.example. MX RRSIG NSEC\n"
	"x.y.w.example. 3600 IN MX 1 xx.example.\n"
	"x.y.w.example. 3600 IN NSEC xx.example. MX RRSIG NSEC\n"
	"xx.example. 3600 IN A 192.0.2.10\n"
	"xx.example. 3600 IN NSEC example. A RRSIG NSEC\n";

enum { A = 1, NS = 2, CNAME = 5, SOA_TYPE = 6, MX = 15, AAAA = 28, DNAME = 39, DS = 43, NSEC = 47 };

static const struct lr_zone *
make_zone(const char *origin, const char *text)
{
	static const struct lr_draft_limits limits = {1 << 20, 1000, 0};
	uint8_t name[LR_NAME_MAX];
	size_t length;
	struct lr_draft *draft;
	const struct lr_zone *zone;
	struct lr_error err = {0};
	assert_true(lr_name_parse(origin, name, &length));
	assert_int_equal(lr_draft_new(name, &limits, &draft, NULL), LR_OK);
	FILE *in = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
	if (lr_text_read(in, draft, &err) != LR_OK)
		fail_msg("%s", err.text);
	fclose(in);
	assert_int_equal(lr_draft_sort(draft, NULL), LR_OK);
	assert_int_equal(lr_zone_seal(draft, 0, NULL, &zone, NULL), LR_OK);
	lr_draft_free(draft);
	return zone;
}

static struct lr_finding
find(const struct lr_zone *zone, const char *text, uint16_t type)
{
	uint8_t name[LR_NAME_MAX];
	size_t length;
	struct lr_finding finding;
	assert_true(lr_name_parse(text, name, &length));
	lr_zone_find(zone, name, type, &finding);
	return finding;
}

static void
assert_rrset(
    const struct lr_zone *zone, const struct lr_rrset *rrset, const char *owner, uint16_t type)
{
	size_t length;
	char text[LR_NAME_TEXT_MAX];
	assert_non_null(rrset);
	assert_string_equal(lr_name_text(lr_rrset_owner(zone, rrset, &length), text), owner);
	assert_int_equal(rrset->type, type);
}

static void
assert_denial(const struct lr_zone *zone, const struct lr_finding *finding, enum lr_outcome outcome,
    const char *first, const char *second)
{
	assert_int_equal(finding->outcome, outcome);
	assert_null(finding->answer);
	assert_rrset(zone, finding->soa, "example.", SOA_TYPE);
	assert_int_equal(finding->proof_count, second ? 2 : 1);
	assert_rrset(zone, finding->proofs[0], first, NSEC);
	if (second)
		assert_rrset(zone, finding->proofs[1], second, NSEC);
}

/* RFC 4035 appendix B: B.1 answer, B.2 name error, B.3 no data, B.4 and B.5 referrals, B.6 and B.7
 * wildcards, B.8 DS no data. */
static void
questions_of_rfc_4035(void **state)
{
	(void)state;
	const struct lr_zone *zone = make_zone("example.", rfc4035_zone);

	struct lr_finding f = find(zone, "x.w.example.", MX);
	assert_int_equal(f.outcome, LR_ANSWER);
	assert_rrset(zone, f.answer, "x.w.example.", MX);
	assert_false(f.wildcard);

	f = find(zone, "ml.example.", A);
	assert_denial(zone, &f, LR_NXDOMAIN, "b.example.", "example.");

	f = find(zone, "ns1.example.", MX);
	assert_denial(zone, &f, LR_NODATA, "ns1.example.", NULL);

	f = find(zone, "mc.a.example.", MX);
	assert_int_equal(f.outcome, LR_REFERRAL);
	assert_rrset(zone, f.delegation, "a.example.", NS);
	assert_rrset(zone, f.ds, "a.example.", DS);
	assert_int_equal(f.proof_count, 0);

	f = find(zone, "mc.b.example.", MX);
	assert_int_equal(f.outcome, LR_REFERRAL);
	assert_rrset(zone, f.delegation, "b.example.", NS);
	assert_null(f.ds);
	assert_int_equal(f.proof_count, 1);
	assert_rrset(zone, f.proofs[0], "b.example.", NSEC);

	f = find(zone, "a.z.w.example.", MX);
	assert_int_equal(f.outcome, LR_ANSWER);
	assert_true(f.wildcard);
	assert_rrset(zone, f.answer, "*.w.example.", MX);
	assert_int_equal(f.proof_count, 1);
	assert_rrset(zone, f.proofs[0], "x.y.w.example.", NSEC);

	f = find(zone, "a.z.w.example.", AAAA);
	assert_true(f.wildcard);
	assert_denial(zone, &f, LR_NODATA, "x.y.w.example.", "*.w.example.");

	f = find(zone, "example.", DS);
	assert_denial(zone, &f, LR_NODATA, "example.", NULL);
	lr_zone_unref(zone);
}

static void
cuts_glue_and_what_is_between(void **state)
{
	(void)state;
	const struct lr_zone *zone = make_zone("example.", rfc4035_zone);
	struct lr_finding f;

	f = find(zone, "A.EXAMPLE.", DS); /* the parent's to answer, in any case of letters */
	assert_int_equal(f.outcome, LR_ANSWER);
	assert_rrset(zone, f.answer, "a.example.", DS);
	f = find(zone, "b.example.", DS);
	assert_denial(zone, &f, LR_NODATA, "b.example.", NULL);
	f = find(zone, "a.example.", NSEC);
	assert_int_equal(f.outcome, LR_REFERRAL);
	f = find(zone, "ns1.a.example.", A); /* glue is no answer */
	assert_int_equal(f.outcome, LR_REFERRAL);
	f = find(zone, "x.a.example.", DS);
	assert_int_equal(f.outcome, LR_REFERRAL);
	f = find(zone, "w.example.",
	    A); /* an empty non-terminal (RFC 8020): the NSEC before covers it */
	assert_denial(zone, &f, LR_NODATA, "ns2.example.", NULL);
	f = find(zone, "y.w.example.",
	    MX); /* another, which stops the wildcard (RFC 4592 section 2.2.2) */
	assert_denial(zone, &f, LR_NODATA, "x.w.example.", NULL);
	f = find(zone, "q.y.w.example.", MX);
	assert_denial(
	    zone, &f, LR_NXDOMAIN, "x.w.example.", NULL); /* covers q.y.w and *.y.w alike */
	f = find(zone, "com.", A);
	assert_int_equal(f.outcome, LR_OUTSIDE);
	f = find(zone, ".", NS);
	assert_int_equal(f.outcome, LR_OUTSIDE);
	f = find(zone, "zzz.example.", A); /* after the last name of all */
	assert_denial(zone, &f, LR_NXDOMAIN, "xx.example.", "example.");

	uint8_t glue[LR_NAME_MAX];
	size_t length;
	assert_true(lr_name_parse("ns1.a.example.", glue, &length));
	assert_rrset(zone, lr_zone_lookup(zone, glue, A), "ns1.a.example.", A);
	assert_null(lr_zone_lookup(zone, glue, AAAA));
	lr_zone_unref(zone);
}

static void
aliases(void **state)
{
	(void)state;
	const struct lr_zone *zone = make_zone("example.", SOA "example. 60 IN NS ns.other.\n"
							       "c.example. 60 IN CNAME t.example.\n"
							       "d.example. 60 IN DNAME t.example.\n"
							       "x.d.example. 60 IN A 192.0.2.1\n");
	struct lr_finding f = find(zone, "c.example.", A);
	assert_int_equal(f.outcome, LR_ALIAS);
	assert_rrset(zone, f.answer, "c.example.", CNAME);
	f = find(zone, "c.example.", CNAME);
	assert_int_equal(f.outcome, LR_ANSWER);
	f = find(zone, "x.d.example.", A); /* occluded by the DNAME (RFC 6672 section 2.4) */
	assert_int_equal(f.outcome, LR_ALIAS);
	assert_rrset(zone, f.answer, "d.example.", DNAME);
	f = find(zone, "d.example.", A); /* the DNAME's own name is not redirected */
	assert_int_equal(f.outcome, LR_NODATA);
	assert_int_equal(f.proof_count, 0); /* a zone without NSEC has no proofs */
	lr_zone_unref(zone);
}

static void
facts(void **state)
{
	(void)state;
	const struct lr_zone *zone = make_zone("example.", rfc4035_zone);
	const struct lr_zone_facts *f = lr_zone_facts(zone);
	assert_int_equal(f->serial, 1081539377);
	assert_int_equal(f->refresh, 3600);
	assert_int_equal(f->retry, 300);
	assert_int_equal(f->expire, 3600000);
	assert_int_equal(f->minimum, 3600);
	assert_int_equal(f->records, 28); /* the lines above */
	assert_int_equal(f->delegations, 2);
	lr_zone_unref(zone);
}

/* Each rrset has those that cover it. */
static void
signatures(void **state)
{
	(void)state;
	const struct lr_zone *zone = make_zone("example.", SOA
	    "example. 60 IN NS ns.other.\n"
	    "example. 3600 IN RRSIG SOA 8 1 3600 20260813200000 20260731190000 1 example. AAAA\n"
	    "example. 3600 IN RRSIG SOA 8 1 3600 20260812200000 20260731190000 2 example. AAAA\n"
	    "example. 60 IN RRSIG NS 8 1 60 20260821000000 20260731190000 1 example. AAAA\n"
	    "example. 60 IN ZONEMD 1081539377 1 1 "
	    "00000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
	    "000000"
	    "0000\n"
	    "example. 60 IN RRSIG ZONEMD 8 1 60 20260801000000 20260731190000 1 example. AAAA\n");
	struct lr_finding f = find(zone, "example.", SOA_TYPE);
	assert_int_equal(f.answer->count, 1);
	assert_int_equal(f.answer->signatures, 2);
	f = find(zone, "example.", NS);
	assert_int_equal(f.answer->signatures, 1);
	lr_zone_unref(zone);
}

static size_t
print_to(const struct lr_zone *zone, char **text)
{
	size_t size;
	FILE *out = open_memstream(text, &size);
	assert_int_equal(lr_zone_print(zone, out), LR_OK);
	fclose(out);
	return size;
}

/* Printed and read again, made a draft and sealed again: the same zone to the octet. */
static void
printing_and_unsealing_keep_everything(void **state)
{
	(void)state;
	const struct lr_zone *zone = make_zone("example.", rfc4035_zone), *again;
	char *printed, *reprinted;
	print_to(zone, &printed);
	const struct lr_zone *read = make_zone("example.", printed);
	print_to(read, &reprinted);
	assert_string_equal(printed, reprinted);
	assert_int_equal(lr_zone_facts(read)->records, 28);
	free(reprinted);

	struct lr_draft *draft;
	assert_int_equal(lr_draft_from_zone(zone, &draft, NULL), LR_OK);
	assert_int_equal(lr_draft_count(draft), 28);
	assert_int_equal(lr_draft_sort(draft, NULL), LR_OK);
	assert_int_equal(lr_zone_seal(draft, 0, NULL, &again, NULL), LR_OK);
	lr_draft_free(draft);
	print_to(again, &reprinted);
	assert_string_equal(printed, reprinted);
	free(printed);
	free(reprinted);
	lr_zone_unref(zone);
	lr_zone_unref(read);
	lr_zone_unref(again);
}

static void
without_soa_there_is_no_zone(void **state)
{
	(void)state;
	static const struct lr_draft_limits limits = {1 << 20, 1000, 0};
	struct lr_draft *draft;
	const struct lr_zone *zone = NULL;
	assert_int_equal(lr_draft_new((const uint8_t *)"", &limits, &draft, NULL), LR_OK);
	assert_int_equal(lr_draft_sort(draft, NULL), LR_OK);
	assert_int_equal(lr_zone_seal(draft, 0, NULL, &zone, NULL), LR_EFORMAT);
	assert_null(zone);
	lr_draft_free(draft);
}

UNIT_TESTS(NULL, NULL, TEST(questions_of_rfc_4035), TEST(cuts_glue_and_what_is_between),
    TEST(aliases), TEST(facts), TEST(signatures), TEST(printing_and_unsealing_keep_everything),
    TEST(without_soa_there_is_no_zone))
