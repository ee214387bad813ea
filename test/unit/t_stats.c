/* t_stats.c -- the counters and their text. */
#include "unit.h"

#include "stats.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static const struct lr_gauges gauges = {.serving = true,
    .serial = 4294967295,
    .age = 12,
    .left = 604788,
    .zone_octets = 3000000,
    .upstream_octets = 8000000};

static char text[16384];

static const char *
print(struct lr_stats *stats, enum lr_format format, bool reset)
{
	FILE *out = fmemopen(text, sizeof(text), "w");
	assert_non_null(out);
	lr_stats_print(stats, &gauges, format, reset, out);
	fclose(out);
	return text;
}

/* The number after "\nKEY" and one character; -1: there is none, -2: there are several. */
static long long
number(const char *key)
{
	long long found = -1;
	size_t length = strlen(key);
	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, length) == 0 && (line[length] == '=' || line[length] == ' '))
			found = found == -1 ? atoll(line + length + 1) : -2;
	}
	return found;
}

static void
control(void **state)
{
	(void)state;
	struct lr_stats *stats = lr_stats_new(2);
	assert_non_null(stats);
	lr_stats_event(stats, 0, LR_ANSWERED_NXDOMAIN);
	lr_stats_event(stats, 1, LR_ANSWERED_NXDOMAIN);
	lr_stats_event(stats, 1, LR_REFERRED);
	lr_stats_event(stats, 2, LR_REFERRED); /* a worker that there is none of */
	lr_stats_round(stats, LR_ROUND_RENEWED);
	lr_stats_failure(stats, LR_ETIMEOUT);
	lr_stats_failure(stats, LR_ETIMEOUT);
	lr_stats_verified(stats, 80500999);
	print(stats, LR_FORMAT_CONTROL, false);
	assert_int_equal(number("localroot.serving"), 1);
	assert_int_equal(number("localroot.serial"), 4294967295);
	assert_int_equal(number("localroot.age"), 12);
	assert_int_equal(number("localroot.remaining"), 604788);
	assert_int_equal(number("localroot.verify.usec"), 80500);
	assert_int_equal(number("localroot.mem.zone"), 3000000);
	assert_int_equal(number("localroot.mem.lent"), 8000000);
	assert_int_equal(number("localroot.answers.nxdomain"), 2);
	assert_int_equal(number("localroot.answers.nodata"), 0);
	assert_int_equal(number("localroot.answers.ds"), 0);
	assert_int_equal(number("localroot.answers.apex"), 0);
	assert_int_equal(number("localroot.referrals"), 1);
	assert_int_equal(number("localroot.passed"), 0);
	assert_int_equal(number("localroot.rootqueries"), 0);
	assert_int_equal(number("localroot.refresh.renewed"), 1);
	assert_int_equal(number("localroot.refresh.current"), 0);
	assert_int_equal(number("localroot.refresh.failed"), 0);
	assert_int_equal(number("localroot.failures.timeout"), 2);
	assert_int_equal(number("localroot.failures.ok"), -1);
	/* every code has its line, with a name of its own */
	for (unsigned i = LR_OK + 1; i < LR_CODES; i++) {
		char key[64];
		snprintf(key, sizeof(key), "localroot.failures.%s", lr_code_word(i));
		assert_int_equal(number(key), i == LR_ETIMEOUT ? 2 : 0);
	}
	/* unbound-control takes key=value lines alone */
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		char *equals = strchr(line, '=');
		assert_ptr_equal(strstr(line, "localroot."), line);
		assert_non_null(equals);
		assert_int_equal(strspn(equals + 1, "0123456789"), strlen(equals + 1));
	}
	lr_stats_free(stats);
}

