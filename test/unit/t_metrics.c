/* t_metrics.c -- the numbers' two texts: unbound-control's lines, and Prometheus' format 0.0.4. */
#include "unit.h"

#include "metrics.h"

#include <stdlib.h>
#include <string.h>

static char text[16384];

/* Each number is another one. */
static struct lr_numbers
sample(void)
{
	struct lr_numbers numbers = {.started = 1790000001,
	    .serving = 1,
	    .since = 1790000002,
	    .next = 1790000003,
	    .stored = 1790000004,
	    .writable = 1,
	    .anchored = true,
	    .key_tag = 20326,
	    .limit = "soa_expire",
	    .serial = 4294967295,
	    .confirmed = 1790000012,
	    .renewed = 1790000013,
	    .expires = 1790604812,
	    .written = 1790000024,
	    .age = 12,
	    .left = 604788,
	    .bytes = {3000000, 8000000},
	    .source = "axfr:192.0.32.132",
	    .version = "0.1",
	    .host_version = "1.17.1"};
	for (unsigned i = 0; i < LR_EVENTS; i++)
		numbers.counts.events[i] = 100 + i;
	for (unsigned i = 0; i < LR_ROUNDS; i++)
		numbers.counts.rounds[i] = 200 + i;
	for (unsigned i = 0; i < LR_CODES; i++)
		numbers.counts.failures[i] = 300 + i;
	numbers.counts.verified_ns = 80500999;
	return numbers;
}

static void
print(const struct lr_numbers *numbers, enum lr_format format)
{
	FILE *out = fmemopen(text, sizeof(text), "w");
	assert_non_null(out);
	lr_metrics_print(numbers, format, out);
	fclose(out);
}

/* What follows "\nKEY" in its line; NULL: there is none, or more than one. */
static const char *
value(const char *key)
{
	const char *found = NULL;
	static char copy[512];
	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, strlen(key)) != 0)
			continue;
		if (found)
			return NULL;
		found = line + strlen(key);
	}
	if (!found)
		return NULL;
	snprintf(copy, sizeof(copy), "%.*s", (int)strcspn(found, "\n"), found);
	return copy;
}

static void
check(const char *key, const char *wanted)
{
	const char *got = value(key);
	if (!got)
		fail_msg("%s: not once in:\n%s", key, text);
	assert_string_equal(got, wanted);
}

static void
control(void **state)
{
	(void)state;
	const struct lr_numbers numbers = sample();
	print(&numbers, LR_FORMAT_CONTROL);
	check("localroot.serving=", "1");
	check("localroot.serial=", "4294967295");
	check("localroot.age=", "12");
	check("localroot.remaining=", "604788");
	check("localroot.verify.usec=", "80500");
	check("localroot.mem.zone=", "3000000");
	check("localroot.mem.lent=", "8000000");
	check("localroot.answers.nxdomain=", "100");
	check("localroot.answers.nodata=", "101");
	check("localroot.answers.ds=", "102");
	check("localroot.answers.apex=", "103");
	check("localroot.referrals=", "104");
	check("localroot.passed=", "105");
	check("localroot.rootqueries=", "106");
	check("localroot.refresh.renewed=", "200");
	check("localroot.refresh.current=", "201");
	check("localroot.refresh.failed=", "202");
	assert_null(value("localroot.failures.ok="));
	/* every code has its line, with a name of its own */
	for (unsigned i = LR_OK + 1; i < LR_CODES; i++) {
		char key[64], number[16];
		snprintf(key, sizeof(key), "localroot.failures.%s=", lr_code_word(i));
		snprintf(number, sizeof(number), "%u", 300 + i);
		check(key, number);
	}
	/* unbound-control takes key=value lines alone: 17 above, and the failures */
	size_t lines = 0;
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"), lines++) {
		char *equals = strchr(line, '=');
		assert_ptr_equal(strstr(line, "localroot."), line);
		assert_non_null(equals);
		assert_int_equal(strspn(equals + 1, "0123456789"), strlen(equals + 1));
	}
	assert_int_equal(lines, 17 + LR_CODES - 1);
}

