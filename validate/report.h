/*
 * report.h -- prints what localroot-check has found to standard output, for people and as JSON (RFC
 * 8259).
 *
 * One thread's; nothing is kept.
 */
#ifndef LR_REPORT_H
#define LR_REPORT_H

#include "freshness.h"
#include "validate.h"

struct lr_reported {
	const char *source; /* as it was given */
	uint32_t now;       /* seconds since 1970: as of when signatures were checked */
	bool dnssec;        /* that they were to be checked */
	bool verified;      /* all that was to be checked */
	int64_t fetch_ns;   /* CPU time of the fetch */
	int64_t until; /* seconds since 1970: as long the module would serve it; 0: it does not */
	enum lr_limit limit; /* what decides that */
	const struct lr_report *report;
};

/* A line for each thing that was found. */
void lr_report_print(const struct lr_reported *reported);

/* One object, with every member in any case: null or zero where it was not reached. */
void lr_report_print_json(const struct lr_reported *reported);

#endif
