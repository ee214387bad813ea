/*
 * loaded.h -- the module's code in memory.
 */
#ifndef LR_LOADED_H
#define LR_LOADED_H

#include <stdbool.h>

/* From now on the module stays in memory although Unbound closes it: a thread is left behind in it.
 * False: that cannot be had. Any thread. */
bool lr_loaded_stay(void);

#endif
