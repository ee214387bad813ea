#include "localroot.h"
#include "answer.h"
#include "cached.h"
#include "clock.h"
#include "precedence.h"
#include "ttl.h"

#include <inttypes.h>
#include <time.h>

/* Seconds that Unbound waits for an answer at the most (RTT_MAX_TIMEOUT). */
#define TIMEOUT_MAX 120

static unsigned
worker_of(const struct module_qstate *qstate)
{
	return (unsigned)qstate->env->alloc->thread_num;
}

static bool
make_parts(struct lr_localroot *module)
{
	unsigned workers =
	    module->env->cfg->num_threads > 1 ? (unsigned)module->env->cfg->num_threads : 1;
	module->snapshot = lr_snapshot_new(workers);
	module->stats = lr_stats_new(workers);
	module->upstream = lr_upstream_new(module->env->auth_zones, module->snapshot);
	module->mirror = lr_mirror_new(module);
	return module->snapshot && module->stats && module->upstream && module->mirror;
}

/* It may be so for a value that cannot be used. */
static enum lr_code
turned_off(const struct lr_settings *settings, struct lr_error *err)
{
	const char *passed = settings->passed_over;
	int length = (int)strcspn(passed, "\n");
	return lr_fail(err, LR_EUSAGE, "localroot: no%s%.*s%s", length ? " (" : "", length, passed,
	    length ? ")" : "");
}

/* Nothing depends on it. */
static void
listen_for_notify(struct lr_localroot *module)
{
	struct lr_error err;
	if (module->settings.notify_count &&
	    lr_listener_start(module, &module->listener, &err) != LR_OK)
		log_err("localroot: does not listen for NOTIFY: %s", err.text);
}

enum lr_code
lr_localroot_start(struct module_env *env, struct lr_localroot **made, struct lr_error *err)
{
	*made = NULL;
	if (!lr_cached_fits(env))
		return lr_fail(err, LR_EUNSUPPORTED, "this Unbound has another struct daemon");
	struct lr_localroot *module = calloc(1, sizeof(*module));
	if (!module)
		return lr_fail(err, LR_ENOMEM, "out of memory");
	module->env = env;
	enum lr_code code = lr_settings_read(env->cfg, &module->settings, err);
	if (code == LR_OK && !module->settings.enabled) {
		log_info("localroot: not enabled (localroot: yes enables it)");
		code = turned_off(&module->settings, err);
	}
	/* Its deinit would come before ours, and take away anchors that our thread looks at. */
	if (code == LR_OK && env->anchors)
		code = lr_fail(err, LR_EUNSUPPORTED,
		    "dynlib stands behind the validator in module-config, not in front of it");
	if (code == LR_OK && !make_parts(module))
		code = lr_fail(err, LR_ENOMEM, "out of memory");
	if (code == LR_OK) {
		lr_overridden_start(&module->overridden, env->cfg);
		lr_ttl_look(env->auth_zones);
		lr_cached_sweep(env, false, NULL); /* reload_keep_cache */
		code = lr_refresher_start(module, &module->refresher, err);
	}
	if (code != LR_OK) {
		lr_localroot_stop(module);
		return code;
	}
	listen_for_notify(module);
	*made = module;
	return LR_OK;
}

void
lr_localroot_stop(struct lr_localroot *module)
{
	if (!module)
		return;
	lr_listener_stop(module->listener);
	lr_refresher_stop(module->refresher);
	lr_mirror_free(module->mirror);
	lr_upstream_free(module->upstream);
	lr_snapshot_free(module->snapshot);
	lr_stats_free(module->stats);
	lr_settings_clear(&module->settings);
	free(module);
}

/* The iterator goes on: from the upstream auth zone while the copy is good, else from the root
 * servers. */
static void
lead_iterator(struct lr_localroot *module, int64_t now, bool overridden)
{
	/* Unbound deletes the auth zones that are not configured when every module is set up. */
	if (!atomic_load_explicit(&module->host_ready, memory_order_acquire))
		return;
	bool failed = lr_upstream_follow(module->upstream, now, overridden) == LR_ENOMEM;
	if (atomic_load_explicit(&module->unlent, memory_order_relaxed) != failed &&
	    atomic_exchange(&module->unlent, failed) != failed && failed)
		log_err("localroot: out of memory: the iterator cannot use the local root");
}

