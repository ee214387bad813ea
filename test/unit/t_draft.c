/* zone/draft.c: the records in canonical order. */
#include "draft.h"

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct lr_draft_limits roomy = {1 << 20, 1000, 0};

static struct lr_draft *
new_draft(const char *origin)
{
	struct lr_draft *draft;
	assert_int_equal(lr_draft_new((const uint8_t *)origin, &roomy, &draft, NULL), LR_OK);
	return draft;
}

static struct lr_record
record(const char *owner, uint16_t type, const char *rdata, size_t length)
{
	return (struct lr_record){
	    .owner = (const uint8_t *)owner,
	    .owner_length = (uint8_t)(strlen(owner) + 1),
	    .type = type,
	    .ttl = 60,
	    .rdata = (const uint8_t *)rdata,
	    .rdata_length = (uint16_t)length,
	};
}

static void
add(struct lr_draft *draft, const char *owner, uint16_t type, const char *rdata, size_t length)
{
	struct lr_record added = record(owner, type, rdata, length);
	assert_int_equal(lr_draft_add(draft, &added, NULL), LR_OK);
}

static void
expect(
    const struct lr_draft *draft, size_t index, const char *owner, uint16_t type, const char *rdata)
{
	struct lr_record got = lr_draft_record(draft, index);
	assert_string_equal((const char *)got.owner, owner);
	assert_int_equal(got.type, type);
	assert_memory_equal(got.rdata, rdata, got.rdata_length);
}

/* RFC 4034 section 6: owner, then type (RFC 8976 section 3.3.1),
 * then RDATA as left-justified octets. */
static void
canonical_order(void **state)
{
	(void)state;
	struct lr_draft *draft = new_draft("");
	add(draft, "\1b", 1, "\1\2\3\4", 4);
	add(draft, "\1x\1a", 1, "\1\2\3\4", 4);
	add(draft, "\1a", 28, "0123456789abcdef", 16);
	add(draft, "\1a", 1, "\2\0\0\0", 4);
	add(draft, "\1a", 1, "\1\377\0\0", 4);
	add(draft, "\1a", 16, "\2ab", 3);
	add(draft, "\1a", 16, "\1a", 2);
	add(draft, "", 2, "\1a", 3);
	assert_int_equal(lr_draft_sort(draft, NULL), LR_OK);
	assert_int_equal(lr_draft_count(draft), 8);
	expect(draft, 0, "", 2, "\1a");
	expect(draft, 1, "\1a", 1, "\1\377\0\0");
	expect(draft, 2, "\1a", 1, "\2\0\0\0");
	expect(draft, 3, "\1a", 16, "\1a");
	expect(draft, 4, "\1a", 16, "\2ab");
	expect(draft, 5, "\1a", 28, "0123456789abcdef");
	expect(draft, 6, "\1x\1a", 1, "\1\2\3\4");
	expect(draft, 7, "\1b", 1, "\1\2\3\4");
	static const size_t rrset_ends[] = {1, 3, 3, 5, 5, 6, 7, 8};
	static const size_t owner_ends[] = {1, 6, 6, 6, 6, 6, 7, 8};
	for (size_t i = 0; i < 8; i++) {
		assert_int_equal(lr_draft_rrset_end(draft, i), rrset_ends[i]);
		assert_int_equal(lr_draft_owner_end(draft, i), owner_ends[i]);
	}
	lr_draft_free(draft);
}

/* Letter case is no difference in names (RFC 4034 section 6.2), but it is in text. */
static void
duplicates_are_dropped(void **state)
{
	(void)state;
	struct lr_draft *draft = new_draft("");
	add(draft, "\1A", 2, "\2Ns\1a", 6);
	add(draft, "\1a", 2, "\2nS\1A", 6);
	add(draft, "\1a", 16, "\1a", 2);
	add(draft, "\1a", 16, "\1A", 2);
	add(draft, "\1a", 47, "\1B\0\0\1\2",
	    6); /* NSEC's next name counts as it is (RFC 6840 section 5.1) */
	add(draft, "\1a", 47, "\1b\0\0\1\2", 6);
	assert_int_equal(lr_draft_sort(draft, NULL), LR_OK);
	assert_int_equal(lr_draft_count(draft), 5);
	expect(draft, 0, "\1A", 2, "\2Ns\1a"); /* the first stays, as received */
	lr_draft_free(draft);
}

