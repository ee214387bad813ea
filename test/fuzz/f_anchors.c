/* validate/anchor.c: trust anchor files. */
#include "anchor.h"
#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	FILE *in = size ? fmemopen((void *)(uintptr_t)bytes, size, "r") : NULL;
	struct lr_anchors *anchors = lr_anchors_new(fuzz_origin);
	if (in && anchors)
		(void)lr_anchors_read(anchors, in, NULL);
	lr_anchors_free(anchors);
	if (in)
		fclose(in);
	return 0;
}
