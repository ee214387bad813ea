#include "freshness.h"
#include "serial.h"

enum lr_code
lr_check_floor(uint32_t serial, uint32_t floor, struct lr_error *err)
{
	if (!lr_serial_not_after(floor, serial))
		return lr_fail(
		    err, LR_ESERIAL, "serial %u is older than %u, accepted before", serial, floor);
	return LR_OK;
}

struct horizon {
	int64_t until;
	enum lr_limit limit;
};

static void
end_by(struct horizon *horizon, int64_t until, enum lr_limit limit)
{
	if (until < horizon->until)
		*horizon = (struct horizon){until, limit};
}

int64_t
lr_horizon(const struct lr_zone_facts *facts, int64_t confirmed, uint32_t edns_expire,
    uint32_t max_age, bool signatures, enum lr_limit *limit)
{
	struct horizon horizon = {confirmed + facts->expire, LR_LIMIT_SOA};
	if (edns_expire)
		end_by(&horizon, confirmed + edns_expire, LR_LIMIT_EDNS);
	if (max_age)
		end_by(&horizon, confirmed + max_age, LR_LIMIT_AGE);
	if (signatures && facts->signatures_expire) {
		/* 32 bits of a longer clock (RFC 4034 section 3.1.5):
		 * the nearest time that ends so. */
		uint32_t ahead = facts->signatures_expire - (uint32_t)confirmed;
		int64_t expires = ahead <= INT32_MAX
				      ? confirmed + ahead
				      : confirmed - (int64_t)(UINT32_MAX - ahead) - 1;
		end_by(&horizon, expires, LR_LIMIT_SIGNATURES);
	}
	if (limit)
		*limit = horizon.limit;
	return horizon.until;
}