/* The order of NS names is that of their lower case, though "Z" comes before "a". */
static void
rdata_is_compared_folded(void **state)
{
	(void)state;
	struct lr_draft *draft = new_draft("");
	add(draft, "\1a", 2, "\1Z", 3);
	add(draft, "\1a", 2, "\1b", 3);
	assert_int_equal(lr_draft_sort(draft, NULL), LR_OK);
	expect(draft, 0, "\1a", 2, "\1b");
	lr_draft_free(draft);
}

static void
limits_hold(void **state)
{
	(void)state;
	struct lr_error err;
	struct lr_draft *draft;
	struct lr_record a = record("\1a", 1, "\1\2\3\4", 4);
	const struct lr_draft_limits two = {1 << 20, 2, 0}, tight = {40, 100, 0};

	assert_int_equal(lr_draft_new((const uint8_t *)"", &two, &draft, NULL), LR_OK);
	assert_int_equal(lr_draft_add(draft, &a, &err), LR_OK);
	assert_int_equal(lr_draft_add(draft, &a, &err), LR_OK);
	assert_int_equal(lr_draft_add(draft, &a, &err), LR_ELIMIT);
	assert_string_equal(err.text, "more than 2 records");
	lr_draft_free(draft);

	/* A record takes its owner's 3 octets, 8 fixed ones and 4 of RDATA: two fit into 40. */
	assert_int_equal(lr_draft_new((const uint8_t *)"", &tight, &draft, NULL), LR_OK);
	assert_int_equal(lr_draft_add(draft, &a, &err), LR_OK);
	assert_int_equal(lr_draft_add(draft, &a, &err), LR_OK);
	assert_int_equal(lr_draft_add(draft, &a, &err), LR_ELIMIT);
	lr_draft_free(draft);
}

/* RFC 8976 appendix A.2. */
static void
other_zones_are_left_out(void **state)
{
	(void)state;
	struct lr_draft *draft = new_draft("\7example");
	struct lr_record outside = record("\3com", 1, "\1\2\3\4", 4);
	struct lr_record inside = record("\1a\7EXAMPLE", 1, "\1\2\3\4", 4);
	assert_int_equal(lr_draft_add(draft, &outside, NULL), LR_OK);
	assert_int_equal(lr_draft_add(draft, &inside, NULL), LR_OK);
	assert_int_equal(lr_draft_count(draft), 1);
	assert_int_equal(lr_draft_outside(draft), 1);
	lr_draft_free(draft);
}

/* Says stop when it is asked for the COUNTth time. */
static enum lr_code
stop_at(void *arg, struct lr_error *err)
{
	unsigned *left = arg;
	return --*left ? LR_OK : lr_fail(err, LR_ECANCELLED, "cancelled");
}

