/* zone/fetch/transfer.c: the messages of a transfer, each with its two octets of length; then all
 * that verification does with them. */
#include "fuzz_transfer.h"

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct lr_draft *draft = NULL;
	struct lr_transfer *transfer = NULL;
	bool done = false;
	if (lr_draft_new(fuzz_origin, &fuzz_limits, &draft, NULL) != LR_OK)
		return 0;
	if (lr_transfer_new(0x1234, draft, &transfer, NULL) == LR_OK) {
		done = fuzz_transfer(transfer, bytes, size);
		lr_transfer_free(transfer);
	}
	if (done)
		fuzz_validate(draft);
	else
		lr_draft_free(draft);
	return 0;
}
