/*
 * https_parts.h -- the inside of one request by libcurl. For https.c and https_setup.c alone.
 */
#ifndef LR_HTTPS_PARTS_H
#define LR_HTTPS_PARTS_H

#include "https.h"

#include <curl/curl.h>

/* One request and its response. */
struct lr_exchange {
	struct lr_budget *budget;
	struct lr_error *err;
	CURL *easy;
	CURLM *multi;
	struct lr_error unconnected;              /* why an address was not connected to, if so */
	struct curl_slist *addresses, *looked_up; /* "HOST:PORT:ADDRESS…" */
	struct curl_slist *headers;               /* to send */
	char reason[CURL_ERROR_SIZE];
	enum lr_code code; /* why a callback broke it off */
	bool starved;      /* some memory was not to be had meanwhile, whoever wanted it */
	bool connected;
	int64_t last; /* when something came, or the connection stood */
	size_t header_octets;
	curl_off_t got; /* of the body, as it comes over the wire */
	struct lr_https_response *response;
	size_t room; /* of its body */
};

/* Looks the host up and makes the handles, with everything set but the callbacks. As
 * lr_https_get(). */
enum lr_code lr_exchange_set_up(struct lr_exchange *x, const struct lr_https_request *request);

#endif
