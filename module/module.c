/*
 * module.c -- the six entry points that Unbound's dynlib module looks for, the three more that a
 * patched Unbound asks (contrib/upstream), and nothing else.
 */
#include "facts_json.h"
#include "facts_text.h"
#include "host.h"
#include "https.h"
#include "localroot.h"
#include "option.h"
#include "text_stream.h"

#include <dlfcn.h>

#define EXPORT __attribute__((visibility("default")))

/* Unbound's: sends text to unbound-control. */
typedef void print_text(void *arg, const char *text);

EXPORT int init(struct module_env *env, int id);
EXPORT void deinit(struct module_env *env, int id);
EXPORT void operate(
    struct module_qstate *qstate, enum module_ev event, int id, struct outbound_entry *entry);
EXPORT void inform_super(struct module_qstate *qstate, int id, struct module_qstate *super);
EXPORT void clear(struct module_qstate *qstate, int id);
EXPORT size_t get_mem(struct module_env *env, int id);
EXPORT void dynlib_stats(struct module_env *env, int id, int reset, print_text *print, void *arg);
EXPORT int dynlib_control(
    struct module_env *env, int id, const char *line, print_text *print, void *arg);
EXPORT int dynlib_check(const char *option, const char *chroot, char *why, size_t size);

/* Why no struct of this Unbound may be looked into; empty: they may. */
static char unfit[LR_HOST_WHY];

/* Marks a query on its way to the modules behind, until it comes back for the first time. The
 * iterator's own queries begin behind this module and have no mark. */
static char passed_once;

/* Why the module did not start, and then its dyn_env is NULL; or empty. */
static struct lr_error refused;

static struct lr_localroot *
module_of(const struct module_env *env, int id)
{
	return ((struct dynlibmod_env *)env->modinfo[id])->dyn_env;
}

static int
on_query_sent(struct query_info *query, uint16_t flags, struct module_qstate *qstate,
    struct sockaddr_storage *address, socklen_t address_length, uint8_t *zone, size_t zone_length,
    struct regional *region, int id, void *module)
{
	(void)query, (void)flags, (void)address, (void)address_length, (void)region, (void)id;
	if (zone && zone_length)
		lr_localroot_sent(module, qstate, zone);
	return 1;
}

static int
on_response(struct module_qstate *qstate, struct dns_msg *response, int id, void *module)
{
	(void)response, (void)id;
	lr_localroot_go_on(module, qstate);
	return 1;
}

/* Both are for the upstream auth zone (upstream.h), the first also for the count of queries sent to
 * the root. */
static bool
watch_iterator(
    struct dynlibmod_env *dynlib, struct module_env *env, int id, struct lr_localroot *module)
{
	return dynlib->inplace_cb_register_wrapped(
		   on_query_sent, inplace_cb_query, module, env, id) &&
	       dynlib->inplace_cb_register_wrapped(
		   on_response, inplace_cb_query_response, module, env, id);
}

static void
unwatch_iterator(struct dynlibmod_env *dynlib, struct module_env *env, int id)
{
	dynlib->inplace_cb_delete_wrapped(env, inplace_cb_query, id);
	dynlib->inplace_cb_delete_wrapped(env, inplace_cb_query_response, id);
}

/* Whether the library has our options. */
static bool
is_localroot(void *library)
{
	int (*check)(const char *option, const char *chroot, char *why, size_t size);
	char why[1];
	*(void **)&check = dlsym(library, "dynlib_check");
	return check && check("localroot: yes", NULL, why, sizeof(why)) == 1;
}

/* Whether a dynlib in front of this one is a module of localroot that has started: from the same
 * file, or from a copy of it. One is enough. */
static bool
another_has_started(const struct module_env *env, int id)
{
	const char *name = env->cfg->module_conf;
	for (int i = 0; i < id; i++) {
		name += strspn(name, " \t\r\n");
		size_t length = strcspn(name, " \t\r\n");
		const struct dynlibmod_env *dynlib = env->modinfo[i];
		if (length == strlen("dynlib") && strncmp(name, "dynlib", length) == 0 &&
		    dynlib->dyn_env && is_localroot(dynlib->dynamic_library))
			return true;
		name += length;
	}
	return false;
}

/* Never fails, which would end Unbound: the module declines instead. */
int
init(struct module_env *env, int id)
{
	*unfit = '\0'; /* that of an earlier start may have been a lack of memory */
	if (!lr_host_fits(unfit)) {
		lr_host_warn(unfit);
		return 1;
	}
	struct dynlibmod_env *dynlib = env->modinfo[id];
	struct lr_localroot *module;
	struct lr_error err;

	dynlib->dyn_env = NULL;
	if (another_has_started(env, id)) {
		log_warn("localroot: loaded twice: the second in module-config does nothing");
		return 1;
	}
	refused.text[0] = '\0';
	if (lr_localroot_start(env, id, &module, &err) != LR_OK) {
		if (err.code != LR_EUSAGE)
			log_err("localroot: not serving: %s", err.text);
		refused = err;
		return 1;
	}
	if (!watch_iterator(dynlib, env, id, module)) {
		lr_fail(&refused, LR_ENOMEM, "cannot watch the queries to the root");
		log_err("localroot: not serving: %s", refused.text);
		unwatch_iterator(dynlib, env, id);
		lr_localroot_stop(module);
		return 1;
	}
	dynlib->dyn_env = module;
	return 1;
}

