/* soa.h -- the SOA record's numbers (RFC 1035 section 3.3.13). */
#ifndef LR_SOA_H
#define LR_SOA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lr_soa {
	uint32_t serial;
	uint32_t refresh, retry, expire, minimum; /* seconds */
};

/* False: RDATA is not two names in uncompressed wire form and five numbers. */
bool lr_soa_read(const uint8_t *rdata, size_t length, struct lr_soa *soa);

#endif
