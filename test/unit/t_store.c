/* t_store.c -- the copy on disk: written whole or
 * not at all, and nothing cut or changed is read. */
#include "sealed.h"
#include "store.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

static char dir[64];

static const struct lr_state sample_state = {.serial = 2026073102,
    .confirmed = 1785500000,
    .renewed = 1785400000,
    .expire = 604799,
    .source = "file:/a path/with blanks.zone",
    .key_length = 4,
    .key = {0x01, 0x01, 0x03, 0xff}};

static int
make_dir(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/lr-store-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int
remove_dir(void **state)
{
	(void)state;
	char command[128];
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	return system(command);
}

static const char *
in_dir(const char *name)
{
	static char path[128];
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static size_t
contents(const char *name, char *text, size_t room)
{
	FILE *f = fopen(in_dir(name), "r");
	assert_non_null(f);
	size_t length = fread(text, 1, room - 1, f);
	fclose(f);
	text[length] = '\0';
	return length;
}

static void
put(const char *name, const char *text, size_t length)
{
	FILE *f = fopen(in_dir(name), "w");
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, length, f), length);
	assert_int_equal(fclose(f), 0);
}

static void
no_temporaries(void)
{
	char command[128];
	snprintf(command, sizeof(command), "! ls '%s' | grep -q tmp", dir);
	assert_int_equal(system(command), 0);
}

static enum lr_code
write_state(const struct lr_state *state, struct lr_error *err)
{
	struct lr_folder folder;
	assert_int_equal(lr_folder_open(dir, 0, &folder, NULL), LR_OK);
	assert_int_equal(folder.lock, LR_LOCKED);
	enum lr_code code = lr_store_write_state(&folder, state, err);
	lr_folder_close(&folder);
	return code;
}

/* Reads the state into what is filled with another, which has to stay as it was on failure. */
static enum lr_code
read_back(struct lr_state *state, struct lr_error *err)
{
	memset(state, 0xaa, sizeof(*state));
	struct lr_folder folder;
	bool found;
	assert_int_equal(lr_folder_open(dir, 0, &folder, NULL), LR_OK);
	enum lr_code code = lr_store_read_state(&folder, &found, state, err);
	lr_folder_close(&folder);
	if (code == LR_OK)
		assert_true(found);
	if (code != LR_OK) {
		assert_int_equal(code, err->code);
		for (size_t i = 0; i < sizeof(*state); i++)
			assert_int_equal(((uint8_t *)state)[i], 0xaa);
	}
	return code;
}

static void
there_and_back(void **unused)
{
	(void)unused;
	struct lr_state state;
	struct lr_error err;
	char text[4096];
	assert_int_equal(write_state(&sample_state, &err), LR_OK);
	assert_int_equal(read_back(&state, &err), LR_OK);
	assert_int_equal(state.serial, 2026073102);
	assert_int_equal(state.confirmed, 1785500000);
	assert_int_equal(state.renewed, 1785400000);
	assert_int_equal(state.expire, 604799);
	assert_string_equal(state.source, "file:/a path/with blanks.zone");
	assert_int_equal(state.key_length, 4);
	assert_memory_equal(state.key, sample_state.key, 4);
	contents("localroot.state", text, sizeof(text));
	assert_ptr_equal(strstr(text, "serial 2026073102\nconfirmed 1785500000\nexpire 604799\n"
				      "source file:/a path/with blanks.zone\nkey 010103ff\nrenewed "
				      "1785400000\nchecksum "),
	    text);
	no_temporaries();
}

/* The largest of everything. */
static void
extremes(void **unused)
{
	(void)unused;
	struct lr_error err;
	struct lr_state full = {.serial = UINT32_MAX,
	    .confirmed = INT64_C(1) << 40,
	    .renewed = INT64_C(1) << 40,
	    .expire = UINT32_MAX,
	    .key_length = LR_STATE_KEY_MAX};
	struct lr_state empty = {.serial = 0}, state;
	memset(full.source, 's', sizeof(full.source) - 1);
	memset(full.key, 0x5a, sizeof(full.key));
	assert_int_equal(write_state(&full, &err), LR_OK);
	assert_int_equal(read_back(&state, &err), LR_OK);
	assert_int_equal(state.serial, UINT32_MAX);
	assert_int_equal(state.confirmed, INT64_C(1) << 40);
	assert_int_equal(state.renewed, INT64_C(1) << 40);
	assert_string_equal(state.source, full.source);
	assert_memory_equal(state.key, full.key, sizeof(full.key));
	assert_int_equal(write_state(&empty, &err), LR_OK);
	assert_int_equal(read_back(&state, &err), LR_OK);
	assert_int_equal(state.confirmed, 0);
	assert_string_equal(state.source, "");
	assert_int_equal(state.key_length, 0);
}

