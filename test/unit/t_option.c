/* t_option.c -- the grammar of the localroot options. Values of every kind:
 * test/daemon/d_config.py. */
#include "unit.h"

#include "option.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct lr_paths no_chroot = {NULL, false};

static enum lr_code
take(struct lr_options *options, const char *text)
{
	return lr_option_take(options, text, &no_chroot, NULL);
}

static void
the_last_counts(void **state)
{
	struct lr_options options = {.enabled = false};
	(void)state;
	assert_int_equal(take(&options, "localroot: yes"), LR_OK);
	assert_int_equal(take(&options, "localroot-refresh: 5"), LR_OK);
	assert_int_equal(take(&options, "localroot-refresh:6"), LR_OK);
	assert_int_equal(take(&options, "localroot-dir: /a"), LR_OK);
	assert_int_equal(take(&options, "localroot-dir: /b"), LR_OK);
	assert_int_equal(take(&options, "localroot-source: axfr:192.0.2.1"), LR_OK);
	assert_int_equal(take(&options, "localroot-source: axfr:192.0.2.2"), LR_OK);
	assert_true(options.enabled);
	assert_int_equal(options.refresh, 6);
	assert_string_equal(options.dir, "/b");
	assert_int_equal(options.source_count, 2);
	assert_string_equal(options.sources[1].host, "192.0.2.2");
	lr_options_clear(&options);
}

/* What cannot be used changes nothing but what is noted of it. */
static void
bad_values(void **state)
{
	struct lr_options options = {.enabled = false};
	struct lr_error err;
	(void)state;
	assert_int_equal(take(&options, "localroot: yes"), LR_OK);
	assert_int_equal(take(&options, "localroot: maybe"), LR_EUSAGE);
	assert_true(options.enabled);
	assert_int_equal(take(&options, "localroot-max-age: 7"), LR_OK);
	assert_int_equal(take(&options, "localroot-max-age: 0"), LR_EUSAGE);
	assert_int_equal(options.max_age, 7);
	assert_int_equal(take(&options, "localroot-ca-bundle: /nowhere/at/all"), LR_EUSAGE);
	assert_true(options.ca_bundle_missed);
	assert_null(options.ca_bundle);
	assert_int_equal(take(&options, "localroot-dir: var/lib"), LR_EUSAGE);
	assert_null(options.dir);
	assert_int_equal(take(&options, "localroot-source: "), LR_EUSAGE);
	assert_true(options.sources_missed);
	assert_int_equal(options.source_count, 0);
	assert_int_equal(take(&options, "localroot"), LR_EUSAGE);
	assert_int_equal(take(&options, ""), LR_EUSAGE);
	assert_int_equal(lr_option_take(&options, "localroot-x: y", &no_chroot, &err), LR_EUSAGE);
	assert_string_equal(err.text, "\"localroot-x: y\": no option of localroot");
	lr_options_clear(&options);
}

/* As Unbound's fname_after_chroot() has it, but for a name that only begins like the chroot's. */
static void
paths(void **state)
{
	static const struct {
		const char *chroot, *path, *inside;
	} cases[] = {
	    {NULL, "/var/a", "/var/a"},
	    {"", "/var/a", "/var/a"},
	    {"/", "/var/a", "/var/a"},
	    {"/var", "/var/a", "/a"},
	    {"/var/", "/var/a", "/a"},
	    {"/var//", "/var/a", "/a"},
	    {"/var", "/var", "/"},
	    {"/var/", "/var/", "/"},
	    {"/var", "/var-x/a", "/var-x/a"},
	    {"/var", "/etc/a", "/etc/a"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct lr_paths where = {cases[i].chroot, false};
		struct lr_options options = {.enabled = false};
		char dir[64], source[64];
		snprintf(dir, sizeof(dir), "localroot-dir: %s", cases[i].path);
		snprintf(source, sizeof(source), "localroot-source: file:%s/zone", cases[i].path);
		assert_int_equal(lr_option_take(&options, dir, &where, NULL), LR_OK);
		assert_string_equal(options.dir, cases[i].inside);
		if (cases[i].path[strlen(cases[i].path) - 1] != '/') {
			assert_int_equal(lr_option_take(&options, source, &where, NULL), LR_OK);
			const char *path = options.sources[0].path;
			assert_int_equal(strncmp(path, cases[i].inside, strlen(path) - 5), 0);
			assert_string_equal(strrchr(path, '/'), "/zone");
		}
		lr_options_clear(&options);
	}
}

/* A checker has not gone into the chroot, the module has. */
static void
from_outside(void **state)
{
	char folder[] = "/tmp/t_option.XXXXXX", file[64], text[128];
	struct lr_error err;
	bool known;
	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(file, sizeof(file), "%s/list", folder);
	FILE *out = fopen(file, "w");
	assert_non_null(out);
	fputs("axfr:192.0.2.1\n", out);
	fclose(out);
	const struct lr_paths outside = {folder, true}, inside = {folder, false};
	snprintf(text, sizeof(text), "localroot-source-list: %s", file);
	assert_int_equal(lr_option_check(text, &outside, &known, &err), LR_OK);
	assert_int_equal(
	    lr_option_check("localroot-source-list: /list", &outside, &known, &err), LR_OK);
	assert_int_equal(
	    lr_option_check("localroot-source-list: /list", &inside, &known, &err), LR_EUSAGE);
	assert_true(known);
	assert_int_equal(
	    lr_option_check("localroot-lists: /list", &outside, &known, &err), LR_EUSAGE);
	assert_false(known);
	unlink(file);
	rmdir(folder);
}

UNIT_TESTS(NULL, NULL, TEST(the_last_counts), TEST(bad_values), TEST(paths), TEST(from_outside))
