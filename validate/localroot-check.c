/*
 * localroot-check -- verifies a root zone as the module does. Clock and randomness enter here.
 */
#include "lr_config.h"
#include "conf.h"
#include "report.h"
#include "save.h"
#include "source.h"
#include "validate.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

enum { VERIFIED = 0, NOT_VERIFIED = 1, TROUBLE = 2 };

struct options {
	const char *anchors, *origin, *source, *ca_bundle, *client_certificate, *tsig_keys;
	const char *output; /* or NULL */
	uint32_t now;
	bool dnssec, json;
};

static const char usage[] =
    "Usage: localroot-check [-a ANCHORS] [-c CERTIFICATES] [-C CERTIFICATE] [-k KEYS] [-o FILE]\n"
    "                       [-t YYYYMMDDhhmmss] [-z ORIGIN] [--no-dnssec] [--json] SOURCE\n"
    "       localroot-check --check-conf FILE\n"
    "Verifies a root zone: its ZONEMD digest and its DNSSEC signatures.\n"
    "  -a, --anchors FILE   DS or DNSKEY records to trust [" LR_ROOTKEY "]\n"
    "  -c, --ca-bundle FILE the certificates that xot: and https: trust [the system's]\n"
    "  -C, --client-certificate FILE  the certificate and key to show to xot: servers\n"
    "  -k, --tsig-keys FILE the keys of transfers, and their servers\n"
    "  -o, --output FILE    write the zone there if it verifies; FILE is replaced as a whole\n"
    "  -t, --time TIME      verify as of that time, in UTC\n"
    "  -z, --zone ORIGIN    the zone's name [.]\n"
    "      --no-dnssec      the digest only\n"
    "      --json           the report as JSON\n"
    "      --check-conf FILE  only look at the localroot options in that unbound.conf\n"
    "  -V, --version        print the version\n"
    "  -h, --help           print this\n"
    "SOURCE is a path, or a URI such as axfr:192.0.32.132, xot:192.0.2.1#ns.example.net or\n"
    "https://www.internic.net/domain/root.zone.\n"
    "Exit status: 0 verified, 1 not verified, 2 usage, or the source cannot be had;\n"
    "for --check-conf: 0 every option can be used, 1 not so, 2 FILE cannot be read.\n";

