/* t_source_ixfr.c -- what a held zone changes: the SOA
 * first, and differences (RFC 1995) applied to it. */
#include "outside.h"
#include "script.h"
#include "seal.h"
#include "source.h"
#include "text.h"

#include <time.h>

#define ID 0x1234
#define QR 0x8000
#define AA 0x0400
enum { SOA = 6, IXFR = 251, AXFR = 252 };

static const struct lr_zone *held; /* serial 7: a. A 0.0.0.1, b. A 0.0.0.2 */

static bool
fixed_id(void *arg, uint16_t *number)
{
	(void)arg;
	*number = ID;
	return true;
}

static const struct lr_io io = {-1, real_clock, fixed_id, NULL, false, NULL};
static struct lr_limits limits;
static struct lr_source *source;
static struct lr_fetched fetched;
static struct lr_error err;

/* The next answer's first message, with its question; RECORDS are to follow. */
static void
answer(uint16_t type, unsigned records, bool last)
{
	script_next(last);
	put_header(&m, ID, QR | AA, 1, records, 0);
	put_question(&m, ".", type);
}

static void
answer_soa(uint32_t serial)
{
	answer(SOA, 1, false);
	put_soa(&m, serial);
	script_add();
}

/* SOA, c. A 0.0.0.3, SOA */
static void
answer_whole(uint16_t type, uint32_t serial)
{
	answer(type, 3, false);
	put_soa(&m, serial);
	put_a(&m, "c.", 3);
	put_soa(&m, serial);
	script_add();
}

static void
answer_refusal(uint16_t type, unsigned rcode)
{
	script_next(false);
	put_header(&m, ID, QR | rcode, 1, 0, 0);
	put_question(&m, ".", type);
	script_add();
}

/* The source of the server, which runs. */
static enum lr_code
fetch_from_script(const struct lr_zone *zone)
{
	fetched = (struct lr_fetched){.octets = 77};
	err = (struct lr_error){LR_OK, ""};
	enum lr_code code =
	    lr_source_fetch(source, (const uint8_t *)"", zone, &io, &limits, &fetched, &err);
	script_stop();
	return code;
}

static enum lr_code
fetch_held(const char *scheme, const struct lr_zone *zone)
{
	const struct lr_source_options options = {.ca_bundle = NULL};
	struct lr_uri uri;
	char text[64];
	script_start(0);
	snprintf(text, sizeof(text), "%s:127.0.0.1@%u", scheme, script.port);
	assert_int_equal(lr_uri_parse(text, &uri, NULL), LR_OK);
	assert_int_equal(lr_source_new(&uri, &options, &source, NULL), LR_OK);
	return fetch_from_script(zone);
}

/* The same source once more, by another script. */
static enum lr_code
fetch_again(void)
{
	script_start(script.port);
	return fetch_from_script(held);
}

/* Nothing but refusals. */
static void
refuse_rest(void)
{
	answer_refusal(SOA, 5);
	answer_refusal(AXFR, 5);
	answer_refusal(AXFR, 5);
}

static void
done(void)
{
	lr_source_free(source);
	lr_draft_free(fetched.draft);
}

static void
expect_draft(const char *scheme, uint32_t serial, bool increment, size_t records)
{
	if (fetch_held(scheme, held) != LR_OK)
		fail_msg("%s", err.text);
	assert_non_null(fetched.draft);
	assert_int_equal(fetched.serial, serial);
	assert_int_equal(fetched.increment, increment);
	assert_int_equal(lr_draft_count(fetched.draft), records);
}

static void
expect_current(const char *scheme)
{
	if (fetch_held(scheme, held) != LR_OK)
		fail_msg("%s", err.text);
	assert_null(fetched.draft);
	assert_int_equal(fetched.serial, 7);
	assert_false(fetched.increment);
	done();
}

static void
expect_failure(const char *scheme, enum lr_code code, const char *why)
{
	enum lr_code got = fetch_held(scheme, held);
	if (got != code || !strstr(err.text, why))
		fail_msg("%s: %s, not \"%s\"", lr_code_word(got), err.text, why);
	assert_int_equal(err.code, code);
	assert_int_equal(fetched.octets, 77); /* outputs on success only */
	assert_null(fetched.draft);
	done();
}

static bool
has(const char *owner, uint32_t address)
{
	char name[8] = {(char)1, owner[0], 0};
	for (size_t i = 0; i < lr_draft_count(fetched.draft); i++) {
		struct lr_record r = lr_draft_record(fetched.draft, i);
		if (r.type == 1 && lr_name_equal(r.owner, (const uint8_t *)name) &&
		    r.rdata[3] == address)
			return true;
	}
	return false;
}

