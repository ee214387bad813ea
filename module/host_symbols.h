/*
 * host_symbols.h -- everything of Unbound's that the module calls or reads by name.
 *
 * These are weak references: a program that lacks one of them can load the module all the same, and
 * is told so by lr_host_fits(), where it would end with "undefined symbol" otherwise. What is not
 * listed here is missed by test/unit/t_host.
 */
#ifndef LR_HOST_SYMBOLS_H
#define LR_HOST_SYMBOLS_H

#if LR_UNBOUND_NUMBER >= 120
#define LR_HOST_SYMBOLS_BY_VERSION(X) X(MIN_NEG_TTL) X(hints_find_root)
#else
#define LR_HOST_SYMBOLS_BY_VERSION(X) X(hints_lookup_root)
#endif

#define LR_HOST_SYMBOLS(X)                                                                         \
	X(MAX_NEG_TTL)                                                                             \
	X(MAX_TTL)                                                                                 \
	X(MIN_TTL)                                                                                 \
	X(SERVE_EXPIRED)                                                                           \
	X(SERVE_EXPIRED_TTL)                                                                       \
	X(SERVE_ORIGINAL_TTL)                                                                      \
	X(addr_tree_lookup)                                                                        \
	X(alloc_clear)                                                                             \
	X(alloc_init)                                                                              \
	X(anchor_has_keytag)                                                                       \
	X(anchors_apply_cfg)                                                                       \
	X(anchors_create)                                                                          \
	X(anchors_delete)                                                                          \
	X(auth_data_cmp)                                                                           \
	X(auth_xfer_cmp)                                                                           \
	X(auth_zone_cmp)                                                                           \
	X(auth_zone_create)                                                                        \
	X(auth_zone_find)                                                                          \
	X(auth_zone_set_fallback)                                                                  \
	X(auth_zones_create)                                                                       \
	X(auth_zones_delete)                                                                       \
	X(auth_zones_find_zone)                                                                    \
	X(bin_overflow_remove)                                                                     \
	X(config_create)                                                                           \
	X(config_delete)                                                                           \
	X(config_set_option)                                                                       \
	X(dname_count_labels)                                                                      \
	X(dname_is_root)                                                                           \
	X(dname_lab_startswith)                                                                    \
	X(dname_remove_label)                                                                      \
	X(dns_cache_find_delegation)                                                               \
	X(delegpt_copy)                                                                            \
	X(dynlibmod_operate)                                                                       \
	X(edns_opt_list_find)                                                                      \
	X(forwards_lookup)                                                                         \
	X(hints_lookup_stub)                                                                       \
	X(local_zones_find)                                                                        \
	X(log_err)                                                                                 \
	X(log_info)                                                                                \
	X(log_warn)                                                                                \
	X(lru_remove)                                                                              \
	X(memdup)                                                                                  \
	X(msg_cache_remove)                                                                        \
	X(msgreply_sizefunc)                                                                       \
	X(name_tree_find)                                                                          \
	X(packed_rrset_ttl_add)                                                                    \
	X(rbtree_delete)                                                                           \
	X(rbtree_init)                                                                             \
	X(rbtree_search)                                                                           \
	X(regional_alloc)                                                                          \
	X(regional_alloc_zero)                                                                     \
	X(regional_create)                                                                         \
	X(regional_destroy)                                                                        \
	X(respip_operate)                                                                          \
	X(rrset_cache_remove)                                                                      \
	X(rrset_key_hash)                                                                          \
	X(slabhash_gettable)                                                                       \
	X(verbosity)                                                                               \
	LR_HOST_SYMBOLS_BY_VERSION(X)

#define LR_PRAGMA(text) _Pragma(#text)
#define LR_WEAK(symbol) LR_PRAGMA(weak symbol)
LR_HOST_SYMBOLS(LR_WEAK)

#endif