static void
prometheus(void **state)
{
	(void)state;
	const struct lr_numbers numbers = sample();
	print(&numbers, LR_FORMAT_PROMETHEUS);
	check("unbound_localroot_info{version=\"0.1\",unbound_version=\"1.17.1\"} ", "1");
	check("unbound_localroot_started_timestamp_seconds ", "1790000001");
	check("unbound_localroot_serving ", "1");
	for (unsigned i = LR_NO_REASON + 1; i < LR_REASONS; i++) {
		char key[96];
		snprintf(key, sizeof(key), "unbound_localroot_not_serving{reason=\"%s\"} ",
		    lr_reason_word(i));
		check(key, "0");
	}
	check("unbound_localroot_serving_changed_timestamp_seconds ", "1790000002");
	check("unbound_localroot_serial ", "4294967295");
	check("unbound_localroot_source_info{source=\"axfr:192.0.32.132\"} ", "1");
	check("unbound_localroot_confirmed_timestamp_seconds ", "1790000012");
	check("unbound_localroot_renewed_timestamp_seconds ", "1790000013");
	check("unbound_localroot_expires_timestamp_seconds ", "1790604812");
	check("unbound_localroot_next_look_timestamp_seconds ", "1790000003");
	check("unbound_localroot_stored_timestamp_seconds ", "1790000004");
	check("unbound_localroot_folder_writable ", "1");
	check("unbound_localroot_anchor_info{key_tag=\"20326\"} ", "1");
	check("unbound_localroot_limit_info{limit=\"soa_expire\"} ", "1");
	check("unbound_localroot_written_timestamp_seconds ", "1790000024");
	check("unbound_localroot_verification_cpu_seconds ", "0.080500999");
	check("unbound_localroot_memory_bytes{part=\"zone\"} ", "3000000");
	check("unbound_localroot_memory_bytes{part=\"lent\"} ", "8000000");
	check("unbound_localroot_answers_total{kind=\"nxdomain\"} ", "100");
	check("unbound_localroot_answers_total{kind=\"apex\"} ", "103");
	check("unbound_localroot_referrals_total ", "104");
	check("unbound_localroot_passed_total ", "105");
	check("unbound_localroot_root_queries_total ", "106");
	check("unbound_localroot_refreshes_total{result=\"renewed\"} ", "200");
	check("unbound_localroot_refreshes_total{result=\"failed\"} ", "202");
	for (unsigned i = LR_OK + 1; i < LR_CODES; i++) {
		char key[96], number[16];
		snprintf(key, sizeof(key), "unbound_localroot_failures_total{reason=\"%s\"} ",
		    lr_code_word(i));
		snprintf(number, sizeof(number), "%u", 300 + i);
		check(key, number);
	}
	/* an age says nothing when it is read later */
	assert_null(value("unbound_localroot_age"));
	assert_null(value("unbound_localroot_remaining"));
}

/* One HELP, one TYPE, then the samples of that name; a counter is what ends in _total. */
static void
families(void **state)
{
	(void)state;
	const struct lr_numbers numbers = sample();
	char name[96] = "", again[96], kind[16];
	print(&numbers, LR_FORMAT_PROMETHEUS);
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		size_t length = strlen(name);
		if (sscanf(line, "# HELP %95s", name) == 1) {
			line = strtok(NULL, "\n");
			assert_int_equal(sscanf(line, "# TYPE %95s %15s", again, kind), 2);
			assert_string_equal(again, name);
			length = strlen(name);
			bool total = strcmp(name + length - strlen("_total"), "_total") == 0;
			assert_string_equal(kind, total ? "counter" : "gauge");
			continue;
		}
		assert_memory_equal(line, name, length);
		assert_true(line[length] == ' ' || line[length] == '{');
	}
}

/* A list of sources by URL may name anything; one octet that is no UTF-8 would cost the whole file.
 */
static void
escaped(void **state)
{
	(void)state;
	struct lr_numbers numbers = sample();
	numbers.source = "https://a/\"\\} 1\n\xc3_\x7f";
	print(&numbers, LR_FORMAT_PROMETHEUS);
	check("unbound_localroot_source_info{source=", "\"https://a/\\\"\\\\} 1??_?\"} 1");
	numbers.source = NULL;
	print(&numbers, LR_FORMAT_PROMETHEUS);
	assert_null(value("unbound_localroot_source_info{"));
}

/* Each source that was asked has its number; one that is named twice, or looks so, has one. */
static void
sources(void **state)
{
	(void)state;
	struct lr_numbers numbers = sample();
	struct lr_source_facts facts[LR_METRICS_SOURCES + 1] = {
	    {.uri = "axfr:192.0.2.1", .tried = true, .failures = 3},
	    {.uri = "axfr:192.0.2.2", .failures = 0},
	    {.uri = "axfr:192.0.2.1", .tried = true, .failures = 4},
	    {.uri = "file:/\xc3\xa4", .tried = true, .failures = 5},
	    {.uri = "file:/\xc3\xb6", .tried = true, .failures = 6},
	    {.uri = "axfr:192.0.2.11", .tried = true, .failures = 0}};
	char uris[LR_METRICS_SOURCES + 1][32];
	for (unsigned i = 6; i < LR_METRICS_SOURCES + 1; i++) {
		snprintf(uris[i], sizeof(uris[i]), "axfr:198.51.100.%u", i);
		facts[i] = (struct lr_source_facts){.uri = uris[i], .tried = true, .failures = i};
	}
	numbers.sources = facts;
	numbers.source_count = LR_METRICS_SOURCES + 1;
	print(&numbers, LR_FORMAT_PROMETHEUS);
#define FAILURES "unbound_localroot_source_consecutive_failures{source="
	check(FAILURES "\"axfr:192.0.2.1\"} ", "3");
	assert_null(value(FAILURES "\"axfr:192.0.2.2\"}"));
	check(FAILURES "\"file:/??\"} ", "5");
	check(FAILURES "\"axfr:192.0.2.11\"} ", "0");
	check(FAILURES "\"axfr:198.51.100.63\"} ", "63");
	assert_null(value(FAILURES "\"axfr:198.51.100.64\"}"));
}

UNIT_TESTS(
    NULL, NULL, TEST(control), TEST(prometheus), TEST(families), TEST(escaped), TEST(sources))
