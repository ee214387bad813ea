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
	return lr_sources_note(sources, index, &err, "192.0.2.1@53", seconds * 1000);
}

/* The picked ones as text, "2 0 1"; with the root's
 * retry and, unless said otherwise, a fresh copy. */
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

/* The root's retry is 900 s, of which 810 are waited for (lr_backoff_ms()): the first failure at 95
 * holds until 905, the second in a row at 91 until 91 + 1620. */
static void
facts(void **state)
{
	(void)state;
	struct lr_source_facts found[4];
	struct lr_picking picking = {.fresh = true, .retry = 900, .now_ms = 100000};
	struct lr_sources *sources = make(4, 4);
	note(sources, 0, LR_OK, 90);
	note(sources, 1, LR_OK, 50);
	note(sources, 1, LR_EDIGEST, 95);
	note(sources, 2, LR_ETIMEOUT, 80);
	note(sources, 2, LR_ETIMEOUT, 91);
	lr_sources_facts(sources, &picking, 130000, found);
	assert_string_equal(found[0].uri, "file:/0");
	assert_string_equal(found[0].peer, "192.0.2.1@53");
	assert_true(found[0].tried && found[0].was_good && found[0].failures == 0);
	assert_int_equal(found[0].when_ms, 90000);
	assert_int_equal(found[0].good_ms, 90000);
	assert_int_equal(found[0].next_ms, 130000);
	assert_true(found[1].tried && found[1].was_good && found[1].failures == 1);
	assert_int_equal(found[1].when_ms, 95000);
	assert_int_equal(found[1].good_ms, 50000);
	assert_int_equal(found[1].next_ms, 905000);
	assert_int_equal(found[1].error.code, LR_EDIGEST);
	assert_true(found[2].tried && !found[2].was_good && found[2].failures == 2);
	assert_int_equal(found[2].next_ms, 1711000);
	assert_true(!found[3].tried && !found[3].was_good && found[3].failures == 0);
	assert_string_equal(found[3].peer, "");
	assert_int_equal(found[3].next_ms, 130000);
	/* a round that is due is of now */
	lr_sources_facts(sources, &picking, 99000, found);
	assert_int_equal(found[0].next_ms, 100000);
	/* where all are held back, the next round is of the first to be let go */
	note(sources, 0, LR_EIO, 99);
	note(sources, 3, LR_EIO, 98);
	lr_sources_facts(sources, &picking, 130000, found);
	assert_int_equal(found[0].next_ms, 909000);
	assert_int_equal(found[1].next_ms, 130000);
	assert_int_equal(found[2].next_ms, 1711000);
	assert_int_equal(found[3].next_ms, 908000);
	lr_sources_free(sources);
}

UNIT_TESTS(NULL, NULL, TEST(order), TEST(preferred), TEST(back_off), TEST(never_nobody),
    TEST(stale_copy), TEST(what_is_news), TEST(facts))