static void
cut_anywhere(void **unused)
{
	(void)unused;
	struct lr_state state;
	struct lr_error err;
	char text[4096];
	assert_int_equal(write_state(&sample_state, &err), LR_OK);
	size_t length = contents("localroot.state", text, sizeof(text));
	for (size_t cut = 0; cut < length; cut++) {
		put("localroot.state", text, cut);
		assert_int_equal(read_back(&state, &err), LR_EFORMAT);
	}
	put("localroot.state", text, length);
	assert_int_equal(read_back(&state, &err), LR_OK);
}

static void
changed_anywhere(void **unused)
{
	(void)unused;
	struct lr_state state;
	struct lr_error err;
	char text[4096];
	assert_int_equal(write_state(&sample_state, &err), LR_OK);
	size_t length = contents("localroot.state", text, sizeof(text));
	for (size_t at = 0; at < length; at++)
		for (unsigned bit = 0; bit < 8; bit++) {
			text[at] = (char)(text[at] ^ 1 << bit);
			put("localroot.state", text, length);
			assert_int_equal(read_back(&state, &err), LR_EFORMAT);
			text[at] = (char)(text[at] ^ 1 << bit);
		}
	/* and longer */
	memcpy(text + length, "\n", 2);
	put("localroot.state", text, length + 1);
	assert_int_equal(read_back(&state, &err), LR_EFORMAT);
	memset(text, 'x', sizeof(text));
	put("localroot.state", text, sizeof(text));
	assert_int_equal(read_back(&state, &err), LR_EFORMAT);
	put("localroot.state", "", 0);
	assert_int_equal(read_back(&state, &err), LR_EFORMAT);
}

/* What is read of these lines with a checksum that fits: sha256sum is at hand for anyone. */
static enum lr_code
read_forged(const char *lines)
{
	struct lr_state state;
	struct lr_error err;
	char command[512];
	put("lines", lines, strlen(lines));
	snprintf(command, sizeof(command),
	    "cd '%s' && { cat lines; echo checksum $(sha256sum lines | cut -c1-64); } > "
	    "localroot.state",
	    dir);
	assert_int_equal(system(command), 0);
	return read_back(&state, &err);
}

/* A checksum that fits says nothing of the lines. */
static void
forged(void **unused)
{
	(void)unused;
	static const char *const lines[] = {"", "serial 1\n",
	    "serial 1\nconfirmed 2\nexpire 3\nsource x\n",
	    "serial -1\nconfirmed 2\nexpire 3\nsource x\nkey \n",
	    "serial 4294967296\nconfirmed 2\nexpire 3\nsource x\nkey \n",
	    "serial 1\nconfirmed 9223372036854775807\nexpire 3\nsource x\nkey \n",
	    "serial 1\nconfirmed -5\nexpire 3\nsource x\nkey \n",
	    "serial 1\nconfirmed 2\nexpire 99999999999999999999999\nsource x\nkey \n",
	    "serial 1\nconfirmed 2\nexpire 3\nsource \033[2J\nkey \n",
	    "serial 1\nconfirmed 2\nexpire 3\nsource x\nkey 123\n",
	    "serial 1\nconfirmed 2\nexpire 3\nsource x\nkey 1g\n",
	    "serial 1 \nconfirmed 2\nexpire 3\nsource x\nkey \n",
	    "confirmed 2\nserial 1\nexpire 3\nsource x\nkey \n",
	    "serial 1\nconfirmed 2\nexpire 3\nsource x\nkey \nrenewed -1\n",
	    "serial 1\nconfirmed 2\nexpire 3\nsource x\nkey \nrenowned 1\n",
	    /* the two that are good; the first version knew no renewal */
	    "serial 1\nconfirmed 2\nexpire 3\nsource x\nkey \nrenewed 4\n",
	    "serial 1\nconfirmed 2\nexpire 3\nsource x\nkey \n"};
	const size_t count = sizeof(lines) / sizeof(*lines);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(read_forged(lines[i]), i >= count - 2 ? LR_OK : LR_EFORMAT);
}

