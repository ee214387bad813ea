#include "facts_json.h"
#include "host.h"
#include "text_stream.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of a string as it is printed; what is longer is cut there. */
#define TEXT_MAX 2000

/* Bytes that are kept free for what comes behind the items of the lists. */
#define LISTS_END 200

/* An object or a list that is being printed. */
struct json {
	FILE *out;
	unsigned depth;
	bool first; /* nothing is in it yet */
};

/* A name is the next in an object, NULL in a list. */
static void
begin(struct json *json, const char *name)
{
	if (!json->first)
		fputs(json->depth == 1 ? ",\n " : ", ", json->out);
	json->first = false;
	if (name)
		fprintf(json->out, "\"%s\": ", name);
}

static void
open_in(struct json *json, const char *name, char bracket)
{
	begin(json, name);
	fputc(bracket, json->out);
	json->depth++;
	json->first = true;
}

static void
close_in(struct json *json, char bracket)
{
	fputc(bracket, json->out);
	json->depth--;
	json->first = false;
}

static void
put_string(struct json *json, const char *text)
{
	size_t length = 0;
	fputc('"', json->out);
	for (const char *c = text; *c && length < TEXT_MAX; c++) {
		unsigned char octet = (unsigned char)*c;
		if (octet == '"' || octet == '\\')
			length += (size_t)fprintf(json->out, "\\%c", octet);
		else if (octet < ' ' || octet > '~')
			length += (size_t)fprintf(json->out, "\\u%04x", octet);
		else
			length += fputc(octet, json->out) != EOF;
	}
	fputc('"', json->out);
}

/* null where there is none. */
static void
put_text(struct json *json, const char *name, const char *text)
{
	begin(json, name);
	if (text && *text)
		put_string(json, text);
	else
		fputs("null", json->out);
}

static void
put_number(struct json *json, const char *name, int64_t number)
{
	begin(json, name);
	fprintf(json->out, "%" PRId64, number);
}

/* null where there is none, or where it is not known. */
static void
put_time(struct json *json, const char *name, int64_t time)
{
	if (time)
		put_number(json, name, time);
	else
		put_text(json, name, NULL);
}

static void
put_bool(struct json *json, const char *name, bool yes)
{
	begin(json, name);
	fputs(yes ? "true" : "false", json->out);
}

static void
put_keys(struct json *json, const struct lr_key_tags *keys)
{
	if (keys->has_anchored)
		put_number(json, "anchored_key", keys->anchored);
	else
		put_text(json, "anchored_key", NULL);
	open_in(json, "signing_keys", '[');
	for (unsigned i = 0; i < keys->signer_count; i++)
		put_number(json, NULL, keys->signers[i]);
	close_in(json, ']');
}

static void
put_copy(struct json *json, const struct lr_held_facts *copy)
{
	const struct lr_state *state = &copy->state;
	bool known = state->confirmed != 0;
	if (!copy->held) {
		put_text(json, "copy", NULL);
		return;
	}
	open_in(json, "copy", '{');
	put_number(json, "serial", state->serial);
	put_time(json, "confirmed", state->confirmed);
	put_time(json, "renewed", state->renewed);
	put_time(json, "until", known ? copy->horizon : 0);
	put_text(json, "limit", known ? lr_limit_word(copy->limit) : NULL);
	put_text(json, "source", state->source);
	put_text(json, "address", state->peer);
	put_keys(json, &copy->keys);
	close_in(json, '}');
}

static void
put_folder(struct json *json, const struct lr_folder_facts *folder)
{
	if (!folder->path) {
		put_text(json, "folder", NULL);
		return;
	}
	open_in(json, "folder", '{');
	put_text(json, "path", folder->path);
	if (folder->known)
		put_bool(json, "writable", folder->writable);
	else
		put_text(json, "writable", NULL);
	put_time(json, "stored", folder->stored);
	put_text(json, "error", folder->trouble.code == LR_OK ? NULL : folder->trouble.text);
	close_in(json, '}');
}

static void
put_versions(struct json *json, const struct lr_facts *facts)
{
	open_in(json, "module", '{');
	put_text(json, "version", LR_VERSION);
	put_time(json, "started", facts->started);
	close_in(json, '}');
	open_in(json, "unbound", '{');
	put_text(json, "built_for", LR_UNBOUND_VERSION);
	put_text(json, "running", lr_host_version());
	close_in(json, '}');
}

static void
put_counts(struct json *json, const struct lr_facts *facts)
{
	const struct lr_counts *counts = &facts->counts;
	open_in(json, "answers", '{');
	put_number(json, "nxdomain", counts->events[LR_ANSWERED_NXDOMAIN]);
	put_number(json, "nodata", counts->events[LR_ANSWERED_NODATA]);
	put_number(json, "ds", counts->events[LR_ANSWERED_DS]);
	put_number(json, "apex", counts->events[LR_ANSWERED_APEX]);
	close_in(json, '}');
	put_number(json, "referrals", counts->events[LR_REFERRED]);
	put_number(json, "passed", counts->events[LR_PASSED]);
	put_number(json, "root_queries", counts->events[LR_ROOT_QUERY]);
	open_in(json, "refreshes", '{');
	put_number(json, "renewed", counts->rounds[LR_ROUND_RENEWED]);
	put_number(json, "current", counts->rounds[LR_ROUND_CURRENT]);
	put_number(json, "failed", counts->rounds[LR_ROUND_FAILED]);
	close_in(json, '}');
	open_in(json, "failures", '{');
	for (unsigned i = LR_OK + 1; i < LR_CODES; i++)
		put_number(json, lr_code_word((enum lr_code)i), counts->failures[i]);
	close_in(json, '}');
	put_number(json, "verification_usec", counts->verified_ns / 1000);
	open_in(json, "memory", '{');
	put_number(json, "zone", (int64_t)facts->copy.zone_bytes);
	put_number(json, "lent", (int64_t)facts->upstream_bytes);
	close_in(json, '}');
}

