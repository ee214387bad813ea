"""What test/long/mutants.py breaks, by file: kind, what is wrong then, the text that occurs once, what it becomes, and the
tests that have to turn red: a unit test by its name, one test of a daemon file as "d_file: its name". build: that of a
sanitizer, where nothing else can tell."""

import collections

Mutant = collections.namedtuple("Mutant", "file kind what old new tests build")

COMPARISON, CHECK, LIMIT, READER = "comparison turned", "check taken out", "limit moved", "off by one"
LOCK, UNLOCK, FREE, IGNORED, FLAG = "lock left out", "unlock left out", "free left out", "error ignored", "flag forgotten"

TABLE = []
SHORTER = ("d_refresh: a source with an older copy of its own takes no time away; one whose copy is about to expire is passed over, "
           "and the next is asked")


def of(file, *rows):
    for kind, what, old, new, *tests in rows:
        build = tests.pop() if tests[-1] in ("address", "thread") else "plain"
        TABLE.append(Mutant(file, kind, what, old, new, tests, build))


# zone/: the zone as data

of("zone/cursor.c",
   (READER, "an octet of a pointer", "after = at + 2;", "after = at + 1;", "t_cursor"),
   (LIMIT, "a name of 256 octets", "length + 1 + octet > 255", "length + 1 + octet > 256", "t_cursor"))
of("zone/cursor.h",
   (READER, "an octet behind the end", "(size_t)(c->end - c->at) < size", "(size_t)(c->end - c->at) + 1 < size", "t_cursor"))
of("zone/name.c",
   (LIMIT, "a label of 64 octets", "label > 63", "label > 64", "t_name"),
   (COMPARISON, "the longer of two labels first", "return *a - *b;", "return *b - *a;", "t_name"),
   (READER, "a part of a label is a parent", "labels >= labels_above &&", "labels > labels_above &&", "t_name"))
of("zone/rdata.c",
   (LIMIT, "33 octets in a window", "bitmap[1] > 32", "bitmap[1] > 33", "t_rdata"),
   (COMPARISON, "the same window twice", "bitmap[0] <= last", "bitmap[0] < last", "t_rdata"),
   (CHECK, "QTYPEs in a zone", "if (meta_type(type))", "if (false)", "t_rdata"),
   (COMPARISON, "RDATA is in the order of the case of its letters", "lr_fold[rdata[at]] : rdata[at]", "rdata[at] : rdata[at]", "t_rdata"),
   (CHECK, "octets behind the last field", "if (lr_cursor_left(&in) > 0)", "if (false)", "t_rdata"))
of("zone/draft.c",
   (FLAG, "an rrset for an owner", "entry->starts = a.type != b.type ? STARTS_RRSET : 0;",
    "entry->starts = a.type != b.type ? STARTS_RRSET | STARTS_OWNER : 0;", "t_draft"),
   (LIMIT, "a record too many", "draft->count >= draft->limits.records", "draft->count > draft->limits.records", "t_draft"),
   (CHECK, "records of another zone", "if (!lr_name_within(record->owner, draft->origin))", "if (false)", "t_draft"),
   (COMPARISON, "of two equal records the last stays", "&scratch[left], &entries[right]) <= 0",
    "&scratch[left], &entries[right]) < 0", "t_draft"),
   (FLAG, "sorted, though a record came since", "\tdraft->sorted = false;\n", "", "t_draft"),
   (FREE, "the index", "\tlr_pages_free(draft->index, draft->slots * sizeof(*draft->index));\n", "", "t_draft", "address"))
of("zone/changes.c",
   (CHECK, "what is deleted need not be there", "if (change ? !change->present : !rdata)", "if (false)", "t_changes"),
   (READER, "a signature counts as a record", "(i >= rrset->count) != signature", "(i > rrset->count) != signature", "t_changes"),
   (IGNORED, "a change that found no memory", "\tif (!change)\n\t\treturn lr_fail(err, LR_ENOMEM, \"out of memory\");\n\tmemcpy(",
    "\tif (!change)\n\t\treturn LR_OK;\n\tmemcpy(", "t_memory"))
