#include "anchor_watch.h"
#include "host_anchors.h"
#include "said.h"

struct lr_anchor_watch {
	struct module_env *env;
	struct lr_anchors *anchors;
	bool looked;
	bool has_validator; /* among Unbound's modules */
	struct lr_said said_memory;
	_Atomic(enum lr_reason) reason;
};

struct lr_anchor_watch *
lr_anchor_watch_new(struct module_env *env)
{
	struct lr_anchor_watch *watch = calloc(1, sizeof(*watch));
	if (!watch)
		return NULL;
	watch->env = env;
	watch->has_validator = strstr(env->cfg->module_conf, "validator") != NULL;
	atomic_init(&watch->reason, LR_NO_ANCHOR);
	return watch;
}

void
lr_anchor_watch_free(struct lr_anchor_watch *watch)
{
	if (!watch)
		return;
	lr_anchors_free(watch->anchors);
	free(watch);
}

/* Takes ANCHORS over; NULL: there are none. True: they are others than before, or none any more. */
static bool
change_to(struct lr_anchor_watch *watch, struct lr_anchors *anchors, bool first)
{
	enum lr_reason reason = anchors                ? LR_NO_REASON
				: watch->has_validator ? LR_NO_ANCHOR
						       : LR_NO_VALIDATOR;
	if (!anchors && (first || watch->anchors))
		log_warn("localroot: %s: not serving", lr_reason_text(reason));
	bool changed = anchors || watch->anchors;
	lr_anchors_free(watch->anchors);
	watch->anchors = anchors;
	atomic_store(&watch->reason, reason);
	return changed;
}

bool
lr_anchor_watch_look(struct lr_anchor_watch *watch, bool host_ready)
{
	bool first = !watch->looked;
	/* Until every module is set up, those of the configuration are all that is known. */
	if (!first && !host_ready)
		return false;
	struct lr_anchors *anchors;
	enum lr_code code = first ? lr_host_anchors_configured(watch->env->cfg, &anchors)
				  : lr_host_anchors_validator(watch->env->anchors, &anchors);
	watch->looked = true;
	if (code != LR_OK) {
		if (lr_said_first(&watch->said_memory))
			log_err("localroot: out of memory: cannot read the trust anchors");
		return false;
	}
	(void)lr_said_over(&watch->said_memory);
	if (anchors && watch->anchors && lr_anchors_equal(anchors, watch->anchors)) {
		lr_anchors_free(anchors);
		return false;
	}
	return change_to(watch, anchors, first);
}

const struct lr_anchors *
lr_anchor_watch_anchors(const struct lr_anchor_watch *watch)
{
	return watch->anchors;
}

enum lr_reason
lr_anchor_watch_reason(const struct lr_anchor_watch *watch)
{
	return atomic_load(&watch->reason);
}
