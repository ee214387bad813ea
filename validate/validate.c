#include "validate.h"
#include "freshness.h"
#include "owner.h"
#include "seal.h"
#include "semantics.h"

#include <string.h>

static int64_t
cpu(const struct lr_validate_options *options)
{
	return options->cpu_ns ? options->cpu_ns() : 0;
}

static size_t
count_delegations(const struct lr_draft *draft)
{
	struct lr_owner_walk walk = {draft, 0, NULL};
	struct lr_owner owner;
	size_t delegations = 0;
	while (lr_owner_next(&walk, &owner))
		delegations += owner.delegation;
	return delegations;
}

static enum lr_code
verify_digest(const struct lr_draft *draft, const struct lr_validate_options *options,
    struct lr_report *report, struct lr_error *err)
{
	int64_t start = cpu(options);
	enum lr_code code =
	    lr_zonemd_verify(draft, report->serial, &report->zonemd, &report->digest);
	report->zonemd_ns = cpu(options) - start;
	return code == LR_OK ? code : lr_fail(err, code, "%s", report->digest.text);
}

/* What costs least comes first: a zone that fails any step is not looked at further. */
static enum lr_code
verify(struct lr_draft *draft, const struct lr_validate_options *options, struct lr_report *report,
    struct lr_error *err)
{
	int64_t start = cpu(options);
	enum lr_code code = lr_draft_sort(draft, err);
	report->records = lr_draft_count(draft);
	report->outside = lr_draft_outside(draft);
	if (code == LR_OK)
		code = lr_semantic_checks(draft, &report->serial, err);
	report->sort_ns = cpu(options) - start;
	if (code == LR_EFORMAT && options->digest_anyway &&
	    lr_semantic_serial(draft, &report->serial))
		(void)verify_digest(draft, options, report, NULL);
	if (code != LR_OK)
		return code;

	report->delegations = count_delegations(draft);
	code = lr_draft_step(draft, LR_STOP_EVERY, err);
	if (code == LR_OK && options->has_floor)
		code = lr_check_floor(report->serial, options->serial_floor, err);
	if (code != LR_OK)
		return code;

	code = verify_digest(draft, options, report, err);
	if (code == LR_OK && options->dnssec) {
		start = cpu(options);
		code = lr_dnssec_verify(draft, options->anchors, options->now, options->check_time,
		    &report->dnssec, err);
		report->dnssec_ns = cpu(options) - start;
	}
	if (code == LR_OK && options->understood)
		code = lr_semantic_understood(draft, err);
	return code;
}

enum lr_code
lr_validate(struct lr_draft *draft, const struct lr_validate_options *options,
    const struct lr_zone **zone, struct lr_report *report)
{
	struct lr_error err = {LR_OK, ""};
	memset(report, 0, sizeof(*report));
	enum lr_code code = verify(draft, options, report, &err);
	if (code == LR_OK) {
		int64_t start = cpu(options);
		code = lr_zone_seal(draft, report->dnssec.expires, options->room, zone, &err);
		report->seal_ns = cpu(options) - start;
	}
	lr_draft_free(draft);
	report->error = err;
	return code;
}
