/* Public keys as a zone may send them. */
#include "key.h"
#include "sample.h"

/* Malformed public keys: lengths that lie (RFC 3110), points off the curve, keys too small or with
 * huge exponents. */
static void
hostile_keys(void **state)
{
	uint8_t rdata[1100] = {1, 0, 3, 8};
	struct lr_key *key;
	(void)state;
	for (size_t length = 0; length < 12; length++)
		assert_int_not_equal(lr_key_new(rdata, length, &key, NULL), LR_OK);
	rdata[4] = 255; /* an exponent of 255 octets */
	assert_int_equal(lr_key_new(rdata, 5, &key, NULL), LR_EBOGUS);
	memset(rdata + 5, 0xff, 600);
	assert_int_equal(lr_key_new(rdata, 600, &key, NULL), LR_EBOGUS);
	rdata[4] = 3; /* a modulus of 1016 bits */
	assert_int_equal(lr_key_new(rdata, 8 + 127, &key, NULL), LR_EBOGUS);
	assert_int_equal(lr_key_new(rdata, 8 + 128, &key, NULL), LR_OK);
	lr_key_free(key);
	assert_int_equal(lr_key_new(rdata, 8 + 513, &key, NULL), LR_EBOGUS);
	rdata[3] = 13; /* (2^256-1, 2^256-1) is not on P-256 */
	assert_int_equal(lr_key_new(rdata, 4 + 64, &key, NULL), LR_EBOGUS);
	for (uint8_t algorithm = 13; algorithm <= 16; algorithm++) {
		rdata[3] = algorithm;
		for (size_t length = 5; length < 4 + 31; length++)
			assert_int_equal(lr_key_new(rdata, length, &key, NULL), LR_EBOGUS);
	}
	rdata[3] = 8;
	rdata[2] = 2; /* protocol */
	assert_int_equal(lr_key_new(rdata, 8 + 128, &key, NULL), LR_EBOGUS);
	rdata[2] = 3;
	rdata[1] = 0x80; /* revoked */
	assert_int_equal(lr_key_new(rdata, 8 + 128, &key, NULL), LR_EBOGUS);
	rdata[1] = 0;
	rdata[0] = 0; /* no zone key */
	assert_int_equal(lr_key_new(rdata, 8 + 128, &key, NULL), LR_EBOGUS);
}

/* RFC 4034 section 5.4's key, whose tag is 60485. */
static void
key_tags(void **state)
{
	struct lr_draft *draft = sample_draft("dskey.example.com.",
	    "dskey.example.com. 86400 IN DNSKEY 256 3 5 "
	    "AQOeiiR0GOMYkDshWoSKz9XzfwJr1AYtsmx3TGkJaNXVbfi/"
	    "2pHm822aJ5iI9BMzNXxeYCmZDRD99WYwYqUSdjMmm"
	    "AphXdvxegXd/M5+X7OrzKBaMbCVdFLUUh6DhweJBjEVv5f2wwjM9XzcnOf+EPbtG9DMBmADjFDc2w/"
	    "rljwvFw==\n");
	struct lr_record r = lr_draft_record(draft, 0);
	(void)state;
	assert_int_equal(lr_key_tag(r.rdata, r.rdata_length), 60485);
	lr_draft_free(draft);
}

UNIT_TESTS(NULL, NULL, TEST(hostile_keys), TEST(key_tags))
