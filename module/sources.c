#include "sources.h"
#include "said.h"
#include "schedule.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct history {
	struct lr_source *source;
	bool tried;        /* it was asked before */
	int64_t when_ms;   /* monotonic */
	unsigned failures; /* in a row */
	struct lr_error error;
	char peer[LR_PEER_TEXT];
	bool was_good;
	int64_t good_ms;
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

/* Rank 0 is asked before rank 1. It has what the user has put in order; and of the others https:
 * while a copy is fresh, otherwise what is found without the DNS. */
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
lr_sources_note(struct lr_sources *sources, size_t index, const struct lr_error *err,
    const char *peer, int64_t now_ms)
{
	struct history *history = &sources->history[index];
	pthread_mutex_lock(&sources->lock);
	bool another = err->code != history->error.code;
	history->failures = err->code == LR_OK ? 0 : history->failures + 1;
	history->tried = true;
	history->when_ms = now_ms;
	history->error = *err;
	snprintf(history->peer, sizeof(history->peer), "%s", peer);
	if (err->code == LR_OK) {
		history->was_good = true;
		history->good_ms = now_ms;
	}
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
get_facts(const struct history *history, struct lr_source_facts *facts)
{
	*facts = (struct lr_source_facts){.uri = lr_source_uri(history->source)->text,
	    .tried = history->tried,
	    .when_ms = history->when_ms,
	    .failures = history->failures,
	    .error = history->error,
	    .was_good = history->was_good,
	    .good_ms = history->good_ms};
	memcpy(facts->peer, history->peer, sizeof(facts->peer));
}

/* As lr_sources_pick() does it: where all are held back, the one that is let go first is asked in
 * the next round. */
void
lr_sources_facts(struct lr_sources *sources, const struct lr_picking *picking, int64_t next_ms,
    struct lr_source_facts *facts)
{
	int64_t next = next_ms > picking->now_ms ? next_ms : picking->now_ms;
	size_t soonest = 0;
	pthread_mutex_lock(&sources->lock);
	for (size_t i = 0; i < sources->count; i++) {
		get_facts(&sources->history[i], &facts[i]);
		facts[i].next_ms = picking->now_ms + held_back(&sources->history[i], picking);
		if (facts[i].next_ms < facts[soonest].next_ms)
			soonest = i;
	}
	pthread_mutex_unlock(&sources->lock);
	for (size_t i = 0; i < sources->count; i++)
		if (i == soonest || facts[i].next_ms < next)
			facts[i].next_ms = next;
}
