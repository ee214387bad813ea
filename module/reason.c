#include "reason.h"

const char *
lr_reason_text(enum lr_reason reason)
{
	static const char *const texts[LR_REASONS] = {
	    [LR_NO_REASON] = "",
	    [LR_NO_VALIDATOR] = "there is no validator among the modules, and so no trust anchor",
	    [LR_NO_ANCHOR] = "no trust anchor for \".\"",
	    [LR_NO_COPY] = "no verified copy of the root zone",
	    [LR_UNCONFIRMED] = "no source has confirmed the copy from disk yet",
	    [LR_STALE] = "the copy is stale",
	    [LR_UPDATE] = ("the root zone has what this version does not understand: please update "
			   "this software"),
	    [LR_FORWARDED] = "there is a forward-zone: \".\", which decides instead",
	    [LR_STUBBED] = "there is a stub-zone: \".\", which decides instead",
	    [LR_AUTHORITATIVE] = "there is an auth-zone: \".\", which decides instead",
	    [LR_POLICY] =
		"there is an RPZ with a trigger on the root servers, which decides instead",
	    [LR_OFF] = "localroot: no",
	    [LR_WRONG_BUILD] = "this Unbound is not the one that the module was built for",
	    [LR_NOT_STARTED] = "the module did not start",
	    [LR_ENDED] = "Unbound has ended",
	};
	return texts[reason];
}

const char *
lr_reason_word(enum lr_reason reason)
{
	static const char *const words[LR_REASONS] = {
	    [LR_NO_REASON] = "",
	    [LR_NO_VALIDATOR] = "no_validator",
	    [LR_NO_ANCHOR] = "no_anchor",
	    [LR_NO_COPY] = "no_copy",
	    [LR_UNCONFIRMED] = "unconfirmed",
	    [LR_STALE] = "stale",
	    [LR_UPDATE] = "update",
	    [LR_FORWARDED] = "forward_zone",
	    [LR_STUBBED] = "stub_zone",
	    [LR_AUTHORITATIVE] = "auth_zone",
	    [LR_POLICY] = "rpz",
	    [LR_OFF] = "off",
	    [LR_WRONG_BUILD] = "wrong_build",
	    [LR_NOT_STARTED] = "not_started",
	    [LR_ENDED] = "ended",
	};
	return words[reason];
}

bool
lr_reason_rests(enum lr_reason reason)
{
	return reason == LR_NO_VALIDATOR || reason == LR_NO_ANCHOR || reason >= LR_FORWARDED;
}
