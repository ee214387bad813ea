/* zone/text.c: what an https: or file: source may send; then all that verification does with it. */
#include "fuzz.h"
#include "text.h"

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct lr_draft *draft;
	FILE *in = size ? fmemopen((void *)(uintptr_t)bytes, size, "r") : NULL;
	if (!in || lr_draft_new(fuzz_origin, &fuzz_limits, &draft, NULL) != LR_OK) {
		if (in)
			fclose(in);
		return 0;
	}
	if (lr_text_read_as(in, draft, &(struct lr_text_options){.ldns = true}, NULL) == LR_OK)
		fuzz_validate(draft);
	else
		lr_draft_free(draft);
	fclose(in);
	return 0;
}
