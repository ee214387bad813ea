#include "soa.h"
#include "cursor.h"
#include "name.h"

bool
lr_soa_read(const uint8_t *rdata, size_t length, struct lr_soa *soa)
{
	uint8_t name[LR_NAME_MAX];
	struct lr_cursor c = lr_cursor_init(rdata, length);
	lr_cursor_name(&c, name);
	lr_cursor_name(&c, name);
	soa->serial = lr_cursor_u32(&c);
	soa->refresh = lr_cursor_u32(&c);
	soa->retry = lr_cursor_u32(&c);
	soa->expire = lr_cursor_u32(&c);
	soa->minimum = lr_cursor_u32(&c);
	return lr_cursor_ok(&c) && lr_cursor_left(&c) == 0;
}