/* One query, one connection a line of the script: nothing more was asked. */
static void
asked(unsigned connections, unsigned queries, ...)
{
	va_list types;
	assert_int_equal(script.connections, connections);
	assert_int_equal(script.played, queries);
	va_start(types, queries);
	for (unsigned i = 0; i < queries; i++)
		assert_int_equal(script.answers[i].asked, va_arg(types, int));
	va_end(types);
}

static void
soa_first(void **state)
{
	(void)state;
	script_begin();
	answer_soa(7);
	expect_current("axfr");
	asked(1, 1, SOA);

	script_begin();
	answer_soa(8);
	answer_whole(AXFR, 8);
	expect_draft("axfr", 8, false, 2);
	asked(1, 2, SOA, AXFR); /* on one connection */
	done();

	script_begin();
	answer_soa(6);
	expect_failure("axfr", LR_ESERIAL, "has serial 6, older than 7");
	asked(1, 1, SOA);

	script_begin(); /* neither older nor newer */
	answer_soa(7 + (1u << 31));
	expect_failure("axfr", LR_ESERIAL, "older");
}

/* Nothing held: nothing to compare with. */
static void
nothing_held(void **state)
{
	static const char *const schemes[] = {"axfr", "ixfr"};
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		script_begin();
		answer_whole(AXFR, 3);
		assert_int_equal(fetch_held(schemes[i], NULL), LR_OK);
		assert_int_equal(fetched.serial, 3);
		asked(1, 1, AXFR);
		done();
	}
}

static void
lying_serial(void **state)
{
	(void)state;
	script_begin();
	answer_soa(9);
	answer_whole(AXFR, 8);
	expect_failure("axfr", LR_ESERIAL, "announces serial 9, but delivers 8");
	asked(1, 2, SOA, AXFR);
	script_begin(); /* a newer one has come meanwhile */
	answer_soa(8);
	answer_whole(AXFR, 9);
	expect_draft("axfr", 9, false, 2);
	done();
}

/* Who answers the SOA like that may have the zone all the same: the AXFR follows on a new
 * connection, each time that the source is asked. */
static void
bad_soa(unsigned which)
{
	switch (which) {
	case 0:
		answer(SOA, 0, false);
		break;
	case 1: /* only passes on what others say */
		answer(SOA, 1, false);
		put_soa(&m, 8);
		m.bytes[2] &= (uint8_t) ~(AA >> 8);
		break;
	case 2:
		answer(SOA, 2, false);
		put_soa(&m, 8);
		put_soa(&m, 8);
		break;
	case 3: /* the answer to another query */
		answer_whole(AXFR, 8);
		return;
	case 4:
		answer_refusal(SOA, 5);
		return;
	case 5:
		answer_refusal(SOA, 9); /* NOTAUTH */
		return;
	default: /* says nothing and ends */
		script_next(true);
		return;
	}
	script_add();
}

static void
bad_soa_answers(void **state)
{
	(void)state;
	for (unsigned which = 0; which < 7; which++) {
		script_begin();
		bad_soa(which);
		answer_whole(AXFR, 8);
		expect_draft("axfr", 8, false, 2);
		asked(2, 2, SOA, AXFR);
		lr_draft_free(fetched.draft);
		for (unsigned again = 0; again < 2; again++) {
			script_begin();
			bad_soa(which);
			answer_whole(AXFR, 7); /* the one held: for the caller to see */
			if (fetch_again() != LR_OK)
				fail_msg("%u: %s", which, err.text);
			assert_int_equal(fetched.serial, 7);
			lr_draft_free(fetched.draft);
		}
		lr_source_free(source);
	}
	script_begin(); /* but nothing older than what is held */
	bad_soa(4);
	answer_whole(AXFR, 6);
	expect_failure("axfr", LR_ESERIAL, "has serial 6, older than 7");
}

/* RFC 7766 section 6.2.4: the server closes after each answer. */
static void
closes_after_each(void **state)
{
	(void)state;
	script_begin();
	answer_soa(8);
	script.answers[0].last = true;
	answer_whole(AXFR, 8);
	expect_draft("axfr", 8, false, 2);
	asked(2, 2, SOA, AXFR);
	assert_int_equal(script.answers[1].query[11], 1); /* with EDNS: that was not the reason */
	done();
}

