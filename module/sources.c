#include "sources.h"
#include "said.h"
#include "schedule.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>

struct history {
	struct lr_source *source;
	bool tried;        /* it was asked before */
	int64_t when_ms;   /* monotonic */
	unsigned failures; /* in a row */
	struct lr_error error;
	struct lr_said said_increment;
};

struct lr_sources {
	size_t count, ordered;
	pthread_mutex_t lock; /* of what was noted */
	struct history history[];
};

enum lr_code
lr_sources_new(const struct lr_uri *uris, size_t count, size_t ordered,
    const struct lr_source_options *options, struct lr_sources **sources, struct lr_error *err)
{
	struct lr_sources *made = calloc(1, sizeof(*made) + count * sizeof(made->history[0]));
	enum lr_code code = LR_OK;
	if (!made)
		return lr_fail(err, LR_ENOMEM, "out of memory");
	pthread_mutex_init(&made->lock, NULL);
	made->count = count;
	made->ordered = ordered;
	for (size_t i = 0; i < count && code == LR_OK; i++)
		code = lr_source_new(&uris[i], options, &made->history[i].source, err);
	if (code == LR_OK)
		*sources = made;
	else
		lr_sources_free(made);
	return code;
}

void
lr_sources_free(struct lr_sources *sources)
{
	if (!sources)
		return;
	for (size_t i = 0; i < sources->count; i++)
		lr_source_free(sources->history[i].source);
	pthread_mutex_destroy(&sources->lock);
	free(sources);
}

struct lr_source *
lr_sources_get(const struct lr_sources *sources, size_t index)
{
	return sources->history[index].source;
}

void
lr_sources_forget(struct lr_sources *sources, size_t index)
{
	sources->history[index].source = NULL;
}

/* Milliseconds until its back-off is over; 0: it may be asked. */
static int64_t
held_back(const struct history *history, const struct lr_picking *picking)
{
	int64_t until =
	    history->when_ms + lr_backoff_ms(picking->retry, history->failures, picking->fresh);
	return history->failures && until > picking->now_ms ? until - picking->now_ms : 0;
}

/* Of those that have no order 0 come first: https while a copy serves, and before that what is to
 * be found without the DNS. */
static unsigned
rank(const struct lr_sources *sources, size_t i, bool fresh)
{
	const struct lr_uri *uri = lr_source_uri(sources->history[i].source);
	struct in6_addr unused;
	if (i < sources->ordered)
		return 0;
	if (fresh)
		return uri->scheme == LR_HTTPS ? 0 : 1;
	const char *host = *uri->address ? uri->address : uri->host;
	return uri->scheme == LR_FILE || inet_pton(AF_INET, host, &unused) == 1 ||
		       inet_pton(AF_INET6, host, &unused) == 1
		   ? 0
		   : 1;
}

/* The Nth of COUNT source numbers, of both ranks. */
static size_t
turn(const struct lr_sources *sources, const struct lr_picking *picking, size_t n)
{
	size_t i =
	    lr_schedule_turn(sources->count, sources->ordered, picking->random, n % sources->count);
	return rank(sources, i, picking->fresh) == n / sources->count ? i : sources->count;
}

size_t
lr_sources_pick(struct lr_sources *sources, const struct lr_picking *picking, size_t *picked)
{
	size_t count = 0, soonest = 0;
	int64_t least = INT64_MAX;
	for (size_t n = 0; n < 2 * sources->count; n++) {
		size_t i = turn(sources, picking, n);
		if (i == sources->count)
			continue;
		int64_t wait = picking->all ? 0 : held_back(&sources->history[i], picking);
		if (wait == 0)
			picked[count++] = i;
		if (wait < least) {
			least = wait;
			soonest = i;
		}
	}
	if (count == 0 && sources->count)
		picked[count++] = soonest;
	return count;
}

bool
lr_sources_note(
    struct lr_sources *sources, size_t index, const struct lr_error *err, int64_t now_ms)
{
	struct history *history = &sources->history[index];
	pthread_mutex_lock(&sources->lock);
	bool another = err->code != history->error.code;
	history->failures = err->code == LR_OK ? 0 : history->failures + 1;
	history->tried = true;
	history->when_ms = now_ms;
	history->error = *err;
	bool news = err->code != LR_OK && (another || lr_schedule_notable(history->failures));
	pthread_mutex_unlock(&sources->lock);
	return news;
}

bool
lr_sources_note_increment(struct lr_sources *sources, size_t index, bool good)
{
	struct lr_said *said = &sources->history[index].said_increment;
	if (!good)
		return lr_said_first(said);
	(void)lr_said_over(said);
	return false;
}

static void
print_one(const struct history *history, int64_t now_ms, FILE *out)
{
	int64_t ago = (now_ms - history->when_ms) / 1000;
	fprintf(out, "source %s: ", lr_source_uri(history->source)->text);
	if (!history->tried)
		fprintf(out, "not asked yet\n");
	else if (history->error.code == LR_OK)
		fprintf(out, "good, %" PRId64 " s ago\n", ago);
	else if (history->failures == 1)
		fprintf(out, "failed, %" PRId64 " s ago: %s\n", ago, history->error.text);
	else
		fprintf(out, "failed %u times, %" PRId64 " s ago: %s\n", history->failures, ago,
		    history->error.text);
}

void
lr_sources_print(struct lr_sources *sources, int64_t now_ms, FILE *out)
{
	const struct history *refused = NULL;
	pthread_mutex_lock(&sources->lock);
	for (size_t i = 0; i < sources->count; i++) {
		const struct history *history = &sources->history[i];
		print_one(history, now_ms, out);
		if (history->error.code != LR_OK &&
		    (!refused || history->when_ms >= refused->when_ms))
			refused = history;
	}
	if (refused)
		fprintf(out, "last refusal: %s: %s\n", lr_source_uri(refused->source)->text,
		    refused->error.text);
	pthread_mutex_unlock(&sources->lock);
}
