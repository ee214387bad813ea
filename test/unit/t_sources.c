/* t_sources.c -- which sources a round asks, and what is said of them. */
#include "unit.h"

#include "sources.h"

#include <stdlib.h>
#include <string.h>

static const struct lr_source_options options = {.ca_bundle = NULL};

/* file:/0, file:/1, ... */
static struct lr_sources *
make(size_t count, size_t ordered)
{
	struct lr_uri uris[20];
	struct lr_sources *sources;
	for (size_t i = 0; i < count; i++) {
		char text[32];
		snprintf(text, sizeof(text), "file:/%zu", i);
		assert_int_equal(lr_uri_parse(text, &uris[i], NULL), LR_OK);
	}
	assert_int_equal(lr_sources_new(uris, count, ordered, &options, &sources, NULL), LR_OK);
	return sources;
}

static bool
note(struct lr_sources *sources, size_t index, enum lr_code code, int64_t seconds)
{
	struct lr_error err = {LR_OK, ""};
	if (code != LR_OK)
		lr_fail(&err, code, "fault %d", code);
	return lr_sources_note(sources, index, &err, seconds * 1000);
}

/* The picked ones as text, "2 0 1"; with the root's retry and, unless said otherwise, a fresh
 * copy. */
static const char *
pick(struct lr_sources *sources, struct lr_picking picking, int64_t seconds)
{
	static char text[128];
	size_t picked[20], length = 0;
	picking.now_ms = seconds * 1000;
	picking.retry = 900;
	text[0] = '\0';
	for (size_t i = 0, count = lr_sources_pick(sources, &picking, picked); i < count; i++)
		length += (size_t)snprintf(
		    text + length, sizeof(text) - length, "%s%zu", i ? " " : "", picked[i]);
	return text;
}

static const struct lr_picking fresh = {.fresh = true}, stale = {.fresh = false},
			       all = {.fresh = true, .all = true};

static void
order(void **state)
{
	(void)state;
	struct lr_sources *sources = make(4, 0);
	struct lr_picking chance = fresh;
	chance.random = 7; /* 7 % 4 */
	assert_string_equal(pick(sources, chance, 0), "3 0 1 2");
	lr_sources_free(sources);
	sources = make(4, 4);
	assert_string_equal(pick(sources, chance, 0), "0 1 2 3");
	lr_sources_free(sources);
	sources = make(4, 1); /* 7 % 3 */
	assert_string_equal(pick(sources, chance, 0), "0 2 3 1");
	lr_sources_free(sources);
	lr_sources_free(NULL);
}

/* Without a copy those that are found without the DNS come first, with one https; but what was
 * named keeps its order. */
static void
preferred(void **state)
{
	static const char *const texts[] = {"axfr:name.example", "axfr:192.0.2.1",
	    "axfr:2001:db8::1", "https://name.example/z", "https://name.example/z@192.0.2.2"};
	struct lr_uri uris[5];
	struct lr_sources *sources;
	(void)state;
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(lr_uri_parse(texts[i], &uris[i], NULL), LR_OK);
	enum lr_code code = lr_sources_new(uris, 5, 0, &options, &sources, NULL);
	if (code == LR_EUNSUPPORTED) /* without libcurl */
		skip();
	assert_int_equal(code, LR_OK);
	assert_string_equal(pick(sources, stale, 0), "1 2 4 0 3");
	assert_string_equal(pick(sources, fresh, 0), "3 4 0 1 2");
	lr_sources_free(sources);
	assert_int_equal(lr_sources_new(uris, 5, 1, &options, &sources, NULL), LR_OK);
	assert_string_equal(pick(sources, stale, 0), "0 1 2 4 3");
	assert_string_equal(pick(sources, fresh, 0), "0 3 4 1 2");
	lr_sources_free(sources);
}