/* A key of so many octets is read, and none of one more. */
static void
longest_key(void **unused)
{
	(void)unused;
	for (int more = 0; more < 2; more++) {
		char lines[2 * LR_STATE_KEY_MAX + 100];
		snprintf(lines, sizeof(lines),
		    "serial 1\nconfirmed 2\nexpire 3\nsource x\nkey %0*d\n",
		    2 * (LR_STATE_KEY_MAX + more), 0);
		assert_int_equal(read_forged(lines), more ? LR_EFORMAT : LR_OK);
	}
}

static void
no_file_at_all(void **unused)
{
	(void)unused;
	struct lr_state state;
	struct lr_error err;
	struct lr_folder folder;
	bool found;
	unlink(in_dir("localroot.state"));
	assert_int_equal(lr_folder_open(dir, 0, &folder, NULL), LR_OK);
	assert_int_equal(lr_store_read_state(&folder, &found, &state, &err), LR_OK);
	assert_false(found);
	lr_folder_close(&folder);
	/* what would make a careless reader wait for ever */
	assert_int_equal(mkfifo(in_dir("localroot.state"), 0600), 0);
	assert_int_equal(read_back(&state, &err), LR_EIO);
	assert_non_null(strstr(err.text, "not a regular file"));
	unlink(in_dir("localroot.state"));
	assert_int_equal(mkdir(in_dir("localroot.state"), 0700), 0);
	assert_int_equal(read_back(&state, &err), LR_EIO);
	/* a directory is not replaced by a file either, and nothing is left behind */
	assert_int_equal(write_state(&sample_state, &err), LR_EIO);
	assert_non_null(strstr(err.text, "cannot replace"));
	no_temporaries();
	assert_int_equal(rmdir(in_dir("localroot.state")), 0);
}

static void
unwritable(void **unused)
{
	(void)unused;
	struct lr_folder folder;
	struct lr_error err;
	assert_int_equal(lr_folder_open("/proc/1/no-such-folder", 0, &folder, &err), LR_EIO);
	assert_non_null(strstr(err.text, "/proc/1/no-such-folder: No such file"));
	assert_int_equal(lr_folder_open("/dev/null", 0, &folder, &err), LR_EIO);
	assert_non_null(strstr(err.text, "Not a directory"));
	assert_int_equal(lr_folder_open("/proc/self/fdinfo", 0, &folder, &err), LR_OK);
	assert_int_equal(lr_store_write_state(&folder, &sample_state, &err), LR_EIO);
	assert_non_null(strstr(err.text, "cannot write /proc/self/fdinfo/localroot.state: "));
	lr_folder_close(&folder);
}

static enum lr_code
print_text(FILE *out, const void *what)
{
	fputs(what, out);
	return LR_OK;
}

static enum lr_code
print_and_fail(FILE *out, const void *what)
{
	fputs(what, out);
	return LR_ENOMEM;
}

/* Whoever has the old file open goes on reading it; a writer that fails leaves it alone. */
static void
replaced_as_a_whole(void **unused)
{
	(void)unused;
	struct lr_folder folder;
	struct lr_error err;
	char text[16] = "";
	assert_int_equal(lr_folder_open(dir, 0, &folder, NULL), LR_OK);
	for (int durable = 0; durable < 2; durable++) {
		assert_int_equal(
		    lr_folder_replace(&folder, "file", print_text, "old", durable, &err), LR_OK);
		FILE *reader = fopen(in_dir("file"), "r");
		assert_non_null(reader);
		assert_int_equal(
		    lr_folder_replace(&folder, "file", print_text, "new!", durable, &err), LR_OK);
		assert_int_equal(fread(text, 1, sizeof(text), reader), 3);
		assert_memory_equal(text, "old", 3);
		fclose(reader);
		assert_int_equal(contents("file", text, sizeof(text)), 4);
		assert_string_equal(text, "new!");
		assert_int_equal(
		    lr_folder_replace(&folder, "file", print_and_fail, "half", durable, &err),
		    LR_ENOMEM);
		contents("file", text, sizeof(text));
		assert_string_equal(text, "new!");
		no_temporaries();
	}
	lr_folder_close(&folder);
}

