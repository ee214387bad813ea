#include "settings.h"
#include "network.h"
#include "option.h"
#include "text_stream.h"
#include "unbound.h"

#define TOLD 20 /* things passed over that are named; the others are only counted */
#define NOBODY "no source that was named can be used, and no other is asked"

/* The options while they are read. */
struct reading {
	struct lr_options options;
	struct lr_paths paths;
	FILE *passed_over;
	struct lr_network *network;
	unsigned faults;
};

static enum lr_code
out_of_memory(struct lr_error *err)
{
	return lr_fail(err, LR_ENOMEM, "out of memory");
}

static void
pass_over(struct reading *reading, const char *why)
{
	if (reading->faults++ >= TOLD)
		return;
	log_err("localroot: %s: passed over", why);
	fprintf(reading->passed_over, "passed over: %s\n", why);
}

static void
count_others(const struct reading *reading)
{
	if (reading->faults <= TOLD)
		return;
	unsigned others = reading->faults - TOLD;
	log_err("localroot: and %u more that cannot be used: passed over", others);
	fprintf(reading->passed_over, "and %u more\n", others);
}

static void
pass_over_line(void *arg, unsigned number, const char *why)
{
	struct reading *reading = arg;
	char text[sizeof(((struct lr_error *)0)->text) + 1100];
	if (number)
		snprintf(text, sizeof(text), "%s line %u: %s", reading->options.source_list, number,
		    why);
	else
		snprintf(text, sizeof(text), "%s: %s", reading->options.source_list, why);
	pass_over(reading, text);
}

/* False: out of memory. */
static bool
read_option(struct reading *reading, const char *text, struct lr_error *err)
{
	enum lr_code code = lr_option_take(&reading->options, text, &reading->paths, err);
	if (code != LR_OK && code != LR_ENOMEM)
		pass_over(reading, err->text);
	return code != LR_ENOMEM;
}

static enum lr_code
read_options(struct reading *reading, struct module_env *env, int id, struct lr_error *err)
{
	const struct config_strlist *entry = env->cfg->dynlib_file;
	const char *text;
	bool ok = true;
	for (unsigned files = lr_option_dynlibs(env->cfg->module_conf); entry && files; files--)
		entry = entry->next;
	for (; ok && entry; entry = entry->next)
		ok = read_option(reading, entry->str, err);
	for (int i = 0; ok && dynlibmod_option && (text = dynlibmod_option(env, id, i)); i++)
		ok = read_option(reading, text, err);
	return ok ? LR_OK : LR_ENOMEM;
}

/* Takes out the sources that need something which was named and cannot be used, such as a CA
 * bundle. *ordered counts those that have an order. */
static void
drop_unusable(struct reading *reading, size_t *ordered)
{
	struct lr_options *options = &reading->options;
	size_t kept = 0, kept_named = 0;
	for (size_t i = 0; i < options->source_count; i++) {
		const char *misses = lr_option_misses(options, &options->sources[i]);
		if (misses) {
			char why[sizeof(options->sources[i].text) + 80];
			snprintf(why, sizeof(why), "localroot-source: \"%s\": %s",
			    options->sources[i].text, misses);
			pass_over(reading, why);
			continue;
		}
		kept_named += i < *ordered;
		options->sources[kept++] = options->sources[i];
	}
	options->source_count = kept;
	*ordered = kept_named;
}

/* Those that Unbound's settings of the network allow: none by IPv6 where do-ip6 is no. */
static enum lr_code
add_builtin(struct reading *reading, struct lr_error *err)
{
	for (size_t i = 0; lr_uri_builtin[i]; i++) {
		char text[128];
		if (!lr_network_allows(reading->network, strchr(lr_uri_builtin[i], ':') + 1))
			continue;
		snprintf(text, sizeof(text), "localroot-source: %s", lr_uri_builtin[i]);
		enum lr_code code = lr_option_take(
		    &reading->options, text, &(const struct lr_paths){NULL, false}, err);
		if (code == LR_ENOMEM)
			return code;
		if (code != LR_OK && code != LR_EUNSUPPORTED) /* as in a build without libcurl */
			pass_over(reading, err->text);
	}
	return LR_OK;
}

/* Which sources there are, once all options are read. The first *ordered have an order. */
static enum lr_code
complete_sources(struct reading *reading, size_t *ordered, struct lr_error *err)
{
	struct lr_options *options = &reading->options;
	const struct lr_option_faults faults = {pass_over_line, reading};
	*ordered = options->source_count;
	if (options->source_list) {
		enum lr_code code = lr_option_take_list(options, &reading->paths, &faults, err);
		if (code == LR_ENOMEM)
			return code;
		if (code != LR_OK)
			pass_over(reading, err->text);
	}
	bool chosen = *ordered || options->source_list || options->sources_missed;
	if (!chosen) /* the operator has named none */
		return add_builtin(reading, err);
	drop_unusable(reading, ordered);
	return LR_OK;
}

