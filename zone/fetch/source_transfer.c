/*
 * source_transfer.c -- the zone by AXFR (RFC 5936) or IXFR (RFC 1995), over TCP or TLS (RFC 9103).
 *
 * Of a zone that is held the differences are asked for (ixfr: alone), then the SOA, then the whole.
 * A question that fails leads to the next one, on a new connection, however it failed: servers that
 * do not know one of them say so in every way there is. The last is the plainest, AXFR without
 * EDNS. What is not followed by another question stands in is_final().
 */
#include "connection.h"
#include "serial.h"
#include "source_internal.h"
#include "transfer.h"
#include "tsig.h"

#include <inttypes.h>
#include <ldns/ldns.h>
#include <stdio.h>
#include <string.h>

enum { BADVERS = 16, FAILURES_MAX = 4 };

/* What came in answer to one question. */
struct answer {
	uint32_t serial;
	bool has_expire, increment;
	uint32_t expire;
	struct lr_draft *draft; /* the caller's; NULL: the serial alone */
};

struct failure {
	const char *question;
	struct lr_error why;
};

/* One fetch. */
struct session {
	struct lr_source *source;
	const struct lr_request *request;
	struct lr_addresses addresses;    /* the first of them is asked, or to be connected to */
	struct lr_connection *connection; /* or NULL */
	bool plain;                       /* asks without EDNS */
	unsigned rcode;                   /* of the last answer */
	bool ended;                       /* by the server: the last connection */
	bool lost;                        /* the same before any answer to the question */
	bool begun;                       /* the last answer, and it was no refusal */
	size_t failure_count;
	struct failure failures[FAILURES_MAX];
};

static enum lr_code
new_id(const struct lr_request *request, uint16_t *id, struct lr_error *err)
{
	if (request->budget->io->random16(request->budget->io->arg, id))
		return LR_OK;
	return lr_fail(err, LR_EIO, "the system gives no random numbers");
}

static int64_t
wall(const struct session *s)
{
	const struct lr_io *io = s->request->budget->io;
	return io->wall(io->arg);
}

/* Puts the question, signed where there is a key for that. */
static enum lr_code
put_question(const struct session *s, const struct lr_transfer *transfer, struct lr_tsig **tsig,
    struct lr_error *err)
{
	uint8_t query[LR_QUERY_MAX + LR_TSIG_ROOM];
	size_t size = lr_transfer_query(transfer, query, sizeof(query));
	enum lr_code code = LR_OK;
	if (s->source->has_key)
		code = lr_tsig_new(&s->source->key, tsig, err);
	if (code == LR_OK && *tsig)
		code = lr_tsig_sign(*tsig, query, &size, sizeof(query), wall(s), err);
	return code == LR_OK ? lr_connection_send(s->connection, query, size, err) : code;
}

static enum lr_code
converse(const struct session *s, struct lr_transfer *transfer, struct lr_error *err)
{
	struct lr_tsig *tsig = NULL;
	const uint8_t *message;
	size_t size;
	bool done = false;

	enum lr_code code = put_question(s, transfer, &tsig, err);
	while (code == LR_OK && !done) {
		code = lr_connection_receive(s->connection, &message, &size, err);
		if (code == LR_OK && tsig)
			code = lr_tsig_take(tsig, message, size, wall(s), err);
		if (code == LR_OK)
			code = lr_transfer_message(transfer, message, size, &done, err);
	}
	if (code == LR_OK && tsig)
		code = lr_tsig_end(tsig, err);
	lr_tsig_free(tsig);
	return code;
}

static void
hang_up(struct session *s)
{
	lr_connection_close(s->connection);
	s->connection = NULL;
}

/* The question, and for a whole zone the draft that it goes into. */
static enum lr_code
make_transfer(const struct session *s, uint16_t type, struct lr_draft **draft,
    struct lr_transfer **transfer, struct lr_error *err)
{
	const struct lr_request *request = s->request;
	const struct lr_limits *limits = request->budget->limits;
	uint16_t id;
	enum lr_code code = new_id(request, &id, err);
	if (code == LR_OK && type == LDNS_RR_TYPE_AXFR)
		code = lr_new_draft(request, draft, err);
	if (code != LR_OK)
		return code;
	if (type == LDNS_RR_TYPE_AXFR)
		code = lr_transfer_new(id, *draft, transfer, err);
	else if (type == LDNS_RR_TYPE_IXFR)
		code = lr_transfer_new_ixfr(id, request->held, &limits->draft, limits->steps,
		    &request->budget->stop, transfer, err);
	else
		code = lr_transfer_new_soa(id, request->origin, transfer, err);
	if (code == LR_OK && s->plain)
		lr_transfer_without_edns(*transfer);
	return code;
}