/* What fast_reload or unbound-control may have changed. */
static enum lr_reason
look(struct lr_localroot *module, struct module_env *env, int64_t now)
{
	lr_ttl_look(env->auth_zones);
	return lr_overridden_look(&module->overridden, env, now);
}

enum lr_reason
lr_localroot_look(struct lr_localroot *module, struct module_env *env)
{
	int64_t now = lr_clock_wall();
	enum lr_reason by = env ? look(module, env, now) : lr_overridden_seen(&module->overridden);
	lead_iterator(module, now, by != LR_NO_REASON);
	return by;
}

void
lr_localroot_go_on(struct lr_localroot *module, const struct module_qstate *qstate)
{
	lead_iterator(
	    module, *qstate->env->now, lr_overridden_seen(&module->overridden) != LR_NO_REASON);
}

void
lr_localroot_host_ready(struct lr_localroot *module)
{
	if (!atomic_load_explicit(&module->host_ready, memory_order_relaxed))
		atomic_store_explicit(&module->host_ready, true, memory_order_release);
}

/* The zone, to be released, where nothing that the user has configured decides the query; else
 * NULL. TAKEN: something decides for all of the root. */
static const struct lr_zone *
acquire_for(struct lr_localroot *module, const struct module_qstate *qstate, bool *overridden)
{
	struct module_env *env = qstate->env;
	int64_t now = *env->now;
	if (lr_overridden_is_due(&module->overridden, now))
		(void)look(module, env, now);
	*overridden = lr_overridden_seen(&module->overridden) != LR_NO_REASON;
	enum lr_claim claim = *overridden ? LR_CLAIMS_ROOT : lr_precedence_claims(qstate);
	if (claim == LR_CLAIMS_ROOT && !*overridden) /* since a moment ago */
		*overridden = look(module, env, now) != LR_NO_REASON;
	return claim == LR_CLAIMS_NOTHING
		   ? lr_snapshot_acquire(module->snapshot, worker_of(qstate), now)
		   : NULL;
}

static void
forget_message(const struct module_qstate *qstate)
{
	const struct query_info *query = &qstate->qinfo;
	msg_cache_remove(qstate->env, query->qname, query->qname_len, query->qtype, query->qclass,
	    qstate->query_flags);
}

/* Whether the cache may hold a message that has expired, which this query is to replace. */
static bool
replaces(const struct module_qstate *qstate)
{
	const struct config_file *cfg = qstate->env->cfg;
	return qstate->prefetch_leeway ||
	       (LR_CFG(cfg, serve_expired) && LR_CFG(cfg, serve_expired_client_timeout));
}

bool
lr_localroot_answer(struct lr_localroot *module, struct module_qstate *qstate)
{
	/* In other classes the iterator may still have questions of its own in this one. */
	bool internet = qstate->qinfo.qclass == LDNS_RR_CLASS_IN, overridden;
	enum lr_event event = internet ? LR_PASSED : LR_EVENTS;
	lr_localroot_host_ready(module);
	const struct lr_zone *zone = acquire_for(module, qstate, &overridden);
	bool answered = internet && zone && lr_answer(qstate, zone, &event);
	if (zone)
		lr_snapshot_release(module->snapshot, worker_of(qstate));
	if (!answered)
		lead_iterator(module, *qstate->env->now, overridden);
	else if (replaces(qstate))
		forget_message(qstate);
	if (event != LR_EVENTS)
		lr_stats_event(module->stats, worker_of(qstate), event);
	return answered;
}

