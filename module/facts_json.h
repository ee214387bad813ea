/*
 * facts_json.h -- localroot_status json: the facts for programs, as one JSON object (RFC 8259).
 *
 * contrib/localroot-status.schema.json says what is in it, and the manual what that means. All of
 * it is ASCII, whatever a source or the configuration has sent: what is neither printable nor ASCII
 * is escaped, an octet as the character of that number. There is no library for it, since all that
 * the module is linked to has to be inside of a chroot.
 */
#ifndef LR_FACTS_JSON_H
#define LR_FACTS_JSON_H

#include "facts.h"

#include <stdio.h>

/* Room for everything, the lists left empty. */
#define LR_JSON_ROOM 16000

/* Prints ROOM octets at the most, which is LR_JSON_ROOM or more: of the lists as many items as
 * there is room for, and how many were left out. OUT is of open_memstream(), and empty. */
void lr_facts_print_json(const struct lr_facts *facts, size_t room, FILE *out);

#endif
