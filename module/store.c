#include "store.h"
#include "copy_files.h"
#include "print.h"
#include "serial.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ldns/sha2.h>

#define STATE_MAX 4096 /* octets of a state file */

char *
lr_store_zone_path(const char *dir)
{
	char *path;
	return asprintf(&path, "%s/" LR_COPY_ZONE, dir) < 0 ? NULL : path;
}

int64_t
lr_store_when(const struct lr_folder *folder)
{
	struct stat status;
	return fstatat(folder->fd, LR_COPY_STATE, &status, 0) == 0 ? status.st_mtime : 0;
}

static enum lr_code
print_zone(FILE *out, const void *what)
{
	return lr_zone_print(what, out);
}

static void
put_hex(const uint8_t *octets, size_t length, char *hex)
{
	for (size_t i = 0; i < length; i++)
		snprintf(hex + 2 * i, 3, "%02x", octets[i]);
	hex[2 * length] = '\0';
}

static bool
get_hex(const char *hex, uint8_t *octets, size_t room, size_t *length)
{
	static const char digits[] = "0123456789abcdef";
	size_t count = strlen(hex);
	if (count % 2 || count / 2 > room || strspn(hex, digits) != count)
		return false;
	for (size_t i = 0; i < count / 2; i++)
		octets[i] = (uint8_t)((strchr(digits, hex[2 * i]) - digits) << 4 |
				      (strchr(digits, hex[2 * i + 1]) - digits));
	*length = count / 2;
	return true;
}

/* Hex of the SHA-256 of the text: tells a file that was cut or garbled, by no means one that was
 * forged. ldns keeps no state for it. OpenSSL does, and takes it away when the program ends, while
 * a thread may still be left behind here (aside.h). */
static void
checksum(const char *text, size_t length, char hex[65])
{
	unsigned char hash[LDNS_SHA256_DIGEST_LENGTH];
	ldns_sha256((const unsigned char *)text, (unsigned)length, hash);
	put_hex(hash, sizeof(hash), hex);
}

static enum lr_code
print_state(FILE *out, const void *what)
{
	const struct lr_state *state = what;
	char text[STATE_MAX], sum[65], key[2 * LR_STATE_KEY_MAX + 1];
	put_hex(state->key, state->key_length, key);
	int length = snprintf(text, sizeof(text),
	    "serial %" PRIu32 "\nconfirmed %" PRId64 "\nexpire %" PRIu32
	    "\nsource %s\nkey %s\nrenewed %" PRId64 "\n",
	    state->serial, state->confirmed, state->expire, state->source, key, state->renewed);
	if (length < 0 || (size_t)length + sizeof("checksum \n") + 64 > sizeof(text))
		return LR_ENOMEM;
	checksum(text, (size_t)length, sum);
	return fprintf(out, "%schecksum %s\n", text, sum) < 0 ? LR_EIO : LR_OK;
}

enum lr_code
lr_store_write_zone(
    const struct lr_folder *folder, const struct lr_zone *zone, struct lr_error *err)
{
	return lr_folder_replace(folder, LR_COPY_ZONE, print_zone, zone, true, err);
}

enum lr_code
lr_store_write_state(
    const struct lr_folder *folder, const struct lr_state *state, struct lr_error *err)
{
	return lr_folder_replace(folder, LR_COPY_STATE, print_state, state, true, err);
}

enum lr_code
lr_store_remove(const struct lr_folder *folder, struct lr_error *err)
{
	enum lr_code code = lr_folder_remove(folder, LR_COPY_ZONE, err);
	return code == LR_OK ? lr_folder_remove(folder, LR_COPY_STATE, err) : code;
}

/* The text of the lines before the checksum, which is taken off. LR_EFORMAT: it is not theirs. */
static enum lr_code
check_sum(char *text, size_t length)
{
	static const size_t tail = sizeof("checksum ") - 1 + 64 + 1;
	char wanted[65];
	if (length < tail || strlen(text) != length || text[length - 1] != '\n')
		return LR_EFORMAT;
	char *sum = text + length - tail;
	text[length - 1] = '\0';
	if (strncmp(sum, "checksum ", 9) != 0)
		return LR_EFORMAT;
	checksum(text, (size_t)(sum - text), wanted);
	if (strcmp(sum + 9, wanted) != 0)
		return LR_EFORMAT;
	*sum = '\0';
	return LR_OK;
}

