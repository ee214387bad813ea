/*
 * name.h -- domain names in uncompressed wire form: length-prefixed labels up to the empty root
 * label.
 *
 * Every name that these functions are given has been checked once with lr_name_length() or read by
 * the cursor; they trust it. Letter case is kept and folded while comparing (RFC 4343). Nothing is
 * allocated, and nothing is kept: any thread.
 */
#ifndef LR_NAME_H
#define LR_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LR_NAME_MAX 255       /* octets, RFC 1035 section 2.3.4 */
#define LR_LABELS_MAX 128     /* the root label included */
#define LR_NAME_TEXT_MAX 1025 /* 4 characters an octet at the most, and the end */

/* ASCII letters to lower case, every other octet as it is. */
extern const uint8_t lr_fold[256];

/* The length of the well-formed uncompressed name that starts BYTES, or 0 where there is none. */
size_t lr_name_length(const uint8_t *bytes, size_t size);

/* Labels, without the root label: "." has 0, "com." has 1. */
unsigned lr_name_labels(const uint8_t *name);

/* The name without its first COUNT labels. */
const uint8_t *lr_name_parent(const uint8_t *name, unsigned count);

bool lr_name_equal(const uint8_t *a, const uint8_t *b);

/* Canonical order (RFC 4034 section 6.1): below, above or equal to zero. */
int lr_name_compare(const uint8_t *a, const uint8_t *b);

/* Whether NAME is ABOVE or under it. */
bool lr_name_within(const uint8_t *name, const uint8_t *above);

/*
 * A number that orders names as lr_name_compare does where the numbers differ: the first eight
 * octets of the label just under ORIGIN_LABELS labels, folded. Zero for the origin itself.
 */
uint64_t lr_name_key(const uint8_t *name, unsigned origin_labels);

/* Writes the presentation form with a final dot; returns TEXT. */
const char *lr_name_text(const uint8_t *name, char text[LR_NAME_TEXT_MAX]);

/* Reads a presentation form; a missing final dot is supplied. False where malformed. */
bool lr_name_parse(const char *text, uint8_t name[LR_NAME_MAX], size_t *length);

#endif
