/*
 * host_structs.c -- the structs of this Unbound are those of the headers that we were built with.
 *
 * Unbound writes into structs of ours, or makes some of its own, and the values are found where our
 * headers have them. Each call is safe where the layout is another: a struct that Unbound writes to
 * has room to spare, and of one that it made only as much is read as it has.
 */
#include "host.h"

#include <malloc.h>

/* A struct of ours, with room for one that is larger in this Unbound. */
#define ROOM(type)                                                                                 \
	union {                                                                                    \
		struct type it;                                                                    \
		void *slots[1024];                                                                 \
	}

#define LONGER "................................................................"
#define LONG LONGER LONGER LONGER LONGER

/* The fields of config_file that the module reads, by the options that set them. */
#define FIELD(field, option, first, second)                                                        \
	{                                                                                          \
		option, first, second, offsetof(struct config_file, field),                        \
		    sizeof(((struct config_file *)NULL)->field)                                    \
	}
#define YES_NO(field, option) FIELD(field, option, "yes", "no")
#define NUMBER(field, option) FIELD(field, option, "5", "6")
#define STRING(field, option) FIELD(field, option, "/", LONG)
static const struct field {
	const char *option, *first, *second;
	size_t at, size;
} fields[] = {
    YES_NO(LR_BEFORE_THREADS, LR_BEFORE_THREADS_OPTION),
    NUMBER(port, "port:"),
    YES_NO(do_ip4, "do-ip4:"),
    YES_NO(do_ip6, "do-ip6:"),
    /* num_out_ifs and, behind it, out_ifs */
    {"outgoing-interface:", "192.0.2.1", "192.0.2.2", offsetof(struct config_file, num_out_ifs),
	offsetof(struct config_file, out_ifs) + sizeof(char **) -
	    offsetof(struct config_file, num_out_ifs)},
    STRING(root_hints, "root-hints:"),
    STRING(donotqueryaddrs, "do-not-query-address:"),
    YES_NO(deny_any, "deny-any:"),
    STRING(chrootdir, "chroot:"),
    STRING(module_conf, "module-config:"),
    YES_NO(root_key_sentinel, "root-key-sentinel:"),
    NUMBER(val_date_override, "val-override-date:"),
    YES_NO(val_clean_additional, "val-clean-additional:"),
    STRING(dynlib_file, "dynlib-file:"),
    YES_NO(serve_expired, "serve-expired:"),
    NUMBER(serve_expired_client_timeout, "serve-expired-client-timeout:"),
    YES_NO(minimal_responses, "minimal-responses:"),
};

/* Fields that no option sets at run time are where they were if their neighbours are, and if there
 * is no gap that another field could fill. */
