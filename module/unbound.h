/*
 * unbound.h -- every header of Unbound's that the module uses, and every difference between its
 * versions.
 *
 * Not to be mixed with <ldns/ldns.h>: both declare LDNS_RR_TYPE_… .
 */
#ifndef LR_UNBOUND_H
#define LR_UNBOUND_H

#include "config.h"

#include <stdbool.h>

#include "daemon/daemon.h"
#include "dynlibmod/dynlibmod.h"
#include "iterator/iter_delegpt.h"
#include "iterator/iter_fwd.h"
#include "iterator/iter_hints.h"
#include "respip/respip.h"
#include "services/authzone.h"
#include "services/cache/dns.h"
#include "services/cache/rrset.h"
#include "services/rpz.h"
#include "sldns/rrdef.h"
#include "sldns/sbuffer.h"
#include "util/alloc.h"
#include "util/config_file.h"
#include "util/data/dname.h"
#include "util/data/msgparse.h"
#include "util/data/msgreply.h"
#include "util/data/packed_rrset.h"
#include "util/log.h"
#include "util/module.h"
#include "util/net_help.h"
#include "util/regional.h"
#include "util/rtt.h"
#include "util/storage/dnstree.h"
#include "util/storage/slabhash.h"
#include "validator/val_anchor.h"
#include "validator/validator.h"

#include "host_symbols.h"

#if !defined(HAVE_PTHREAD)
#error "Unbound was configured without POSIX threads, which this module needs"
#endif

/* LR_UNBOUND_NUMBER is the version built against: 117 for 1.17.1. */

/*
 * The host's locks, in the order in which it takes them itself (fr_reload_config() in
 * daemon/remote.c takes all of them so, for writing, and changes env->cfg meanwhile):
 *
 *     auth zones' rpz_lock > auth zones' lock > an auth zone's lock > an RPZ's sets > forwards'
 *     > hints' > trust anchors' > a trust anchor's
 *
 * The module holds two of them only where they belong to one another: rpz_lock > policy zone > its
 * sets (precedence.c), auth zones > zone (upstream.c), anchors > anchor (host_anchors.c). What it
 * needs of two others it copies under the one before it takes the other. Of its own locks,
 * upstream.c's is taken before the auth zones'; under the others it takes none.
 *
 * fast_reload waits for the workers before it deletes what it has replaced. The refresher's thread
 * is none: it reads the auth zones and the anchors under these locks, and nothing else that can
 * change. The forwards, the hints and env->cfg are not for it under any lock: at a reload and at
 * the end Unbound deletes them before deinit() has ended that thread.
 */

/* fast_reload came with 1.23; it deletes every auth zone that is not configured. */
#define LR_HAS_FAST_RELOAD (LR_UNBOUND_NUMBER >= 123)

/* A number in env->cfg, which fast_reload +p changes under the workers. */
#define LR_CFG(cfg, field) __atomic_load_n(&(cfg)->field, __ATOMIC_RELAXED)

/* As verbose(), for threads that are no workers: a
 * reload writes Unbound's verbosity before it ends them. */
#define lr_say(level, ...)                                                                         \
	do {                                                                                       \
		if (lr_wants(level))                                                               \
			log_info(__VA_ARGS__);                                                     \
	} while (0)

__attribute__((no_sanitize("thread"))) static inline bool
lr_wants(enum verbosity_value level)
{
	return __atomic_load_n(&verbosity, __ATOMIC_RELAXED) >= level;
}

/* Take a lock_quick_lock() or a lock_rw_wrlock(), if nobody holds it. */
#if defined(HAVE_PTHREAD_SPINLOCK_T)
#define LR_QUICK_TRYLOCK(lock) (pthread_spin_trylock(lock) == 0)
#else
#define LR_QUICK_TRYLOCK(lock) (pthread_mutex_trylock(lock) == 0)
#endif
#if defined(HAVE_PTHREAD_RWLOCK_T)
#define LR_RW_TRYWRLOCK(lock) (pthread_rwlock_trywrlock(lock) == 0)
#else
#define LR_RW_TRYWRLOCK(lock) (pthread_mutex_trylock(lock) == 0)
#endif

/* The forward and hint trees got locks of their own in 1.20, for changes at run time, and are
 * shared since; before, each worker has its own, and the daemon's env none. */
#if LR_UNBOUND_NUMBER >= 120
#define LR_TREES_LOCK(trees) lock_rw_rdlock(&(trees)->lock)
#define LR_TREES_UNLOCK(trees) lock_rw_unlock(&(trees)->lock)
#define LR_NOLOCK , 1
#define LR_HINTS_ROOT(hints) hints_find_root((hints), LDNS_RR_CLASS_IN, 1)
#else
#define LR_TREES_LOCK(trees) ((void)0)
#define LR_TREES_UNLOCK(trees) ((void)0)
#define LR_NOLOCK
#define LR_HINTS_ROOT(hints) hints_lookup_root((hints), LDNS_RR_CLASS_IN)
#endif

/* An option of the dynlib, from 0 on. Of an Unbound whose dynlibs have some (contrib/upstream);
 * NULL in others. For init. */
/* NOLINTNEXTLINE(readability-redundant-declaration): the patched have it */
const char *dynlibmod_option(struct module_env *env, int id, int number);
#pragma weak dynlibmod_option

/* The field of config_file in front of num_threads, and the option that sets it. */
#if LR_UNBOUND_NUMBER >= 117
#define LR_BEFORE_THREADS stat_inhibit_zero
#define LR_BEFORE_THREADS_OPTION "statistics-inhibit-zero:"
#else
#define LR_BEFORE_THREADS stat_extended
#define LR_BEFORE_THREADS_OPTION "extended-statistics:"
#endif

#endif
