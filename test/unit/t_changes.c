/* zone/changes.c: the differences of an IXFR, against a list that does the same slowly. */
#include "changes.h"
#include "seal.h"
#include "text.h"

#include <ctype.h>
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct lr_draft_limits roomy = {1 << 20, 1000, 0};

static const struct lr_zone *
make_zone(const char *text)
{
	FILE *stream = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
	struct lr_draft *draft;
	const struct lr_zone *zone;
	assert_int_equal(lr_draft_new((const uint8_t *)"", &roomy, &draft, NULL), LR_OK);
	assert_int_equal(lr_text_read(stream, draft, NULL), LR_OK);
	assert_int_equal(lr_draft_sort(draft, NULL), LR_OK);
	assert_int_equal(lr_zone_seal(draft, 0, NULL, &zone, NULL), LR_OK);
	lr_draft_free(draft);
	fclose(stream);
	return zone;
}

static struct lr_changes *
new_changes(const struct lr_zone *base)
{
	struct lr_changes *changes;
	assert_int_equal(lr_changes_new(base, &roomy, NULL, &changes, NULL), LR_OK);
	return changes;
}

static struct lr_record
record(const char *owner, uint16_t type, uint32_t ttl, const char *rdata, size_t length)
{
	return (struct lr_record){.owner = (const uint8_t *)owner,
	    .owner_length = (uint8_t)(strlen(owner) + 1),
	    .type = type,
	    .ttl = ttl,
	    .rdata = (const uint8_t *)rdata,
	    .rdata_length = (uint16_t)length};
}

static struct lr_draft *
apply(struct lr_changes *changes)
{
	struct lr_draft *draft;
	assert_int_equal(lr_changes_apply(changes, &draft, NULL), LR_OK);
	assert_int_equal(lr_draft_sort(draft, NULL), LR_OK);
	return draft;
}

#define BASE ". 60 IN SOA a. b. 7 1 2 3 4\na. 60 IN NS x.\na. 60 IN NS y.\nb. 60 IN NS x.\n"

/* Letter case is no difference, the TTL neither; what is not there cannot go, nor what went. */
static void
removal(void **state)
{
	const struct lr_zone *base = make_zone(BASE);
	struct lr_changes *changes = new_changes(base);
	struct lr_record gone = record("\1A", 2, 5, "\1Y", 3),
			 never = record("\1a", 2, 60, "\1z", 3);
	struct lr_record other = record("\1c", 2, 60, "\1x", 3),
			 empty = record("\1a", 2, 60, "", 0);
	struct lr_error err;
	(void)state;
	assert_int_equal(lr_changes_remove(changes, &gone, &err), LR_OK);
	assert_int_equal(lr_changes_remove(changes, &gone, &err), LR_EFORMAT);
	assert_string_equal(err.text, "deletes a record of A. that is not there");
	assert_int_equal(lr_changes_remove(changes, &never, &err), LR_EFORMAT);
	assert_int_equal(lr_changes_remove(changes, &other, &err), LR_EFORMAT);
	assert_int_equal(lr_changes_remove(changes, &empty, &err), LR_EFORMAT);
	struct lr_draft *draft = apply(changes);
	assert_int_equal(lr_draft_count(draft), 3);
	assert_memory_equal(lr_draft_record(draft, 1).rdata, "\1x", 3);
	assert_string_equal((const char *)lr_draft_record(draft, 2).owner, "\1b");
	lr_draft_free(draft);
	lr_changes_free(changes);
	lr_zone_unref(base);
}

/* A signature lies with what it covers: it is found there, and only by its own type. */
static void
signatures(void **state)
{
	static const char rrsig[] = "\0\2\10\1\0\0\0\74\0\0\0\1\0\0\0\0\0\1\0\1\2\3";
	const struct lr_zone *base =
	    make_zone(BASE "a. 60 IN RRSIG NS 8 1 60 19700101000001 19700101000000 1 . AQID\n");
	struct lr_changes *changes = new_changes(base);
	struct lr_record signature = record("\1a", 46, 60, rrsig, 22);
	struct lr_record as_ns = record("\1a", 2, 60, rrsig, 22),
			 cut = record("\1a", 46, 60, rrsig, 1);
	struct lr_record elsewhere = record("\1b", 46, 60, rrsig, 22);
	(void)state;
	assert_int_equal(lr_changes_remove(changes, &as_ns, NULL), LR_EFORMAT);
	assert_int_equal(lr_changes_remove(changes, &cut, NULL), LR_EFORMAT);
	assert_int_equal(lr_changes_remove(changes, &elsewhere, NULL), LR_EFORMAT);
	assert_int_equal(lr_changes_remove(changes, &signature, NULL), LR_OK);
	assert_int_equal(lr_changes_remove(changes, &signature, NULL), LR_EFORMAT);
	struct lr_draft *draft = apply(changes);
	assert_int_equal(lr_draft_count(draft), 4);
	lr_draft_free(draft);
	lr_changes_free(changes);
	lr_zone_unref(base);
}

