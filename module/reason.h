/*
 * reason.h -- why the module does not serve, in the words that the log and localroot_status share.
 */
#ifndef LR_REASON_H
#define LR_REASON_H

#include <stdbool.h>

enum lr_reason {
	LR_NO_REASON = 0,
	/* Nothing can be taken. */
	LR_NO_VALIDATOR, /* among the modules */
	LR_NO_ANCHOR,    /* for "." */
	/* Nothing is held that is good now. */
	LR_NO_COPY,
	LR_UNCONFIRMED, /* from disk, and not known when it was current */
	LR_STALE,
	LR_UPDATE, /* the root's current one is verified, and not understood here */
	/* Something else decides for ".". */
	LR_FORWARDED,
	LR_STUBBED,
	LR_AUTHORITATIVE,
	LR_POLICY,
	/* The module does not run. */
	LR_OFF,         /* localroot: no */
	LR_WRONG_BUILD, /* in an Unbound that it was not built for */
	LR_NOT_STARTED,
	LR_ENDED,
	LR_REASONS
};

/* Whether no source is asked as long as it is so. */
bool lr_reason_rests(enum lr_reason reason);

/* A short stable word for it ("no_anchor"); LR_NO_REASON has none. */
const char *lr_reason_word(enum lr_reason reason);

/* For people: a sentence without its end, to follow "not serving: ". Never NULL. */
const char *lr_reason_text(enum lr_reason reason);

#endif
