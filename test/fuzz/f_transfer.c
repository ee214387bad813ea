/* zone/fetch/transfer.c: the messages of a transfer, each with its two octets of length; then all
 * that verification does with them. */
#include "cursor.h"
#include "fuzz.h"
#include "transfer.h"

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct lr_draft *draft = NULL;
	struct lr_transfer *transfer = NULL;
	struct lr_cursor c = lr_cursor_init(bytes, size);
	bool done = false;
	if (lr_draft_new(fuzz_origin, &fuzz_limits, &draft, NULL) != LR_OK)
		return 0;
	if (lr_transfer_new(0x1234, draft, &transfer, NULL) == LR_OK) {
		enum lr_code code = LR_OK;
		while (code == LR_OK && !done && lr_cursor_left(&c)) {
			uint16_t length = lr_cursor_u16(&c);
			const uint8_t *message = lr_cursor_bytes(&c, length);
			code = message ? lr_transfer_message(transfer, message, length, &done, NULL)
				       : LR_EFORMAT;
		}
		lr_transfer_free(transfer);
	}
	if (done)
		fuzz_validate(draft);
	else
		lr_draft_free(draft);
	return 0;
}
