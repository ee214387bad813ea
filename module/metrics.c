#include "metrics.h"

#include <inttypes.h>

#define PREFIX "unbound_localroot_"

/* Nanoseconds in what a number is shown in. */
#define SECOND 1000000000
#define MICROSECOND 1000

/* A family of numbers that differ in the value of one label, or a single one. */
struct metric {
	const char *name; /* Prometheus', behind the prefix; NULL: another row tells it better */
	const char *help;
	const char *key; /* unbound-control's; with a label, its value follows; NULL: it has none */
	const char *label;                /* or NULL */
	const char *(*value)(unsigned i); /* of the label, for the number I */
	size_t first;                     /* where in struct lr_numbers */
	unsigned count;
	bool counts;      /* a counter, not a gauge */
	bool nanoseconds; /* shown as seconds to Prometheus, as microseconds to unbound-control */
	/* In place of numbers: prints the samples. */
	void (*print)(const struct lr_numbers *numbers, const char *name, FILE *out);
};

/* Labels of Prometheus are UTF-8; what is not printable ASCII is shown as a question mark. */
static char
shown(char c)
{
	return (char)(c >= ' ' && c <= '~' ? c : '?');
}

static void
print_label(const char *name, const char *value, FILE *out)
{
	fprintf(out, "%s=\"", name);
	for (const char *c = value; *c; c++) {
		if (*c == '"' || *c == '\\')
			fputc('\\', out);
		fputc(shown(*c), out);
	}
	fputc('"', out);
}

static void
print_info(const struct lr_numbers *numbers, const char *name, FILE *out)
{
	fprintf(out, PREFIX "%s{", name);
	print_label("version", numbers->version, out);
	fputc(',', out);
	print_label("unbound_version", numbers->host_version, out);
	fputs("} 1\n", out);
}

static void
print_source_info(const struct lr_numbers *numbers, const char *name, FILE *out)
{
	if (!numbers->source)
		return;
	fprintf(out, PREFIX "%s{", name);
	print_label("source", numbers->source, out);
	fputs("} 1\n", out);
}

static void
print_anchor_info(const struct lr_numbers *numbers, const char *name, FILE *out)
{
	if (numbers->anchored)
		fprintf(out, PREFIX "%s{key_tag=\"%u\"} 1\n", name, numbers->key_tag);
}

static void
print_limit_info(const struct lr_numbers *numbers, const char *name, FILE *out)
{
	if (numbers->limit)
		fprintf(out, PREFIX "%s{limit=\"%s\"} 1\n", name, numbers->limit);
}

/* Prometheus refuses the whole file where the same labels stand twice. */
static bool
looks_the_same(const char *a, const char *b)
{
	while (*a && *b && shown(*a) == shown(*b))
		a++, b++;
	return *a == *b;
}

static bool
is_first(const struct lr_numbers *numbers, size_t source)
{
	for (size_t i = 0; i < source; i++)
		if (looks_the_same(numbers->sources[i].uri, numbers->sources[source].uri))
			return false;
	return true;
}

/* Of those that were asked, and of no more than a monitoring system can bear. */
static void
print_sources(const struct lr_numbers *numbers, const char *name, FILE *out)
{
	for (size_t i = 0; i < numbers->source_count && i < LR_METRICS_SOURCES; i++) {
		const struct lr_source_facts *source = &numbers->sources[i];
		if (!source->tried || !is_first(numbers, i))
			continue;
		fprintf(out, PREFIX "%s{", name);
		print_label("source", source->uri, out);
		fprintf(out, "} %u\n", source->failures);
	}
}

static const char *
kind_of_answer(unsigned i)
{
	static const char *const kinds[] = {
	    [LR_ANSWERED_NXDOMAIN] = "nxdomain",
	    [LR_ANSWERED_NODATA] = "nodata",
	    [LR_ANSWERED_DS] = "ds",
	    [LR_ANSWERED_APEX] = "apex",
	};
	return kinds[i];
}

static const char *
result_of_round(unsigned i)
{
	static const char *const results[LR_ROUNDS] = {
	    [LR_ROUND_RENEWED] = "renewed",
	    [LR_ROUND_CURRENT] = "current",
	    [LR_ROUND_FAILED] = "failed",
	};
	return results[i];
}

/* LR_NO_REASON, the first, is no reason and left out. */
static const char *
reason_not_to_serve(unsigned i)
{
	return lr_reason_word((enum lr_reason)(i + 1));
}

/* LR_OK, the first, is no failure and left out. */
static const char *
reason_of_failure(unsigned i)
{
	return lr_code_word((enum lr_code)(i + 1));
}

static const char *
part_of_memory(unsigned i)
{
	static const char *const parts[LR_MEMORIES] = {
	    [LR_MEMORY_ZONE] = "zone",
	    [LR_MEMORY_LENT] = "lent",
	};
	return parts[i];
}

#define AT(field) .first = offsetof(struct lr_numbers, field), .count = 1
#define FROM(field, number) .first = offsetof(struct lr_numbers, field), .count = (number)

