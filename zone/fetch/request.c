#include "request.h"
#include "serial.h"
#include "soa.h"

#include <inttypes.h>

#include <ldns/ldns.h>

bool
lr_draft_serial(const struct lr_draft *draft, const uint8_t *origin, uint32_t *serial)
{
	for (size_t i = 0; i < lr_draft_count(draft); i++) {
		struct lr_record record = lr_draft_record(draft, i);
		struct lr_soa soa;
		if (record.type != LDNS_RR_TYPE_SOA || !lr_name_equal(record.owner, origin) ||
		    !lr_soa_read(record.rdata, record.rdata_length, &soa))
			continue;
		*serial = soa.serial;
		return true;
	}
	return false;
}

enum lr_code
lr_new_draft(const struct lr_request *request, struct lr_draft **draft, struct lr_error *err)
{
	struct lr_budget *budget = request->budget;
	enum lr_code code = lr_draft_new(request->origin, &budget->limits->draft, draft, err);
	if (code == LR_OK)
		lr_draft_heed(*draft, &budget->stop);
	return code;
}

enum lr_code
lr_check_announced(
    const struct lr_request *request, uint32_t serial, bool *current, struct lr_error *err)
{
	uint32_t held = request->held ? lr_zone_facts(request->held)->serial : serial;
	*current = request->held && serial == held;
	/* Neither is newer where they are 2^31 apart
	 * (RFC 1982 section 3.2): that is no way forward. */
	if (serial != held && !lr_serial_newer(serial, held))
		return lr_fail(
		    err, LR_ESERIAL, "has serial %" PRIu32 ", older than %" PRIu32, serial, held);
	return LR_OK;
}
