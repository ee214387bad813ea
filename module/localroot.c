#include "localroot.h"
#include "answer.h"
#include "clock.h"
#include "precedence.h"

#include <inttypes.h>
#include <time.h>

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
	module->lend = lr_lend_new(module->env->auth_zones);
	module->keep = lr_keep_new(module);
	return module->snapshot && module->stats && module->lend && module->keep;
}

static void
say_taken(const char *what)
{
	log_warn("localroot: there is a %s, which decides instead: not serving", what);
}

enum lr_code
lr_localroot_start(struct module_env *env, struct lr_localroot **made, struct lr_error *err)
{
	*made = NULL;
	struct lr_localroot *module = calloc(1, sizeof(*module));
	if (!module)
		return lr_fail(err, LR_ENOMEM, "out of memory");
	module->env = env;
	enum lr_code code = lr_settings_read(env->cfg, &module->settings, err);
	if (code == LR_OK && !module->settings.enabled) {
		log_info("localroot: not enabled (localroot: yes enables it)");
		lr_localroot_stop(module);
		return LR_OK;
	}
	if (code == LR_OK && !make_parts(module))
		code = lr_fail(err, LR_ENOMEM, "out of memory");
	if (code == LR_OK)
		code = lr_refresher_start(module, &module->refresher, err);
	if (code != LR_OK) {
		lr_localroot_stop(module);
		return code;
	}
	module->root_taken = lr_precedence_root_configured(env->cfg);
	if (module->root_taken)
		say_taken(module->root_taken);
	*made = module;
	return LR_OK;
}

void
lr_localroot_stop(struct lr_localroot *module)
{
	if (!module)
		return;
	lr_refresher_stop(module->refresher);
	lr_keep_free(module->keep);
	lr_lend_free(module->lend);
	lr_snapshot_free(module->snapshot);
	lr_stats_free(module->stats);
	lr_settings_clear(&module->settings);
	free(module);
}

/* What decides for "." instead of the copy. A forward-zone is seen at once, the rest, which seldom
 * changes, within a second. */
static const char *
taken_by(struct lr_localroot *module, struct module_env *env)
{
	const char *forwarded = lr_precedence_root_forwarded(env);
	if (forwarded)
		return forwarded;
	int64_t now = *env->now;
	if (atomic_load_explicit(&module->root_seen_at, memory_order_acquire) != now) {
		atomic_store(&module->root_seen, lr_precedence_root_taken(env));
		atomic_store_explicit(&module->root_seen_at, now, memory_order_release);
	}
	return atomic_load_explicit(&module->root_seen, memory_order_relaxed);
}

/* unbound-control and fast_reload can change it at any time. Says changes in the log, once each. */
static bool
root_is_taken(struct lr_localroot *module, struct module_env *env)
{
	const char *what = taken_by(module, env);
	if (what == atomic_load_explicit(&module->root_taken, memory_order_relaxed))
		return what != NULL;
	if (atomic_exchange(&module->root_taken, what) != what) {
		if (what)
			say_taken(what);
		else
			log_info("localroot: nothing else decides for \".\" any more: serving");
	}
	return what != NULL;
}

/* The iterator goes on: from the lent zone while the copy is good, else from the root servers. */
static void
prepare_iterator(struct lr_localroot *module, const struct lr_zone *zone)
{
	if (!zone)
		lr_lend_withdraw(module->lend);
	else if (lr_lend_ensure(module->lend, zone, NULL) == LR_ENOMEM)
		log_err("localroot: out of memory: the iterator cannot use the local root");
}

bool
lr_localroot_answer(struct lr_localroot *module, struct module_qstate *qstate)
{
	if (!atomic_load_explicit(&module->host_ready, memory_order_relaxed))
		atomic_store_explicit(&module->host_ready, true, memory_order_release);
	if (qstate->qinfo.qclass != LDNS_RR_CLASS_IN)
		return false;
	unsigned worker = worker_of(qstate);
	bool taken = root_is_taken(module, qstate->env);
	const struct lr_zone *zone =
	    taken ? NULL : lr_snapshot_acquire(module->snapshot, worker, *qstate->env->now);
	enum lr_event event = LR_PASSED;
	bool answered = zone && !lr_precedence_claims(qstate) && lr_answer(qstate, zone, &event);
	if (!answered)
		prepare_iterator(module, zone);
	if (zone)
		lr_snapshot_release(module->snapshot, worker);
	if (event != LR_EVENTS)
		lr_stats_event(module->stats, worker, event);
	return answered;
}

void
lr_localroot_sent(
    struct lr_localroot *module, const struct module_qstate *qstate, const uint8_t *zone)
{
	/* With a forward-zone or the like at ".", those are no root servers. */
	if (dname_is_root((uint8_t *)(uintptr_t)zone) && !atomic_load(&module->root_taken))
		lr_stats_event(module->stats, worker_of(qstate), LR_ROOT_QUERY);
}

static void
get_gauges(struct lr_localroot *module, struct lr_gauges *gauges)
{
	lr_keep_gauges(module->keep, gauges);
	gauges->lent_octets = lr_lend_octets(module->lend);
	if (atomic_load(&module->root_taken))
		gauges->serving = false;
}

size_t
lr_localroot_octets(struct lr_localroot *module)
{
	struct lr_gauges gauges;
	get_gauges(module, &gauges);
	return sizeof(*module) + gauges.zone_octets + gauges.lent_octets;
}

void
lr_localroot_stats(struct lr_localroot *module, enum lr_format format, bool reset, FILE *out)
{
	struct lr_gauges gauges;
	get_gauges(module, &gauges);
	lr_stats_print(module->stats, &gauges, format, reset, out);
}

static void
print_time(FILE *out, const char *what, int64_t seconds)
{
	time_t at = (time_t)seconds;
	struct tm utc;
	char text[32];
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", gmtime_r(&at, &utc));
	fprintf(out, "%s %s\n", what, text);
}

static void
print_status(struct lr_localroot *module, FILE *out)
{
	const char *taken = atomic_load(&module->root_taken);
	struct lr_state state;
	int64_t horizon, now = lr_clock_wall();
	if (!lr_keep_state(module->keep, &state, &horizon)) {
		fprintf(out, "not serving: no verified copy of the root zone\n");
	} else {
		if (taken)
			fprintf(out, "not serving: there is a %s, which decides instead\n", taken);
		else if (!state.confirmed)
			fprintf(
			    out, "not serving: no source has confirmed the copy from disk yet\n");
		else if (now >= horizon)
			fprintf(out, "not serving: the copy is stale\n");
		else
			fprintf(out, "serving the root zone\n");
		fprintf(out, "serial %" PRIu32 "\n", state.serial);
		if (state.confirmed) {
			print_time(out, "confirmed", state.confirmed);
			print_time(out, now < horizon ? "good until" : "stale since", horizon);
			fprintf(out, "from %s\n", state.source);
		}
	}
	fputs(module->settings.passed_over, out);
	lr_refresher_print(module->refresher, out);
}

bool
lr_localroot_control(struct lr_localroot *module, const char *command, FILE *out)
{
	if (strcmp(command, "localroot_status") == 0) {
		print_status(module, out);
	} else if (strcmp(command, "localroot_refresh") == 0) {
		lr_refresher_wake(module->refresher);
		fprintf(out, "started: localroot_status tells what comes of it\n");
	} else {
		return false;
	}
	return true;
}
