#include "store.h"
#include "print.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>

#define STATE_MAX 4096 /* octets of a state file */

static char *
path_in(const char *dir, const char *name)
{
	char *path;
	return asprintf(&path, "%s/%s", dir, name) < 0 ? NULL : path;
}

char *
lr_store_zone_path(const char *dir)
{
	return path_in(dir, "localroot.zone");
}

static enum lr_code
failed(struct lr_error *err, const char *doing, const char *path)
{
	return lr_fail(err, LR_EIO, "cannot %s %s: %s", doing, path, strerror(errno));
}

/* A rename is only sure to last once its folder is on disk as well. */
static void
sync_folder(const char *path)
{
	char *folder = strdup(path);
	char *slash = folder ? strrchr(folder, '/') : NULL;
	if (slash) {
		slash[slash == folder] = '\0';
		int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd >= 0) {
			(void)fsync(fd);
			close(fd);
		}
	}
	free(folder);
}

enum lr_code
lr_store_replace(const char *path, enum lr_code (*print)(FILE *out, const void *what),
    const void *what, struct lr_error *err)
{
	char *temporary;
	if (asprintf(&temporary, "%s.tmp", path) < 0)
		return lr_fail(err, LR_ENOMEM, "out of memory");

	enum lr_code code = LR_OK;
	int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
	if (!out) {
		code = failed(err, "write", temporary);
		if (fd >= 0)
			close(fd);
		free(temporary);
		return code;
	}
	code = print(out, what);
	if (code != LR_OK)
		lr_fail(err, code, "cannot write %s: %s", temporary, lr_code_word(code));
	else if (fflush(out) != 0 || fsync(fileno(out)) != 0)
		code = failed(err, "write", temporary);
	if (fclose(out) != 0 && code == LR_OK)
		code = failed(err, "write", temporary);
	if (code == LR_OK && rename(temporary, path) != 0)
		code = failed(err, "replace", path);
	if (code == LR_OK)
		sync_folder(path);
	else
		unlink(temporary);
	free(temporary);
	return code;
}

static enum lr_code
print_zone(FILE *out, const void *what)
{
	return lr_zone_print(what, out);
}

/* Hex of the SHA-256 of the text: tells a file that was cut or garbled, by no means one that was
 * forged. */
static bool
checksum(const char *text, size_t length, char hex[65])
{
	unsigned char hash[32];
	if (!EVP_Digest(text, length, hash, NULL, EVP_sha256(), NULL))
		return false;
	for (size_t i = 0; i < sizeof(hash); i++)
		snprintf(hex + 2 * i, 3, "%02x", hash[i]);
	return true;
}

static enum lr_code
print_state(FILE *out, const void *what)
{
	const struct lr_state *state = what;
	char text[STATE_MAX], hex[65];
	int length = snprintf(text, sizeof(text),
	    "serial %" PRIu32 "\nconfirmed %" PRId64 "\nexpire %" PRIu32 "\nsource %s\n",
	    state->serial, state->confirmed, state->expire, state->source);
	if (length < 0 || (size_t)length >= sizeof(text) || !checksum(text, (size_t)length, hex))
		return LR_ENOMEM;
	return fprintf(out, "%schecksum %s\n", text, hex) < 0 ? LR_EIO : LR_OK;
}

static enum lr_code
replace_in(const char *dir, const char *name, enum lr_code (*print)(FILE *, const void *),
    const void *what, struct lr_error *err)
{
	char *path = path_in(dir, name);
	if (!path)
		return lr_fail(err, LR_ENOMEM, "out of memory");
	enum lr_code code = lr_store_replace(path, print, what, err);
	free(path);
	return code;
}

enum lr_code
lr_store_write_zone(const char *dir, const struct lr_zone *zone, struct lr_error *err)
{
	return replace_in(dir, "localroot.zone", print_zone, zone, err);
}

enum lr_code
lr_store_write_state(const char *dir, const struct lr_state *state, struct lr_error *err)
{
	return replace_in(dir, "localroot.state", print_state, state, err);
}

static enum lr_code
parse_state(char *text, size_t length, struct lr_state *state, struct lr_error *err)
{
	char hex[65];
	char *sum = length ? strstr(text, "checksum ") : NULL;
	if (!sum || strlen(text) != length || !checksum(text, (size_t)(sum - text), hex) ||
	    strncmp(sum + strlen("checksum "), hex, 64) != 0)
		return lr_fail(err, LR_EFORMAT, "the state file is cut or changed");
	*sum = '\0';
	struct lr_state read = {0};
	if (sscanf(text,
		"serial %" SCNu32 " confirmed %" SCNd64 " expire %" SCNu32 " source %1535s",
		&read.serial, &read.confirmed, &read.expire, read.source) != 4)
		return lr_fail(err, LR_EFORMAT, "the state file is of another version");
	*state = read;
	return LR_OK;
}

enum lr_code
lr_store_read_state(const char *dir, struct lr_state *state, struct lr_error *err)
{
	char *path = path_in(dir, "localroot.state");
	if (!path)
		return lr_fail(err, LR_ENOMEM, "out of memory");
	enum lr_code code;
	FILE *in = fopen(path, "re");
	if (in) {
		char text[STATE_MAX + 1];
		size_t length = fread(text, 1, STATE_MAX, in);
		text[length] = '\0';
		code = parse_state(text, length, state, err);
		fclose(in);
	} else {
		code = failed(err, "read", path);
	}
	free(path);
	return code;
}
