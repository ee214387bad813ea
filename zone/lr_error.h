/*
 * lr_error.h -- the one error type: a code that statistics count and a text for people.
 *
 * Zero is success. Functions that can fail return the code, write their outputs on success only,
 * and explain themselves in the struct lr_error that the caller passes (which may be NULL).
 */
#ifndef LR_ERROR_H
#define LR_ERROR_H

enum lr_code {
	LR_OK = 0,
	/* Getting the zone. */
	LR_ENOMEM,       /* out of memory */
	LR_EIO,          /* the system refused: a file, a socket */
	LR_ECANCELLED,   /* asked to stop */
	LR_EUNREACHABLE, /* no connection to the source */
	LR_ETIMEOUT,     /* connected, but too slow */
	LR_EREFUSED,     /* the source answered with an error of its own */
	LR_EFORMAT,      /* what came is not what the protocol or the file format allows */
	LR_ELIMIT,       /* what came is larger than we take */
	LR_ETSIG,        /* a transaction signature is missing or wrong */
	/* Verifying it. */
	LR_ENOZONEMD, /* no ZONEMD record that can be used */
	LR_EDIGEST,   /* no digest matches the contents */
	LR_EANCHOR,   /* no trust anchor, or none that matches the zone's keys */
	LR_EBOGUS,    /* a signature or a proof is missing or wrong */
	LR_EEXPIRED,  /* a signature is past its time, or before it */
	LR_ESERIAL,   /* older than a serial accepted before, or not the one announced */
	LR_ESTALE,    /* past the horizon */
	LR_EUPDATE,   /* verified, but this build does not understand all that is in it */
	/* Configuration. */
	LR_EUSAGE,       /* malformed */
	LR_EUNSUPPORTED, /* well formed, but this build or this version cannot */
	LR_CODES
};

struct lr_error {
	enum lr_code code;
	/* One line of printable ASCII, without source or time. It may quote what is remote, and
	 * terminals have control characters above that, too. */
	char text[256];
};

/* Sets *err (where it is not NULL) and returns the code, so that a caller can return lr_fail(…). */
enum lr_code lr_fail(struct lr_error *err, enum lr_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* What a system call's errno is: LR_ENOMEM, or LR_EIO for all else. */
enum lr_code lr_code_of_errno(int number);

/* A short stable word for the code ("timeout", "digest"), as the statistics print it. */
const char *lr_code_word(enum lr_code code);

#endif
