/*
 * print_field.h -- the fields of a master file: wire form to text (RFC 1035 section 5.1). The twin
 * of text_field.h: what is printed here field by field is read there field by field. For print.c
 * alone.
 */
#ifndef LR_PRINT_FIELD_H
#define LR_PRINT_FIELD_H

#include "name.h"

#include <stdio.h>

/* Text on its way to a stream, in pieces of this size; nothing is allocated. */
struct lr_printer {
	FILE *out;
	bool failed; /* the stream did not take all of it */
	size_t used;
	char text[1 << 14];
};

/* Hands what is gathered to the stream. */
void lr_print_flush(struct lr_printer *p);

void lr_print_text(struct lr_printer *p, const char *text, size_t length);
void lr_print_char(struct lr_printer *p, char c);
void lr_print_number(struct lr_printer *p, uint32_t number);
void lr_print_name(struct lr_printer *p, const uint8_t *name);

/* A mnemonic, or TYPEnnn (RFC 3597 section 5). */
void lr_print_type(struct lr_printer *p, uint16_t type);

/*
 * The RDATA of a record of TYPE, of any octets, a blank before each field: as the type's own fields
 * where the text is read back as the same octets, else in the generic form (RFC 3597 section 5).
 */
void lr_print_rdata(struct lr_printer *p, uint16_t type, const uint8_t *rdata, size_t length);

#endif
