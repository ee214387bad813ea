/*
 * zonemd.h -- the message digest of a zone (RFC 8976, scheme SIMPLE, SHA-384 and SHA-512).
 */
#ifndef LR_ZONEMD_H
#define LR_ZONEMD_H

#include "draft.h"

struct lr_zonemd {
	uint8_t algorithm; /* of the hash: see lr_zonemd_hash() */
	uint8_t size;      /* octets of the digest: 48 or 64 */
	uint8_t digest[64];
};

/*
 * Verifies the digest of a sorted draft whose SOA has SERIAL (RFC 8976 section 4): any one usable
 * apex ZONEMD that matches suffices. LR_ENOZONEMD where none can be used (the text says why each
 * was passed over), LR_EDIGEST where none matches.
 */
enum lr_code lr_zonemd_verify(
    const struct lr_draft *draft, uint32_t serial, struct lr_zonemd *matched, struct lr_error *err);

/* The name of a matched digest's hash. */
const char *lr_zonemd_hash(const struct lr_zonemd *matched);

#endif