bool
lr_localroot_revise(struct lr_localroot *module, struct module_qstate *qstate)
{
	const struct reply_info *rep = qstate->return_msg ? qstate->return_msg->rep : NULL;
	bool failed = !rep || qstate->return_rcode != LDNS_RCODE_NOERROR, overridden;
	if (qstate->qinfo.qclass != LDNS_RR_CLASS_IN || (!failed && !lr_cached_concerns(rep)))
		return false;
	const struct lr_zone *zone = acquire_for(module, qstate, &overridden);
	if (!zone)
		return false;
	enum lr_event event;
	bool older = !failed && lr_cached_older(rep, zone);
	bool answered = (failed || older) && lr_answer(qstate, zone, &event);
	lr_snapshot_release(module->snapshot, worker_of(qstate));
	if (answered)
		forget_message(qstate);
	if (older)
		lr_cached_forget(qstate->env, rep);
	if (!older || answered)
		return false;
	lead_iterator(module, *qstate->env->now, overridden);
	qstate->no_cache_lookup = 1;
	return true;
}

void
lr_localroot_sent(
    struct lr_localroot *module, const struct module_qstate *qstate, const uint8_t *zone)
{
	int64_t now = *qstate->env->now;
	int64_t before = atomic_load_explicit(&module->sent_at, memory_order_relaxed);
	if (before != now)
		atomic_store_explicit(&module->sent_at, now, memory_order_relaxed);
	if (now - before > TIMEOUT_MAX)
		lr_refresher_look(module->refresher);
	/* With a forward-zone or the like at ".", those are no root servers. */
	if (!dname_is_root((uint8_t *)(uintptr_t)zone) || lr_overridden_seen(&module->overridden))
		return;
	lr_stats_event(module->stats, worker_of(qstate), LR_ROOT_QUERY);
	lead_iterator(module, now, false);
}

bool
lr_localroot_awaits(struct lr_localroot *module)
{
	int64_t sent = atomic_load_explicit(&module->sent_at, memory_order_relaxed);
	/* What the iterator goes by vanishes by fast_reload alone, which came with 1.23. */
	return LR_UNBOUND_NUMBER >= 123 && lr_clock_wall() - sent <= TIMEOUT_MAX;
}

static void
get_gauges(struct lr_localroot *module, struct lr_gauges *gauges)
{
	lr_mirror_gauges(module->mirror, gauges);
	gauges->upstream_octets = lr_upstream_octets(module->upstream);
	if (lr_overridden_seen(&module->overridden)) {
		gauges->serving = false;
		gauges->left = 0;
	}
}

size_t
lr_localroot_octets(struct lr_localroot *module)
{
	struct lr_gauges gauges;
	get_gauges(module, &gauges);
	return sizeof(*module) + gauges.zone_octets + gauges.upstream_octets;
}

void
lr_localroot_stats(struct lr_localroot *module, enum lr_format format, bool reset, FILE *out)
{
	struct lr_gauges gauges;
	get_gauges(module, &gauges);
	lr_stats_print(module->stats, &gauges, format, reset, out);
}

enum lr_reason
lr_localroot_reason(struct lr_localroot *module)
{
	enum lr_reason overridden = lr_overridden_seen(&module->overridden);
	return overridden ? overridden : lr_mirror_reason(module->mirror);
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

static void
print_status(struct lr_localroot *module, FILE *out)
{
	enum lr_reason reason = lr_localroot_reason(module);
	struct lr_state state;
	int64_t horizon;
	bool held = lr_mirror_state(module->mirror, &state, &horizon);
	if (reason)
		fprintf(out, "not serving: %s\n", lr_reason_text(reason));
	else
		fprintf(out, "serving the root zone\n");
	if (held && reason)
		fputs("held: ", out);
	if (held)
		print_copy(&state, horizon, reason ? ", " : "\n", out);
	fputs(module->settings.passed_over, out);
	lr_refresher_print(module->refresher, out);
	lr_listener_print(module->listener, out);
}

bool
lr_localroot_control(struct lr_localroot *module, const char *command, FILE *out)
{
	enum lr_reason reason = lr_localroot_reason(module);
	if (strcmp(command, "localroot_status") == 0) {
		print_status(module, out);
	} else if (strcmp(command, "localroot_refresh") == 0 && lr_reason_rests(reason)) {
		fprintf(out, "error not serving: %s: no source is asked\n", lr_reason_text(reason));
	} else if (strcmp(command, "localroot_refresh") == 0) {
		lr_refresher_wake(module->refresher);
		fprintf(out, "started: localroot_status tells what comes of it\n");
	} else {
		return false;
	}
	return true;
}
