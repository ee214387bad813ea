/*
 * t_stop.c -- no input keeps a fetch, or what is done with what it brought, from its time limit and
 * from being asked to stop: the longest stretch without a look, at the limits, for each kind of
 * work. t_work.c has what takes a zone of a certain kind.
 */
#include "unit.h"

#include "dnssec.h"
#include "put_message.h"
#include "sample.h"
#include "seal.h"
#include "source.h"
#include "text.h"
#include "draft_from_zone.h"
#include "validate.h"
#include "watched.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
enum { RECORDS = 200000, TEXT = 8 << 20, LONG_TEXT = 16 << 20 };
#else
enum { RECORDS = 900000, TEXT = 8 << 20, LONG_TEXT = (64 << 20) - 65536 };
#endif
enum { SEQUENCES = 1000 };

/* Sorting */

/* The worst order, by names that take long to compare: as many labels as the octets allow. */
static void
sort_names(void **state)
{
	struct lr_draft *draft;
	(void)state;
	assert_int_equal(
	    lr_draft_new((const uint8_t *)"", &lr_limits_default.draft, &draft, NULL), LR_OK);
	for (uint32_t i = RECORDS; i-- > 0;) {
		uint8_t owner[50];
		for (unsigned at = 0; at < 48; at += 2) {
			owner[at] = 1;
			/* the first label differs, which is looked at last */
			owner[at + 1] = at < 12 ? (uint8_t)('a' + (i >> at * 2 & 15)) : 'x';
		}
		owner[48] = 0;
		const struct lr_record r = {.owner = owner,
		    .owner_length = 49,
		    .type = 1,
		    .rdata = (const uint8_t *)"abcd",
		    .rdata_length = 4};
		if (lr_draft_add(draft, &r, NULL) != LR_OK)
			break; /* the octets */
	}
	int64_t begun = begin();
	lr_draft_heed(draft, &stop);
	assert_int_equal(lr_draft_sort(draft, NULL), LR_OK);
	expect_looks("sorting long names", begun);
	lr_draft_free(draft);
}

/* The largest RDATA, different in its last octets, with names to fold. */
static void
sort_large(void **state)
{
	static uint8_t rdata[16384];
	struct lr_draft *draft;
	(void)state;
	assert_int_equal(
	    lr_draft_new((const uint8_t *)"", &lr_limits_default.draft, &draft, NULL), LR_OK);
	rdata[1] = 46; /* a signature */
	rdata[18] = 0;
	for (uint32_t i = 100000; i-- > 0;) {
		memcpy(rdata + sizeof(rdata) - 4, &i, 4);
		const struct lr_record r = {.owner = (const uint8_t *)"",
		    .owner_length = 1,
		    .type = 46,
		    .rdata = rdata,
		    .rdata_length = sizeof(rdata)};
		if (lr_draft_add(draft, &r, NULL) != LR_OK)
			break;
	}
	int64_t begun = begin();
	lr_draft_heed(draft, &stop);
	assert_int_equal(lr_draft_sort(draft, NULL), LR_OK);
	expect_looks("sorting large records", begun);
	lr_draft_free(draft);
}

/* Reading */

static void
read_lines(const char *what, const char *line, size_t octets)
{
	char path[] = "/tmp/lr-stop-XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	FILE *file = fdopen(fd, "w");
	for (size_t size = 0, length = strlen(line); size < octets; size += length)
		assert_int_equal(fwrite(line, 1, length, file), length);
	assert_int_equal(fclose(file), 0);
	read_path(what, path);
}

/* A record of COUNT fields. */
static void
read_fields(const char *what, const char *start, const char *field, unsigned count)
{
	char *line = malloc(65536), *at = line;
	at += sprintf(at, "%s", start);
	for (unsigned i = 0; i < count && at - line < 60000; i++)
		at += sprintf(at, " %s", field);
	strcpy(at, "\n");
	read_lines(what, line, TEXT);
	free(line);
}

static void
reading(void **state)
{
	char name[256] = "", labels[1024];
	(void)state;
	for (unsigned i = 0; i < 126; i++)
		strcat(name, "a.");
	read_lines("comments", ";\n", LONG_TEXT);
	read_lines("blank lines", "\n", LONG_TEXT);
	read_lines("short records", "a 1 A 1.2.3.4\n", LONG_TEXT);
	snprintf(labels, sizeof(labels), "%s 1 NS %s\n", name, name);
	read_lines("long names", labels, TEXT);
	read_fields("TXT of many strings", "a 1 TXT", "a", 1000);
	read_fields("NSEC of many types", "a 1 NSEC a.", "TYPE65280", 1000);
	read_fields("APL of many prefixes", "a 1 APL", "1:1.2.3.0/24", 1000);
	read_fields("SVCB of many parameters", "a 1 SVCB 1 .", "key65280=a", 1000);
	read_fields("base64 in many pieces", "a 1 DNSKEY 256 3 8", "AAAA", 1000);
	read_fields("unknown types", "a 1 TYPE65280 \\# 4000", "00000000", 1000);
	read_lines("LOC", "a 1 LOC 42 21 54 N 71 06 18 W -24m 30m\n", TEXT);
	read_lines("by ldns", "a 1 EUI48 00-00-5e-00-53-2a\n", TEXT);
}