of("zone/find.c",
   (COMPARISON, "the DS is asked of the child", "depth == labels && type ==", "depth != labels && type ==", "t_find"),
   (CHECK, "the same proof twice", "finding->proofs[0] != nsec", "true", "t_find"))
of("zone/owner.c",
   (FLAG, "a DNAME hides nothing", "hides = true;", "hides = false;", "t_nsec"),
   (COMPARISON, "glue is signed", "if (owner->occluded || type ==", "if (!owner->occluded || type ==", "t_validate"))
of("zone/seal.c",
   (CHECK, "an empty non-terminal each time", "if (lr_name_within(previous, name))", "if (false)", "t_find"))
of("zone/serial.h",
   (LIMIT, "2^31 apart is newer", "a - b < UINT32_C(1) << 31", "a - b <= UINT32_C(1) << 31", "t_source_ixfr"))
of("zone/soa.c",
   (CHECK, "octets behind the SOA's numbers", "&& lr_cursor_left(&c) == 0", "", "t_semantics"))
of("zone/text.c",
   (LIMIT, "a field too many", "r->count == TOKENS_MAX", "r->count == TOKENS_MAX + 1", "t_text", "address"),
   (CHECK, "a compressed name in RDATA", "if (checked != length)", "if (false)", "t_text"),
   (FLAG, "a quote ends with its line", "(token->quoted && c == '\\n')", "false", "t_text"))
of("zone/text_field.c",
   (LIMIT, "a label of 64 octets", "length - label > 63", "length - label > 64", "t_text"),
   (COMPARISON, "a leap year from February on", "past = month > 2", "past = month > 1", "t_text"),
   (CHECK, "bits behind the last octet of base64", "have + padding != 4 ||", "have + padding != 4 && ", "t_text"))

# zone/fetch/: how it comes

of("zone/fetch/gunzip.c",
   (CHECK, "told to end while nothing comes of it", "(void)lr_stop_step(g->stop, 1 + (left - g->z.avail_in) / OCTETS_A_STEP, &g->err);",
    "(void)left;", "t_work"))
of("zone/fetch/budget.c",
   (CHECK, "told to end while it waits", "if (ready > 0 && fds[0].revents)", "if (false)", "d_stops: in the middle of each attack"),
   (CHECK, "no end of the whole time", "if (end > budget->deadline)", "if (false)", "t_source_axfr"),
   (LIMIT, "an octet more than is taken", "budget->octets > budget->limits->wire_octets",
    "budget->octets > budget->limits->wire_octets + 1", "t_source_axfr"))
of("zone/fetch/connection.c",
   (LIMIT, "a message of eleven octets", "*size < HEADER_SIZE", "*size < HEADER_SIZE - 1", "t_source_axfr"),
   (LIMIT, "a message too many", "c->messages == c->budget->limits->messages", "c->messages > c->budget->limits->messages",
    "t_source_axfr"),
   (CHECK, "octets behind an answer", "return c->filled > c->front;", "return false;", "t_source_ixfr"))
of("zone/fetch/message.c",
   (CHECK, "a record of another class", "if (class != LDNS_RR_CLASS_IN)", "if (false)", "t_transfer"),
   (READER, "the upper bits of the RCODE", "ttl >> 24 << 4", "ttl >> 24 << 3", "t_transfer"),
   (CHECK, "a record that is cut behind the answers", "if (!rdata || owner_length == 0)", "if (owner_length == 0)", "t_transfer"))
of("zone/fetch/transfer.c",
   (CHECK, "the closing SOA may be another", "if (!same_soa(&soa, &t->first))", "if (false)", "t_transfer"),
   (COMPARISON, "differences lead back", "if (!lr_serial_newer(serial_of(&soa), serial_of(&t->current)) ||",
    "if (lr_serial_newer(serial_of(&t->current), serial_of(&soa)) ||", "t_source_ixfr"),
   (LIMIT, "a sequence too many", "++t->steps > t->steps_max", "t->steps++ > t->steps_max", "t_source_ixfr"),
   (FREE, "the changes", "\tlr_changes_free(transfer->changes);\n", "", "t_source_ixfr", "address"))
of("zone/fetch/request.c",
   (CHECK, "an older zone than is held", "if (serial != held && !lr_serial_newer(serial, held))", "if (false)", "t_source_ixfr"))
