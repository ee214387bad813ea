#include "validate.h"
#include "owner.h"
#include "policy.h"
#include "seal.h"

#include <string.h>

static int64_t
cpu(const struct lr_policy *policy)
{
	return policy->cpu_ns ? policy->cpu_ns() : 0;
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

/* What costs least comes first: a zone that fails any step is not looked at further. */
static enum lr_code
verify(struct lr_draft *draft, const struct lr_policy *policy, struct lr_report *report,
    struct lr_error *err)
{
	int64_t start = cpu(policy), end;
	enum lr_code code = lr_draft_sort(draft, err);
	report->records = lr_draft_count(draft);
	if (code == LR_OK)
		code = lr_policy_shape(draft, &report->serial, err);
	end = cpu(policy);
	report->sort_ns = end - start;
	if (code != LR_OK)
		return code;

	report->delegations = count_delegations(draft);
	code = lr_draft_step(draft, LR_STOP_EVERY, err);
	if (code == LR_OK && policy->known_types)
		code = lr_policy_types(draft, err);
	if (code == LR_OK && policy->has_floor)
		code = lr_policy_serial(report->serial, policy->serial_floor, err);
	if (code != LR_OK)
		return code;

	start = cpu(policy);
	code = lr_zonemd_verify(draft, report->serial, &report->zonemd, err);
	end = cpu(policy);
	report->zonemd_ns = end - start;
	if (code != LR_OK || !policy->dnssec)
		return code;

	start = cpu(policy);
	code = lr_dnssec_verify(
	    draft, policy->anchors, policy->now, policy->check_time, &report->dnssec, err);
	end = cpu(policy);
	report->dnssec_ns = end - start;
	return code;
}

enum lr_code
lr_validate(struct lr_draft *draft, const struct lr_policy *policy, const struct lr_zone **zone,
    struct lr_report *report)
{
	struct lr_error err = {LR_OK, ""};
	memset(report, 0, sizeof(*report));
	enum lr_code code = verify(draft, policy, report, &err);
	if (code == LR_OK) {
		int64_t start = cpu(policy);
		code = lr_zone_seal(draft, report->dnssec.expires, zone, &err);
		report->seal_ns = cpu(policy) - start;
	}
	lr_draft_free(draft);
	report->error = err;
	return code;
}
