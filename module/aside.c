#include "aside.h"
#include "clock.h"
#include "loaded.h"
#include "thread.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>

struct lr_aside {
	struct lr_work work;
	int notify_fd;
	pthread_t thread;
	pthread_mutex_t lock; /* of what follows */
	bool ended, abandoned;
};

static void
aside_free(struct lr_aside *aside)
{
	pthread_mutex_destroy(&aside->lock);
	free(aside);
}

static void *
run(void *arg)
{
	struct lr_aside *aside = arg;
	aside->work.run(aside->work.job);
	pthread_mutex_lock(&aside->lock);
	aside->ended = true;
	bool abandoned = aside->abandoned;
	if (!abandoned)
		(void)eventfd_write(aside->notify_fd, 1);
	pthread_mutex_unlock(&aside->lock);
	if (abandoned) {
		aside->work.free(aside->work.job);
		aside_free(aside);
	}
	return NULL;
}

enum lr_code
lr_aside_start(
    const struct lr_work *work, int notify_fd, struct lr_aside **out, struct lr_error *err)
{
	struct lr_aside *aside = calloc(1, sizeof(*aside));
	if (!aside)
		return lr_fail(err, LR_ENOMEM, "out of memory");
	aside->work = *work;
	aside->notify_fd = notify_fd;
	pthread_mutex_init(&aside->lock, NULL);
	enum lr_code code = lr_thread_start(&aside->thread, run, aside, err);
	if (code == LR_OK)
		*out = aside;
	else
		aside_free(aside);
	return code;
}

static bool
has_ended(struct lr_aside *aside)
{
	pthread_mutex_lock(&aside->lock);
	bool ended = aside->ended;
	pthread_mutex_unlock(&aside->lock);
	return ended;
}

bool
lr_aside_wait(struct lr_aside *aside, int patience_ms)
{
	int64_t until = lr_clock_monotonic_ms(NULL) + patience_ms, left = patience_ms;
	eventfd_t count;
	bool notified = false, ended;
	while (!(ended = has_ended(aside)) && left > 0) {
		struct pollfd at = {.fd = aside->notify_fd, .events = POLLIN};
		(void)poll(&at, 1, (int)left);
		notified |= eventfd_read(aside->notify_fd, &count) == 0;
		left = until - lr_clock_monotonic_ms(NULL);
	}
	if (notified) /* put back: it may have been other work's */
		(void)eventfd_write(aside->notify_fd, 1);
	return ended;
}

void
lr_aside_end(struct lr_aside *aside)
{
	pthread_join(aside->thread, NULL);
	aside_free(aside);
}

void
lr_aside_abandon(struct lr_aside *aside)
{
	/* Work can be left behind only where our code stays in memory; otherwise it has to be
	 * waited for. */
	bool stays = !has_ended(aside) && lr_loaded_stay();
	pthread_mutex_lock(&aside->lock);
	bool abandoned = stays && !aside->ended;
	aside->abandoned = abandoned;
	if (abandoned)
		pthread_detach(aside->thread);
	pthread_mutex_unlock(&aside->lock);
	if (abandoned)
		return;
	struct lr_work work = aside->work;
	lr_aside_end(aside);
	work.free(work.job);
}
