/* zone/fetch/transfer.c: the messages that answer an IXFR, each with its two octets of length, to
 * whom holds a zone; then all that verification does with what comes of them. */
#include "fuzz_transfer.h"

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
	if (lr_transfer_new_ixfr(0x1234, held(), &fuzz_limits, 4, NULL, &transfer, NULL) != LR_OK)
		return 0;
	bool done = fuzz_transfer(transfer, bytes, size);
	struct lr_draft *draft = done ? lr_transfer_take(transfer) : NULL;
	lr_transfer_free(transfer);
	if (draft)
		fuzz_validate(draft);
	return 0;
}