of("zone/fetch/source.c",
   (FREE, "the name of the certificates", "\tfree(source->ca_bundle);\n", "", "t_source_https", "address"))
of("zone/fetch/source_transfer.c",
   (FLAG, "EDNS is to blame for what broke off", "if (begun)", "if (false)",
    "d_refresh: a transfer that breaks off is not EDNS' fault: what comes without is taken, and EXPIRE is asked for the next time"),
   (CHECK, "another serial than was announced", "if (code == LR_OK && announced &&", "if (false &&", "t_source_ixfr"))
of("zone/fetch/source_file.c",
   (CHECK, "a FIFO as a file", "if (!S_ISREG(status->st_mode))", "if (false)", "t_source_file"),
   (COMPARISON, "a file of the largest size", "(uintmax_t)status->st_size > max", "(uintmax_t)status->st_size >= max", "t_source_file"))
of("zone/fetch/source_https.c",
   (CHECK, "a redirect away from https", "source->uri.scheme == LR_HTTPS && strncasecmp", "false && strncasecmp", "t_source_https"),
   (LIMIT, "a redirect too many", "i <= max; i++", "i < max; i++", "t_source_https"))
of("zone/fetch/https.c",
   (LOCK, "the users of libcurl", "\tpthread_mutex_lock(&users_lock);\n\tif (--users", "\tif (--users", "t_source_https", "thread"),
   (CHECK, "headers without end", "if (x->header_octets > x->budget->limits->header_octets)", "if (false)", "t_source_https"),
   (CHECK, "a body without end", "if (length > max - x->response->size)", "if (false)", "t_source_https"))
of("zone/fetch/libcurl.c",
   (CHECK, "a libcurl that is too old", "version->version_num < LEAST ?", "false ?",
    "d_refresh: an https: source that this build cannot ask, or this machine's libcurl, is passed over and told once, with the reason; others serve"))
of("zone/fetch/schedule.c",
   (LIMIT, "nobody is asked more often than", "larger(LR_LEAST_SECONDS, schedule->left / 2)", "larger(1, schedule->left / 2)", "t_schedule"),
   (COMPARISON, "doubled at the first failure", "for (; failures > 1 &&", "for (; failures > 0 &&", "t_schedule"))
of("zone/fetch/tls.c",
   (CHECK, "any certificate will do", "SSL_VERIFY_PEER, NULL", "SSL_VERIFY_NONE, NULL",
    "d_sources: certificates and names: each fault is told, and nothing is taken"),
   (CHECK, "of whatever name", "return SSL_set1_host(ssl, host) == 1 && ", "return ",
    "d_sources: certificates and names: each fault is told, and nothing is taken"),
   (CHECK, "no ALPN is as good", "length != 3 || memcmp(protocol, \"dot\", 3) != 0", "false",
    "d_sources: xot: an expired certificate, TLS 1.2, no ALPN, and no TLS at all are refused with the reason"))
of("zone/fetch/tsig.c",
   (CHECK, "any MAC is right", "CRYPTO_memcmp(mac, s->mac, a->size) != 0", "false", "t_tsig"),
   (LIMIT, "a message too many without signature", "++t->without > UNSIGNED_MAX", "t->without++ > UNSIGNED_MAX", "t_tsig"),
   (COMPARISON, "too old is as good as too new", "(ahead < 0 ? -ahead : ahead) <= s->fudge", "ahead <= s->fudge", "t_tsig"))
of("zone/fetch/uri.c",
   (LIMIT, "port 65536", "value > 0 && value <= UINT16_MAX", "value > 0 && value <= UINT16_MAX + 1", "t_uri"),
   (CHECK, "control characters", "if ((unsigned char)*c < ' ' || *c == 0x7f)", "if (*c == 0x7f)", "t_uri"))
of("zone/fetch/uri_list.c",
   (LIMIT, "a source too many", "*count == LR_URI_LIST_MAX", "*count == LR_URI_LIST_MAX + 1", "t_uri_list", "address"))
of("zone/fetch/option_value.c",
   (CHECK, "a relative path", "if (reading->value[0] != '/')", "if (false)", "t_option"))

