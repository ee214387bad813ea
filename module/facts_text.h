/*
 * facts_text.h -- localroot_status: the facts as lines for people.
 *
 * The first says whether the copy is served, or why not. Each of the others begins with what it is
 * of, so that it can be found by grep; words that a source has sent come last in theirs, and hold
 * no control characters (lr_error.h). Any thread; OUT stays the caller's.
 */
#ifndef LR_FACTS_TEXT_H
#define LR_FACTS_TEXT_H

#include "facts.h"

#include <stdio.h>

void lr_facts_print(const struct lr_facts *facts, FILE *out);

#endif
