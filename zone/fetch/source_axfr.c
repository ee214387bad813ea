/* source_axfr.c -- the zone by AXFR over TCP (RFC 5936) or TLS (RFC 9103); the SOA first, where a
 * zone is held. */
#include "connection.h"
#include "source_kinds.h"
#include "transfer.h"

#include <inttypes.h>

enum lr_code
lr_new_id(const struct lr_request *request, uint16_t *id, struct lr_error *err)
{
	if (request->budget->io->random16(request->budget->io->arg, id))
		return LR_OK;
	return lr_fail(err, LR_EIO, "the system gives no random numbers");
}

enum lr_code
lr_ask(struct lr_connection *connection, struct lr_transfer *transfer, struct lr_error *err)
{
	uint8_t query[LR_QUERY_MAX];
	const uint8_t *message;
	size_t size = lr_transfer_query(transfer, query, sizeof(query));
	bool done = false;

	enum lr_code code = lr_connection_send(connection, query, size, err);
	while (code == LR_OK && !done) {
		code = lr_connection_receive(connection, &message, &size, err);
		if (code == LR_OK)
			code = lr_transfer_message(transfer, message, size, &done, err);
	}
	if (code == LR_OK && lr_connection_pending(connection))
		code = lr_fail(err, LR_EFORMAT, "octets after the closing SOA");
	return code;
}

static void
take_expire(const struct lr_transfer *transfer, struct lr_fetched *fetched)
{
	fetched->has_expire = lr_transfer_expire(transfer, &fetched->expire);
}

/* What the server announces. */
static enum lr_code
ask_soa(struct lr_connection *connection, const struct lr_request *request,
    struct lr_fetched *fetched, struct lr_error *err)
{
	struct lr_transfer *transfer;
	uint16_t id;
	enum lr_code code = lr_new_id(request, &id, err);
	if (code == LR_OK)
		code = lr_transfer_new_soa(id, request->origin, &transfer, err);
	if (code != LR_OK)
		return code;
	code = lr_ask(connection, transfer, err);
	if (code == LR_OK) {
		fetched->serial = lr_transfer_serial(transfer);
		take_expire(transfer, fetched);
	}
	lr_transfer_free(transfer);
	return code;
}

/* The whole zone, of the serial announced where there is one. */
static enum lr_code
ask_zone(struct lr_connection *connection, const struct lr_request *request,
    const uint32_t *announced, struct lr_fetched *fetched, struct lr_error *err)
{
	struct lr_transfer *transfer = NULL;
	struct lr_draft *draft = NULL;
	uint16_t id;
	enum lr_code code = lr_new_id(request, &id, err);
	if (code == LR_OK)
		code = lr_new_draft(request, &draft, err);
	if (code == LR_OK)
		code = lr_transfer_new(id, draft, &transfer, err);
	if (code == LR_OK)
		code = lr_ask(connection, transfer, err);
	if (code == LR_OK && announced && lr_transfer_serial(transfer) != *announced)
		code =
		    lr_fail(err, LR_ESERIAL, "announces serial %" PRIu32 ", but delivers %" PRIu32,
			*announced, lr_transfer_serial(transfer));
	if (code == LR_OK) {
		take_expire(transfer, fetched);
		fetched->draft = draft;
		draft = NULL;
	}
	lr_transfer_free(transfer);
	lr_draft_free(draft);
	return code;
}

enum lr_code
lr_fetch_axfr(struct lr_source *source, const struct lr_request *request,
    struct lr_fetched *fetched, struct lr_error *err)
{
	struct lr_connection *connection;
	bool current = false;
	enum lr_code code =
	    lr_connection_open(&source->uri, source->ca_bundle, request->budget, &connection, err);
	if (code != LR_OK)
		return code;
	if (request->held) {
		code = ask_soa(connection, request, fetched, err);
		if (code == LR_OK)
			code = lr_check_announced(request, fetched->serial, &current, err);
	}
	if (code == LR_OK && !current)
		code = ask_zone(
		    connection, request, request->held ? &fetched->serial : NULL, fetched, err);
	lr_connection_close(connection);
	fetched->octets = request->budget->octets;
	return code;
}