# validate/: from a draft to a zone

of("validate/validate.c",
   (CHECK, "whatever serial", "code == LR_OK && options->has_floor", "false && options->has_floor", "t_validate"),
   (IGNORED, "the digest is not the contents'", "if (code == LR_OK && options->dnssec)", "if (options->dnssec)", "t_validate"),
   (CHECK, "no digest without the shape", "code == LR_EFORMAT && options->digest_anyway", "false", "t_validate"),
   (FREE, "the draft", "\tlr_draft_free(draft);\n", "", "t_validate", "address"))
of("validate/localroot-check.c",
   (CHECK, "a source's copy that has expired is as good", "if (fetched->has_expire && fetched->expire == 0)", "if (false)",
    "d_refresh: EDNS EXPIRE bounds the copy and brings the next look nearer; a source whose own copy has expired is passed over"))
of("validate/zonemd.c",
   (CHECK, "a digest of another serial", "if (own.serial != serial)", "if (false)", "t_zonemd"),
   (CHECK, "the same hash twice", "if (i != index && parse", "if (false && parse", "t_zonemd"),
   (LIMIT, "33 digests", "end - first > 32", "end - first > 33", "t_zonemd"),
   (CHECK, "the signature of the digest is covered", "return record->type == LDNS_RR_TYPE_ZONEMD ||", "return false ||", "t_zonemd"))
of("validate/dnssec.c",
   (CHECK, "a signature that is not valid yet", "if (!lr_serial_not_after(s->inception, v->now))", "if (false)", "t_dnssec"),
   (COMPARISON, "a signature in its last second", "if (!lr_serial_not_after(v->now, s->expiration))",
    "if (lr_serial_not_after(s->expiration, v->now))", "t_dnssec"),
   (CHECK, "a wildcard's signature", "if (s->labels != labels)", "if (false)", "t_dnssec"),
   (CHECK, "a signature for another TTL", "if (s->original_ttl != first->ttl)", "if (false)", "t_dnssec"),
   (CHECK, "another zone signs", "if (!lr_name_equal(s->rdata + LR_RRSIG_FIXED, v->origin))", "if (false)", "t_dnssec"),
   (CHECK, "any key vouches for the keys", "(anchored_only && !v->anchored[k])", "false", "t_dnssec"),
   (CHECK, "no signature at all", "if (!secure)", "if (false)", "t_dnssec"),
   (CHECK, "signatures over glue", "if (is_signed)", "if (false)", "t_tampered"),
   (COMPARISON, "the latest expiration", "lr_serial_not_after(s->expiration, v->result.expires)",
    "lr_serial_not_after(v->result.expires, s->expiration)", "t_dnssec"),
   (LIMIT, "keys without end", "dnskeys->end - dnskeys->start > LR_DNSKEYS_MAX", "dnskeys->end - dnskeys->start > LR_DNSKEYS_MAX + 1",
    "t_dnssec"),
   (FREE, "the keys", "\tfor (unsigned k = 0; k < v.key_count; k++)\n\t\tlr_key_free(v.keys[k]);\n", "", "t_dnssec", "address"))
of("validate/key.c",
   (CHECK, "a key that was revoked", "|| (flags & LR_KEY_REVOKED)", "", "t_key"),
   (READER, "the tag without its carry", "sum + (sum >> 16)", "sum", "t_key"),
   (CHECK, "a signature of another size", "if (key->algorithm->signature && signature_size", "if (false && signature_size", "t_dnssec"))
of("validate/anchor.c",
   (COMPARISON, "keys that are still pending", "state[0] == '2' || state[0] == '3'", "state[0] == '1' || state[0] == '2'", "t_anchor"),
   (CHECK, "the digest of an anchor", "memcmp(ds->rdata + 4, digest, size) == 0", "true", "t_anchor"),
   (LIMIT, "an anchor too many", "anchors->count == ANCHORS_MAX", "anchors->count == ANCHORS_MAX + 1", "t_anchor", "address"),
   (FREE, "an anchor's data", "\t\tfree(anchors->list[i].rdata);\n", "\t\t;\n", "t_anchor", "address"))
