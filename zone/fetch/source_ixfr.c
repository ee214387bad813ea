/* source_ixfr.c -- the zone by IXFR over TCP (RFC 1995), by AXFR where that does not do. */
#include "connection.h"
#include "source_kinds.h"
#include "transfer.h"

enum { FORMERR = 1, NOTIMP = 4, REFUSED = 5 };

/* One IXFR. *again: a whole zone may be had where this one could not. */
static enum lr_code
ask_differences(struct lr_connection *connection, const struct lr_request *request,
    struct lr_fetched *fetched, bool *again, struct lr_error *err)
{
	const struct lr_limits *limits = request->budget->limits;
	struct lr_transfer *transfer;
	uint16_t id;
	bool current;
	enum lr_code code = lr_new_id(request, &id, err);
	if (code == LR_OK)
		code = lr_transfer_new_ixfr(id, request->held, &limits->draft, limits->steps,
		    &request->budget->stop, &transfer, err);
	if (code != LR_OK)
		return code;
	code = lr_ask(connection, transfer, err);
	unsigned rcode = lr_transfer_rcode(transfer);
	*again = code == LR_EFORMAT || code == LR_ELIMIT || rcode == FORMERR || rcode == NOTIMP ||
		 rcode == REFUSED;
	if (code == LR_OK)
		code = lr_check_announced(request, lr_transfer_serial(transfer), &current, err);
	if (code == LR_OK) {
		fetched->serial = lr_transfer_serial(transfer);
		fetched->has_expire = lr_transfer_expire(transfer, &fetched->expire);
		fetched->increment = lr_transfer_increment(transfer);
		fetched->draft = lr_transfer_take(transfer);
	}
	lr_transfer_free(transfer);
	return code;
}

/* The whole zone, on a new connection, after what is told in *err; both reasons, if that fails
 * too. */
static enum lr_code
fall_back(struct lr_source *source, const struct lr_request *request, struct lr_fetched *fetched,
    struct lr_error *err)
{
	const struct lr_error first = *err;
	struct lr_error second = {LR_OK, ""};
	enum lr_code code = lr_fetch_axfr(source, request, fetched, &second);
	if (code == LR_ECANCELLED)
		*err = second;
	else if (code != LR_OK)
		lr_fail(err, code, "IXFR: %.100s; AXFR: %.120s", first.text, second.text);
	return code;
}

enum lr_code
lr_fetch_ixfr(struct lr_source *source, const struct lr_request *request,
    struct lr_fetched *fetched, struct lr_error *err)
{
	struct lr_connection *connection;
	struct lr_error why = {LR_OK, ""};
	bool again = false;
	if (!request->held || source->distrusted)
		return lr_fetch_axfr(source, request, fetched, err);
	enum lr_code code =
	    lr_connection_open(&source->uri, source->ca_bundle, request->budget, &connection, err);
	if (code != LR_OK)
		return code;
	code = ask_differences(connection, request, fetched, &again, &why);
	lr_connection_close(connection);
	fetched->octets = request->budget->octets;
	if (code != LR_OK && again)
		code = fall_back(source, request, fetched, &why);
	if (code != LR_OK)
		lr_fail(err, code, "%s", why.text);
	return code;
}