/* 900 s after the first failure, 1800 after the second and so on, each less a tenth. */
static void
back_off(void **state)
{
	(void)state;
	struct lr_sources *sources = make(3, 3);
	note(sources, 0, LR_EUNREACHABLE, 1000);
	note(sources, 1, LR_OK, 1000);
	assert_string_equal(pick(sources, fresh, 1001), "1 2");
	assert_string_equal(pick(sources, fresh, 1809), "1 2");
	assert_string_equal(pick(sources, fresh, 1810), "0 1 2");
	note(sources, 0, LR_EUNREACHABLE, 1810);
	assert_string_equal(pick(sources, fresh, 3429), "1 2");
	assert_string_equal(pick(sources, fresh, 3430), "0 1 2");
	/* asked for by hand: all */
	assert_string_equal(pick(sources, all, 1811), "0 1 2");
	/* good once, and all is forgotten */
	note(sources, 0, LR_OK, 3430);
	assert_string_equal(pick(sources, fresh, 3431), "0 1 2");
	note(sources, 0, LR_ETIMEOUT, 4000);
	assert_string_equal(pick(sources, fresh, 4810), "0 1 2");
	lr_sources_free(sources);
}

static void
never_nobody(void **state)
{
	(void)state;
	struct lr_sources *sources = make(3, 3);
	for (size_t i = 0; i < 3; i++)
		for (unsigned n = 0; n < 5 - i; n++)
			note(sources, i, LR_ETIMEOUT, 1000 + (int64_t)i);
	/* back-offs of 14400, 7200 and 3600 s: the last ends first */
	assert_string_equal(pick(sources, fresh, 1003), "2");
	note(sources, 2, LR_ETIMEOUT, 4000); /* now 7200 s from 4000 on */
	assert_string_equal(pick(sources, fresh, 4001), "1");
	assert_string_equal(pick(sources, fresh, 7481), "1");
	lr_sources_free(sources);
}

/* Without a copy that can be served no source is left alone for more than an hour. */
static void
stale_copy(void **state)
{
	(void)state;
	struct lr_sources *sources = make(2, 2);
	for (unsigned n = 0; n < 30; n++)
		note(sources, 0, LR_EDIGEST, 1000);
	assert_string_equal(pick(sources, fresh, 1000 + 77759), "1");
	assert_string_equal(pick(sources, fresh, 1000 + 77760), "0 1");
	assert_string_equal(pick(sources, stale, 1000 + 3239), "1");
	assert_string_equal(pick(sources, stale, 1000 + 3240), "0 1");
	lr_sources_free(sources);
}

static void
what_is_news(void **state)
{
	(void)state;
	struct lr_sources *sources = make(2, 2);
	assert_false(note(sources, 0, LR_OK, 1));
	assert_true(note(sources, 0, LR_ETIMEOUT, 2));
	assert_true(note(sources, 0, LR_ETIMEOUT, 3));
	assert_false(note(sources, 0, LR_ETIMEOUT, 4));
	/* the other's failures are its own */
	assert_true(note(sources, 1, LR_ETIMEOUT, 4));
	assert_true(note(sources, 0, LR_ETIMEOUT, 5));  /* the fourth */
	assert_false(note(sources, 0, LR_ETIMEOUT, 6)); /* the fifth */
	assert_true(note(sources, 0, LR_EDIGEST, 7));   /* another reason */
	assert_false(note(sources, 0, LR_EDIGEST, 8));  /* the seventh */
	assert_false(note(sources, 0, LR_OK, 9));
	assert_true(note(sources, 0, LR_EDIGEST, 10)); /* the first again */
	lr_sources_free(sources);
}

static void
for_people(void **state)
{
	(void)state;
	char text[2048];
	struct lr_sources *sources = make(4, 4);
	note(sources, 0, LR_OK, 90);
	note(sources, 1, LR_EDIGEST, 95);
	note(sources, 2, LR_ETIMEOUT, 80);
	note(sources, 2, LR_ETIMEOUT, 91);
	FILE *out = fmemopen(text, sizeof(text), "w");
	lr_sources_print(sources, 100000, out);
	fclose(out);
	char wanted[512];
	snprintf(wanted, sizeof(wanted),
	    "source file:/0: good, 10 s ago\n"
	    "source file:/1: failed, 5 s ago: fault %d\n"
	    "source file:/2: failed 2 times, 9 s ago: fault %d\n"
	    "source file:/3: not asked yet\n"
	    "last refusal: file:/1: fault %d\n",
	    LR_EDIGEST, LR_ETIMEOUT, LR_EDIGEST);
	assert_string_equal(text, wanted);
	lr_sources_free(sources);
}

UNIT_TESTS(NULL, NULL, TEST(order), TEST(preferred), TEST(back_off), TEST(never_nobody),
    TEST(stale_copy), TEST(what_is_news), TEST(for_people))
