/* zone/fetch/notify_message.c and tsig.c: a request as who listens for NOTIFY takes it, and the
 * same octets as messages of an answer, each with its two octets of length. The first octet says
 * whether a key is there, and is wanted. */
#include "cursor.h"
#include "fuzz.h"
#include "notify_message.h"

#define NOW 1800000000

static struct lr_tsig_keys *
fuzz_keys(void)
{
	static struct lr_tsig_keys *keys;
	static char text[] = "key key.example { algorithm hmac-sha384; secret "
			     "c2VjcmV0IG9mIGhtYWMtc2hhMzg0; };\n"
			     "server 192.0.2.1 { keys key.example; };\n";
	FILE *in = keys ? NULL : fmemopen(text, sizeof(text) - 1, "r");
	if (in) {
		(void)lr_tsig_keys_read(in, &keys, NULL);
		fclose(in);
	}
	return keys;
}

static void
fuzz_answer(const struct lr_tsig_key *key, struct lr_cursor c)
{
	struct lr_tsig *tsig;
	enum lr_code code = lr_tsig_new(key, &tsig, NULL);
	if (code != LR_OK)
		return;
	while (code == LR_OK && lr_cursor_left(&c)) {
		uint16_t length = lr_cursor_u16(&c);
		const uint8_t *message = lr_cursor_bytes(&c, length);
		code = message ? lr_tsig_take(tsig, message, length, NOW, NULL) : LR_EFORMAT;
	}
	(void)lr_tsig_end(tsig, NULL);
	lr_tsig_free(tsig);
}

/* The same as a file of keys. */
static void
fuzz_file(const uint8_t *bytes, size_t size)
{
	struct lr_tsig_keys *keys;
	FILE *in = size ? fmemopen((void *)(uintptr_t)bytes, size, "r") : NULL;
	if (!in)
		return;
	if (lr_tsig_keys_read(in, &keys, NULL) == LR_OK)
		lr_tsig_keys_free(keys);
	fclose(in);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	const struct lr_tsig_keys *keys = fuzz_keys();
	struct lr_notify notify;
	uint8_t answer[LR_NOTIFY_ANSWER_MAX];
	size_t answer_size;
	if (size == 0)
		return 0;
	const struct lr_notify_rules rules = {.origin = fuzz_origin,
	    .keys = bytes[0] & 1 ? keys : NULL,
	    .signed_only = bytes[0] & 2,
	    .key = lr_tsig_keys_for(keys, "192.0.2.1"),
	    .now = NOW};
	(void)lr_notify_answer(&rules, bytes + 1, size - 1, &notify, answer, &answer_size, NULL);
	fuzz_answer(rules.key, lr_cursor_init(bytes + 1, size - 1));
	fuzz_file(bytes + 1, size - 1);
	return 0;
}