/* An increment */

static const struct lr_zone *held; /* n0000000. and on, in order */
static struct message m;
static uint8_t *stream;
static size_t stream_size, stream_room;

static void
owner_of(char *text, uint32_t number)
{
	sprintf(text, "n%07u.", number);
}

static int
make_held(void **state)
{
	struct lr_draft *draft;
	uint8_t owner[] = "\10n0000000", soa[26] = "\1a\0\1b";
	const struct lr_record at_apex = {.owner = (const uint8_t *)"",
	    .owner_length = 1,
	    .type = 6,
	    .ttl = 86400,
	    .rdata = soa,
	    .rdata_length = sizeof(soa)};
	(void)state;
	m.size = 0;
	put_soa(&m, 1);
	memcpy(soa, m.bytes + m.size - sizeof(soa), sizeof(soa));
	if (lr_draft_new((const uint8_t *)"", &lr_limits_default.draft, &draft, NULL) != LR_OK ||
	    lr_draft_add(draft, &at_apex, NULL) != LR_OK)
		return -1;
	for (uint32_t i = 0; i < RECORDS; i++) {
		char digits[9];
		snprintf(digits, sizeof(digits), "n%07u", i);
		memcpy(owner + 1, digits, 8);
		const struct lr_record a = {.owner = owner,
		    .owner_length = sizeof(owner),
		    .type = 1,
		    .ttl = 172800,
		    .rdata = (const uint8_t *)"\0\0\0\1",
		    .rdata_length = 4};
		if (lr_draft_add(draft, &a, NULL) != LR_OK)
			return -1;
	}
	if (lr_draft_sort(draft, NULL) != LR_OK ||
	    lr_zone_seal(draft, 0, NULL, &held, NULL) != LR_OK)
		return -1;
	lr_draft_free(draft);
	return 0;
}

static int
drop_held(void **state)
{
	(void)state;
	lr_zone_unref(held);
	free(stream);
	return 0;
}

/* Ends the message, if there is one, and begins the next. */
static void
next_message(void)
{
	unsigned answers = m.bytes[6] << 8 | m.bytes[7];
	if (answers) {
		if (stream_size + 2 + m.size > stream_room) {
			stream_room = 2 * stream_room + (1 << 20);
			stream = realloc(stream, stream_room);
			assert_non_null(stream);
		}
		stream[stream_size++] = (uint8_t)(m.size >> 8);
		stream[stream_size++] = (uint8_t)m.size;
		memcpy(stream + stream_size, m.bytes, m.size);
		stream_size += m.size;
	}
	put_header(&m, 0x1234, 0x8400, stream_size == 0, 0, 0);
	if (stream_size == 0)
		put_question(&m, ".", 251);
}

static void
counted(void)
{
	unsigned answers = (m.bytes[6] << 8 | m.bytes[7]) + 1;
	m.bytes[6] = (uint8_t)(answers >> 8);
	m.bytes[7] = (uint8_t)answers;
	if (m.size > 64000)
		next_message();
}

static void
add_soa(uint32_t serial)
{
	put_soa(&m, serial);
	counted();
}

static void
add_a(uint32_t number, uint32_t address)
{
	char owner[16];
	owner_of(owner, number);
	put_a(&m, owner, address);
	counted();
}

static void *
serve(void *arg)
{
	uint8_t length[2], query[2000];
	int fd = accept(*(int *)arg, NULL, NULL);
	if (fd < 0 || !receive_all(fd, length, 2) ||
	    !receive_all(fd, query, (size_t)length[0] << 8 | length[1]))
		return NULL;
	for (size_t at = 0; at < stream_size;) {
		ssize_t sent = send(fd, stream + at, stream_size - at, MSG_NOSIGNAL);
		if (sent <= 0)
			break;
		at += (size_t)sent;
	}
	while (recv(fd, query, sizeof(query), 0) > 0) { /* until the client goes */
	}
	close(fd);
	return NULL;
}

static void
increment(const char *what, size_t records)
{
	const struct lr_source_options options = {.ca_bundle = NULL};
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t length = sizeof(address);
	struct lr_fetched fetched = {.draft = NULL};
	struct lr_error err = {LR_OK, ""};
	struct lr_source *source;
	struct lr_uri uri;
	pthread_t thread;
	char text[64];
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	next_message();
	assert_int_equal(bind(listener, (struct sockaddr *)&address, length), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &length), 0);
	snprintf(text, sizeof(text), "ixfr:127.0.0.1@%u", ntohs(address.sin_port));
	assert_int_equal(lr_uri_parse(text, &uri, NULL), LR_OK);
	assert_int_equal(lr_source_new(&uri, &options, &source, NULL), LR_OK);
	assert_int_equal(pthread_create(&thread, NULL, serve, &listener), 0);
	int64_t begun = begin();
	enum lr_code code = lr_source_fetch(
	    source, (const uint8_t *)"", held, &io, &lr_limits_default, &fetched, &err);
	pthread_join(thread, NULL);
	close(listener);
	expect_looks(what, begun);
	if (code != LR_OK)
		fail_msg("%s: %s", what, err.text);
	assert_true(fetched.increment);
	assert_int_equal(lr_draft_count(fetched.draft), records);
	lr_draft_free(fetched.draft);
	lr_source_free(source);
}