of("validate/nsec.c",
   (CHECK, "the chain need not close", "if (!previous || !lr_name_equal(next, lr_draft_origin(draft)))", "if (false)", "t_nsec"),
   (CHECK, "other types than are there", "memcmp(nsec.rdata + length, expected, size) != 0", "false", "t_nsec"),
   (READER, "the last bit of a window", "(uint8_t)(bit / 8 + 1)", "(uint8_t)(bit / 8)", "t_nsec"),
   (CHECK, "NSEC3", "if (has_nsec3(draft))", "if (false)", "t_nsec"))
of("validate/semantics.c",
   (CHECK, "two TTLs in one rrset", "if (lr_draft_record(draft, i).ttl != ttl)", "if (false)", "t_semantics"),
   (CHECK, "a CNAME beside others", "if (cname && others)", "if (false)", "t_semantics"))
of("validate/freshness.c",
   (COMPARISON, "an older serial", "if (!lr_serial_not_after(floor, serial))", "if (!lr_serial_not_after(serial, floor))", "t_freshness"),
   (CHECK, "no limit on the age", "\tif (max_age)\n", "\tif (false)\n", "t_freshness"),
   (FLAG, "the source's own expiry", "\tif (edns_expire)\n", "\tif (false)\n", "t_freshness"),
   (READER, "signatures that ended a second before", "confirmed - (int64_t)(UINT32_MAX - ahead) - 1", "confirmed - (int64_t)(UINT32_MAX - ahead)",
    "t_freshness"))

# module/: what does without Unbound

of("module/snapshot.c",
   (COMPARISON, "served in its last second", "if (zone && now < horizon)", "if (zone && now <= horizon)", "t_snapshot"),
   (CHECK, "nobody waits for the readers", "if (old && old != zone)", "if (false)", "t_snapshot"),
   (CHECK, "announced, and not looked at again", "if (again == zone)", "if (true)", "t_snapshot", "address"),
   (FREE, "the zone before", "\tlr_zone_unref(old);\n", "", "t_snapshot", "address"))
of("module/sources.c",
   (COMPARISON, "asked before its time", "history->failures && until > picking->now_ms", "history->failures && until < picking->now_ms",
    "t_sources"),
   (FLAG, "asked before", "history->tried = true;", "", "t_sources"),
   (COMPARISON, "the next try of the first to be let go", "if (i == soonest || ", "if (", "t_sources"),
   (LOCK, "what is noted", "\tpthread_mutex_lock(&sources->lock);\n\tbool another", "\tbool another", "t_sources", "thread"),
   (UNLOCK, "what was noted", "\tpthread_mutex_unlock(&sources->lock);\n\treturn news;", "\treturn news;", "t_sources"))
of("module/metrics.c",
   (CHECK, "a quote ends a label", "if (*c == '\"' || *c == '\\\\')", "if (false)", "t_metrics"),
   (COMPARISON, "two sources that look the same", "shown(*a) == shown(*b)", "*a == *b", "t_metrics"),
   (LIMIT, "a source too many", "i < LR_METRICS_SOURCES", "i <= LR_METRICS_SOURCES", "t_metrics"))
of("module/stats.c",
   (LOCK, "what is added up", "\tpthread_mutex_lock(&stats->lock);\n\tstruct lr_counts now", "\tstruct lr_counts now", "t_stats", "thread"),
   (FLAG, "a reset", "if (since == LR_SINCE_RESET_AND_RESET)", "if (false)", "t_stats"),
   (CHECK, "a worker that there is not", "\tif (worker >= stats->workers)\n\t\treturn;\n", "", "t_stats", "address"))
of("module/store.c",
   (CHECK, "a checksum of anything", "if (strcmp(sum + 9, wanted) != 0)", "if (false)", "t_store"),
   (COMPARISON, "confirmed in the future", "&& there->confirmed <= now", "", "t_store"),
   (LIMIT, "a key too long", "count / 2 > room", "count / 2 > room + 1", "t_store"))
of("module/folder.c",
   (FLAG, "a link is written through", "O_EXCL | O_NOFOLLOW | ", "", "t_folder"),
   (FREE, "what could not be written", "(void)unlinkat(folder->fd, temporary, 0);", ";", "t_store"),
   (IGNORED, "what stands in the way", "renameat(folder->fd, temporary, folder->fd, name) != 0",
    "renameat(folder->fd, temporary, folder->fd, name) == 1", "t_store"))