/* One question over the connection that there is. */
static enum lr_code
exchange(struct session *s, uint16_t type, struct answer *answer, struct lr_error *err)
{
	unsigned before = lr_connection_messages(s->connection);
	size_t octets = s->request->budget->octets;
	struct lr_transfer *transfer = NULL;
	struct lr_draft *draft = NULL;
	enum lr_code code = make_transfer(s, type, &draft, &transfer, err);
	if (code == LR_OK)
		code = converse(s, transfer, err);
	s->rcode = transfer ? lr_transfer_rcode(transfer) : 0;
	s->ended = lr_connection_ended(s->connection);
	s->lost = s->ended && lr_connection_messages(s->connection) == before;
	s->begun = s->rcode == 0 && s->request->budget->octets > octets;
	if (code == LR_OK) {
		*answer = (struct answer){.serial = lr_transfer_serial(transfer),
		    .increment = lr_transfer_increment(transfer)};
		answer->has_expire = lr_transfer_expire(transfer, &answer->expire);
		answer->draft = lr_transfer_take(transfer);
		draft = NULL;
	}
	lr_transfer_free(transfer);
	lr_draft_free(draft);
	return code;
}

/* The same over a connection that is opened where there is none, and given up where it fails. */
static enum lr_code
ask_once(struct session *s, uint16_t type, struct answer *answer, struct lr_error *err)
{
	const struct lr_source *source = s->source;
	const struct lr_tls_files files = {source->ca_bundle, source->client_certificate};
	enum lr_code code = LR_OK;
	s->rcode = 0;
	s->ended = s->lost = s->begun = false;
	if (!s->connection)
		code = lr_connection_open(
		    &source->uri, &files, &s->addresses, s->request->budget, &s->connection, err);
	if (code != LR_OK)
		return code;
	code = exchange(s, type, answer, err);
	/* Octets after the answer are not what the next question is answered with. */
	if (code != LR_OK || lr_connection_pending(s->connection))
		hang_up(s);
	return code;
}

static bool
refuses_edns(unsigned rcode)
{
	return rcode == LDNS_RCODE_FORMERR || rcode == LDNS_RCODE_NOTIMPL || rcode == BADVERS;
}

/* As ask_once(), and once more of a server that closes after each answer (RFC 7766 section 6.2.4),
 * and without EDNS of one that does not know EDNS or our option (RFC 6891 section 7). */
static enum lr_code
ask(struct session *s, uint16_t type, struct answer *answer, struct lr_error *err)
{
	bool reused = s->connection != NULL;
	enum lr_code code = ask_once(s, type, answer, err);
	if (code != LR_OK && reused && s->lost)
		code = ask_once(s, type, answer, err);
	if (code != LR_EREFUSED || s->plain || !refuses_edns(s->rcode))
		return code;
	s->plain = true;
	code = ask_once(s, type, answer, err);
	if (code != LR_OK)
		s->plain = false; /* it was the question that the server did not know */
	return code;
}

/* What another question would not change: success; a serial, which is an answer; no connection to
 * be had; the fetch is cancelled or has used up what it may; and the system's own trouble. */
static bool
is_final(const struct session *s, enum lr_code code)
{
	switch (code) {
	case LR_OK:
	case LR_ESERIAL:
	case LR_EUNREACHABLE:
	case LR_ECANCELLED:
	case LR_ENOMEM:
	case LR_EUNSUPPORTED:
		return true;
	case LR_EIO:
		return !s->ended;
	default:
		return lr_budget_left(s->request->budget) == 0 ||
		       lr_budget_room(s->request->budget) == 0;
	}
}

static enum lr_code
failed(struct session *s, const char *question, enum lr_code code, const struct lr_error *why)
{
	s->failures[s->failure_count++] = (struct failure){question, *why};
	return code;
}

static void
take(struct lr_fetched *fetched, const struct answer *answer)
{
	fetched->serial = answer->serial;
	fetched->has_expire = answer->has_expire;
	fetched->expire = answer->expire;
	fetched->increment = answer->increment;
	fetched->draft = answer->draft;
}

static enum lr_code
ask_differences(struct session *s, struct lr_fetched *fetched)
{
	struct answer answer = {.draft = NULL};
	struct lr_error why;
	bool current;
	enum lr_code code = ask(s, LDNS_RR_TYPE_IXFR, &answer, &why);
	if (code == LR_OK)
		code = lr_check_announced(s->request, answer.serial, &current, &why);
	if (code != LR_OK)
		return failed(s, "IXFR", code, &why);
	take(fetched, &answer);
	return LR_OK;
}

/* Whether the zone held is the current one. */
static enum lr_code
ask_serial(struct session *s, bool *current, struct lr_fetched *fetched)
{
	struct answer answer;
	struct lr_error why;
	enum lr_code code = ask(s, LDNS_RR_TYPE_SOA, &answer, &why);
	if (code == LR_OK)
		code = lr_check_announced(s->request, answer.serial, current, &why);
	if (code != LR_OK)
		return failed(s, "SOA", code, &why);
	take(fetched, &answer);
	return LR_OK;
}

