/* t_uri_list.c -- a file of sources. */
#include "unit.h"

#include "uri_list.h"

#include <stdlib.h>
#include <string.h>

static char said[8192]; /* "LINE: why\n" of what was skipped */

static void
skipped_line(void *arg, unsigned number, const char *why)
{
	size_t length = strlen(said);
	assert_ptr_equal(arg, said);
	snprintf(said + length, sizeof(said) - length, "%u: %s\n", number, why);
}

static const struct lr_uri_list_skipped skipped = {skipped_line, said};

static enum lr_code
read_text(
    const char *text, size_t length, struct lr_uri **uris, size_t *count, struct lr_error *err)
{
	FILE *in = fmemopen((void *)(uintptr_t)text, length, "r");
	assert_non_null(in);
	said[0] = '\0';
	*uris = NULL;
	*count = 99;
	enum lr_code code = lr_uri_list_read(in, &skipped, uris, count, err);
	fclose(in);
	return code;
}

/* What is taken of a text that can be read, one a line. */
static const char *
overridden(const char *text)
{
	static char out[8192];
	struct lr_uri *uris;
	size_t count, length = 0;
	assert_int_equal(read_text(text, strlen(text), &uris, &count, NULL), LR_OK);
	out[0] = '\0';
	for (size_t i = 0; i < count; i++)
		length +=
		    (size_t)snprintf(out + length, sizeof(out) - length, "%s\n", uris[i].text);
	free(uris);
	return out;
}

static void
good(void **state)
{
	(void)state;
	assert_string_equal(overridden("axfr:192.0.2.1\n"), "axfr:192.0.2.1\n");
	assert_string_equal(overridden("axfr:192.0.2.1"), "axfr:192.0.2.1\n");
	assert_string_equal(overridden("# where to get it\n\n  axfr:192.0.2.1@5353 \t# near\r\n"
				       "\t\r\n#axfr:192.0.2.2\nxot:192.0.2.3#ns.example\n \t #x\n"
				       "https://example.com/root.zone@192.0.2.4 # by name\n"),
	    "axfr:192.0.2.1@5353\nxot:192.0.2.3#ns.example\n"
	    "https://example.com/root.zone@192.0.2.4\n");
	assert_string_equal(said, "");
	assert_string_equal(overridden("file:/a b.zone\n"), "file:/a b.zone\n");
}

static void
skips(void **state)
{
	(void)state;
	assert_string_equal(overridden("gopher://example.com/\naxfr:192.0.2.1\n\naxfr:1.2.3\n"
				       "axfr:192.0.2.2\naxfr:192.0.2.9@99999\n"),
	    "axfr:192.0.2.1\naxfr:192.0.2.2\n");
	assert_null(strstr(said, "gopher")); /* another program's: no word */
	assert_non_null(strstr(said, "4: \"axfr:1.2.3\": "));
	assert_non_null(strstr(said, "6: \"axfr:192.0.2.9@99999\": "));
	assert_null(strstr(said, "2: "));
	/* nothing that could play tricks on a terminal goes to the log */
	assert_string_equal(overridden("\033[2Jaxfr:192.0.2.1\n"), "");
	assert_null(strchr(said, '\033'));
	/* a line longer than any URI */
	char *text = calloc(1, 3000);
	memset(text, 'x', 2000);
	strcat(text, "\naxfr:192.0.2.1\n");
	assert_string_equal(overridden(text), "axfr:192.0.2.1\n");
	assert_non_null(strstr(said, "too long"));
	free(text);
}

static void
nothing(void **state)
{
	(void)state;
	assert_string_equal(overridden("\n"), "");
	assert_string_equal(overridden("# none yet\n"), "");
	assert_string_equal(overridden("nonsense\n"), "");
}

static void
limits(void **state)
{
	(void)state;
	struct lr_uri *uris;
	struct lr_error err;
	size_t count;
	/* one source too many, said once, whatever else follows */
	char *text = calloc(1, LR_URI_LIST_OCTETS + 2);
	for (int i = 0; i < LR_URI_LIST_MAX + 10; i++)
		strcat(text, "axfr:192.0.2.1\n");
	assert_int_equal(read_text(text, strlen(text), &uris, &count, &err), LR_OK);
	assert_int_equal(count, LR_URI_LIST_MAX);
	assert_string_equal(said, "65: more than 64 sources: the rest is left out\n");
	free(uris);
	/* the largest file, and one octet more */
	memset(text, '\n', LR_URI_LIST_OCTETS + 1);
	memcpy(text, "axfr:192.0.2.1", 14);
	assert_int_equal(read_text(text, LR_URI_LIST_OCTETS, &uris, &count, &err), LR_OK);
	assert_int_equal(count, 1);
	free(uris);
	assert_int_equal(read_text(text, LR_URI_LIST_OCTETS + 1, &uris, &count, &err), LR_ELIMIT);
	assert_null(uris);
	assert_int_equal(count, 99);
	/* not text */
	assert_int_equal(read_text("axfr:192.0.2.1\n\0x\n", 18, &uris, &count, &err), LR_EFORMAT);
	assert_null(uris);
	free(text);
}

static void
unreadable(void **state)
{
	(void)state;
	struct lr_uri *uris = NULL;
	struct lr_error err;
	size_t count = 99;
	FILE *in = fopen("/", "r"); /* opens, and cannot be read */
	assert_non_null(in);
	assert_int_equal(lr_uri_list_read(in, &skipped, &uris, &count, &err), LR_EIO);
	assert_null(uris);
	fclose(in);
}

/* A list that ends with ---- and the digest of what precedes: that of "axfr:192.0.2.1\n# x\n", as
 * sha256sum has it. */
static void
checked(void **state)
{
#define LIST "axfr:192.0.2.1\n# x\n"
#define DIGEST "e2a52298dc15952651b50e51ac2b4eac555ebff4ef1b022ded297401edc61dd5"
	static const struct {
		const char *text, *why; /* NULL: good */
	} cases[] = {
	    {LIST "----\nSHA256 " DIGEST "\n", NULL},
	    {LIST "----  \r\nSHA256:  " DIGEST, NULL},
	    {LIST "----\nSHA256 " DIGEST "\naxfr:192.0.2.9\n----\n", NULL},
	    {LIST "-----\n", NULL}, /* a line like any other */
	    {LIST "axfr:192.0.2.2\n----\nSHA256 " DIGEST "\n", "its SHA256 is another"},
	    {"axfr:192.0.2.1\r\n# x\n----\nSHA256 " DIGEST "\n", "its SHA256 is another"},
	    {LIST "----\nSHA256 00" DIGEST "\n", "its SHA256 is another"},
	    {LIST "----\nSHA384 " DIGEST "\n", "a check that is not SHA256"},
	    {LIST "----\nSHA256\n", "no check behind its"},
	    {LIST "----\n", "no check behind its"},
	    {LIST "----", "no check behind its"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct lr_uri *uris;
		struct lr_error err = {LR_OK, ""};
		size_t count;
		enum lr_code code =
		    read_text(cases[i].text, strlen(cases[i].text), &uris, &count, &err);
		if (code != (cases[i].why ? LR_EFORMAT : LR_OK) ||
		    (cases[i].why && !strstr(err.text, cases[i].why)))
			fail_msg("%zu: %s", i, err.text);
		if (code == LR_OK)
			assert_int_equal(count, 1);
		free(uris);
	}
}

UNIT_TESTS(NULL, NULL, TEST(good), TEST(skips), TEST(nothing), TEST(limits), TEST(unreadable),
    TEST(checked))
