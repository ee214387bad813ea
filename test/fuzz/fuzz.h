/* What the fuzz targets share. */
#ifndef FUZZ_H
#define FUZZ_H

#include "find.h"
#include "semantics.h"
#include "print.h"
#include "seal.h"
#include "text.h"
#include "validate.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static const uint8_t fuzz_origin[] = {0};
static const struct lr_text_options fuzz_as_the_module = {.ldns = false};
static const struct lr_draft_limits fuzz_limits = {1 << 20, 10000, 0};

/* Not assert(): what is found is found in whatever way this is built. */
#define FUZZ_HOLDS(what)                                                                           \
	do {                                                                                       \
		if (!(what)) {                                                                     \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #what);                 \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

/* A master file in memory, to a draft. */
static inline enum lr_code
fuzz_read(
    const void *text, size_t size, const struct lr_text_options *options, struct lr_draft *draft)
{
	FILE *in = size ? fmemopen((void *)(uintptr_t)text, size, "r") : NULL;
	if (!in)
		return LR_EFORMAT;
	enum lr_code code = lr_text_read_as(in, draft, options, NULL);
	fclose(in);
	return code;
}

/* The zone of a master file that is known to be good. */
static inline const struct lr_zone *
fuzz_zone(const char *text, size_t size)
{
	struct lr_draft *draft;
	const struct lr_zone *zone;
	FUZZ_HOLDS(lr_draft_new(fuzz_origin, &fuzz_limits, &draft, NULL) == LR_OK &&
		   fuzz_read(text, size, &fuzz_as_the_module, draft) == LR_OK &&
		   lr_draft_sort(draft, NULL) == LR_OK &&
		   lr_zone_seal(draft, 0, NULL, &zone, NULL) == LR_OK);
	lr_draft_free(draft);
	return zone;
}

/* Without a digest no input would get far, so what comes after it gets a try of its own. */
static inline void
fuzz_validate(struct lr_draft *draft)
{
	struct lr_report report;
	const struct lr_zone *zone;
	struct lr_dnssec dnssec;
	uint32_t serial;
	struct lr_anchors *anchors = lr_anchors_new(fuzz_origin);
	const struct lr_validate_options options = {
	    .anchors = anchors, .dnssec = true, .now = 1785900000, .check_time = true};
	if (anchors && lr_draft_sort(draft, NULL) == LR_OK &&
	    lr_semantic_checks(draft, &serial, NULL) == LR_OK) {
		/* The zone vouches for its own keys. */
		for (size_t i = 0; i < lr_draft_count(draft); i++) {
			struct lr_record record = lr_draft_record(draft, i);
			if (record.type == 48)
				(void)lr_anchors_add(
				    anchors, 48, record.rdata, record.rdata_length, NULL);
		}
		(void)lr_dnssec_verify(draft, anchors, 1785900000, true, &dnssec, NULL);
		if (lr_zone_seal(draft, 0, NULL, &zone, NULL) == LR_OK) {
			struct lr_finding finding;
			FILE *null = fopen("/dev/null", "w");
			for (size_t i = 0; i < lr_draft_count(draft); i++)
				lr_zone_find(zone, lr_draft_record(draft, i).owner, 1, &finding);
			if (null) {
				(void)lr_zone_print(zone, null);
				fclose(null);
			}
			lr_zone_unref(zone);
		}
	}
	if (lr_validate(draft, &options, &zone, &report) == LR_OK)
		lr_zone_unref(zone);
	lr_anchors_free(anchors);
}

#endif
