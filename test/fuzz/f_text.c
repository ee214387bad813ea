/* zone/text.c: what an https: or file: source may send, read as the module does and with ldns' help
 * as localroot-check does; then all that verification does with it. */
#include "fuzz.h"

/* ldns leaks a field of some records that it refuses. */
const char *__lsan_default_suppressions(void);
const char *
__lsan_default_suppressions(void)
{
	return "leak:libldns";
}

static void
read_as(const uint8_t *bytes, size_t size, const struct lr_text_options *options)
{
	struct lr_draft *draft;
	if (lr_draft_new(fuzz_origin, &fuzz_limits, &draft, NULL) != LR_OK)
		return;
	if (fuzz_read(bytes, size, options, draft) == LR_OK)
		fuzz_validate(draft);
	else
		lr_draft_free(draft);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	read_as(bytes, size, &fuzz_as_the_module);
	read_as(bytes, size, &(struct lr_text_options){.ldns = true});
	return 0;
}