#define WITHOUT_GAP(first, last, octets)                                                           \
	_Static_assert(                                                                            \
	    offsetof(struct config_file, last) - offsetof(struct config_file, first) == (octets),  \
	    "a gap between " #first " and " #last)
WITHOUT_GAP(LR_BEFORE_THREADS, port, 2 * sizeof(int));        /* num_threads */
WITHOUT_GAP(root_hints, donotqueryaddrs, 5 * sizeof(void *)); /* stubs, forwards, auths, views */

/* Where the last of them ends. What is behind may differ: the patch for Unbound adds a field there,
 * and a module that was built with it is for the stock one too. */
static size_t
fields_end(void)
{
	size_t end = 0;
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		if (fields[i].at + fields[i].size > end)
			end = fields[i].at + fields[i].size;
	return end;
}

/* Whether Unbound, told to set the option, changes the field and nothing else up to END. */
static bool
sets_field(struct config_file *cfg, size_t end, const struct field *field)
{
	const unsigned char *now = (const unsigned char *)cfg;
	unsigned char before[sizeof(*cfg)];
	bool changed = false;
	if (!config_set_option(cfg, field->option, field->first))
		return false;
	memcpy(before, now, end);
	if (!config_set_option(cfg, field->option, field->second))
		return false;
	for (size_t i = 0; i < end; i++)
		if (now[i] != before[i]) {
			if (i < field->at || i >= field->at + field->size)
				return false;
			changed = true;
		}
	return changed;
}

static const char no_memory[] = "too little memory to look at its structs";

/* Each of these names what is different in this Unbound: a struct, or the option whose field is
 * elsewhere. NULL: all is as it was when we were built. */

static const char *
check_config(void)
{
	struct config_file *cfg = config_create();
	/* A global of Unbound's, which setting the option changes, too: it is put back. */
	const int serve_expired = SERVE_EXPIRED;
	const size_t end = fields_end();
	const char *other = NULL;
	if (!cfg)
		return no_memory;
	if (malloc_usable_size(cfg) < end)
		other = "another struct config_file";
	for (size_t i = 0; !other && i < sizeof(fields) / sizeof(*fields); i++)
		if (!sets_field(cfg, end, &fields[i]))
			other = fields[i].option;
#ifdef CLIENT_SUBNET
	/* No option sets it at run time: by its default. */
	if (!other && cfg->client_subnet_opcode != LDNS_EDNS_CLIENT_SUBNET)
		other = "client-subnet-opcode:";
#endif
	SERVE_EXPIRED = serve_expired;
	config_delete(cfg);
	return other;
}

static bool
is_auth_zone(struct auth_zone *zone)
{
	static char yes[] = "yes";
	return malloc_usable_size(zone) >= sizeof(*zone) && zone->namelen == 1 &&
	       zone->dclass == LDNS_RR_CLASS_IN && zone->data.cmp == &auth_data_cmp &&
	       auth_zone_set_fallback(zone, yes) && zone->fallback_enabled == 1;
}

/* A lock is taken only after the fields before and behind it have been seen in their places. */
static const char *
check_auth_zones(void)
{
	static uint8_t root[] = {0};
	const char *other = NULL;
	struct auth_zones *zones = auth_zones_create();
	if (!zones)
		return no_memory;
	if (malloc_usable_size(zones) < sizeof(*zones) || zones->ztree.cmp != &auth_zone_cmp ||
	    zones->xtree.cmp != &auth_xfer_cmp) {
		other = "another struct auth_zones";
	} else {
		lock_rw_wrlock(&zones->lock);
		struct auth_zone *zone = /* comes back locked */
		    auth_zone_create(zones, root, sizeof(root), LDNS_RR_CLASS_IN);
		if (!zone)
			other = no_memory;
		else if (!is_auth_zone(zone))
			other = "another struct auth_zone";
		else
			lock_rw_unlock(&zone->lock);
		lock_rw_unlock(&zones->lock);
	}
	auth_zones_delete(zones);
	return other;
}

/* This shows the size of a lock_quick_type, too. */
static const char *
check_alloc(void)
{
	ROOM(alloc_cache) alloc;
	alloc_init(&alloc.it, NULL, 5);
	bool fits = alloc.it.thread_num == 5;
	alloc_clear(&alloc.it);
	return fits ? NULL : "another struct alloc_cache";
}

/* This shows the size of a time_t, too: the carry has to go into its upper half. */
static const char *
check_rrset(void)
{
	ROOM(packed_rrset_data) data = {.slots = {NULL}};
	data.it.ttl = (time_t)UINT32_MAX;
	packed_rrset_ttl_add(&data.it, 1);
	bool fits = data.it.ttl == (time_t)UINT32_MAX + 1 && data.it.count == 0;
	return fits ? NULL : "another struct packed_rrset_data";
}

static const char *
check_reply(void)
{
	ROOM(msgreply_entry) key = {.slots = {NULL}};
	ROOM(reply_info) reply = {.slots = {NULL}};
	size_t size = sizeof(struct msgreply_entry) + sizeof(struct reply_info) -
		      sizeof(struct rrset_ref) + lock_get_mem(&key.it.entry.lock);
	return msgreply_sizefunc(&key, &reply) == size ? NULL : "another struct reply_info";
}

static bool reached;

static void
reach(struct module_qstate *qstate, enum module_ev event, int id, struct outbound_entry *entry)
{
	(void)qstate, (void)event, (void)id, (void)entry;
	reached = true;
}

static void
miss(struct module_qstate *qstate, enum module_ev event, int id, struct outbound_entry *entry)
{
	(void)qstate, (void)event, (void)id, (void)entry;
}

static void
fill(void **slots, size_t count, void *with)
{
	for (size_t i = 0; i < count; i++)
		slots[i] = with;
}
#define FILL(room, with) fill((room).slots, sizeof(room) / sizeof(void *), (with))

/* Unbound is to find reach() by way of a query's env and modinfo; all other ways lead to miss(). */
static bool
finds_module(void)
{
	ROOM(dynlibmod_env) library, no_library;
	ROOM(module_env) env, no_env;
	ROOM(module_qstate) query;
	FILL(no_library, (void *)miss);
	FILL(library, (void *)miss);
	library.it.func_operate = reach;
	FILL(no_env, &no_library);
	FILL(env, &no_library);
	env.it.modinfo[1] = &library;
	FILL(query, &no_env);
	query.it.env = &env.it;
	reached = false;
	dynlibmod_operate(&query.it, module_event_new, 1, NULL);
	return reached;
}

static const char *
check_query(void)
{
	ROOM(module_qstate) query = {.slots = {NULL}};
	lr_host_pass(&query.it, module_event_moddone, 1);
	if (query.it.ext_state[1] != module_finished)
		return "another struct module_qstate";
	return finds_module() ? NULL : "another struct module_env";
}

const char *
lr_host_other_struct(void)
{
	static const char *(*const checks[])(void) = {
	    check_config, check_auth_zones, check_alloc, check_rrset, check_reply, check_query};
	const char *other = NULL;
	for (size_t i = 0; !other && i < sizeof(checks) / sizeof(*checks); i++)
		other = checks[i]();
	return other;
}
