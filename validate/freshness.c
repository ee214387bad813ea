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

static int64_t
smaller(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

int64_t
lr_horizon(const struct lr_zone_facts *facts, int64_t confirmed, uint32_t edns_expire,
    uint32_t max_age, bool signatures)
{
	int64_t horizon = confirmed + facts->expire;
	if (edns_expire)
		horizon = smaller(horizon, confirmed + edns_expire);
	if (max_age)
		horizon = smaller(horizon, confirmed + max_age);
	if (signatures && facts->signatures_expire) {
		/* 32 bits of a longer clock (RFC 4034 section 3.1.5): the nearest time that ends
		 * so. */
		uint32_t ahead = facts->signatures_expire - (uint32_t)confirmed;
		int64_t expires = ahead <= INT32_MAX
				      ? confirmed + ahead
				      : confirmed - (int64_t)(UINT32_MAX - ahead) - 1;
		horizon = smaller(horizon, expires);
	}
	return horizon;
}
