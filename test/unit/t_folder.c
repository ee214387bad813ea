/* t_folder.c -- several writers in one folder, some of which die. */
#include "unit.h"

#include "folder.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LENGTH 20000 /* octets of what a writer writes: several writes of stdio's */

static char dir[64];

static int
make_dir(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/lr-folder-XXXXXX");
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

static void
left_over(const char *name, time_t age)
{
	int fd = open(in_dir(name), O_WRONLY | O_CREAT, 0644);
	assert_true(fd >= 0);
	const struct timespec times[2] = {
	    {.tv_sec = time(NULL) - age}, {.tv_sec = time(NULL) - age}};
	assert_int_equal(futimens(fd, times), 0);
	close(fd);
}

static bool
is_there(const char *name)
{
	return access(in_dir(name), F_OK) == 0;
}

static enum lr_code
print_text(FILE *out, const void *what)
{
	fputs(what, out);
	return LR_OK;
}

static enum lr_code
print_long(FILE *out, const void *what)
{
	for (size_t i = 0; i < LENGTH; i++)
		fputs(what, out);
	return LR_OK;
}

/* While one has the lock, another is told so, and has to wait or to do without. */
static void
one_lock(void **unused)
{
	(void)unused;
	struct lr_folder first, second;
	assert_int_equal(lr_folder_open(dir, 0, &first, NULL), LR_OK);
	assert_int_equal(first.lock, LR_LOCKED);
	assert_int_equal(lr_folder_open(dir, 0, &second, NULL), LR_OK);
	assert_int_equal(second.lock, LR_LOCK_TAKEN);
	lr_folder_close(&first);
	lr_folder_close(&second);
	assert_int_equal(lr_folder_open(dir, 0, &second, NULL), LR_OK);
	assert_int_equal(second.lock, LR_LOCKED);
	lr_folder_close(&second);
}

/* What a dead writer left goes; what a living one may be writing stays, and so do others' files. */
static void
left_overs(void **unused)
{
	(void)unused;
	struct lr_folder folder, other;
	left_over("file.tmp-0", 1);
	left_over("file.tmp-1", 7200);
	left_over("another.tmp-0", 7200);
	assert_int_equal(lr_folder_open(dir, 0, &other, NULL), LR_OK);
	assert_int_equal(lr_folder_open(dir, 0, &folder, NULL), LR_OK);
	assert_int_equal(folder.lock, LR_LOCK_TAKEN);
	assert_int_equal(lr_folder_replace(&folder, "file", print_text, "1", false, NULL), LR_OK);
	assert_true(is_there("file.tmp-0"));
	assert_false(is_there("file.tmp-1"));
	lr_folder_close(&other);
	lr_folder_close(&folder);
	assert_int_equal(lr_folder_open(dir, 0, &folder, NULL), LR_OK);
	assert_int_equal(lr_folder_replace(&folder, "file", print_text, "2", true, NULL), LR_OK);
	assert_false(is_there("file.tmp-0"));
	assert_true(is_there("another.tmp-0"));
	assert_true(is_there("file"));
	lr_folder_close(&folder);
}

static void
modes(void **unused)
{
	(void)unused;
	struct stat status;
	mode_t before = umask(022);
	assert_int_equal(lr_folder_replace_path(in_dir("mode"), print_text, "x", NULL), LR_OK);
	umask(before);
	assert_int_equal(stat(in_dir("mode"), &status), 0);
	assert_int_equal(status.st_mode, S_IFREG | 0644);
}

static enum lr_code
write_in_folder(const char *letter)
{
	struct lr_folder folder;
	enum lr_code code = lr_folder_open(dir, 10000, &folder, NULL);
	if (code != LR_OK)
		return code;
	code = lr_folder_replace(&folder, "shared", print_long, letter, false, NULL);
	lr_folder_close(&folder);
	return code;
}

static enum lr_code
write_by_path(const char *letter)
{
	return lr_folder_replace_path(in_dir("shared"), print_long, letter, NULL);
}

/* A process that writes its letter again and again until it is killed. */
static pid_t
writer(enum lr_code (*write_it)(const char *letter), const char *letter)
{
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* it ends with a test that fails, too */
	while (pid == 0)
		if (write_it(letter) != LR_OK)
			_exit(1);
	return pid;
}

static bool
whole(void)
{
	static char text[LENGTH + 1];
	FILE *f = fopen(in_dir("shared"), "r");
	if (!f)
		return true; /* not yet */
	size_t length = fread(text, 1, sizeof(text), f);
	fclose(f);
	return length == LENGTH && memchr("abc", text[0], 3) &&
	       memcmp(text, text + 1, LENGTH - 1) == 0;
}

/* Three write the same file at the same time, and are killed at any moment: it is always one of
 * them's, whole; none is told that it failed; and the next writer leaves nothing of theirs. */
static void contend(enum lr_code (*write_it)(const char *letter))
{
	static const char *const letters[3] = {"a", "b", "c"};
	pid_t pids[3];
	struct lr_folder folder;
	char command[128];
	for (int i = 0; i < 3; i++)
		pids[i] = writer(write_it, letters[i]);
	for (int turn = 0; turn < 60; turn++) {
		int status, i = turn % 3;
		for (int look = 0; look < 50; look++)
			assert_true(whole());
		assert_int_equal(waitpid(pids[i], &status, WNOHANG), 0); /* it has not failed */
		assert_int_equal(kill(pids[i], SIGKILL), 0);
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		pids[i] = writer(write_it, letters[i]);
	}
	for (int i = 0; i < 3; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
	assert_int_equal(lr_folder_open(dir, 0, &folder, NULL), LR_OK);
	assert_int_equal(lr_folder_replace(&folder, "shared", print_long, "a", true, NULL), LR_OK);
	lr_folder_close(&folder);
	assert_true(is_there("shared") && whole());
	snprintf(command, sizeof(command), "! ls '%s' | grep -q shared.tmp", dir);
	assert_int_equal(system(command), 0);
}

static void
many_writers(void **unused)
{
	(void)unused;
	contend(write_in_folder);
	contend(write_by_path);
}

static bool starved;

/* In the place of the C library's, which needs memory for a stream. */
FILE *
fdopen(int fd, const char *mode)
{
	FILE *(*real)(int, const char *);
	*(void **)&real = dlsym(RTLD_NEXT, "fdopen");
	if (!starved)
		return real(fd, mode);
	errno = ENOMEM;
	return NULL;
}

/* A lack of memory is told as that, not as a fault of the disk, and leaves nothing behind. */
static void
no_memory(void **unused)
{
	(void)unused;
	struct lr_error err;
	starved = true;
	assert_int_equal(
	    lr_folder_replace_path(in_dir("starved"), print_text, "x", &err), LR_ENOMEM);
	starved = false;
	assert_int_equal(err.code, LR_ENOMEM);
	assert_non_null(strstr(err.text, "/starved: Cannot allocate memory"));
	assert_false(is_there("starved") || is_there("starved.tmp-0"));
	assert_int_equal(lr_code_of_errno(ENOSPC), LR_EIO);
}

UNIT_TESTS(make_dir, remove_dir, TEST(one_lock), TEST(left_overs), TEST(no_memory), TEST(modes),
    TEST(many_writers))
