/* sealed.h -- a zone without the door of validate/,
 * for tests of what only holds and copies zones. */
#ifndef LR_SEALED_H
#define LR_SEALED_H

#include "sample.h"
#include "seal.h"

static inline const struct lr_zone *
sealed_zone(uint32_t serial)
{
	char text[256];
	const struct lr_zone *zone;
	snprintf(text, sizeof(text),
	    ". 86400 IN SOA a. b. %u 1800 900 604800 86400\n"
	    ". 518400 IN NS a.root-servers.net.\n"
	    "com. 172800 IN NS a.gtld-servers.net.\n",
	    serial);
	struct lr_draft *draft = sample_sorted(".", text);
	assert_int_equal(lr_zone_seal(draft, 0, NULL, &zone, NULL), LR_OK);
	lr_draft_free(draft);
	return zone;
}

#endif
