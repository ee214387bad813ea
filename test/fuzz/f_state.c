/* module/store.c: the state file (in memory, where a write waits for no disk), as it lies there and
 * with the checksum that it ought to have. What is read is written and read again as the same. */
#include "fuzz.h"
#include "store.h"

#include <fcntl.h>
#include <ldns/sha2.h>
#include <string.h>
#include <unistd.h>

static char path[] = "/dev/shm/lr-fuzz-state-XXXXXX";
static struct lr_folder folder = {path, -1, LR_LOCK_TAKEN};

static void
take_away(void)
{
	(void)unlinkat(folder.fd, "localroot.state", 0);
	close(folder.fd);
	(void)rmdir(path);
}

static void
put(const void *octets, size_t size, const char *tail)
{
	int fd = openat(folder.fd, "localroot.state", O_WRONLY | O_CREAT | O_TRUNC, 0600);
	FUZZ_HOLDS(fd >= 0 && write(fd, octets, size) == (ssize_t)size &&
		   write(fd, tail, strlen(tail)) == (ssize_t)strlen(tail) && close(fd) == 0);
}

static void
read_it(void)
{
	struct lr_state state = {0}, again = {0};
	bool found;
	if (lr_store_read_state(&folder, &found, &state, NULL) != LR_OK)
		return;
	FUZZ_HOLDS(found);
	FUZZ_HOLDS(lr_store_write_state(&folder, &state, NULL) == LR_OK);
	FUZZ_HOLDS(lr_store_read_state(&folder, &found, &again, NULL) == LR_OK && found);
	FUZZ_HOLDS(state.serial == again.serial && state.confirmed == again.confirmed &&
		   state.renewed == again.renewed && state.expire == again.expire &&
		   strcmp(state.source, again.source) == 0 &&
		   state.key_length == again.key_length &&
		   memcmp(state.key, again.key, state.key_length) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	unsigned char hash[LDNS_SHA256_DIGEST_LENGTH];
	char tail[80] = "checksum ";
	if (folder.fd < 0) {
		FUZZ_HOLDS(mkdtemp(path));
		folder.fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		atexit(take_away);
	}
	if (size > 8192)
		return 0;
	put(bytes, size, "");
	read_it();
	ldns_sha256(bytes, (unsigned)size, hash);
	for (size_t i = 0; i < sizeof(hash); i++)
		sprintf(tail + strlen(tail), "%02x", hash[i]);
	strcat(tail, "\n");
	put(bytes, size, tail);
	read_it();
	return 0;
}