of("module/aside.c",
   (LOCK, "whether it has ended", "\tpthread_mutex_lock(&aside->lock);\n\tbool ended = aside->ended;\n\tpthread_mutex_unlock(&aside->lock);\n",
    "\tbool ended = aside->ended;\n", "t_aside", "thread"))
of("module/thread.c",
   (FLAG, "signals are the host's", "pthread_sigmask(SIG_SETMASK, &all, &before)", "pthread_sigmask(SIG_SETMASK, NULL, &before)", "t_aside"))
of("module/clock.c",
   (READER, "the next clock", "atomic_compare_exchange_strong(&chosen, &i, i + 1)", "atomic_compare_exchange_strong(&chosen, &i, i)",
    "t_clock"))

# module/: in Unbound

JUNK = "d_serve: junk: NXDOMAIN with AD, SOA and both NSEC proofs, made root"
COUNTED = "d_control: answers are counted by kind; stats resets the counters, stats_noreset does not, gauges stay"
RENEWED = "d_control: localroot_refresh asks the sources now, and a newer zone is served"
OLDER = "d_cache: a newer copy: nothing of the one before is left"
STALE = "d_horizon: localroot-max-age: normal iteration at that second, never SERVFAIL, and said in the log"
STATE = "d_disk: a state file replaced: by another root's, by an older one, by a newer one, by one of another time"
SHOWN = "d_status: while it serves: every fact in the JSON, by other tools' numbers; OK, with performance data"
CLAIMED = "d_precedence: forward-zone, stub-zone and auth-zone: for a denied name, a TLD that exists, and one below a TLD"
LAST = "d_metrics: the file has the metrics of the manual with their labels, unbound-control's numbers, and times in place of ages"
of("module/status_file.c",
   (FLAG, "the last numbers", "\tbegin_to_write(file, false);", "\t(void)file;", LAST))
of("module/answer.c",
   (CHECK, "no proof for the wildcard", "i < finding->proof_count; i++", "i < 1; i++", JUNK),
   (COMPARISON, "what is not there is there", "finding->outcome == LR_NXDOMAIN ?", "finding->outcome != LR_NXDOMAIN ?", JUNK),
   (LIMIT, "a delegation that the cache has below a TLD", "known->namelabs <= 2", "known->namelabs <= 3",
    "d_ways: without RD, where the cache has a delegation below the TLD: that one, as without the module"))
of("module/packed_rrset.c",
   (READER, "a record without its last octet", "data->rr_len[index] = 2 + ", "data->rr_len[index] = 1 + ", JUNK))
of("module/precedence.c",
   (CHECK, "whatever is asked for, of the zone above", "if (query->qtype == LDNS_RR_TYPE_DS && ", "if (", CLAIMED),
   (READER, "our own zone is a user's", "zone && zone->namelen > 1", "zone && zone->namelen > 0", CLAIMED),
   (COMPARISON, "RPZ that lets pass, and that does not", "found->action == RPZ_PASSTHRU_ACTION", "found->action != RPZ_PASSTHRU_ACTION",
    "d_overridden: RPZ: triggers on the root servers' names and addresses act on what the root would be asked"))
of("module/cached.c",
   (UNLOCK, "the auth zones", "leave(struct module_env *env)\n{\n\tlock_rw_unlock(&env->auth_zones->lock);",
    "leave(struct module_env *env)\n{\n\t(void)env;", JUNK),
   (CHECK, "what another zone had", "data->rr_len[i] == size && memcmp(data->rr_data[i], record, size) == 0", "data->rr_len[i] == size",
    OLDER))
of("module/upstream.c",
   (FLAG, "the iterator keeps what is stale", "zone->for_upstream = 0;", "", STALE),
   (UNLOCK, "the zone that is renewed", "exchange(upstream, zone, contents);\n\t\tlock_rw_unlock(&zone->lock);", "exchange(upstream, zone, contents);",
    OLDER))