/* What came by NOTIFY. */
static void
put_notify(struct json *json, const struct lr_facts *facts)
{
	const struct lr_listener_facts *came = &facts->listener;
	open_in(json, "notify", '{');
	put_number(json, "heeded", (int64_t)came->heeded);
	put_text(json, "heeded_from", came->heeded_from);
	put_number(json, "passed_over", (int64_t)came->passed_over);
	put_text(json, "passed_over_from", came->passed_over_from);
	put_text(json, "passed_over_why", came->passed_over ? came->passed_over_why.text : NULL);
	close_in(json, '}');
}

static void
put_place(struct json *json, const struct lr_facts *facts, size_t i)
{
	open_in(json, NULL, '{');
	put_text(json, "address", facts->places[i].endpoint);
	put_text(json, "error", facts->places[i].trouble);
	close_in(json, '}');
}

static void
put_source(struct json *json, const struct lr_facts *facts, size_t i)
{
	const struct lr_source_facts *source = &facts->sources[i];
	const struct lr_error *error = source->tried ? &source->error : NULL;
	open_in(json, NULL, '{');
	put_text(json, "uri", source->uri);
	put_text(json, "result", error ? lr_code_word(error->code) : NULL);
	put_text(json, "why", error && error->code != LR_OK ? error->text : NULL);
	put_number(json, "failures", source->failures);
	put_time(json, "asked", error ? lr_facts_wall(facts, source->when_ms) : 0);
	put_text(json, "address", source->peer);
	put_time(json, "good", source->was_good ? lr_facts_wall(facts, source->good_ms) : 0);
	put_time(json, "next", facts->next ? lr_facts_wall(facts, source->next_ms) : 0);
	close_in(json, '}');
}

/* The Ith line. */
static void
put_passed_over(struct json *json, const struct lr_facts *facts, size_t i)
{
	const char *line = facts->passed_over;
	char text[TEXT_MAX];
	while (i-- > 0)
		line = strchr(line, '\n') + 1;
	snprintf(text, sizeof(text), "%.*s", (int)strcspn(line, "\n"), line);
	put_text(json, NULL, text);
}

static size_t
count_lines(const char *text)
{
	size_t count = 0;
	for (; *text; text++)
		count += *text == '\n';
	return count;
}

/* What is printed of an item by itself; NULL: out of memory. The caller's. */
static char *
make_item(const struct lr_facts *facts, size_t i,
    void (*put)(struct json *json, const struct lr_facts *facts, size_t i))
{
	char *text = NULL;
	size_t length;
	struct json json = {open_memstream(&text, &length), 3, true};
	if (!json.out)
		return NULL;
	put(&json, facts, i);
	return lr_text_end(json.out, &text);
}

/* As many of COUNT items as there is room for; how many are not printed. */
static size_t
put_list(struct json *json, const char *name, size_t count, size_t room,
    const struct lr_facts *facts,
    void (*put)(struct json *json, const struct lr_facts *facts, size_t i))
{
	size_t i = 0;
	char *item = NULL;
	open_in(json, name, '[');
	for (; i < count; i++, free(item)) {
		item = make_item(facts, i, put);
		if (!item || (size_t)ftello(json->out) + strlen(item) + LISTS_END > room)
			break;
		fputs(json->first ? "\n  " : ",\n  ", json->out);
		fputs(item, json->out);
		json->first = false;
	}
	if (i < count)
		free(item);
	close_in(json, ']');
	return count - i;
}

static void
put_lists(struct json *json, const struct lr_facts *facts, size_t room)
{
	size_t left_out = put_list(json, "sources", facts->source_count, room, facts, put_source);
	left_out += put_list(
	    json, "passed_over", count_lines(facts->passed_over), room, facts, put_passed_over);
	left_out += put_list(json, "listens", facts->place_count, room, facts, put_place);
	put_number(json, "left_out", (int64_t)left_out);
}

void
lr_facts_print_json(const struct lr_facts *facts, size_t room, FILE *out)
{
	struct json json = {out, 0, true};
	open_in(&json, NULL, '{');
	put_number(&json, "schema", 1);
	put_time(&json, "time", facts->now);
	put_bool(&json, "serving", facts->reason == LR_NO_REASON);
	put_text(&json, "reason", lr_reason_word(facts->reason));
	put_text(&json, "why", facts->why);
	put_time(&json, "since", facts->copy.since);
	put_copy(&json, &facts->copy);
	put_time(&json, "next_look", facts->next);
	put_folder(&json, &facts->folder);
	put_versions(&json, facts);
	put_counts(&json, facts);
	put_notify(&json, facts);
	put_lists(&json, facts, room);
	close_in(&json, '}');
	fputc('\n', out);
}
