/* What the targets of transfers share. */
#ifndef FUZZ_TRANSFER_H
#define FUZZ_TRANSFER_H

#include "cursor.h"
#include "fuzz.h"
#include "transfer.h"

/* Hands on messages, each with its two octets of length. Whether the transfer came to its end. */
static inline bool
fuzz_transfer(struct lr_transfer *transfer, const uint8_t *bytes, size_t size)
{
	struct lr_cursor c = lr_cursor_init(bytes, size);
	enum lr_code code = LR_OK;
	bool done = false;
	while (code == LR_OK && !done && lr_cursor_left(&c)) {
		uint16_t length = lr_cursor_u16(&c);
		const uint8_t *message = lr_cursor_bytes(&c, length);
		code = message ? lr_transfer_message(transfer, message, length, &done, NULL)
			       : LR_EFORMAT;
	}
	return code == LR_OK && done;
}

#endif
