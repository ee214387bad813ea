/*
 * option_value.h -- what the value of an option may be, and how it is taken. For option.c alone,
 * whose table says which of these is for which option.
 */
#ifndef LR_OPTION_VALUE_H
#define LR_OPTION_VALUE_H

#include "option.h"

/* One option while it is read. All of it outlives the reading. */
struct lr_reading {
	struct lr_options *options;
	const struct lr_paths *paths;
	const char *value;
	struct lr_error *err;
};

/* LR_EUSAGE, with the value quoted and WHY. */
enum lr_code lr_value_bad(const struct lr_reading *reading, const char *why);

/*
 * Each takes the value, to PLACE where the type of that is named here. LR_EUSAGE: it is malformed,
 * or leads to something else than it should; LR_EUNSUPPORTED: a source that this build cannot ask;
 * LR_ENOMEM. After an error the options are what they were.
 */

/* bool * */
enum lr_code lr_value_take_switch(const struct lr_reading *reading, void *place);

/* uint32_t * */
enum lr_code lr_value_take_seconds(const struct lr_reading *reading, void *place);
enum lr_code lr_value_take_rate(const struct lr_reading *reading, void *place);

/* char **: a copy takes the place of the string that was there, which is freed. */
enum lr_code lr_value_take_folder(const struct lr_reading *reading, void *place);
enum lr_code lr_value_take_status_file(const struct lr_reading *reading, void *place);
enum lr_code lr_value_take_certificates(const struct lr_reading *reading, void *place);
enum lr_code lr_value_take_own_certificate(const struct lr_reading *reading, void *place);
enum lr_code lr_value_take_list(const struct lr_reading *reading, void *place);
enum lr_code lr_value_take_proxy(const struct lr_reading *reading, void *place);

/* struct lr_tsig_keys **, as well. */
enum lr_code lr_value_take_keys(const struct lr_reading *reading, void *place);

/* None: added to the options' own lists. */
enum lr_code lr_value_take_source(const struct lr_reading *reading, void *place);
enum lr_code lr_value_take_notify(const struct lr_reading *reading, void *place);
enum lr_code lr_value_take_allow_notify(const struct lr_reading *reading, void *place);
enum lr_code lr_value_take_outgoing(const struct lr_reading *reading, void *place);

/* None: looked at, and not kept. */
enum lr_code lr_value_take_module(const struct lr_reading *reading, void *place);

/* http: or https:, as a list may have and a path has not. */
bool lr_value_is_url(const char *text);

/* Adds a copy of the source to the options', if this build can ask it. As above. */
enum lr_code lr_value_add_source(struct lr_options *options, const struct lr_uri *uri,
    const struct lr_paths *paths, struct lr_error *err);

#endif
