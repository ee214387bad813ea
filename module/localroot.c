#include "localroot.h"
#include "answer.h"
#include "cached.h"
#include "clock.h"
#include "facts_json.h"
#include "notify.h"
#include "precedence.h"
#include "status.h"

#include <sys/eventfd.h>
#include <unistd.h>

/* Milliseconds that a status file which says that nothing is served may take. */
#define LAST_MS 1000

#define STARTED "started: localroot_status tells what comes of it\n"

struct lr_localroot {
	struct lr_settings settings;
	struct lr_snapshot *snapshot;
	struct lr_stats *stats;
	struct lr_upstream *upstream;
	struct lr_lead *lead;
	struct lr_anchor_watch *anchors;
	struct lr_mirror *mirror;
	struct lr_refresher *refresher;
	struct lr_listener *listener;
	struct lr_status status;
};

static unsigned
worker_of(const struct module_qstate *qstate)
{
	return (unsigned)qstate->env->alloc->thread_num;
}

static bool
make_parts(struct lr_localroot *module, struct module_env *env)
{
	unsigned workers = env->cfg->num_threads > 1 ? (unsigned)env->cfg->num_threads : 1;
	module->snapshot = lr_snapshot_new(workers);
	module->stats = lr_stats_new(workers);
	module->anchors = lr_anchor_watch_new(env);
	module->upstream = lr_upstream_new(env->auth_zones, module->snapshot);
	if (!module->snapshot || !module->stats || !module->anchors || !module->upstream)
		return false;
	const struct lr_mirror_uses uses = {.env = env,
	    .settings = &module->settings,
	    .stats = module->stats,
	    .snapshot = module->snapshot,
	    .upstream = module->upstream};
	module->mirror = lr_mirror_new(&uses);
	module->lead = lr_lead_new(env, module->upstream);
	module->listener = lr_listener_new(&module->settings);
	module->status = (struct lr_status){.started = lr_clock_wall(),
	    .settings = &module->settings,
	    .stats = module->stats,
	    .anchors = module->anchors,
	    .mirror = module->mirror,
	    .upstream = module->upstream,
	    .lead = module->lead,
	    .listener = module->listener};
	return module->mirror && module->lead && module->listener;
}

static void
print_metrics(const void *module, bool running, FILE *out)
{
	const struct lr_localroot *m = module;
	lr_status_metrics(&m->status, running, out);
}

static void
print_json(const void *module, bool running, FILE *out)
{
	const struct lr_localroot *m = module;
	lr_status_print_json(&m->status, running, SIZE_MAX, out);
}

/* Why it does not run. */
struct not_started {
	enum lr_reason reason;
	const char *why;
};

static void
print_metrics_of_none(const void *arg, bool running, FILE *out)
{
	const struct not_started *none = arg;
	(void)running; /* never */
	lr_status_metrics_of_none(none->reason, out);
}

static void
print_json_of_none(const void *arg, bool running, FILE *out)
{
	const struct not_started *none = arg;
	struct lr_facts facts;
	(void)running;
	lr_facts_of_none(none->reason, none->why, &facts);
	lr_facts_print_json(&facts, SIZE_MAX, out);
}

static enum lr_code
start_refresher(struct lr_localroot *module, struct lr_error *err)
{
	const struct lr_refresher_uses uses = {.settings = &module->settings,
	    .stats = module->stats,
	    .mirror = module->mirror,
	    .anchors = module->anchors,
	    .lead = module->lead,
	    .status_text = {print_metrics, print_json, module}};
	enum lr_code code = lr_refresher_start(&uses, &module->status.refresher, err);
	module->refresher = module->status.refresher;
	return code;
}

/* Without it the module looks at its own times. */
static void
listen_for_notify(struct lr_localroot *module)
{
	const struct lr_listener_uses uses = {module->mirror, module->refresher};
	struct lr_error err;
	if (module->settings.notify_count &&
	    lr_listener_start(module->listener, &uses, &err) != LR_OK)
		log_err("localroot: does not listen for NOTIFY: %s", err.text);
}

