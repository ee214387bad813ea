/* The NSEC chain by itself: no signatures, so that every fault is the chain's own. */
#include "nsec.h"
#include "sample.h"

#define APEX                                                                                       \
	"example. 60 IN SOA ns.example. admin.example. 1 1800 900 604800 300\n"                    \
	"example. 60 IN NS ns.example.\n"
#define A "a.example. 60 IN A 192.0.2.1\n"
#define CUT                                                                                        \
	"cut.example. 60 IN NS ns.cut.example.\n"                                                  \
	"cut.example. 60 IN A 192.0.2.2\n"                                                         \
	"ns.cut.example. 60 IN A 192.0.2.3\n"
#define SAFE "safe.example. 60 IN NS ns.cut.example.\nsafe.example. 60 IN DS 1 13 2 00\n"
#define ENT "x.y.example. 60 IN TXT \"under an empty non-terminal\"\n"
#define ZONE APEX A CUT SAFE ENT

#define APEX_NSEC "example. 60 IN NSEC a.example. NS SOA NSEC\n"
#define A_NSEC "a.example. 60 IN NSEC cut.example. A NSEC\n"
#define CUT_NSEC "cut.example. 60 IN NSEC safe.example. NS NSEC\n"
#define SAFE_NSEC "safe.example. 60 IN NSEC x.y.example. NS DS NSEC\n"
#define ENT_NSEC "x.y.example. 60 IN NSEC example. TXT NSEC\n"

static enum lr_code
verify(const char *text, struct lr_error *err)
{
	struct lr_draft *draft = sample_sorted("example.", text);
	enum lr_code code = lr_nsec_verify(draft, err);
	lr_draft_free(draft);
	return code;
}

static void
assert_closed(const char *text)
{
	struct lr_error err = {LR_OK, ""};
	if (verify(text, &err) != LR_OK)
		fail_msg("%s", err.text);
}

static void
assert_refused(const char *text, const char *reason)
{
	struct lr_error err = {LR_OK, ""};
	assert_int_equal(verify(text, &err), LR_EBOGUS);
	if (!strstr(err.text, reason))
		fail_msg("\"%s\" lacks \"%s\"", err.text, reason);
}

static void
closed(void **state)
{
	(void)state;
	assert_closed(ZONE APEX_NSEC A_NSEC CUT_NSEC SAFE_NSEC ENT_NSEC);
	assert_closed(APEX "example. 60 IN NSEC example. NS SOA NSEC\n");
	/* letter case does not count (RFC 4034 section 6.1) */
	assert_closed(APEX A "example. 60 IN NSEC A.Example. NS SOA NSEC\n"
			     "a.example. 60 IN NSEC EXAMPLE. A NSEC\n");
}

static void
missing(void **state)
{
	(void)state;
	assert_refused(ZONE A_NSEC CUT_NSEC SAFE_NSEC ENT_NSEC, "example. NSEC: missing");
	assert_refused(ZONE APEX_NSEC CUT_NSEC SAFE_NSEC ENT_NSEC, "a.example. NSEC: missing");
	assert_refused(ZONE APEX_NSEC A_NSEC SAFE_NSEC ENT_NSEC, "cut.example. NSEC: missing");
	assert_refused(ZONE APEX_NSEC A_NSEC CUT_NSEC ENT_NSEC, "safe.example. NSEC: missing");
	assert_refused(ZONE APEX_NSEC A_NSEC CUT_NSEC SAFE_NSEC, "x.y.example. NSEC: missing");
}

static void
the_next_name(void **state)
{
	(void)state;
	/* skips one, names one that is not there, turns back early, does not turn back */
	assert_refused(ZONE
	    "example. 60 IN NSEC cut.example. NS SOA NSEC\n" A_NSEC CUT_NSEC SAFE_NSEC ENT_NSEC,
	    "example. NSEC: does not name the next");
	assert_refused(ZONE APEX_NSEC
	    "a.example. 60 IN NSEC b.example. A NSEC\n" CUT_NSEC SAFE_NSEC ENT_NSEC,
	    "a.example. NSEC: does not name the next");
	assert_refused(ZONE APEX_NSEC A_NSEC CUT_NSEC
	    "safe.example. 60 IN NSEC example. NS DS NSEC\n" ENT_NSEC,
	    "safe.example. NSEC: does not name the next");
	assert_refused(ZONE APEX_NSEC A_NSEC CUT_NSEC SAFE_NSEC
	    "x.y.example. 60 IN NSEC a.example. TXT NSEC\n",
	    "x.y.example. NSEC: the last one does not name the apex");
	/* the empty non-terminal is no link of the chain */
	assert_refused(ZONE APEX_NSEC A_NSEC CUT_NSEC
	    "safe.example. 60 IN NSEC y.example. NS DS NSEC\n" ENT_NSEC,
	    "safe.example. NSEC: does not name the next");
}