/* What lies where the temporary file goes is put aside, and never written through. */
static void
in_the_way(void **unused)
{
	(void)unused;
	struct lr_error err;
	struct lr_state state;
	char text[64], target[128], temporary[128];
	strcpy(target, in_dir("target"));
	strcpy(temporary, in_dir("localroot.state.tmp-0"));
	put("target", "precious", 8);
	assert_int_equal(symlink(target, temporary), 0);
	assert_int_equal(write_state(&sample_state, &err), LR_OK);
	contents("target", text, sizeof(text));
	assert_string_equal(text, "precious");
	assert_int_equal(read_back(&state, &err), LR_OK);
	assert_int_equal(mkfifo(temporary, 0600), 0);
	assert_int_equal(write_state(&sample_state, &err), LR_OK);
	/* what cannot be put aside is gone around */
	assert_int_equal(mkdir(temporary, 0700), 0);
	assert_int_equal(write_state(&sample_state, &err), LR_OK);
	assert_int_equal(rmdir(temporary), 0);
	/* a link at the file itself is replaced, its target left alone */
	unlink(in_dir("localroot.state"));
	assert_int_equal(symlink(target, in_dir("localroot.state")), 0);
	assert_int_equal(write_state(&sample_state, &err), LR_OK);
	contents("target", text, sizeof(text));
	assert_string_equal(text, "precious");
	assert_int_equal(read_back(&state, &err), LR_OK);
}

static void
zone_file(void **unused)
{
	(void)unused;
	const struct lr_zone *zone = sealed_zone(41);
	struct lr_error err;
	char text[1024];
	char *path = lr_store_zone_path(dir);
	assert_non_null(path);
	assert_string_equal(path, in_dir("localroot.zone"));
	free(path);
	struct lr_folder folder;
	assert_int_equal(lr_folder_open(dir, 0, &folder, NULL), LR_OK);
	assert_int_equal(lr_store_write_zone(&folder, zone, &err), LR_OK);
	lr_folder_close(&folder);
	contents("localroot.zone", text, sizeof(text));
	assert_non_null(strstr(text, " 41 1800 900 604800 86400\n"));
	struct lr_draft *draft = sample_draft(".", text);
	assert_int_equal(lr_draft_count(draft), 3);
	lr_draft_free(draft);
	lr_zone_unref(zone);
}

/* No room for the whole file, whatever fits: the old one stays. */
static void
no_room(void **unused)
{
	(void)unused;
	struct lr_error err;
	struct lr_state state, other = sample_state;
	struct rlimit before, limit;
	assert_int_equal(write_state(&sample_state, &err), LR_OK);
	other.serial++;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	signal(SIGXFSZ, SIG_IGN);
	for (rlim_t room = 0; room < 150; room += 10) {
		limit = (struct rlimit){room, before.rlim_max};
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
		enum lr_code code = write_state(&other, &err);
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
		assert_int_equal(code, LR_EIO);
		assert_non_null(strstr(err.text, "cannot write"));
		assert_non_null(strstr(err.text, "File too large"));
		no_temporaries();
		assert_int_equal(read_back(&state, &err), LR_OK);
		assert_int_equal(state.serial, sample_state.serial);
	}
}

/* Two servers in one folder: who knows more is not overwritten. */
static void
superseded(void **unused)
{
	(void)unused;
	const int64_t now = 1785600000;
	struct lr_state there = sample_state, ours = sample_state;
	assert_false(lr_store_supersedes(&there, &ours, now));
	there.serial++;
	assert_true(lr_store_supersedes(&there, &ours, now));
	assert_false(lr_store_supersedes(&ours, &there, now));
	/* RFC 1982: 2^32 - 1 is before 0 */
	there.serial = 0;
	ours.serial = UINT32_MAX;
	assert_true(lr_store_supersedes(&there, &ours, now));
	assert_false(lr_store_supersedes(&ours, &there, now));
	/* the same, confirmed later, and not in the future */
	there.serial = ours.serial;
	there.confirmed = ours.confirmed + 1;
	assert_true(lr_store_supersedes(&there, &ours, now));
	assert_false(lr_store_supersedes(&ours, &there, now));
	there.confirmed = now + 1;
	assert_false(lr_store_supersedes(&there, &ours, now));
	/* serials of another root do not compare; of one that is not known they do */
	there = ours;
	there.serial = ours.serial + 1;
	there.key[0] ^= 1;
	assert_false(lr_store_supersedes(&there, &ours, now));
	there.key_length = 0;
	assert_true(lr_store_supersedes(&there, &ours, now));
}

UNIT_TESTS(make_dir, remove_dir, TEST(there_and_back), TEST(extremes), TEST(cut_anywhere),
    TEST(changed_anywhere), TEST(forged), TEST(no_file_at_all), TEST(unwritable),
    TEST(replaced_as_a_whole), TEST(in_the_way), TEST(zone_file), TEST(no_room), TEST(superseded),
    TEST(longest_key))
