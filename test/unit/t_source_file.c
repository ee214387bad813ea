/* t_source_file.c -- the zone from a file, and which schemes are built. */
#include "unit.h"

#include "source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char zone[] = ". 5 IN SOA a. b. 1 2 3 4 5\n. 5 IN NS a.\n";
static char folder[] = "/tmp/t_source_file.XXXXXX";
static char path[64];

static int64_t
no_clock(void *arg)
{
	(void)arg;
	return 0;
}

static bool
no_random(void *arg, uint16_t *number)
{
	(void)arg, (void)number;
	return false;
}

static struct lr_io io = {-1, no_clock, no_random, NULL, false, NULL};

static enum lr_code
fetch(const char *text, const struct lr_limits *limits, struct lr_fetched *fetched,
    struct lr_error *err)
{
	struct lr_uri uri;
	assert_int_equal(lr_uri_parse(text, &uri, NULL), LR_OK);
	const struct lr_source_options options = {.ca_bundle = NULL};
	struct lr_source *source;
	assert_int_equal(lr_source_new(&uri, &options, &source, NULL), LR_OK);
	enum lr_code code =
	    lr_source_fetch(source, (const uint8_t *)"", NULL, &io, limits, fetched, err);
	lr_source_free(source);
	return code;
}

static enum lr_code
fetch_file(const char *contents, size_t size, const struct lr_limits *limits, struct lr_error *err)
{
	char text[80];
	struct lr_fetched fetched = {.octets = 77};
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(contents, 1, size, file), size);
	fclose(file);
	snprintf(text, sizeof(text), "file:%s", path);
	enum lr_code code = fetch(text, limits, &fetched, err);
	if (code == LR_OK) {
		assert_int_equal(fetched.octets, size);
		assert_false(fetched.has_expire);
		assert_int_equal(lr_draft_count(fetched.draft), 2);
		lr_draft_free(fetched.draft);
	} else {
		assert_int_equal(fetched.octets, 77); /* outputs on success only */
		assert_null(fetched.draft);
	}
	return code;
}

static void
reads_a_file(void **state)
{
	(void)state;
	assert_int_equal(fetch_file(zone, sizeof(zone) - 1, &lr_limits_default, NULL), LR_OK);
}

static void
names_what_is_wrong(void **state)
{
	struct lr_error err;
	(void)state;
	assert_int_equal(fetch_file("", 0, &lr_limits_default, &err), LR_EFORMAT);
	assert_string_equal(err.text, "no records");
	assert_int_equal(fetch_file(". 5 IN A 1\n", 11, &lr_limits_default, &err), LR_EFORMAT);
	assert_string_equal(err.text, "line 1: A: malformed field 1: 1");
}

static void
size_limits(void **state)
{
	struct lr_error err;
	struct lr_limits limits = lr_limits_default;
	(void)state;
	limits.wire_octets = sizeof(zone) - 1;
	assert_int_equal(fetch_file(zone, sizeof(zone) - 1, &limits, &err), LR_OK);
	limits.wire_octets--;
	assert_int_equal(fetch_file(zone, sizeof(zone) - 1, &limits, &err), LR_ELIMIT);
	limits = lr_limits_default;
	limits.draft.records = 1;
	assert_int_equal(fetch_file(zone, sizeof(zone) - 1, &limits, &err), LR_ELIMIT);
}

static void
no_regular_file(void **state)
{
	char text[80];
	struct lr_fetched fetched;
	struct lr_error err;
	(void)state;
	unlink(path);
	snprintf(text, sizeof(text), "file:%s", path);
	assert_int_equal(fetch(text, &lr_limits_default, &fetched, &err), LR_EIO);
	assert_string_equal(err.text, "No such file or directory");
	/* a FIFO without a writer: must not wait */
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(fetch(text, &lr_limits_default, &fetched, &err), LR_EIO);
	assert_string_equal(err.text, "not a regular file");
	unlink(path);
	snprintf(text, sizeof(text), "file:%s", folder);
	assert_int_equal(fetch(text, &lr_limits_default, &fetched, &err), LR_EIO);
	assert_string_equal(err.text, "not a regular file");
	assert_int_equal(fetch("file:/dev/zero", &lr_limits_default, &fetched, &err), LR_EIO);
}

static void
cancelled(void **state)
{
	int ends[2];
	struct lr_error err;
	(void)state;
	assert_int_equal(pipe(ends), 0);
	io.cancel_fd = ends[0];
	assert_int_equal(fetch_file(zone, sizeof(zone) - 1, &lr_limits_default, &err), LR_OK);
	assert_int_equal(write(ends[1], "x", 1), 1);
	assert_int_equal(
	    fetch_file(zone, sizeof(zone) - 1, &lr_limits_default, &err), LR_ECANCELLED);
	io.cancel_fd = -1;
	close(ends[0]);
	close(ends[1]);
}

static int
make_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/zone", folder);
	return 0;
}

static int
remove_folder(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

static size_t
pack(const char *text, size_t size, char *packed, size_t room)
{
	z_stream z = {.next_in = (unsigned char *)(uintptr_t)text,
	    .avail_in = (uInt)size,
	    .next_out = (unsigned char *)packed,
	    .avail_out = (uInt)room};
	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	return room - z.avail_out;
}

/* gzip, whatever the file is called: whole, in two members, cut at any octet, garbled, a bomb. */
static void
packed(void **state)
{
	static char bytes[20000], bomb[1 << 20];
	struct lr_limits limits = lr_limits_default;
	struct lr_error err = {LR_OK, ""};
	(void)state;
	size_t size = pack(zone, sizeof(zone) - 1, bytes, sizeof(bytes));
	if (fetch_file(bytes, size, &limits, &err) != LR_OK)
		fail_msg("%s", err.text);
	for (size_t cut = 2; cut < size; cut++) {
		assert_int_equal(fetch_file(bytes, cut, &limits, &err), LR_EFORMAT);
		assert_string_equal(err.text, "the gzip data ends too early");
	}
	for (size_t at = 2; at < size; at++) { /* never taken for another zone, and no worse */
		bytes[at] ^= 0x10;
		enum lr_code code = fetch_file(bytes, size, &limits, &err);
		if (code != LR_OK) /* time and name of the file are nobody's concern */
			assert_int_equal(code, LR_EFORMAT);
		bytes[at] ^= 0x10;
	}
	memcpy(bytes + size, "tail", 4);
	assert_int_equal(fetch_file(bytes, size + 4, &limits, &err), LR_EFORMAT);
	assert_string_equal(err.text, "the gzip data is garbled");
	size = pack(zone, 30, bytes, sizeof(bytes));
	size += pack(zone + 30, sizeof(zone) - 1 - 30, bytes + size, sizeof(bytes) - size);
	assert_int_equal(fetch_file(bytes, size, &limits, &err), LR_OK);
	memset(bomb, ';', sizeof(bomb));
	for (size_t i = 100; i < sizeof(bomb); i += 100)
		bomb[i] = '\n';
	size = pack(bomb, sizeof(bomb), bytes, sizeof(bytes));
	limits.wire_octets = 100000;
	assert_true(size < limits.wire_octets);
	assert_int_equal(fetch_file(bytes, size, &limits, &err), LR_ELIMIT);
	assert_string_equal(err.text, "unpacks to more than 100000 octets");
}

UNIT_TESTS(make_folder, remove_folder, TEST(reads_a_file), TEST(names_what_is_wrong),
    TEST(size_limits), TEST(no_regular_file), TEST(cancelled), TEST(packed))