/* Every source that was named is unusable. Others in their place are not asked: the operator did
 * not choose them. */
static void
tell_of_nobody(const struct reading *reading)
{
	log_err("localroot: " NOBODY);
	fprintf(reading->passed_over, NOBODY "\n");
}

/* What Unbound was told of the network holds for the fetches, too. */
static enum lr_code
read_network(struct reading *reading, const struct config_file *cfg, struct lr_error *err)
{
	const struct lr_options *options = &reading->options;
	bool own = options->outgoing_count > 0;
	size_t count = own ? options->outgoing_count : (size_t)cfg->num_out_ifs;
	enum lr_code code = LR_OK;
	reading->network = lr_network_new(cfg->do_ip4, cfg->do_ip6, options->proxy);
	if (!reading->network)
		return out_of_memory(err);
	for (size_t i = 0; i < count && code != LR_ENOMEM; i++) {
		code = lr_network_add_outgoing(
		    reading->network, own ? options->outgoing[i] : cfg->out_ifs[i], err);
		if (code == LR_EUSAGE)
			pass_over(reading, err->text);
	}
	for (const struct config_strlist *entry = cfg->donotqueryaddrs; entry && code != LR_ENOMEM;
	     entry = entry->next) {
		code = lr_network_add_not_asked(reading->network, entry->str, err);
		if (code == LR_EUSAGE)
			pass_over(reading, err->text);
	}
	return code == LR_ENOMEM ? code : LR_OK;
}

/* The default limits, but for those that the operator has set. */
static struct lr_limits
limits_of(const struct lr_options *options)
{
	struct lr_limits limits = lr_limits_default;
	if (options->max_transfer_time) /* weeks are as good as for ever */
		limits.total_ms = options->max_transfer_time < INT32_MAX / 1000
				      ? (int)options->max_transfer_time * 1000
				      : INT32_MAX;
	if (options->min_transfer_rate)
		limits.rate = options->min_transfer_rate;
	return limits;
}

static void
move_settings(struct lr_options *options, struct lr_settings *settings)
{
	settings->enabled = options->enabled;
	settings->sources = options->sources;
	settings->source_count = options->source_count;
	settings->dir = options->dir;
	settings->status_file = options->status_file;
	settings->ca_bundle = options->ca_bundle;
	settings->client_certificate = options->client_certificate;
	settings->tsig_keys = options->tsig_keys;
	settings->notify = options->notify;
	settings->notify_count = options->notify_count;
	settings->allow_notify = options->allow_notify;
	settings->allow_notify_count = options->allow_notify_count;
	settings->max_age = options->max_age;
	settings->refresh = options->refresh;
	settings->limits = limits_of(options);
	options->sources = NULL;
	options->dir = options->status_file = options->ca_bundle = NULL;
	options->client_certificate = NULL;
	options->tsig_keys = NULL;
	options->notify = NULL;
	options->allow_notify = NULL;
	lr_options_clear(options); /* of the rest */
}

enum lr_code
lr_settings_read(struct module_env *env, int id, struct lr_settings *settings, struct lr_error *err)
{
	const struct config_file *cfg = env->cfg;
	struct lr_settings read = {.date_override = cfg->val_date_override};
	struct reading reading = {.paths = {.chroot = cfg->chrootdir}};
	size_t size;
	reading.passed_over = open_memstream(&read.passed_over, &size);
	if (!reading.passed_over)
		return out_of_memory(err);
	enum lr_code code = read_options(&reading, env, id, err);
	if (code == LR_OK && !reading.options.dir)
		code = lr_option_take(
		    &reading.options, "localroot-dir: " LR_STATEDIR, &reading.paths, err);
	if (code == LR_OK)
		code = read_network(&reading, cfg, err);
	if (code == LR_OK && reading.options.enabled)
		code = complete_sources(&reading, &read.ordered, err);
	count_others(&reading);
	if (code == LR_OK && reading.options.enabled && reading.options.source_count == 0)
		tell_of_nobody(&reading);
	if (!lr_text_end(reading.passed_over, &read.passed_over) && code == LR_OK)
		code = out_of_memory(err);
	move_settings(&reading.options, &read);
	read.network = reading.network;
	if (code == LR_OK)
		*settings = read;
	else
		lr_settings_clear(&read);
	return code;
}

void
lr_settings_clear(struct lr_settings *settings)
{
	free(settings->sources);
	free(settings->dir);
	free(settings->status_file);
	free(settings->ca_bundle);
	free(settings->client_certificate);
	lr_tsig_keys_free(settings->tsig_keys);
	free(settings->notify);
	free(settings->allow_notify);
	lr_network_unref(settings->network);
	free(settings->passed_over);
	memset(settings, 0, sizeof(*settings));
}
