/*
 * version.h -- which Unbound has loaded the module.
 */
#ifndef LR_VERSION_H
#define LR_VERSION_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Whether the running program is the Unbound that the module was built against. Unbound checks no
 * version of a dynlib and has no function that tells its own, so this looks for the text of its
 * version in the program as it lies in memory. Where it is another one, FOUND is its text, or empty
 * where the program is no Unbound at all.
 */
bool lr_version_matches(char *found, size_t size);

#endif