/* The whole zone, of the serial announced where there is one, or a newer that has come since. */
static enum lr_code
ask_whole(
    struct session *s, const char *question, const uint32_t *announced, struct lr_fetched *fetched)
{
	struct answer answer = {.draft = NULL};
	struct lr_error why;
	enum lr_code code = ask(s, LDNS_RR_TYPE_AXFR, &answer, &why);
	if (code == LR_OK && announced && answer.serial != *announced &&
	    !lr_serial_newer(answer.serial, *announced)) {
		lr_draft_free(answer.draft);
		code =
		    lr_fail(&why, LR_ESERIAL, "announces serial %" PRIu32 ", but delivers %" PRIu32,
			*announced, answer.serial);
	}
	if (code != LR_OK)
		return failed(s, question, code, &why);
	if (!answer.has_expire && announced) { /* the SOA's counts */
		answer.has_expire = fetched->has_expire;
		answer.expire = fetched->expire;
	}
	take(fetched, &answer);
	return LR_OK;
}

/* Too large is too large in every way. */
static bool
is_final_of_whole(const struct session *s, enum lr_code code)
{
	return code == LR_ELIMIT || is_final(s, code);
}

/* The questions in their order. */
static enum lr_code
ask_in_turn(struct session *s, struct lr_fetched *fetched)
{
	const struct lr_source *source = s->source;
	bool held = s->request->held != NULL, current = false;
	const uint32_t *announced = NULL;
	uint32_t serial;
	enum lr_code code = LR_OK;
	if (held && source->uri.scheme == LR_IXFR && !source->distrusted) {
		code = ask_differences(s, fetched);
		if (is_final(s, code))
			return code;
	}
	if (held) {
		code = ask_serial(s, &current, fetched);
		if (current || (code != LR_OK && is_final(s, code)))
			return code;
		serial = fetched->serial;
		announced = code == LR_OK ? &serial : NULL;
	}
	code = ask_whole(s, "AXFR", announced, fetched);
	if (is_final_of_whole(s, code))
		return code;
	bool plain = s->plain, begun = s->begun;
	s->plain = !plain;
	code = ask_whole(s, plain ? "AXFR with EDNS" : "AXFR without EDNS", announced, fetched);
	if (begun) /* what broke off in the middle did not do so for EDNS */
		s->plain = plain;
	return code;
}

static bool
said_before(const struct session *s, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (strcmp(s->failures[i].why.text, s->failures[at].why.text) == 0)
			return true;
	return false;
}

/* Every reason once; who was only asked one thing, or says one thing to all, needs no more. */
static enum lr_code
explain(const struct session *s, enum lr_code code, struct lr_error *err)
{
	char text[sizeof(err->text)] = "";
	size_t used = 0, count = 0;
	const struct failure *last = &s->failures[s->failure_count - 1];
	for (size_t i = 0; i < s->failure_count; i++)
		count += !said_before(s, i);
	if (count == 1 || code == LR_ECANCELLED)
		return lr_fail(err, code, "%s", last->why.text);
	for (size_t i = 0; i < s->failure_count; i++)
		if (!said_before(s, i))
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s: %.*s",
			    used ? "; " : "", s->failures[i].question,
			    (int)(sizeof(text) / count) - 22, s->failures[i].why.text);
	return lr_fail(err, code, "%s", text);
}

/* Whether to go on with the next address: this server has given nothing, and there is time left. */
static bool
next_address(struct session *s, enum lr_code code)
{
	const struct lr_budget *budget = s->request->budget;
	if (code == LR_OK || code == LR_ESERIAL || code == LR_ECANCELLED || code == LR_ENOMEM ||
	    s->addresses.count < 2 || lr_budget_left(budget) == 0 || lr_budget_room(budget) == 0)
		return false;
	s->addresses.count--;
	memmove(s->addresses.list, s->addresses.list + 1,
	    s->addresses.count * sizeof(s->addresses.list[0]));
	s->failure_count = 0;
	return true;
}

enum lr_code
lr_fetch_transfer(struct lr_source *source, const struct lr_request *request,
    struct lr_fetched *fetched, struct lr_error *err)
{
	struct session s = {.source = source, .request = request};
	enum lr_code code =
	    lr_resolve(source->uri.host, source->uri.port, request->budget, &s.addresses, err);
	if (code != LR_OK)
		return code;
	do {
		s.plain = source->plain;
		code = ask_in_turn(&s, fetched);
		hang_up(&s);
	} while (next_address(&s, code));
	fetched->octets = request->budget->octets;
	if (code != LR_OK)
		return explain(&s, code, err);
	source->plain = s.plain;
	return LR_OK;
}