static void
the_types(void **state)
{
	(void)state;
	/* one too few, one too many, one in another window;
	 * at a cut, glue and a DS that is not there */
	assert_refused(APEX "example. 60 IN NSEC example. SOA NSEC\n", "other types");
	assert_refused(APEX "example. 60 IN NSEC example. NS SOA NSEC CAA\n", "other types");
	assert_refused(APEX "example. 60 IN NSEC example. NS SOA NSEC TYPE65280\n", "other types");
	assert_refused(ZONE APEX_NSEC A_NSEC
	    "cut.example. 60 IN NSEC safe.example. NS A NSEC\n" SAFE_NSEC ENT_NSEC,
	    "cut.example. NSEC: lists other types");
	assert_refused(ZONE APEX_NSEC A_NSEC
	    "cut.example. 60 IN NSEC safe.example. NS DS NSEC\n" SAFE_NSEC ENT_NSEC,
	    "cut.example. NSEC: lists other types");
	/* windows 0 and 255 */
	assert_closed(APEX "example. 60 IN TYPE65280 \\# 1 00\n"
			   "example. 60 IN NSEC example. NS SOA NSEC TYPE65280\n");
}

/* RFC 4034 section 4.1.2: \7example\0, then window 0
 * of six octets with NS (2), SOA (6) and NSEC (47). */
static void
the_encoding(void **state)
{
	static const uint8_t rdata[] = {7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 0, 0, 6, 0x22, 0, 0,
	    0, 0, 1, /* beyond the right one */ 1, 1, 0};
	(void)state;
	for (size_t length = 0; length <= sizeof(rdata); length++) {
		struct lr_draft *draft = sample_draft("example.", APEX);
		sample_add_raw(draft, "example.", 47, 60, rdata, length);
		assert_int_equal(lr_draft_sort(draft, NULL), LR_OK);
		assert_int_equal(lr_nsec_verify(draft, NULL), length == 17 ? LR_OK : LR_EBOGUS);
		lr_draft_free(draft);
	}
}

static void
two_at_one_name(void **state)
{
	(void)state;
	assert_refused(APEX "example. 60 IN NSEC example. NS SOA NSEC\n"
			    "example. 60 IN NSEC z.example. NS SOA NSEC\n",
	    "more than one");
}

static void
under_a_cut(void **state)
{
	(void)state;
	assert_refused(ZONE APEX_NSEC A_NSEC CUT_NSEC SAFE_NSEC ENT_NSEC
	    "ns.cut.example. 60 IN NSEC safe.example. A NSEC\n",
	    "ns.cut.example. NSEC: under a delegation");
}

/* RFC 6672 section 2.4: what is under a DNAME is hidden; its owner is not. */
static void
under_a_dname(void **state)
{
	(void)state;
	assert_closed(APEX "d.example. 60 IN DNAME a.test.\n"
			   "hidden.d.example. 60 IN A 192.0.2.1\n"
			   "example. 60 IN NSEC d.example. NS SOA NSEC\n"
			   "d.example. 60 IN NSEC example. DNAME NSEC\n");
}

static void
nsec3(void **state)
{
	(void)state;
	assert_int_equal(verify(APEX "example. 60 IN NSEC3PARAM 1 0 0 -\n", NULL), LR_EUPDATE);
	assert_int_equal(verify(APEX "example. 60 IN NSEC example. NS SOA NSEC NSEC3PARAM\n"
				     "example. 60 IN NSEC3PARAM 1 0 0 -\n",
			     NULL),
	    LR_EUPDATE);
}

UNIT_TESTS(NULL, NULL, TEST(closed), TEST(missing), TEST(the_next_name), TEST(the_types),
    TEST(the_encoding), TEST(two_at_one_name), TEST(under_a_cut), TEST(under_a_dname), TEST(nsec3))
