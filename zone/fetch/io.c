#include "io.h"

/*
 * The root zone of 2026 is 1.3 MB on the wire in 82 messages and 2.2 MB as text. The messages leave
 * room for one record each and fourfold growth, the steps for more than a year of being away. At
 * the least rate it takes three quarters of an hour.
 */
const struct lr_limits lr_limits_default = {
    .connect_ms = 5000,
    .idle_ms = 10000,
    .total_ms = 3600000,
    .work_ms = 120000,
    .rate = 500,
    .rate_ms = 30000,
    .wire_octets = (size_t)64 << 20,
    .draft = LR_DRAFT_LIMITS_DEFAULT,
    .resolve_ms = 10000,
    .addresses = 8,
    .messages = 100000,
    .steps = 1000,
    .redirects = 5,
    .header_octets = 32768,
};
