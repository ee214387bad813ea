#include "loaded.h"

#include <dlfcn.h>
#include <stddef.h>
#include <stdint.h>

bool
lr_loaded_stay(void)
{
#ifndef __GLIBC__
	/* musl's dlclose() takes nothing out of memory; its dlopen() would want to see the file. */
	return true;
#endif
	Dl_info info;
	return dladdr((void *)(uintptr_t)lr_loaded_stay, &info) != 0 && info.dli_fname &&
	       dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE) != NULL;
}