/* The value of the next line, which has to be NAME's; NULL where it is not. */
static char *
next_value(char **text, const char *name)
{
	char *line = strsep(text, "\n");
	size_t length = strlen(name);
	return line && strncmp(line, name, length) == 0 && line[length] == ' ' ? line + length + 1
									       : NULL;
}

static bool
get_number(const char *value, uint64_t limit, uint64_t *number)
{
	char *end;
	if (!value || *value < '0' || *value > '9')
		return false;
	errno = 0;
	*number = strtoull(value, &end, 10);
	return !errno && !*end && *number <= limit;
}

/* Seconds since 1970: far beyond any clock, far from where adding to it overflows. */
static bool
get_time(const char *value, int64_t *seconds)
{
	uint64_t number;
	if (!get_number(value, UINT64_C(1) << 40, &number))
		return false;
	*seconds = (int64_t)number;
	return true;
}

static bool
get_state(char *text, struct lr_state *state)
{
	uint64_t serial, expire;
	size_t key_length;
	bool numbers = get_number(next_value(&text, "serial"), UINT32_MAX, &serial) &&
		       get_time(next_value(&text, "confirmed"), &state->confirmed) &&
		       get_number(next_value(&text, "expire"), UINT32_MAX, &expire);
	const char *source = numbers ? next_value(&text, "source") : NULL;
	const char *key = source ? next_value(&text, "key") : NULL;
	if (!key || strlen(source) >= sizeof(state->source) ||
	    !get_hex(key, state->key, sizeof(state->key), &key_length))
		return false;
	if (text && *text && !get_time(next_value(&text, "renewed"), &state->renewed))
		return false; /* the version before had no such line */
	for (const char *c = source; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return false;
	state->serial = (uint32_t)serial;
	state->expire = (uint32_t)expire;
	state->key_length = (uint16_t)key_length;
	strcpy(state->source, source);
	return true;
}

static enum lr_code
cannot_read(const struct lr_folder *folder, int number, struct lr_error *err)
{
	return lr_fail(err, lr_code_of_errno(number), "cannot read %s/" LR_COPY_STATE ": %s",
	    folder->path, strerror(number));
}

static enum lr_code
read_state(const struct lr_folder *folder, int fd, struct lr_state *state, struct lr_error *err)
{
	char text[STATE_MAX + 1];
	struct stat status;
	if (fstat(fd, &status) != 0)
		return cannot_read(folder, errno, err);
	if (!S_ISREG(status.st_mode))
		return lr_fail(err, LR_EIO, "cannot read %s/" LR_COPY_STATE ": not a regular file",
		    folder->path);
	ssize_t length = read(fd, text, STATE_MAX);
	if (length < 0)
		return cannot_read(folder, errno, err);
	text[length] = '\0';
	enum lr_code code = check_sum(text, (size_t)length);
	if (code == LR_ENOMEM)
		return lr_fail(
		    err, code, "cannot check %s/" LR_COPY_STATE ": out of memory", folder->path);
	if (code != LR_OK)
		return lr_fail(
		    err, LR_EFORMAT, "%s/" LR_COPY_STATE " is cut or changed", folder->path);
	struct lr_state read = {0};
	if (!get_state(text, &read))
		return lr_fail(
		    err, LR_EFORMAT, "%s/" LR_COPY_STATE " is of another version", folder->path);
	*state = read;
	return LR_OK;
}

enum lr_code
lr_store_read_state(
    const struct lr_folder *folder, bool *found, struct lr_state *state, struct lr_error *err)
{
	/* O_NONBLOCK: opening a FIFO would wait for its writer. */
	int fd = openat(folder->fd, LR_COPY_STATE, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	*found = fd >= 0 || errno != ENOENT;
	if (!*found)
		return LR_OK;
	if (fd < 0)
		return cannot_read(folder, errno, err);
	enum lr_code code = read_state(folder, fd, state, err);
	close(fd);
	return code;
}

bool
lr_store_supersedes(const struct lr_state *there, const struct lr_state *ours, int64_t now)
{
	bool another_root = there->key_length && ours->key_length &&
			    (there->key_length != ours->key_length ||
				memcmp(there->key, ours->key, ours->key_length) != 0);
	if (another_root)
		return false;
	if (there->serial != ours->serial)
		return lr_serial_newer(there->serial, ours->serial);
	return there->confirmed > ours->confirmed && there->confirmed <= now;
}