/* It may be off because the value of an option cannot be used. */
static enum lr_code
turned_off(const struct lr_settings *settings, struct lr_error *err)
{
	const char *passed = settings->passed_over;
	int length = (int)strcspn(passed, "\n");
	return lr_fail(err, LR_EUSAGE, "localroot: no%s%.*s%s", length ? " (" : "", length, passed,
	    length ? ")" : "");
}

/* What an earlier run has left there is not so any more. */
static void
write_not_started(const struct lr_settings *settings, const struct lr_error *err)
{
	const struct not_started none = {
	    err->code == LR_EUSAGE ? LR_OFF : LR_NOT_STARTED, err->text};
	const struct lr_status_text text = {print_metrics_of_none, print_json_of_none, &none};
	int64_t until = lr_clock_monotonic_ms(NULL) + LAST_MS;
	int ended_fd = settings->status_file ? eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) : -1;
	struct lr_status_file *file =
	    ended_fd >= 0 ? lr_status_file_new(settings->status_file, &text, ended_fd) : NULL;
	lr_status_file_end(file, until);
	lr_status_file_free(file, until);
	if (ended_fd >= 0) /* what was left behind writes to it no more */
		close(ended_fd);
}

enum lr_code
lr_localroot_start(struct module_env *env, int id, struct lr_localroot **made, struct lr_error *err)
{
	*made = NULL;
	if (!lr_cached_fits(env))
		return lr_fail(err, LR_EUNSUPPORTED, "this Unbound has another struct daemon");
	struct lr_localroot *module = calloc(1, sizeof(*module));
	if (!module)
		return lr_fail(err, LR_ENOMEM, "out of memory");
	enum lr_code code = lr_settings_read(env, id, &module->settings, err);
	if (code == LR_OK && !module->settings.enabled) {
		log_info("localroot: not enabled (localroot: yes enables it)");
		code = turned_off(&module->settings, err);
	}
	/* Its deinit would come before ours, and take away anchors that our thread looks at. */
	if (code == LR_OK && env->anchors)
		code = lr_fail(err, LR_EUNSUPPORTED,
		    "dynlib stands behind the validator in module-config, not in front of it");
	if (code == LR_OK && !make_parts(module, env))
		code = lr_fail(err, LR_ENOMEM, "out of memory");
	if (code == LR_OK) {
		lr_cached_sweep(env, false, NULL); /* reload_keep_cache */
		code = start_refresher(module, err);
	}
	if (code != LR_OK) {
		write_not_started(&module->settings, err);
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
	lr_listener_free(module->listener);
	lr_mirror_free(module->mirror);
	lr_lead_free(module->lead);
	lr_anchor_watch_free(module->anchors);
	lr_upstream_free(module->upstream);
	lr_snapshot_free(module->snapshot);
	lr_stats_free(module->stats);
	lr_settings_clear(&module->settings);
	free(module);
}

void
lr_localroot_look(struct lr_localroot *module, struct module_env *env)
{
	lr_lead_host_ready(module->lead);
	(void)lr_lead_look(module->lead, env);
}

void
lr_localroot_go_on(struct lr_localroot *module, const struct module_qstate *qstate)
{
	lr_lead_follow(module->lead, *qstate->env->now);
}

/* The zone, to be released, where nothing that the
 * user has configured decides the query; else NULL. */
static const struct lr_zone *
acquire_for(struct lr_localroot *module, const struct module_qstate *qstate)
{
	struct module_env *env = qstate->env;
	if (lr_lead_check(module->lead, env, false) != LR_NO_REASON)
		return NULL;
	enum lr_claim claim = lr_precedence_claims(qstate);
	if (claim == LR_CLAIMS_ROOT)
		(void)lr_lead_check(module->lead, env, true); /* it was not so when last looked */
	return claim == LR_CLAIMS_NOTHING
		   ? lr_snapshot_acquire(module->snapshot, worker_of(qstate), *env->now)
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
	bool internet = qstate->qinfo.qclass == LDNS_RR_CLASS_IN;
	enum lr_event event = internet ? LR_PASSED : LR_NOT_DECIDED;
	lr_lead_host_ready(module->lead);
	const struct lr_zone *zone = acquire_for(module, qstate);
	if (internet && zone)
		event = lr_answer(qstate, zone);
	if (zone)
		lr_snapshot_release(module->snapshot, worker_of(qstate));
	if (!lr_event_answers(event))
		lr_lead_follow(module->lead, *qstate->env->now);
	else if (replaces(qstate))
		forget_message(qstate);
	if (event == LR_ANSWERED_REFERRAL)
		lr_stats_event(module->stats, worker_of(qstate), LR_REFERRED);
	else if (event != LR_NOT_DECIDED)
		lr_stats_event(module->stats, worker_of(qstate), event);
	return lr_event_answers(event);
}

bool
lr_localroot_revise(struct lr_localroot *module, struct module_qstate *qstate)
{
	const struct reply_info *rep = qstate->return_msg ? qstate->return_msg->rep : NULL;
	bool failed = !rep || qstate->return_rcode != LDNS_RCODE_NOERROR;
	if (qstate->qinfo.qclass != LDNS_RR_CLASS_IN || (!failed && !lr_cached_concerns(rep)))
		return false;
	const struct lr_zone *zone = acquire_for(module, qstate);
	if (!zone)
		return false;
	bool older = !failed && lr_cached_older(rep, zone);
	bool answered = (failed || older) && lr_event_answers(lr_answer(qstate, zone));
	lr_snapshot_release(module->snapshot, worker_of(qstate));
	if (answered)
		forget_message(qstate);
	if (older)
		lr_cached_forget(qstate->env, rep);
	if (!older || answered)
		return false;
	lr_lead_follow(module->lead, *qstate->env->now);
	qstate->no_cache_lookup = 1;
	return true;
}

void
lr_localroot_sent(
    struct lr_localroot *module, const struct module_qstate *qstate, const uint8_t *zone)
{
	int64_t now = *qstate->env->now;
	if (lr_lead_sent(module->lead, now))
		lr_refresher_look(module->refresher);
	/* With a forward-zone or the like at ".", those are no root servers. */
	if (!dname_is_root((uint8_t *)(uintptr_t)zone) || lr_lead_overridden(module->lead))
		return;
	lr_stats_event(module->stats, worker_of(qstate), LR_ROOT_QUERY);
	lr_lead_follow(module->lead, now);
}

size_t
lr_localroot_bytes(struct lr_localroot *module)
{
	return sizeof(*module) + lr_status_bytes(&module->status);
}

void
lr_localroot_stats(struct lr_localroot *module, bool reset, FILE *out)
{
	lr_status_stats(&module->status, reset, out);
}

bool
lr_localroot_control(struct lr_localroot *module, const char *command, size_t room, FILE *out)
{
	struct lr_held_facts copy;
	lr_mirror_facts(module->mirror, &copy);
	enum lr_reason reason = lr_status_reason(&module->status, copy.reason);
	if (strcmp(command, "localroot_status") == 0) {
		lr_status_print(&module->status, out);
	} else if (strcmp(command, "localroot_status json") == 0) {
		lr_status_print_json(&module->status, true, room, out);
	} else if (strcmp(command, "localroot_refresh") == 0 && lr_reason_rests(reason)) {
		fprintf(out, "error not serving: %s: no source is asked\n", lr_reason_text(reason));
	} else if (strcmp(command, "localroot_refresh") == 0) {
		lr_refresher_wake(module->refresher);
		fputs(STARTED, out);
	} else if (strcmp(command, "localroot_forget") == 0) {
		lr_refresher_forget(module->refresher);
		fputs(STARTED, out);
	} else {
		return false;
	}
	return true;
}