/* RFC 6891 section 7: FORMERR or NOTIMP to EDNS, or to its option, is not for the question. */
static void
without_edns(void **state)
{
	static const unsigned rcodes[] = {1, 4};
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		script_begin();
		answer_refusal(SOA, rcodes[i]);
		answer_soa(8);
		answer_whole(AXFR, 8);
		expect_draft("axfr", 8, false, 2);
		asked(2, 3, SOA, SOA, AXFR);
		for (unsigned q = 0; q < 3; q++) /* additional records of the queries: OPT */
			assert_int_equal(script.answers[q].query[11], q == 0);
		assert_int_equal(script.answers[1].query_size, 17);
		lr_draft_free(fetched.draft);
		script_begin(); /* it is remembered */
		answer_soa(7);
		assert_int_equal(fetch_again(), LR_OK);
		asked(1, 1, SOA);
		assert_int_equal(script.answers[0].query[11], 0);
		script_begin(); /* and forgotten where it is of no use any more */
		answer_refusal(SOA, 2);
		answer_refusal(AXFR, 2);
		answer_whole(AXFR, 8);
		assert_int_equal(fetch_again(), LR_OK);
		asked(3, 3, SOA, AXFR, AXFR);
		assert_int_equal(script.answers[2].query[11], 1);
		done();
	}
}

/* Who does not say FORMERR, but anything else, or nothing, to EDNS. */
static void
edns_unanswered(void **state)
{
	(void)state;
	limits.idle_ms = 100;
	for (unsigned which = 0; which < 3; which++) {
		script_begin();
		for (unsigned q = 0; q < 2; q++)
			if (which == 0)
				answer_refusal(q ? AXFR : SOA, 2);
			else
				script_next(which == 1); /* ends; is silent */
		answer_whole(AXFR, 8);
		expect_draft("axfr", 8, false, 2);
		asked(3, 3, SOA, AXFR, AXFR);
		assert_int_equal(script.answers[2].query[11], 0);
		done();
	}
	limits = lr_limits_default;
}

/* The authority section of an answer to SOA may name servers. */
static void
soa_with_servers(void **state)
{
	(void)state;
	script_begin();
	answer(SOA, 1, false);
	put_soa(&m, 7);
	put_fixed(&m, ".", 2, 518400, 3);
	put_name(&m, "a.");
	m.bytes[9] = 1;
	put_fixed(&m, ".", 41, 0, 8);
	put32(&m, 9 << 16 | 4);
	put32(&m, 4711);
	m.bytes[11] = 1;
	script_add();
	assert_int_equal(fetch_held("axfr", held), LR_OK);
	assert_null(fetched.draft);
	assert_true(fetched.has_expire);
	assert_int_equal(fetched.expire, 4711);
	done();
}

/* 7 to 8 to 9: b. goes, c. comes, c. goes, d. comes */
static void
answer_two_steps(void)
{
	answer(IXFR, 5, false);
	put_soa(&m, 9);
	put_soa(&m, 7);
	put_a(&m, "B.", 2); /* letter case does not count */
	put_soa(&m, 8);
	put_a(&m, "c.", 3);
	script_add();
	put_header(&m, ID, QR | AA, 0, 5, 0); /* in two messages */
	put_soa(&m, 8);
	put_a(&m, "c.", 3);
	put_soa(&m, 9);
	put_a(&m, "d.", 4);
	put_soa(&m, 9);
	script_add();
}

static void
differences(void **state)
{
	(void)state;
	script_begin();
	answer_two_steps();
	expect_draft("ixfr", 9, true, 3);
	asked(1, 1, IXFR);
	assert_true(has("a", 1) && has("d", 4));
	assert_false(has("b", 2) || has("c", 3));
	assert_true(fetched.octets == script.answers[0].size);
	done();
}

/* The query carries the SOA held in its authority section (RFC 1995 section 3). */
static void
query(void **state)
{
	(void)state;
	script_begin();
	answer(IXFR, 1, false);
	put_soa(&m, 7);
	script_add();
	expect_current("ixfr");
	const struct answer *a = &script.answers[0];
	assert_memory_equal(a->query, "\x12\x34\0\0\0\1\0\0\0\1\0\1\0\0\373\0\1", 17);
	put_header(&m, 0, 0, 0, 0, 0);
	put_soa(&m, 7);
	memset(m.bytes + 12 + 5, 0, 4); /* the TTL */
	assert_memory_equal(a->query + 17, m.bytes + 12, m.size - 12);
}

static void
single_soa(void **state)
{
	(void)state;
	script_begin();
	answer(IXFR, 1, false);
	put_soa(&m, 6);
	script_add();
	expect_failure("ixfr", LR_ESERIAL, "has serial 6, older than 7");
	asked(1, 1, IXFR);
}