/* As many sequences as are taken, each a record more. */
static void
many_sequences(void **state)
{
	(void)state;
	stream_size = 0;
	put_header(&m, 0, 0, 0, 0, 0);
	next_message();
	add_soa(1 + SEQUENCES);
	for (uint32_t i = 0; i < SEQUENCES; i++) {
		add_soa(1 + i);
		add_soa(2 + i);
		add_a(RECORDS + i, 1);
	}
	add_soa(1 + SEQUENCES);
	increment("many sequences", 1 + RECORDS + SEQUENCES);
}

/* Half of the zone goes, the first of what is left each time. */
static void
many_deletions(void **state)
{
	(void)state;
	stream_size = 0;
	put_header(&m, 0, 0, 0, 0, 0);
	next_message();
	add_soa(2);
	add_soa(1);
	for (uint32_t i = 0; i < RECORDS / 2; i++)
		add_a(i, 1);
	add_soa(2);
	for (uint32_t i = RECORDS / 2; i-- > 0;)
		add_a(i, 2);
	add_soa(2);
	increment("many deletions", 1 + RECORDS);
}

/* Verifying */

/* As far as a zone without signatures gets: shape, digest, seal. */
static void
verifying(void **state)
{
	struct lr_draft *draft;
	struct lr_validate_options options = {.dnssec = false, .understood = true};
	struct lr_report report;
	const struct lr_zone *zone = NULL;
	uint8_t zonemd[6 + 48] = {0, 0, 0, 1, 1, 1};
	const struct lr_record digest = {.owner = (const uint8_t *)"",
	    .owner_length = 1,
	    .type = 63,
	    .ttl = 86400,
	    .rdata = zonemd,
	    .rdata_length = sizeof(zonemd)};
	const struct lr_record ns = {.owner = (const uint8_t *)"",
	    .owner_length = 1,
	    .type = 2,
	    .ttl = 86400,
	    .rdata = (const uint8_t *)"\1a",
	    .rdata_length = 3};
	(void)state;
	assert_int_equal(lr_draft_from_zone(held, &draft, NULL), LR_OK);
	assert_int_equal(lr_draft_add(draft, &digest, NULL), LR_OK);
	assert_int_equal(lr_draft_add(draft, &ns, NULL), LR_OK);
	lr_draft_heed(draft, &stop);
	int64_t begun = begin();
	assert_int_equal(lr_validate(draft, &options, &zone, &report), LR_EDIGEST);
	expect_looks("the digest of many records", begun);

	assert_int_equal(lr_draft_from_zone(held, &draft, NULL), LR_OK);
	lr_draft_heed(draft, &stop);
	assert_int_equal(lr_draft_sort(draft, NULL), LR_OK);
	begun = begin();
	assert_int_equal(lr_zone_seal(draft, 0, NULL, &zone, NULL), LR_OK);
	expect_looks("sealing", begun);
	lr_draft_free(draft);
	lr_zone_unref(zone);
}

/* As many signatures as take half a second. */
static void
signatures(void **state)
{
	enum { COUNT = 6000 };
	struct sample_signed sample;
	struct lr_dnssec result;
	struct lr_error err;
	char *zone = malloc(COUNT * 64 + 256), *at = zone;
	(void)state;
	at += sprintf(at, "example. 3600 IN SOA a. b. 7 1800 900 604800 300\n"
			  "example. 3600 IN NS a.\n");
	for (unsigned i = 0; i < COUNT; i++)
		at += sprintf(at, "t%u.example. 3600 IN NS a.\n", i);
	sample_sign(&sample, "ECDSAP256SHA256", "", zone);
	struct lr_draft *draft = sample_sorted("example.", sample.text);
	lr_draft_heed(draft, &stop);
	int64_t begun = begin();
	enum lr_code code =
	    lr_dnssec_verify(draft, sample.anchors, SAMPLE_NOW, true, &result, &err);
	expect_looks("many signatures", begun);
	if (code != LR_OK)
		fail_msg("%s", err.text);
	assert_true(result.signatures > COUNT);
	lr_draft_free(draft);
	sample_signed_free(&sample);
	free(zone);
}

UNIT_TESTS(make_held, drop_held, TEST(sort_names), TEST(sort_large), TEST(reading),
    TEST(many_sequences), TEST(many_deletions), TEST(verifying), TEST(signatures))
