#include "facts_text.h"
#include "host.h"

#include <inttypes.h>
#include <time.h>

/* In its two largest units. */
static void
print_span(int64_t seconds, FILE *out)
{
	static const struct {
		int64_t seconds;
		const char *name;
	} units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
	const size_t count = sizeof(units) / sizeof(*units);
	size_t i = 0;
	while (i + 1 < count && seconds < units[i].seconds)
		i++;
	fprintf(out, "%" PRId64 " %s", seconds / units[i].seconds, units[i].name);
	seconds %= units[i].seconds;
	if (i + 1 < count && seconds >= units[i + 1].seconds)
		fprintf(out, " %" PRId64 " %s", seconds / units[i + 1].seconds, units[i + 1].name);
}

/* "in 6 d 3 h", "12 s ago" */
static void
print_distance(const struct lr_facts *facts, int64_t at, FILE *out)
{
	if (at > facts->now)
		fputs("in ", out);
	print_span(at > facts->now ? at - facts->now : facts->now - at, out);
	if (at <= facts->now)
		fputs(" ago", out);
}

static void
print_time(const struct lr_facts *facts, int64_t at, FILE *out)
{
	time_t seconds = (time_t)at;
	struct tm utc;
	char text[32];
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&seconds, &utc));
	fprintf(out, "%s (", text);
	print_distance(facts, at, out);
	fputc(')', out);
}

static void
print_horizon(const struct lr_facts *facts, FILE *out)
{
	static const char *const limits[LR_LIMITS] = {
	    [LR_LIMIT_SOA] = "the SOA's expire",
	    [LR_LIMIT_EDNS] = "the source's EDNS EXPIRE",
	    [LR_LIMIT_AGE] = "localroot-max-age",
	    [LR_LIMIT_SIGNATURES] = "the first signature to expire",
	};
	fputs(facts->now < facts->copy.horizon ? "good until " : "stale since ", out);
	print_time(facts, facts->copy.horizon, out);
	fprintf(out, " by %s", limits[facts->copy.limit]);
}

static void
print_origin(const struct lr_state *state, FILE *out)
{
	fprintf(out, "from %s", state->source);
	if (*state->peer)
		fprintf(out, " at %s", state->peer);
}

static void
print_keys(const struct lr_key_tags *keys, FILE *out)
{
	fputs("signed with key", out);
	for (unsigned i = 0; i < keys->signer_count; i++)
		fprintf(out, "%s %u", i ? "," : "", keys->signers[i]);
	if (keys->has_anchored)
		fprintf(out, "; the trust anchors vouch for key %u", keys->anchored);
}

/* The facts of the copy, with END between them: the end of a line, or a comma. */
static void
print_copy(const struct lr_facts *facts, const char *end, FILE *out)
{
	const struct lr_state *state = &facts->copy.state;
	fprintf(out, "serial %" PRIu32, state->serial);
	if (state->confirmed) {
		fprintf(out, "%sconfirmed ", end);
		print_time(facts, state->confirmed, out);
		if (state->renewed) {
			fprintf(out, "%srenewed ", end);
			print_time(facts, state->renewed, out);
		}
		fputs(end, out);
		print_horizon(facts, out);
		fputs(end, out);
		print_origin(state, out);
	}
	fputs(end, out);
	print_keys(&facts->copy.keys, out);
	fputc('\n', out);
}

static void
print_folder(const struct lr_facts *facts, FILE *out)
{
	const struct lr_folder_facts *folder = &facts->folder;
	fprintf(out, "folder %s: %s", folder->path,
	    !folder->known     ? "not looked at yet"
	    : folder->writable ? "writable"
			       : "not writable");
	if (folder->stored) {
		fputs(", last stored ", out);
		print_time(facts, folder->stored, out);
	}
	fputc('\n', out);
	if (folder->trouble.code != LR_OK)
		fprintf(out, "no copy is kept over a restart: %s\n", folder->trouble.text);
}

static void
print_source(const struct lr_facts *facts, const struct lr_source_facts *source, FILE *out)
{
	fprintf(out, "source %s: ", source->uri);
	if (!source->tried) {
		fputs("not asked yet\n", out);
		return;
	}
	fputs(source->failures ? "failed" : "good", out);
	if (source->failures > 1)
		fprintf(out, " %u times", source->failures);
	fputs(", ", out);
	print_distance(facts, lr_facts_wall(facts, source->when_ms), out);
	if (*source->peer)
		fprintf(out, " at %s", source->peer);
	if (facts->next) {
		fputs(", next try ", out);
		print_distance(facts, lr_facts_wall(facts, source->next_ms), out);
	}
	if (source->failures)
		fprintf(out, ": %s: %s", lr_code_word(source->error.code), source->error.text);
	fputc('\n', out);
}

static void
print_sources(const struct lr_facts *facts, FILE *out)
{
	const struct lr_source_facts *refused = NULL;
	for (size_t i = 0; i < facts->source_count; i++) {
		const struct lr_source_facts *source = &facts->sources[i];
		print_source(facts, source, out);
		if (source->failures && (!refused || source->when_ms >= refused->when_ms))
			refused = source;
	}
	if (refused)
		fprintf(out, "last refusal: %s: %s\n", refused->uri, refused->error.text);
}

static void
print_listener(const struct lr_facts *facts, FILE *out)
{
	const struct lr_listener_facts *came = &facts->listener;
	for (size_t i = 0; i < facts->place_count; i++) {
		const struct lr_place_facts *place = &facts->places[i];
		if (*place->trouble)
			fprintf(out, "NOTIFY: cannot listen at %s: %s\n", place->endpoint,
			    place->trouble);
		else
			fprintf(out, "NOTIFY: listens at %s\n", place->endpoint);
	}
	if (!facts->place_count)
		return;
	fprintf(out, "NOTIFY: %" PRIu64 " heeded", came->heeded);
	if (came->heeded)
		fprintf(out, ", the last from %s", came->heeded_from);
	fprintf(out, "; %" PRIu64 " passed over", came->passed_over);
	if (came->passed_over)
		fprintf(out, ", the last from %s: %s", came->passed_over_from,
		    came->passed_over_why.text);
	fputc('\n', out);
}

static void
print_module(const struct lr_facts *facts, FILE *out)
{
	fprintf(out,
	    "unbound-localroot " LR_VERSION " for Unbound " LR_UNBOUND_VERSION
	    ", in Unbound %s, started ",
	    lr_host_version());
	print_time(facts, facts->started, out);
	fputc('\n', out);
}

void
lr_facts_print(const struct lr_facts *facts, FILE *out)
{
	if (facts->reason)
		fprintf(out, "not serving: %s\n", facts->why);
	else
		fputs("serving the root zone\n", out);
	if (!facts->started)
		return;
	fputs("since ", out);
	print_time(facts, facts->copy.since, out);
	fputc('\n', out);
	if (facts->copy.held && facts->reason)
		fputs("held: ", out);
	if (facts->copy.held)
		print_copy(facts, facts->reason ? ", " : "\n", out);
	if (facts->next) {
		fputs("next look ", out);
		print_time(facts, facts->next, out);
		fputc('\n', out);
	}
	print_module(facts, out);
	print_folder(facts, out);
	fputs(facts->passed_over, out);
	print_listener(facts, out);
	print_sources(facts, out);
}