static void
whole_zone_instead(void **state)
{
	(void)state;
	script_begin();
	answer_whole(IXFR, 8);
	expect_draft("ixfr", 8, false, 2);
	asked(1, 1, IXFR);
	assert_true(has("c", 3));
	done();
}

static void
refused(void **state)
{
	static const unsigned rcodes[] = {
	    2, 3, 5, 9, 10, 11}; /* SERVFAIL, NXDOMAIN, REFUSED, ... */
	(void)state;
	for (size_t i = 0; i < sizeof(rcodes) / sizeof(*rcodes); i++) {
		script_begin();
		answer_refusal(IXFR, rcodes[i]);
		answer_soa(8);
		answer_whole(AXFR, 8);
		script.answers[0].last = true;
		expect_draft("ixfr", 8, false, 2);
		asked(2, 3, IXFR, SOA, AXFR); /* on a new connection */
		done();
	}
	for (unsigned rcode = 1; rcode < 5;
	     rcode += 3) { /* FORMERR, NOTIMP: to EDNS, or to IXFR? */
		script_begin();
		answer_refusal(IXFR, rcode);
		answer_refusal(IXFR, rcode);
		answer_soa(8);
		answer_whole(AXFR, 8);
		expect_draft("ixfr", 8, false, 2);
		asked(3, 4, IXFR, IXFR, SOA, AXFR);
		assert_int_equal(script.answers[2].query[11], 1); /* to IXFR */
		done();
	}
}

/* Not an answer at all: the connection ends, or nothing comes. */
static void
no_increment(void **state)
{
	(void)state;
	limits.idle_ms = 100;
	for (unsigned silent = 0; silent < 2; silent++) {
		script_begin();
		script_next(!silent);
		answer_soa(8);
		answer_whole(AXFR, 8);
		expect_draft("ixfr", 8, false, 2);
		asked(2, 3, IXFR, SOA, AXFR);
		done();
	}
	script_begin(); /* one SOA, a newer one: come by AXFR (RFC 1995 section 2) */
	answer(IXFR, 1, false);
	put_soa(&m, 8);
	script_add();
	answer_soa(8);
	answer_whole(AXFR, 8);
	expect_draft("ixfr", 8, false, 2);
	asked(2, 3, IXFR, SOA, AXFR);
	done();
	limits = lr_limits_default;
}

/* Every bad increment, and then the whole zone on a
 * new connection; both reasons where that fails too. */
static void
bad_differences(void **state)
{
	static const struct {
		uint32_t from, deleted, to, closing, first;
		const char *why;
	} cases[] = {
	    {7, 3, 8, 8, 8, "deletes a record of b. that is not there"},
	    {6, 2, 8, 8, 8, "differences from serial 6, not from 7"},
	    {7, 2, 6, 8, 8, "differences from serial 7 to 6 on the way to 8"},
	    {7, 2, 7, 8, 8, "differences from serial 7 to 7 on the way to 8"},
	    {7, 2, 9, 9, 8, "differences from serial 7 to 9 on the way to 8"},
	    {7, 2, 8, 9, 8, "the closing SOA differs"},
	    {7, 2, 8, 8, 9, "of differences"}, /* more than one is over the limit here */
	    {7, 2, 8, 7, 9, "of differences"},
	};
	(void)state;
	limits.steps = 1;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		for (unsigned fails = 0; fails < 2; fails++) {
			script_begin();
			answer(IXFR, 6, true);
			put_soa(&m, cases[i].first);
			put_soa(&m, cases[i].from);
			put_a(&m, "b.", cases[i].deleted);
			put_soa(&m, cases[i].to);
			put_a(&m, "c.", 3);
			put_soa(&m, cases[i].closing);
			script_add();
			if (fails) {
				refuse_rest();
				expect_failure("ixfr", LR_EREFUSED, cases[i].why);
				assert_non_null(
				    strstr(err.text, "; SOA: message 1: the server answered"));
				asked(4, 4, IXFR, SOA, AXFR, AXFR);
				continue;
			}
			answer_soa(10);
			answer_whole(AXFR, 10);
			expect_draft("ixfr", 10, false, 2);
			asked(2, 3, IXFR, SOA, AXFR);
			done();
		}
	}
	limits = lr_limits_default;
}

