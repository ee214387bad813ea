#include "status.h"
#include "clock.h"

#include <inttypes.h>
#include <time.h>

enum lr_reason
lr_status_reason(const struct lr_status *status)
{
	enum lr_reason reason = lr_lead_overridden(status->lead);
	if (reason == LR_NO_REASON)
		reason = lr_anchor_watch_reason(status->anchors);
	return reason == LR_NO_REASON ? lr_mirror_reason(status->mirror) : reason;
}

static void
get_gauges(const struct lr_status *status, struct lr_gauges *gauges)
{
	lr_mirror_gauges(status->mirror, gauges);
	gauges->upstream_octets = lr_upstream_octets(status->upstream);
	if (lr_lead_overridden(status->lead)) {
		gauges->serving = false;
		gauges->left = 0;
	}
}

size_t
lr_status_octets(const struct lr_status *status)
{
	struct lr_gauges gauges;
	get_gauges(status, &gauges);
	return gauges.zone_octets + gauges.upstream_octets;
}

void
lr_status_numbers(const struct lr_status *status, enum lr_format format, bool reset, FILE *out)
{
	struct lr_gauges gauges;
	get_gauges(status, &gauges);
	lr_stats_print(status->stats, &gauges, format, reset, out);
}

/* A fact of the copy: on a line of its own, or after others. */
static void
print_time(FILE *out, const char *what, int64_t seconds, const char *end)
{
	time_t at = (time_t)seconds;
	struct tm utc;
	char text[32];
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", gmtime_r(&at, &utc));
	fprintf(out, "%s %s%s", what, text, end);
}

static void
print_copy(const struct lr_state *state, int64_t horizon, const char *end, FILE *out)
{
	fprintf(out, "serial %" PRIu32, state->serial);
	if (state->confirmed) {
		fputs(end, out);
		print_time(out, "confirmed", state->confirmed, end);
		if (state->renewed)
			print_time(out, "renewed", state->renewed, end);
		print_time(
		    out, lr_clock_wall() < horizon ? "good until" : "stale since", horizon, end);
		fprintf(out, "from %s", state->source);
	}
	fputs("\n", out);
}

void
lr_status_print(const struct lr_status *status, FILE *out)
{
	enum lr_reason reason = lr_status_reason(status);
	struct lr_state state;
	int64_t horizon;
	bool held = lr_mirror_state(status->mirror, &state, &horizon);
	if (reason)
		fprintf(out, "not serving: %s\n", lr_reason_text(reason));
	else
		fprintf(out, "serving the root zone\n");
	if (held && reason)
		fputs("held: ", out);
	if (held)
		print_copy(&state, horizon, reason ? ", " : "\n", out);
	fputs(status->settings->passed_over, out);
	lr_refresher_print(status->refresher, lr_reason_rests(reason), out);
	lr_listener_print(status->listener, out);
}