/* Wherever a sort is broken off, every record is still there, and none twice. */
static void
sorting_broken_off(void **state)
{
	enum { COUNT = 5000 };
	const struct lr_draft_limits limits = {1 << 20, COUNT, 0};
	enum lr_code code = LR_ECANCELLED;
	unsigned left, stops = 0;
	(void)state;
	for (unsigned at = 1; code != LR_OK; at++) {
		struct lr_draft *draft;
		struct lr_error err;
		struct lr_stop stop = {stop_at, &left, 0};
		bool seen[COUNT] = {false};
		left = at;
		assert_int_equal(lr_draft_new((const uint8_t *)"", &limits, &draft, NULL), LR_OK);
		for (unsigned i = 0; i < COUNT; i++) {
			char owner[8];
			snprintf(owner, sizeof(owner), "\4%04u", i * 2003 % COUNT);
			add(draft, owner, 1, "\1\2\3\4", 4);
		}
		lr_draft_heed(draft, &stop);
		code = lr_draft_sort(draft, &err);
		assert_int_equal(lr_draft_sorted(draft), code == LR_OK);
		assert_int_equal(lr_draft_count(draft), COUNT);
		for (unsigned i = 0; i < COUNT; i++)
			seen[atoi((const char *)lr_draft_record(draft, i).owner + 1)] = true;
		for (unsigned i = 0; i < COUNT; i++)
			assert_true(seen[i]);
		stops += code == LR_ECANCELLED;
		lr_draft_free(draft);
	}
	assert_in_range(stops, 20, 1000);
}

/* 5,000 records in an order that is far from sorted: each in its place afterwards. */
static void
many_records(void **state)
{
	(void)state;
	const struct lr_draft_limits limits = {1 << 20, 5000, 0};
	struct lr_draft *draft;
	assert_int_equal(lr_draft_new((const uint8_t *)"", &limits, &draft, NULL), LR_OK);
	for (unsigned i = 0; i < 5000; i++) {
		unsigned number =
		    i * 2003 % 5000; /* 2003 and 5000 have no common divisor: each once */
		char owner[8];
		snprintf(owner, sizeof(owner), "\4%04u", number);
		add(draft, owner, 1, "\1\2\3\4", 4);
	}
	assert_int_equal(lr_draft_sort(draft, NULL), LR_OK);
	for (unsigned i = 0; i < 5000; i++) {
		char owner[8];
		snprintf(owner, sizeof(owner), "\4%04u", i);
		expect(draft, i, owner, 1, "\1\2\3\4");
	}
	lr_draft_free(draft);
}

/* Of two equal records the one that came first stays, TTL and letter case with it, however far the
 * sort has to move them. */
static void
the_first_stays(void **state)
{
	(void)state;
	struct lr_draft *draft = new_draft("");
	struct lr_record first = record("\1B", 2, "\1a", 3), again = record("\1b", 2, "\1A", 3);
	again.ttl = 61;
	add(draft, "\1c", 1, "\1\2\3\4", 4);
	assert_int_equal(lr_draft_add(draft, &first, NULL), LR_OK);
	assert_int_equal(lr_draft_add(draft, &again, NULL), LR_OK);
	add(draft, "\1a", 1, "\1\2\3\4", 4);
	assert_int_equal(lr_draft_sort(draft, NULL), LR_OK);
	assert_int_equal(lr_draft_count(draft), 3);
	expect(draft, 1, "\1B", 2, "\1a");
	assert_int_equal(lr_draft_record(draft, 1).ttl, 60);
	lr_draft_free(draft);
}

/* A record that comes after the sort is sorted in by the next one. */
static void
sorted_again(void **state)
{
	(void)state;
	struct lr_draft *draft = new_draft("");
	add(draft, "\1b", 1, "\1\2\3\4", 4);
	assert_int_equal(lr_draft_sort(draft, NULL), LR_OK);
	assert_true(lr_draft_sorted(draft));
	add(draft, "\1a", 1, "\1\2\3\4", 4);
	assert_false(lr_draft_sorted(draft));
	assert_int_equal(lr_draft_sort(draft, NULL), LR_OK);
	expect(draft, 0, "\1a", 1, "\1\2\3\4");
	expect(draft, 1, "\1b", 1, "\1\2\3\4");
	lr_draft_free(draft);
}

UNIT_TESTS(NULL, NULL, TEST(canonical_order), TEST(duplicates_are_dropped),
    TEST(rdata_is_compared_folded), TEST(limits_hold), TEST(other_zones_are_left_out),
    TEST(sorting_broken_off), TEST(many_records), TEST(the_first_stays), TEST(sorted_again))
