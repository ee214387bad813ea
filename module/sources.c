#include "sources.h"
#include "said.h"
#include "schedule.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>

struct asked {
	struct lr_source *source;
	bool once;         /* it was asked before */
	int64_t when_ms;   /* monotonic */
	unsigned failures; /* in a row */
	struct lr_error error;
	struct lr_said said_increment;
};

struct lr_sources {
	size_t count, named;
	pthread_mutex_t lock; /* of what was noted */
	struct asked asked[];
};

enum lr_code
lr_sources_new(const struct lr_uri *uris, size_t count, size_t named,
    const struct lr_source_options *options, struct lr_sources **sources, struct lr_error *err)
{
	struct lr_sources *made = calloc(1, sizeof(*made) + count * sizeof(made->asked[0]));
	enum lr_code code = LR_OK;
	if (!made)
		return lr_fail(err, LR_ENOMEM, "out of memory");
	pthread_mutex_init(&made->lock, NULL);
	made->count = count;
	made->named = named;
	for (size_t i = 0; i < count && code == LR_OK; i++)
		code = lr_source_new(&uris[i], options, &made->asked[i].source, err);
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
		lr_source_free(sources->asked[i].source);
	pthread_mutex_destroy(&sources->lock);
	free(sources);
}

struct lr_source *
lr_sources_get(const struct lr_sources *sources, size_t index)
{
	return sources->asked[index].source;
}

void
lr_sources_forget(struct lr_sources *sources, size_t index)
{
	sources->asked[index].source = NULL;
}

/* Milliseconds until its back-off is over; 0: it may be asked. */
static int64_t
held_back(const struct asked *asked, const struct lr_picking *picking)
{
	int64_t until =
	    asked->when_ms + lr_backoff_ms(picking->retry, asked->failures, picking->fresh);
	return asked->failures && until > picking->now_ms ? until - picking->now_ms : 0;
}

size_t
lr_sources_pick(struct lr_sources *sources, const struct lr_picking *picking, size_t *picked)
{
	size_t count = 0, soonest = 0;
	int64_t least = INT64_MAX;
	for (size_t n = 0; n < sources->count; n++) {
		size_t i = lr_schedule_turn(sources->count, sources->named, picking->random, n);
		int64_t wait = picking->all ? 0 : held_back(&sources->asked[i], picking);
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
	struct asked *asked = &sources->asked[index];
	pthread_mutex_lock(&sources->lock);
	bool another = err->code != asked->error.code;
	asked->failures = err->code == LR_OK ? 0 : asked->failures + 1;
	asked->once = true;
	asked->when_ms = now_ms;
	asked->error = *err;
	bool news = err->code != LR_OK && (another || lr_schedule_notable(asked->failures));
	pthread_mutex_unlock(&sources->lock);
	return news;
}

bool
lr_sources_note_increment(struct lr_sources *sources, size_t index, bool good)
{
	struct lr_said *said = &sources->asked[index].said_increment;
	if (!good)
		return lr_said_first(said);
	(void)lr_said_over(said);
	return false;
}

static void
print_one(const struct asked *asked, int64_t now_ms, FILE *out)
{
	int64_t ago = (now_ms - asked->when_ms) / 1000;
	fprintf(out, "source %s: ", lr_source_uri(asked->source)->text);
	if (!asked->once)
		fprintf(out, "not asked yet\n");
	else if (asked->error.code == LR_OK)
		fprintf(out, "good, %" PRId64 " s ago\n", ago);
	else if (asked->failures == 1)
		fprintf(out, "failed, %" PRId64 " s ago: %s\n", ago, asked->error.text);
	else
		fprintf(out, "failed %u times, %" PRId64 " s ago: %s\n", asked->failures, ago,
		    asked->error.text);
}

void
lr_sources_print(struct lr_sources *sources, int64_t now_ms, FILE *out)
{
	const struct asked *refused = NULL;
	pthread_mutex_lock(&sources->lock);
	for (size_t i = 0; i < sources->count; i++) {
		const struct asked *asked = &sources->asked[i];
		print_one(asked, now_ms, out);
		if (asked->error.code != LR_OK && (!refused || asked->when_ms >= refused->when_ms))
			refused = asked;
	}
	if (refused)
		fprintf(out, "last refusal: %s: %s\n", lr_source_uri(refused->source)->text,
		    refused->error.text);
	pthread_mutex_unlock(&sources->lock);
}