/* Differences from a SOA that has the serial held, but is another one. */
static void
another_soa(void **state)
{
	(void)state;
	script_begin();
	answer(IXFR, 5, true);
	put_soa(&m, 8);
	put_soa(&m, 7);
	m.bytes[m.size - 1] ^= 1; /* its minimum */
	put_soa(&m, 8);
	put_a(&m, "c.", 3);
	put_soa(&m, 8);
	script_add();
	refuse_rest();
	expect_failure("ixfr", LR_EREFUSED, "differences from another SOA of serial 7");
	script_begin(); /* the last SOA added is not the server's */
	answer(IXFR, 5, true);
	put_soa(&m, 8);
	put_soa(&m, 7);
	put_soa(&m, 8);
	m.bytes[m.size - 1] ^= 1;
	put_a(&m, "c.", 3);
	put_soa(&m, 8);
	script_add();
	refuse_rest();
	expect_failure("ixfr", LR_EREFUSED, "the closing SOA differs from the first");
}

static void
cut_short(void **state)
{
	(void)state;
	script_begin();
	answer_two_steps();
	size_t whole = script.answers[0].size;
	for (size_t size = 0; size < whole; size++) {
		script_begin();
		answer_two_steps();
		script.answers[0].size = size;
		script.answers[0].last = true;
		refuse_rest();
		expect_failure("ixfr", LR_EREFUSED, "IXFR: connection closed after");
	}
}

static void
too_much_after(void **state)
{
	(void)state;
	script_begin();
	answer(IXFR, 2, true);
	put_soa(&m, 7);
	put_a(&m, "c.", 3);
	script_add();
	refuse_rest();
	expect_failure("ixfr", LR_EREFUSED, "records after the closing SOA");
	script_begin(); /* records of another zone cannot be told in the root; a SOA can */
	answer(IXFR, 3, true);
	put_soa(&m, 8);
	put_soa(&m, 7);
	put_fixed(&m, "com.", 6, 1, 22);
	put(&m, "\0\0\0\0\0\7\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 22);
	script_add();
	refuse_rest();
	expect_failure("ixfr", LR_EREFUSED, "SOA of another zone");
}

/* What comes behind an answer is not what the next question is answered with: that goes over
 * another connection. */
static void
octets_behind_an_answer(void **state)
{
	(void)state;
	script_begin();
	answer_soa(8);
	script_add(); /* the same once more */
	answer_whole(AXFR, 8);
	expect_draft("axfr", 8, false, 2);
	assert_int_equal(script.connections, 2);
	done();
}

/* After lr_source_distrust() increments are not asked for, until a whole zone has come. */
static void
distrusted(void **state)
{
	(void)state;
	script_begin();
	answer_two_steps();
	expect_draft("ixfr", 9, true, 3);
	lr_draft_free(fetched.draft);
	lr_source_distrust(source);
	for (unsigned round = 0; round < 3; round++) {
		script_begin();
		if (round == 0) {
			refuse_rest(); /* a failure does not end the distrust */
		} else if (round == 1) {
			answer_soa(8);
			answer_whole(AXFR, 8);
		} else {
			answer_two_steps();
		}
		enum lr_code code = fetch_again();
		assert_int_equal(code, round == 0 ? LR_EREFUSED : LR_OK);
		assert_int_equal(fetched.increment, round == 2);
		if (round == 1)
			asked(1, 2, SOA, AXFR);
		lr_draft_free(fetched.draft);
	}
	lr_source_free(source);
}

static int
make_held(void **state)
{
	static const char text[] = ". 86400 IN SOA a. b. 7 1800 900 604800 86400\n"
				   "a. 172800 IN A 0.0.0.1\nb. 172800 IN A 0.0.0.2\n";
	FILE *stream = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
	struct lr_draft *draft;
	(void)state;
	limits = lr_limits_default;
	if (!stream || lr_draft_new((const uint8_t *)"", &limits.draft, &draft, NULL) != LR_OK ||
	    lr_text_read(stream, draft, NULL) != LR_OK || lr_draft_sort(draft, NULL) != LR_OK ||
	    lr_zone_seal(draft, 0, NULL, &held, NULL) != LR_OK)
		return -1;
	lr_draft_free(draft);
	return fclose(stream);
}

static int
drop_held(void **state)
{
	(void)state;
	lr_zone_unref(held);
	return 0;
}

UNIT_TESTS(make_held, drop_held, TEST(soa_first), TEST(nothing_held), TEST(lying_serial),
    TEST(bad_soa_answers), TEST(closes_after_each), TEST(without_edns), TEST(edns_unanswered),
    TEST(soa_with_servers), TEST(differences), TEST(query), TEST(single_soa),
    TEST(whole_zone_instead), TEST(refused), TEST(no_increment), TEST(bad_differences),
    TEST(another_soa), TEST(cut_short), TEST(too_much_after), TEST(distrusted),
    TEST(octets_behind_an_answer))