void
deinit(struct module_env *env, int id)
{
	if (*unfit)
		return;
	struct dynlibmod_env *dynlib = env->modinfo[id];
	struct lr_localroot *module = dynlib->dyn_env;
	if (!module)
		return;
	unwatch_iterator(dynlib, env, id);
	lr_localroot_stop(module);
	dynlib->dyn_env = NULL;
}

void
operate(struct module_qstate *qstate, enum module_ev event, int id, struct outbound_entry *entry)
{
	(void)entry;
	if (*unfit) {
		lr_host_pass(qstate, event, id);
		return;
	}
	struct lr_localroot *module = module_of(qstate->env, id);
	switch (event) {
	case module_event_new:
	case module_event_pass:
		qstate->ext_state[id] = module && lr_localroot_answer(module, qstate)
					    ? module_finished
					    : module_wait_module;
		qstate->minfo[id] = &passed_once;
		break;
	case module_event_moddone:
		qstate->ext_state[id] = module && qstate->minfo[id] == &passed_once &&
						lr_localroot_revise(module, qstate)
					    ? module_restart_next
					    : module_finished;
		qstate->minfo[id] = NULL;
		break;
	default:
		qstate->ext_state[id] = module_error;
	}
}

void
inform_super(struct module_qstate *qstate, int id, struct module_qstate *super)
{
	(void)qstate, (void)id, (void)super; /* we ask nothing of our own */
}

void
clear(struct module_qstate *qstate, int id)
{
	(void)qstate, (void)id; /* no state is kept for a query */
}

/* The module, for unbound-control: after a look, so that it tells how things stand now. */
static struct lr_localroot *
asked_module(struct module_env *env, int id)
{
	struct lr_localroot *module = module_of(env, id);
	if (module)
		lr_localroot_look(module, env);
	return module;
}

size_t
get_mem(struct module_env *env, int id)
{
	struct lr_localroot *module = *unfit ? NULL : asked_module(env, id);
	return module ? lr_localroot_bytes(module) : 0;
}

void
dynlib_stats(struct module_env *env, int id, int reset, print_text *print, void *arg)
{
	if (*unfit || *refused.text) {
		print(arg, "localroot.serving=0\n");
		return;
	}
	struct lr_localroot *module = asked_module(env, id);
	size_t length;
	char *made = NULL;
	FILE *out = module ? open_memstream(&made, &length) : NULL;
	if (!out)
		return;
	lr_localroot_stats(module, reset, out);
	if (lr_text_end(out, &made))
		print(arg, made);
	free(made);
}

/* As lr_localroot_control(), for a module that does not run; WHY says why not. */
static bool
control_none(const char *why, const char *line, FILE *out)
{
	const enum lr_reason reason = *unfit                      ? LR_WRONG_BUILD
				      : refused.code == LR_EUSAGE ? LR_OFF
								  : LR_NOT_STARTED;
	bool acts = strcmp(line, "localroot_refresh") == 0 || strcmp(line, "localroot_forget") == 0;
	struct lr_facts facts;
	lr_facts_of_none(reason, why, &facts);
	if (acts)
		fprintf(out, "error not serving: %s\n", why);
	else if (strcmp(line, "localroot_status json") == 0)
		lr_facts_print_json(&facts, LR_JSON_ROOM, out);
	else if (strcmp(line, "localroot_status") == 0)
		lr_facts_print(&facts, out);
	else
		return false;
	return true;
}

/* False where LINE is no command of ours. */
int
dynlib_control(struct module_env *env, int id, const char *line, print_text *print, void *arg)
{
	const char *why = *unfit ? unfit : refused.text;
	struct lr_localroot *module = *why ? NULL : asked_module(env, id);
	size_t length;
	char *made = NULL;
	FILE *out = module || *why ? open_memstream(&made, &length) : NULL;
	if (!module && !*why)
		return 0;
	bool known = !out || (module ? lr_localroot_control(module, line, LR_JSON_ROOM, out)
				     : control_none(why, line, out));
	bool whole = out && lr_text_end(out, &made);
	if (known)
		print(arg, whole ? made : "error out of memory\n");
	free(made);
	return known;
}

/* For a program that has not gone into Unbound's CHROOT: a checker, or a patched Unbound, which
 * asks for "localroot: yes" before it does. 1: OPTION, "name: value", can be used. 0: there is no
 * such option; -1: not with this value; WHY says it. */
int
dynlib_check(const char *option, const char *chroot, char *why, size_t size)
{
	const struct lr_paths paths = {.chroot = chroot, .outside = true};
	struct lr_error err = {LR_OK, ""};
	bool known;
	if (chroot && *chroot)
		lr_https_before_chroot();
	enum lr_code code = lr_option_check(option, &paths, &known, &err);
	snprintf(why, size, "%s", err.text);
	return code == LR_OK ? 1 : known ? -1 : 0;
}