static const struct metric table[] = {
    {.name = "info", .help = "Versions of the module and of Unbound.", .print = print_info},
    {.name = "started_timestamp_seconds",
	.help = "When the module started, 0 where it does not run.",
	AT(started)},
    {.name = "serving",
	.help = "1 while a fresh verified copy of the root zone is served, else 0.",
	.key = "serving",
	AT(serving)},
    {.name = "not_serving",
	.help = "1 for the reason why no copy is served, else 0.",
	.label = "reason",
	.value = reason_not_to_serve,
	FROM(reasons[LR_NO_REASON + 1], LR_REASONS - 1)},
    {.name = "serving_changed_timestamp_seconds",
	.help = "When the copy was last begun or ceased to be served.",
	AT(since)},
    {.name = "serial",
	.help = "SOA serial of the copy held, 0 without one.",
	.key = "serial",
	AT(serial)},
    {.name = "source_info",
	.help = "The source that last delivered or confirmed the copy held.",
	.print = print_source_info},
    {.name = "anchor_info",
	.help = "Tag of the key in the copy held that the trust anchors vouched for.",
	.print = print_anchor_info},
    {.key = "age", AT(age)},
    {.key = "remaining", AT(left)},
    {.name = "confirmed_timestamp_seconds",
	.help = "When a source last delivered or confirmed the copy held, 0 without one.",
	AT(confirmed)},
    {.name = "renewed_timestamp_seconds",
	.help = "Since when this serial is held, 0 where that is not known.",
	AT(renewed)},
    {.name = "expires_timestamp_seconds",
	.help = "When the copy held is past its time unless confirmed before, 0 without one.",
	AT(expires)},
    {.name = "limit_info",
	.help = "What decides when the copy held is past its time.",
	.print = print_limit_info},
    {.name = "next_look_timestamp_seconds",
	.help = "When the sources are asked next, 0 where nobody is asked.",
	AT(next)},
    {.name = "stored_timestamp_seconds",
	.help = "When the copy on disk was written or confirmed, 0 where that is not known.",
	AT(stored)},
    {.name = "folder_writable",
	.help = "1 where the copy can be kept on disk, else 0.",
	AT(writable)},
    {.name = "written_timestamp_seconds",
	.help = "When these numbers were written; the file is stale where that is long ago.",
	AT(written)},
    {.name = "verification_cpu_seconds",
	.help = "CPU time of the last verification of a zone.",
	.key = "verify.usec",
	.nanoseconds = true,
	AT(counts.verified_ns)},
    {.name = "memory_bytes",
	.help = "Memory that the copy takes, and the view of it that is lent to the iterator.",
	.key = "mem",
	.label = "part",
	.value = part_of_memory,
	FROM(bytes, LR_MEMORIES)},
    {.name = "answers_total",
	.help = "Queries answered from the copy, by kind of answer.",
	.key = "answers",
	.label = "kind",
	.value = kind_of_answer,
	.counts = true,
	FROM(counts.events[LR_ANSWERED_NXDOMAIN], LR_ANSWERED_APEX + 1)},
    {.name = "referrals_total",
	.help = "Queries left to the iterator, which finds the delegation in the copy.",
	.key = "referrals",
	.counts = true,
	AT(counts.events[LR_REFERRED])},
    {.name = "passed_total",
	.help = "Queries passed for want of a fresh copy, or for what the configuration says.",
	.key = "passed",
	.counts = true,
	AT(counts.events[LR_PASSED])},
    {.name = "root_queries_total",
	.help = "Queries sent to servers of the root zone; stands still while a copy is served.",
	.key = "rootqueries",
	.counts = true,
	AT(counts.events[LR_ROOT_QUERY])},
    {.name = "refreshes_total",
	.help = "Looks for a newer zone, by result.",
	.key = "refresh",
	.label = "result",
	.value = result_of_round,
	.counts = true,
	FROM(counts.rounds, LR_ROUNDS)},
    {.name = "source_consecutive_failures",
	.help = "How often each source has failed in a row; 0: the last time it was good.",
	.print = print_sources},
    {.name = "failures_total",
	.help = "What went wrong with single sources, by reason.",
	.key = "failures",
	.label = "reason",
	.value = reason_of_failure,
	.counts = true,
	FROM(counts.failures[LR_OK + 1], LR_CODES - 1)},
};

static int64_t
number_of(const struct lr_numbers *numbers, const struct metric *metric, unsigned i)
{
	return ((const int64_t *)(const void *)((const char *)numbers + metric->first))[i];
}

static void
print_for_control(const struct lr_numbers *numbers, const struct metric *metric, FILE *out)
{
	for (unsigned i = 0; metric->key && i < metric->count; i++) {
		int64_t number = number_of(numbers, metric, i);
		fprintf(out, "localroot.%s%s%s=%" PRId64 "\n", metric->key,
		    metric->label ? "." : "", metric->label ? metric->value(i) : "",
		    metric->nanoseconds ? number / MICROSECOND : number);
	}
}

static void
print_samples(const struct lr_numbers *numbers, const struct metric *metric, FILE *out)
{
	for (unsigned i = 0; i < metric->count; i++) {
		int64_t number = number_of(numbers, metric, i);
		fprintf(out, PREFIX "%s", metric->name);
		if (metric->label) {
			fputc('{', out);
			print_label(metric->label, metric->value(i), out);
			fputc('}', out);
		}
		if (metric->nanoseconds)
			fprintf(
			    out, " %" PRId64 ".%09" PRId64 "\n", number / SECOND, number % SECOND);
		else
			fprintf(out, " %" PRId64 "\n", number);
	}
}

static void
print_for_prometheus(const struct lr_numbers *numbers, const struct metric *metric, FILE *out)
{
	if (!metric->name)
		return;
	fprintf(out, "# HELP " PREFIX "%s %s\n# TYPE " PREFIX "%s %s\n", metric->name, metric->help,
	    metric->name, metric->counts ? "counter" : "gauge");
	print_samples(numbers, metric, out);
	if (metric->print)
		metric->print(numbers, metric->name, out);
}

void
lr_metrics_print(const struct lr_numbers *numbers, enum lr_format format, FILE *out)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (format == LR_FORMAT_CONTROL)
			print_for_control(numbers, &table[i], out);
		else
			print_for_prometheus(numbers, &table[i], out);
}