static void
limits_hold(void **state)
{
	const struct lr_draft_limits tight = {40, 6, 8};
	const struct lr_zone *base = make_zone(BASE);
	struct lr_changes *changes;
	struct lr_record long_one = record("\1a", 16, 60, "\10aaaaaaaa", 9);
	struct lr_draft *draft;
	struct lr_error err;
	(void)state;
	assert_int_equal(lr_changes_new(base, &tight, NULL, &changes, NULL), LR_OK);
	assert_int_equal(lr_changes_add(changes, &long_one, &err), LR_ELIMIT);
	for (char i = 0; i < 6; i++) {
		char rdata[4] = {1, 2, 3, i};
		struct lr_record a = record("\1a", 1, 60, rdata, 4);
		/* 3 octets of owner and 4 of RDATA each: five fit into 40 */
		assert_int_equal(lr_changes_add(changes, &a, &err), i < 5 ? LR_OK : LR_ELIMIT);
	}
	assert_string_equal(err.text, "more than 40 octets of changes");
	/* And with the base's they are more than six records. */
	assert_int_equal(lr_changes_apply(changes, &draft, &err), LR_ELIMIT);
	lr_changes_free(changes);
	lr_zone_unref(base);
}

enum { NAMES = 6, ADDRESSES = 4, OPERATIONS = 400 };

/* The slow way: a list, in no order. */
struct entry {
	char owner[4];
	uint32_t ttl;
	char rdata[4];
};

static struct entry list[NAMES * ADDRESSES];
static size_t listed;

static size_t
list_find(const struct lr_record *r)
{
	for (size_t i = 0; i < listed; i++)
		if (tolower(list[i].owner[1]) == tolower(r->owner[1]) &&
		    memcmp(list[i].rdata, r->rdata, 4) == 0)
			return i;
	return listed;
}

static void
one_operation(struct lr_changes *changes, unsigned number)
{
	char owner[4] = {1, (char)((rand() & 1 ? 'a' : 'A') + rand() % NAMES), 0, 0};
	char rdata[4] = {10, 0, 0, (char)(rand() % ADDRESSES)};
	struct lr_record r = record(owner, 1, 100 + number, rdata, 4);
	size_t at = list_find(&r);
	if (rand() & 1) {
		assert_int_equal(lr_changes_add(changes, &r, NULL), LR_OK);
		if (at < listed)
			return;
		memcpy(list[at].owner, owner, 4);
		memcpy(list[at].rdata, rdata, 4);
		list[at].ttl = r.ttl;
		listed++;
	} else {
		assert_int_equal(
		    lr_changes_remove(changes, &r, NULL), at < listed ? LR_OK : LR_EFORMAT);
		if (at < listed)
			list[at] = list[--listed];
	}
}

/* Additions and deletions in any order, each of what is there and of what is not. */
static void
as_the_slow_way(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 50; seed++) {
		const struct lr_zone *base = make_zone(". 60 IN SOA a. b. 7 1 2 3 4\n"
						       "a. 60 IN A 10.0.0.1\nB. 60 IN A 10.0.0.2\n"
						       "B. 60 IN A 10.0.0.3\n");
		static const struct entry start[] = {{"\1a", 60, {10, 0, 0, 1}},
		    {"\1B", 60, {10, 0, 0, 2}}, {"\1B", 60, {10, 0, 0, 3}}};
		struct lr_changes *changes = new_changes(base);
		srand(seed);
		memcpy(list, start, sizeof(start));
		listed = 3;
		for (unsigned i = 0; i < OPERATIONS; i++)
			one_operation(changes, i);
		struct lr_draft *draft = apply(changes);
		assert_int_equal(lr_draft_count(draft), listed + 1);
		for (size_t i = 1; i < lr_draft_count(draft); i++) {
			struct lr_record r = lr_draft_record(draft, i);
			size_t at = list_find(&r);
			assert_true(at < listed);
			assert_int_equal(r.ttl, list[at].ttl);
			assert_string_equal((const char *)r.owner, list[at].owner);
		}
		lr_draft_free(draft);
		lr_changes_free(changes);
		lr_zone_unref(base);
	}
}

UNIT_TESTS(NULL, NULL, TEST(removal), TEST(signatures), TEST(limits_hold), TEST(as_the_slow_way))