of("module/publication.c",
   (FLAG, "the iterator is not told of a newer one", "enum lr_code code = lr_upstream_offer(publication->upstream, zone);",
    "enum lr_code code = lr_publication_zone(publication) ? LR_OK : lr_upstream_offer(publication->upstream, zone);",
    "d_years: twenty-five versions, past serial 2^32, with a ZSK's roll: every answer is of a version of its moment"))
of("module/mirror.c",
   (IGNORED, "served before it is kept", "true, &state, STORED_FIRST_MS", "true, &state, 0",
    "d_kills: killed while a newer zone comes and is kept, and while it starts: never back, never without a copy"),
   (CHECK, "no longer than real time", "int64_t left = mirror->horizon_ms - lr_clock_monotonic_ms(NULL)", "int64_t left = 86400000",
    "d_clock: back by a day: it goes on serving, and no longer than real time allows"),
   (CHECK, "a source takes time away", "horizon < horizon_of(mirror, zone, before, NULL)", "false", SHORTER),
   (CHECK, "renewed in the future", "before->renewed <= origin->when", "true",
    "d_clock: back by a day: the status says what time is really left, and the next confirmation that it was renewed no later"),
   (IGNORED, "signatures that have expired", "if (horizon <= now)", "if (false)",
    "d_clock: forward past the signatures: passed, refused as expired; the right time heals it"))
of("module/key_tags.c",
   (READER, "the signature's inception for its key", "#define KEY_TAG 16", "#define KEY_TAG 14", SHOWN))
of("module/facts_json.c",
   (CHECK, "a quote that ends the string", "if (octet == '\"' || octet == '\\\\')", "if (false)",
    "d_status: a source's words break neither the JSON nor the plugin's line nor the log"),
   (LIMIT, "more than there is room for", "strlen(item) + LISTS_END > room", "strlen(item) > room + 9999",
    "d_status: more sources than there is room for: whole JSON of 16 kB at the most, and how many were left out"))
of("module/restore.c",
   (CHECK, "the state of another root", "state->key_length) == LR_EANCHOR;", "state->key_length) == LR_ECANCELLED;", STATE))
of("module/store_queue.c",
   (CHECK, "confirmed in days to come", "if (loaded->state.confirmed > now + CLOCK_TOLERANCE)", "if (false)", STATE))
of("module/localroot.c",
   (COMPARISON, "queries to all but the root are counted", "if (!dname_is_root((uint8_t *)(uintptr_t)zone) ||",
    "if (dname_is_root((uint8_t *)(uintptr_t)zone) ||",
    "d_leak: with no copy the leak counter and the wire count the same queries"))
of("module/module.c",
   (CHECK, "configured twice", "if (another_has_started(env, id))", "if (false)", "d_reload: a module that is configured twice serves once, after a reload as well"),
   (FLAG, "what comes back is not looked at", "qstate->minfo[id] = &passed_once;", "",
    "d_cache: a query that was on its way to the root servers when the copy came"))
of("module/refresher.c",
   (FLAG, "a refresh that was asked for", "refresh_wanted(r) ||", "", RENEWED),
   (LIMIT, "a round a second", "(r->urgent && !soon)", "r->urgent",
    "d_refresh: a copy with little time is renewed no more often than every ten seconds"))
of("module/rounds.c",
   (CHECK, "a source that has expired itself", "if (fetched->has_expire && fetched->expire < LR_LEAST_SECONDS)", "if (false)",
    "d_refresh: EDNS EXPIRE bounds the copy and brings the next look nearer; a source whose own copy has expired is passed over"))
of("module/settings.c",
   (CHECK, "options of the server clause", "ok && dynlibmod_option &&", "ok && !dynlibmod_option &&",
    "d_control: the options in server: alone: a reload reads them again"),
   (CHECK, "trust in others than were named", "if (misses)", "if (false)",
    "d_config: without the localroot-ca-bundle that was named, nobody is trusted in its place: https: and xot: are passed over"))
of("module/overridden.c",
   (COMPARISON, "a forward-zone that has gone", "if (by != lr_overridden_seen(overridden) &&", "if (by > lr_overridden_seen(overridden) &&",
    'd_overridden: unbound-control: forward_add, forward, stub_add at ".", and their removals'))
