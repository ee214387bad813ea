/* zone/fetch/transfer.c: the messages that answer an IXFR, each with its two octets of length, to
 * whom holds a zone; then all that verification does with what comes of them. */
#include "cursor.h"
#include "fuzz.h"
#include "transfer.h"

static const struct lr_zone *
held(void)
{
	static const struct lr_zone *zone;
	static const char text[] =
	    ". 60 IN SOA a. b. 7 1 2 3 4\n. 60 IN NS a.\n"
	    "com. 60 IN NS ns.com.\nns.com. 60 IN A 192.0.2.1\norg. 60 IN NS ns.org.\n";
	if (!zone)
		zone = fuzz_zone(text, sizeof(text) - 1);
	return zone;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct lr_transfer *transfer;
	struct lr_cursor c = lr_cursor_init(bytes, size);
	bool done = false;
	if (lr_transfer_new_ixfr(0x1234, held(), &fuzz_limits, 4, NULL, &transfer, NULL) != LR_OK)
		return 0;
	enum lr_code code = LR_OK;
	while (code == LR_OK && !done && lr_cursor_left(&c)) {
		uint16_t length = lr_cursor_u16(&c);
		const uint8_t *message = lr_cursor_bytes(&c, length);
		code = message ? lr_transfer_message(transfer, message, length, &done, NULL)
			       : LR_EFORMAT;
	}
	struct lr_draft *draft = code == LR_OK && done ? lr_transfer_take(transfer) : NULL;
	lr_transfer_free(transfer);
	if (draft)
		fuzz_validate(draft);
	return 0;
}
