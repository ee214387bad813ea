/*
 * facts_json.h -- localroot_status json: the facts for programs, as one JSON object (RFC 8259).
 *
 * contrib/localroot-status.schema.json says what is in it, and the manual what that means. All of
 * it is ASCII, whatever a source or the configuration has sent: what is neither printable nor ASCII
 * is escaped, each byte by itself as the character of its number (U+0000 to U+00FF). There is no
 * library for it, since all that the module is linked to has to be inside of a chroot. Any thread.
 */
#ifndef LR_FACTS_JSON_H
#define LR_FACTS_JSON_H

#include "facts.h"

#include <stdio.h>

/* Bytes that suffice for everything but the items of the lists. */
#define LR_JSON_ROOM 16000

/* Prints ROOM bytes at the most, which is LR_JSON_ROOM or more: of the lists as many items as there
 * is room for, and how many were left out. OUT is of open_memstream(), and empty. */
void lr_facts_print_json(const struct lr_facts *facts, size_t room, FILE *out);

#endif
