/* report.c -- what localroot-check has found. */
#include "report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* Seconds since 1970 as 20260813200000. */
static const char *
time_text(int64_t when, char text[32])
{
	time_t time = (time_t)when;
	struct tm tm;
	if (!gmtime_r(&time, &tm) || strftime(text, 32, "%Y%m%d%H%M%S", &tm) == 0)
		strcpy(text, "?");
	return text;
}

/* The 64-bit time near NOW that ends in these 32 bits. */
static int64_t
near(uint32_t when, uint32_t now)
{
	return (int64_t)now + (int32_t)(when - now);
}

/* By enum lr_limit, of those that a check knows. */
static const char *const limits[LR_LIMITS] = {[LR_LIMIT_SOA] = "SOA expire",
    [LR_LIMIT_EDNS] = "EDNS EXPIRE",
    [LR_LIMIT_AGE] = "age",
    [LR_LIMIT_SIGNATURES] = "signatures"};

static void
print_hex(const struct lr_zonemd *zonemd)
{
	for (size_t i = 0; i < zonemd->size; i++)
		printf("%02x", zonemd->digest[i]);
}

static const char *
what_verified(const struct lr_reported *reported)
{
	const struct lr_report *r = reported->report;
	if (r->dnssec.signatures)
		return "the digest and every signature";
	if (!r->zonemd.size)
		return "nothing";
	return reported->dnssec ? "the digest, but not the signatures"
				: "the digest only: signatures were not checked";
}

enum { STEPS = 5 };

struct timing {
	const char *step;
	int64_t ns;
};

static void
set_timings(const struct lr_reported *reported, struct timing timings[STEPS])
{
	const struct lr_report *r = reported->report;
	timings[0] = (struct timing){"read", reported->fetch_ns};
	timings[1] = (struct timing){"sort", r->sort_ns};
	timings[2] = (struct timing){"zonemd", r->zonemd_ns};
	timings[3] = (struct timing){"dnssec", r->dnssec_ns};
	timings[4] = (struct timing){"seal", r->seal_ns};
}

void
lr_report_print(const struct lr_reported *reported)
{
	const struct lr_report *r = reported->report;
	struct timing timings[STEPS];
	char text[32];
	printf("source       %s\n", reported->source);
	printf("serial       %" PRIu32 "\n", r->serial);
	printf("records      %zu\n", r->records);
	printf("delegations  %zu\n", r->delegations);
	if (r->outside)
		printf("left out     %zu records of names outside of the zone\n", r->outside);
	if (r->digest.code != LR_OK)
		printf("digest       %s\n", r->digest.text);
	if (r->zonemd.size) {
		printf("digest       %s ", lr_zonemd_hash(&r->zonemd));
		print_hex(&r->zonemd);
		putchar('\n');
	}
	if (r->dnssec.signatures) {
		printf("signatures   %" PRIu32 ", trusted through key %u\n", r->dnssec.signatures,
		    r->dnssec.key_tag);
		printf("expires      %s (the earliest signature)\n",
		    time_text(near(r->dnssec.expires, reported->now), text));
	}
	printf("verified     %s\n", what_verified(reported));
	if (reported->until)
		printf("good until   %s (%s)%s\n", time_text(reported->until, text),
		    limits[reported->limit],
		    reported->until > reported->now ? "" : ": too old to be served");
	printf("CPU time    ");
	set_timings(reported, timings);
	for (size_t i = 0; i < STEPS; i++)
		printf(" %s %.1f ms%s", timings[i].step, (double)timings[i].ns / 1e6,
		    i + 1 < STEPS ? "," : "\n");
}

/* "name":"text", */
static void
print_string(const char *name, const char *text)
{
	printf("\"%s\":\"", name);
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		if (c == '"' || c == '\\')
			printf("\\%c", c);
		else if (c < ' ' || c >= 0x7f) /* byte by byte, since a path need not be UTF-8 */
			printf("\\u%04x", c);
		else
			putchar(c);
	}
	printf("\",");
}

void
lr_report_print_json(const struct lr_reported *reported)
{
	const struct lr_report *r = reported->report;
	struct timing timings[STEPS];
	char text[32];
	putchar('{');
	print_string("source", reported->source);
	printf("\"verified\":%s,", reported->verified ? "true" : "false");
	print_string("what", what_verified(reported));
	printf("\"serial\":%" PRIu32 ",\"records\":%zu,\"delegations\":%zu,\"outside\":%zu,",
	    r->serial, r->records, r->delegations, r->outside);
	if (r->zonemd.size) {
		print_string("algorithm", lr_zonemd_hash(&r->zonemd));
		printf("\"digest\":\"");
		print_hex(&r->zonemd);
		printf("\",");
	} else {
		printf("\"algorithm\":null,\"digest\":null,");
	}
	printf("\"signatures\":%" PRIu32 ",", r->dnssec.signatures);
	if (r->dnssec.signatures)
		printf("\"key_tag\":%u,\"expires\":\"%s\",", r->dnssec.key_tag,
		    time_text(near(r->dnssec.expires, reported->now), text));
	else
		printf("\"key_tag\":null,\"expires\":null,");
	if (reported->until)
		printf("\"until\":\"%s\",", time_text(reported->until, text));
	else
		printf("\"until\":null,");
	if (r->error.code == LR_OK) {
		printf("\"error\":null,\"reason\":null,");
	} else {
		print_string("error", lr_code_word(r->error.code));
		print_string("reason", r->error.text);
	}
	printf("\"cpu_ns\":{");
	set_timings(reported, timings);
	for (size_t i = 0; i < STEPS; i++)
		printf("\"%s\":%" PRId64 "%s", timings[i].step, timings[i].ns,
		    i + 1 < STEPS ? "," : "}}\n");
}
