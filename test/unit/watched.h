/*
 * watched.h -- how long work goes on without a look at whether it is to end. Measured in CPU time
 * of the thread, so that a busy machine changes nothing.
 */
#ifndef LR_WATCHED_H
#define LR_WATCHED_H

#include "unit.h"

#include "io.h"
#include "outside.h"
#include "source.h"
#include "stop.h"

#include <time.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
enum { SLOWER = 4 };
#else
enum { SLOWER = 1 };
#endif
#ifndef WATCHED_MS
#define WATCHED_MS 200 /* what is promised */
#endif
enum { LIMIT_MS = WATCHED_MS * SLOWER };

static int64_t last_ns, longest_ns;

static inline int64_t
cpu_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* A look at the clock or at the cancel descriptor: they go together. */
static inline void
look(void)
{
	int64_t now = cpu_ns();
	if (now - last_ns > longest_ns)
		longest_ns = now - last_ns;
	last_ns = now;
}

static inline int64_t
watched_clock(void *arg)
{
	look();
	return real_clock(arg);
}

static inline enum lr_code
watched_stop(void *arg, struct lr_error *err)
{
	(void)arg, (void)err;
	look();
	return LR_OK;
}

static inline bool
some_id(void *arg, uint16_t *number)
{
	(void)arg;
	*number = 0x1234;
	return true;
}

static const struct lr_io io = {-1, watched_clock, some_id, NULL, .ldns = true, .wall = NULL};
static struct lr_stop stop = {watched_stop, NULL, 0};

static inline int64_t
begin(void)
{
	longest_ns = 0;
	last_ns = cpu_ns();
	return last_ns;
}

static inline void
expect_looks(const char *what, int64_t begun)
{
	look();
	printf("# %s: %.0f ms at the most without a look, %.2f s in all\n", what, longest_ns / 1e6,
	    (last_ns - begun) / 1e9);
	if (longest_ns / 1000000 > LIMIT_MS)
		fail_msg("%s: %.0f ms without a look", what, longest_ns / 1e6);
}

/* Reads a master file, whatever comes of it, and removes it. */
static inline void
read_path(const char *what, const char *path)
{
	struct lr_uri uri;
	struct lr_fetched fetched = {.draft = NULL};
	struct lr_error err = {LR_OK, ""};
	char text[64];
	snprintf(text, sizeof(text), "file:%s", path);
	assert_int_equal(lr_uri_parse(text, &uri, NULL), LR_OK);
	int64_t begun = begin();
	enum lr_code code =
	    lr_source_file(&uri, (const uint8_t *)"", &io, &lr_limits_default, &fetched, &err);
	expect_looks(what, begun);
	printf("#   %s %s\n", lr_code_word(code), err.text);
	lr_draft_free(fetched.draft);
	unlink(path);
}

#endif
