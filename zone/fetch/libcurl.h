/*
 * libcurl.h -- libcurl, loaded when it is needed. For https.c alone.
 *
 * With all that it pulls in it takes more memory than the rest of the module's code, and most
 * resolvers never ask a web server. So nothing is linked to it: libcurl.c has functions of the same
 * names, which pass everything on. They may be called once this has succeeded.
 */
#ifndef LR_LIBCURL_H
#define LR_LIBCURL_H

#include "lr_error.h"

#include <stdbool.h>

/*
 * Loads libcurl, once and for good; what failed is tried again by the next call. LAST: it is not.
 * LR_EIO: it is not there, or too old; LR_ENOMEM. One thread at a time, and not one that answers.
 */
enum lr_code lr_libcurl_load(bool last, struct lr_error *err);

#endif
