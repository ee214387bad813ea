/*
 * thread.h -- starts the module's own threads.
 */
#ifndef LR_THREAD_H
#define LR_THREAD_H

#include "lr_error.h"

#include <pthread.h>

/*
 * Starts a thread that runs RUN with ARG, with all signals blocked: the host's handlers are not for
 * threads that it does not know. To be joined or detached by the caller. Any thread may start one.
 *
 * LR_EIO: no thread is to be had. LR_ENOMEM: the process may not grow by what a thread and the work
 * in it can take plus a reserve for the host, which comes first.
 */
enum lr_code lr_thread_start(
    pthread_t *thread, void *(*run)(void *), void *arg, struct lr_error *err);

#endif
