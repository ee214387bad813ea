/* zone/text.c: what an https: or file: source may send; then all that verification does with it. */
#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct lr_draft *draft;
	if (lr_draft_new(fuzz_origin, &fuzz_limits, &draft, NULL) != LR_OK)
		return 0;
	if (fuzz_read(bytes, size, draft) == LR_OK)
		fuzz_validate(draft);
	else
		lr_draft_free(draft);
	return 0;
}