static void
reset(void **state)
{
	(void)state;
	struct lr_stats *stats = lr_stats_new(1);
	for (int i = 0; i < 5; i++)
		lr_stats_event(stats, 0, LR_PASSED);
	lr_stats_round(stats, LR_ROUND_FAILED);
	lr_stats_failure(stats, LR_EIO);
	/* looking changes nothing; resetting shows what was, and starts over */
	print(stats, LR_FORMAT_CONTROL, false);
	assert_int_equal(number("localroot.passed"), 5);
	print(stats, LR_FORMAT_CONTROL, true);
	assert_int_equal(number("localroot.passed"), 5);
	assert_int_equal(number("localroot.refresh.failed"), 1);
	print(stats, LR_FORMAT_CONTROL, false);
	assert_int_equal(number("localroot.passed"), 0);
	assert_int_equal(number("localroot.refresh.failed"), 0);
	assert_int_equal(number("localroot.failures.io"), 0);
	/* a gauge is what it is */
	assert_int_equal(number("localroot.age"), 12);
	lr_stats_event(stats, 0, LR_PASSED);
	print(stats, LR_FORMAT_CONTROL, false);
	assert_int_equal(number("localroot.passed"), 1);
	/* Prometheus' counters never go back, and its reading never resets */
	print(stats, LR_FORMAT_PROMETHEUS, true);
	assert_int_equal(number("localroot_passed_total"), 6);
	print(stats, LR_FORMAT_CONTROL, false);
	assert_int_equal(number("localroot.passed"), 1);
	assert_int_equal(lr_stats_total(stats, LR_PASSED), 6);
	lr_stats_free(stats);
	lr_stats_free(NULL);
}

/* The text format: a TYPE line of the same name before each number, counters end in _total. */
static void
prometheus(void **state)
{
	(void)state;
	struct lr_stats *stats = lr_stats_new(1);
	lr_stats_event(stats, 0, LR_ROOT_QUERY);
	print(stats, LR_FORMAT_PROMETHEUS, false);
	assert_int_equal(number("localroot_rootqueries_total"), 1);
	assert_int_equal(number("localroot_answers_nxdomain_total"), 0);
	assert_int_equal(number("localroot_serving"), 1);
	assert_int_equal(number("localroot_mem_lent"), 8000000);
	size_t lines = 0;
	char name[64] = "", kind[16], next[64];
	long long value;
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"), lines++) {
		if (lines % 2 == 0) {
			assert_int_equal(sscanf(line, "# TYPE %63s %15s", name, kind), 2);
			size_t length = strlen(name);
			bool total = length > 6 && strcmp(name + length - 6, "_total") == 0;
			assert_string_equal(kind, total ? "counter" : "gauge");
			assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz_"), length);
		} else {
			assert_int_equal(sscanf(line, "%63s %lld", next, &value), 2);
			assert_string_equal(next, name);
		}
	}
	/* 7 gauges, 7 events, 3 kinds of rounds, and every code but LR_OK */
	assert_int_equal(lines, 2 * (7 + LR_EVENTS + LR_ROUNDS + LR_CODES - 1));
	lr_stats_free(stats);
}

struct counting {
	struct lr_stats *stats;
	unsigned worker;
};

static void *
count(void *arg)
{
	const struct counting *counting = arg;
	for (int i = 0; i < 100000; i++)
		lr_stats_event(counting->stats, counting->worker, LR_ANSWERED_DS);
	return NULL;
}

static void
counted_at_once(void **state)
{
	(void)state;
	struct lr_stats *stats = lr_stats_new(4);
	struct counting counting[4];
	pthread_t threads[4];
	for (unsigned i = 0; i < 4; i++) {
		counting[i] = (struct counting){stats, i};
		assert_int_equal(pthread_create(&threads[i], NULL, count, &counting[i]), 0);
	}
	for (uint64_t before = 0, now = 0; now < 100000; before = now) {
		now = lr_stats_total(stats, LR_ANSWERED_DS);
		assert_true(now >= before);
		print(stats, LR_FORMAT_CONTROL, true);
	}
	for (unsigned i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(lr_stats_total(stats, LR_ANSWERED_DS), 400000);
	assert_int_equal(lr_stats_total(stats, LR_ANSWERED_APEX), 0);
	lr_stats_free(stats);
}

UNIT_TESTS(NULL, NULL, TEST(control), TEST(reset), TEST(prometheus), TEST(counted_at_once))