static int64_t
clock_ns(clockid_t id)
{
	struct timespec now;
	if (clock_gettime(id, &now) != 0)
		return (int64_t)time(NULL) * 1000000000;
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int64_t
cpu_ns(void)
{
	return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

static int64_t
monotonic_ms(void *arg)
{
	(void)arg;
	return clock_ns(CLOCK_MONOTONIC) / 1000000;
}

static int64_t
wall(void *arg)
{
	(void)arg;
	return clock_ns(CLOCK_REALTIME) / 1000000000;
}

static bool
random16(void *arg, uint16_t *number)
{
	(void)arg;
	return getrandom(number, sizeof(*number), 0) == sizeof(*number);
}

static int
trouble(const char *what, const char *why)
{
	fprintf(stderr, "localroot-check: %s: %s\n", what, why);
	return TROUBLE;
}

/* A report that nobody got was none. */
static int
told(int status)
{
	bool whole = fflush(stdout) == 0 && !ferror(stdout);
	return whole ? status : trouble("standard output", "cannot be written");
}

static bool
parse_time(const char *text, uint32_t *now)
{
	struct tm tm = {0};
	char again[16] = "";
	if (strlen(text) != 14 || strspn(text, "0123456789") != 14 ||
	    sscanf(text, "%4d%2d%2d%2d%2d%2d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour,
		&tm.tm_min, &tm.tm_sec) != 6)
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	time_t time = timegm(&tm);
	/* timegm takes the 31st of February for some day in March. */
	if (time < 0 || strftime(again, sizeof(again), "%Y%m%d%H%M%S", &tm) != 14 ||
	    strcmp(again, text) != 0)
		return false;
	*now = (uint32_t)time; /* signature dates have 32 bits (RFC 4034 section 3.1.5) */
	return true;
}

static bool
is_uri(const char *source)
{
	size_t scheme = strspn(source, "abcdefghijklmnopqrstuvwxyz");
	return scheme > 0 && source[scheme] == ':';
}

static enum lr_code
parse_source(const char *source, struct lr_uri *uri, struct lr_error *err)
{
	if (is_uri(source))
		return lr_uri_parse(source, uri, err);
	memset(uri, 0, sizeof(*uri));
	uri->scheme = LR_FILE;
	if (strlen(source) >= sizeof(uri->path))
		return lr_fail(err, LR_EUSAGE, "the path is too long");
	memcpy(uri->path, source, strlen(source) + 1);
	memcpy(uri->text, source, strlen(source) + 1);
	return LR_OK;
}

static enum lr_code
read_anchors(const char *path, struct lr_anchors *anchors, struct lr_error *err)
{
	FILE *stream = fopen(path, "r");
	if (!stream)
		return lr_fail(err, LR_EIO, "%s", strerror(errno));
	enum lr_code code = lr_anchors_read(anchors, stream, err);
	fclose(stream);
	return code;
}

static enum lr_code
read_keys(const char *path, struct lr_tsig_keys **keys, struct lr_error *err)
{
	FILE *stream = fopen(path, "r");
	if (!stream)
		return lr_fail(err, LR_EIO, "%s", strerror(errno));
	enum lr_code code = lr_tsig_keys_read(stream, keys, err);
	fclose(stream);
	return code;
}

/* What went wrong with the source, or with its
 * contents: a malformed file is a zone not verified. */
static int
fetch_status(enum lr_code code)
{
	return code == LR_EFORMAT || code == LR_ELIMIT || code == LR_EUNSUPPORTED ? NOT_VERIFIED
										  : TROUBLE;
}

/* With --no-dnssec the digest decides, whatever else is wrong with the zone (RFC 8976). */
static int
verdict(const struct options *o, const struct lr_report *report)
{
	if (report->error.code == LR_ENOMEM || report->digest.code == LR_ENOMEM)
		return TROUBLE;
	bool verified = o->dnssec ? report->error.code == LR_OK : report->zonemd.size != 0;
	return verified ? VERIFIED : NOT_VERIFIED;
}

/* As the module reckons it (mirror.c), of a zone that it fetches now. */
static void
set_until(const struct options *o, const struct lr_fetched *fetched, const struct lr_zone *zone,
    struct lr_reported *reported)
{
	bool aged = fetched->changed && fetched->changed < o->now;
	reported->until = lr_horizon(lr_zone_facts(zone), aged ? fetched->changed : o->now,
	    fetched->has_expire ? fetched->expire : 0, 0, o->dnssec, &reported->limit);
	if (fetched->has_expire && fetched->expire == 0) { /* RFC 7314 section 4 */
		reported->until = o->now;
		reported->limit = LR_LIMIT_EDNS;
	}
}

static void
say_why(const struct options *o, int status, const struct lr_error *error)
{
	static const char *const what[] = {
	    "the digest matches, but the zone is not in order", "not verified", "cannot be had"};
	fprintf(stderr, "localroot-check: %s: %s: %s (%s)\n", o->source, what[status], error->text,
	    lr_code_word(error->code));
}

/* VERIFIED so far, or says what is in the way. */
static int
make_source(const struct options *o, struct lr_source **source)
{
	struct lr_error err;
	struct lr_uri uri;
	if (parse_source(o->source, &uri, &err) != LR_OK)
		return trouble(o->source, err.text);
	struct lr_tsig_keys *keys = NULL;
	if (o->tsig_keys && read_keys(o->tsig_keys, &keys, &err) != LR_OK)
		return trouble(o->tsig_keys, err.text);
	const struct lr_source_options options = {
	    o->ca_bundle, o->client_certificate, keys, NULL, NULL};
	enum lr_code made = lr_source_new(&uri, &options, source, &err);
	lr_tsig_keys_free(keys);
	return made == LR_OK ? VERIFIED : trouble(o->source, err.text);
}

static int
check(const struct options *o, const uint8_t *origin, struct lr_anchors *anchors)
{
	bool root = *origin == 0;
	/* Of the root no more than the module reads (lr_text_read()). */
	const struct lr_io io = {-1, monotonic_ms, random16, NULL, !root, wall};
	struct lr_report report = {.error = {LR_OK, ""}};
	struct lr_reported reported = {
	    .source = o->source, .now = o->now, .dnssec = o->dnssec, .report = &report};
	struct lr_error err = {LR_OK, ""};
	struct lr_fetched fetched;
	const struct lr_zone *zone = NULL;
	struct lr_source *source;

	if (o->dnssec && read_anchors(o->anchors, anchors, &err) != LR_OK)
		return trouble(o->anchors, err.text);
	int status = make_source(o, &source);
	if (status != VERIFIED)
		return status;
	int64_t start = cpu_ns();
	enum lr_code code =
	    lr_source_fetch(source, origin, NULL, &io, &lr_limits_default, &fetched, &err);
	lr_source_free(source);
	reported.fetch_ns = cpu_ns() - start;
	if (code == LR_OK) {
		const struct lr_validate_options wanted = {.anchors = anchors,
		    .dnssec = o->dnssec,
		    .now = o->now,
		    .check_time = true,
		    .digest_anyway = true,
		    .understood = root,
		    .cpu_ns = cpu_ns};
		code = lr_validate(fetched.draft, &wanted, &zone, &report);
		status = verdict(o, &report);
		if (code == LR_OK)
			set_until(o, &fetched, zone, &reported);
	} else {
		status = fetch_status(code);
		report.error = err;
	}
	reported.verified = status == VERIFIED;
	if (status != TROUBLE || o->json)
		(o->json ? lr_report_print_json : lr_report_print)(&reported);
	fflush(stdout);
	if (code != LR_OK)
		say_why(o, status, &report.error);
	if (o->output && status == VERIFIED && !zone)
		status = trouble("not written", o->output);
	else if (o->output && zone && lr_save(zone, o->output, &err) != LR_OK)
		status = trouble("cannot write", err.text);
	lr_zone_unref(zone);
	return status;
}

/* For a stock Unbound, whose unbound-checkconf does not know the options. */
static int
check_conf(const char *path)
{
	struct lr_error err = {LR_OK, ""};
	unsigned errors;
	if (lr_conf_check(path, stderr, &errors, &err) != LR_OK)
		return trouble("unbound.conf", err.text);
	if (errors == 0)
		printf("localroot-check: no errors in the localroot options of %s\n", path);
	return errors ? NOT_VERIFIED : VERIFIED;
}

int
main(int argc, char **argv)
{
	enum { NO_DNSSEC = 256, JSON, CHECK_CONF };
	static const struct option names[] = {
	    {"anchors", required_argument, NULL, 'a'},
	    {"ca-bundle", required_argument, NULL, 'c'},
	    {"client-certificate", required_argument, NULL, 'C'},
	    {"tsig-keys", required_argument, NULL, 'k'},
	    {"output", required_argument, NULL, 'o'},
	    {"time", required_argument, NULL, 't'},
	    {"zone", required_argument, NULL, 'z'},
	    {"no-dnssec", no_argument, NULL, NO_DNSSEC},
	    {"json", no_argument, NULL, JSON},
	    {"check-conf", required_argument, NULL, CHECK_CONF},
	    {"version", no_argument, NULL, 'V'},
	    {"help", no_argument, NULL, 'h'},
	    {NULL, 0, NULL, 0},
	};
	struct options o = {.anchors = LR_ROOTKEY, .origin = ".", .dnssec = true};
	uint8_t origin[LR_NAME_MAX];
	size_t origin_length;
	const char *conf = NULL;
	int option;

	o.now = (uint32_t)time(NULL);
	signal(SIGPIPE, SIG_IGN); /* libcurl does not hold it off itself */
	while ((option = getopt_long(argc, argv, "a:c:C:k:o:t:z:Vh", names, NULL)) != -1) {
		switch (option) {
		case 'a':
			o.anchors = optarg;
			break;
		case 'c':
			o.ca_bundle = optarg;
			break;
		case 'C':
			o.client_certificate = optarg;
			break;
		case 'k':
			o.tsig_keys = optarg;
			break;
		case 'o':
			o.output = optarg;
			break;
		case 't':
			if (!parse_time(optarg, &o.now))
				return trouble(optarg, "not a time as YYYYMMDDhhmmss");
			break;
		case 'z':
			o.origin = optarg;
			break;
		case NO_DNSSEC:
			o.dnssec = false;
			break;
		case JSON:
			o.json = true;
			break;
		case CHECK_CONF:
			conf = optarg;
			break;
		case 'V':
			puts("localroot-check " PACKAGE_VERSION);
			return told(0);
		case 'h':
			fputs(usage, stdout);
			return told(0);
		default:
			fputs(usage, stderr);
			return TROUBLE;
		}
	}
	if (conf && optind == argc)
		return told(check_conf(conf));
	if (conf || optind + 1 != argc) {
		fputs(usage, stderr);
		return TROUBLE;
	}
	o.source = argv[optind];
	if (!lr_name_parse(o.origin, origin, &origin_length))
		return trouble(o.origin, "not a domain name");

	/* Where it has not started for want of memory, OpenSSL 3.0 goes through NULL later. */
	bool started = OSSL_LIB_CTX_get0_global_default() != NULL;
	struct lr_anchors *anchors = started ? lr_anchors_new(origin) : NULL;
	int status = anchors ? check(&o, origin, anchors) : trouble("start", "out of memory");
	lr_anchors_free(anchors);
	return told(status);
}
