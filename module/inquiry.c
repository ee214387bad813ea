#include "inquiry.h"
#include "aside.h"
#include "clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct lr_inquiry {
	struct lr_aside *aside;
	struct lr_source *source;
	const struct lr_zone *held;
	struct lr_limits limits; /* its own: it may be left behind */
	int cancel_fd;
	/* what came of it */
	enum lr_code code;
	struct lr_fetched fetched;
	struct lr_error error;
};

static int64_t
wall(void *unused)
{
	(void)unused;
	return lr_clock_wall();
}

static void
ask(void *job)
{
	static const uint8_t root_name[] = {0};
	struct lr_inquiry *inquiry = job;
	const struct lr_io io = {.cancel_fd = inquiry->cancel_fd,
	    .monotonic_ms = lr_clock_monotonic_ms,
	    .random16 = lr_clock_random16,
	    .wall = wall};
	inquiry->code = lr_source_fetch(inquiry->source, root_name, inquiry->held, &io,
	    &inquiry->limits, &inquiry->fetched, &inquiry->error);
}

static void
inquiry_free(struct lr_inquiry *inquiry)
{
	lr_zone_unref(inquiry->held);
	if (inquiry->cancel_fd >= 0)
		close(inquiry->cancel_fd);
	free(inquiry);
}

/* Nobody wants to know any more. */
static void
leave(void *job)
{
	struct lr_inquiry *inquiry = job;
	if (inquiry->code == LR_OK)
		lr_draft_free(inquiry->fetched.draft);
	/* Stopping libcurl is for the thread that unloads the module (https.h): it goes on. */
	if (!lr_uri_is_web(lr_source_uri(inquiry->source)))
		lr_source_free(inquiry->source);
	inquiry_free(inquiry);
}

enum lr_code
lr_inquiry_start(struct lr_source *source, const struct lr_zone *held,
    const struct lr_limits *limits, int notify_fd, struct lr_inquiry **out, struct lr_error *err)
{
	struct lr_inquiry *inquiry = calloc(1, sizeof(*inquiry));
	if (!inquiry)
		return lr_fail(err, LR_ENOMEM, "out of memory");
	inquiry->source = source;
	inquiry->limits = *limits;
	inquiry->held = held ? lr_zone_ref(held) : NULL;
	inquiry->cancel_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	const struct lr_work work = {ask, leave, inquiry};
	enum lr_code code = inquiry->cancel_fd < 0
				? lr_fail(err, LR_EIO, "eventfd: %s", strerror(errno))
				: lr_aside_start(&work, notify_fd, &inquiry->aside, err);
	if (code == LR_OK)
		*out = inquiry;
	else
		inquiry_free(inquiry);
	return code;
}

void
lr_inquiry_cancel(struct lr_inquiry *inquiry)
{
	(void)eventfd_write(inquiry->cancel_fd, 1);
}

bool
lr_inquiry_over(struct lr_inquiry *inquiry, int patience_ms)
{
	return lr_aside_wait(inquiry->aside, patience_ms);
}

enum lr_code
lr_inquiry_end(struct lr_inquiry *inquiry, struct lr_fetched *fetched, struct lr_error *err)
{
	lr_aside_end(inquiry->aside);
	enum lr_code code = inquiry->code;
	if (code == LR_OK)
		*fetched = inquiry->fetched;
	else
		*err = inquiry->error;
	inquiry_free(inquiry);
	return code;
}

void
lr_inquiry_abandon(struct lr_inquiry *inquiry)
{
	lr_aside_abandon(inquiry->aside);
}
