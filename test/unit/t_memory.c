/*
 * t_memory.c -- each allocation on the way of a zone fails in turn: from the text through
 * verification to print, increment and back. Whatever asked for it, a library too, the outcome is
 * the right one or is told as a lack of memory, never as a bad zone.
 */
#include "failing.h"
#include "put_message.h"
#include "print.h"
#include "sample.h"
#include "draft_from_zone.h"
#include "validate.h"
#include "transfer.h"
#include "tsig.h"

static const char zone_text[] =
    "example. 3600 IN SOA ns.example. Admin.Example. 7 1800 900 604800 300\n"
    "example. 3600 IN NS ns.com.example.\n"
    "com.example. 600 IN NS ns.com.example.\n"
    "ns.com.example. 600 IN A 192.0.2.2\n";

static struct sample_signed sample;
static FILE *nowhere;

/* One way that a zone goes; it frees what it made. */
typedef enum lr_code way(struct lr_error *err);

static enum lr_code
run(way *go, uint64_t first, uint64_t last, struct lr_error *err)
{
	failing->counted = failing->failed = 0;
	failing->first = first;
	failing->last = last;
	failing_counts = 1;
	enum lr_code code = go(err);
	failing_counts = 0;
	return code;
}

static void
in_turn(way *go)
{
	struct lr_error err = {LR_OK, ""};
	uint64_t number, told = 0;
	/* What libraries keep for ever is there. */
	assert_int_equal(run(go, 0, 0, &err), LR_OK);
	for (number = 1;; number++) {
		/* It alone, and with all that follow. */
		enum lr_code one = run(go, number, number, &err);
		bool reached = failing->failed > 0;
		enum lr_code all = run(go, number, UINT64_MAX, &err);
		if (!reached)
			break;
		if ((one != LR_OK && one != LR_ENOMEM) || all != LR_ENOMEM)
			fail_msg("allocation %llu: %s alone, %s with the rest (%s)",
			    (unsigned long long)number, lr_code_word(one), lr_code_word(all),
			    err.text);
		assert_non_null(strstr(err.text, "memory"));
		told += one == LR_ENOMEM;
	}
	printf("# %llu allocations, %llu of them told of\n", (unsigned long long)number - 1,
	    (unsigned long long)told);
	assert_true(told > 0);
}

static enum lr_code
read_anchors(struct lr_error *err)
{
	static char text[] = "; autotrust trust anchor file\n. 86400 IN DS ( 1 8 2\n abcd )\n"
			     ". 3600 IN DNSKEY 257 3 8 AwEAAa== ;;state=1\n" SAMPLE_ROOT_DS;
	FILE *stream = fmemopen(text, sizeof(text) - 1, "r");
	struct lr_anchors *anchors = stream ? lr_anchors_new((const uint8_t *)"") : NULL;
	enum lr_code code = anchors ? lr_anchors_read(anchors, stream, err)
				    : lr_fail(err, LR_ENOMEM, "out of memory");
	if (code == LR_OK && lr_anchors_count(anchors) != 2)
		code = lr_fail(err, LR_EANCHOR, "%zu anchors", lr_anchors_count(anchors));
	lr_anchors_free(anchors);
	if (stream)
		fclose(stream);
	return code;
}

static enum lr_code
read_zone(const struct lr_zone **zone, struct lr_error *err)
{
	struct lr_report report;
	struct lr_draft *draft;
	const struct lr_validate_options options = {.anchors = sample.anchors,
	    .dnssec = true,
	    .now = SAMPLE_NOW,
	    .check_time = true,
	    .understood = false};
	FILE *stream = fmemopen(sample.text, strlen(sample.text), "r");
	if (!stream)
		return lr_fail(err, LR_ENOMEM, "out of memory");
	enum lr_code code = lr_draft_new((const uint8_t *)"\7example", &sample_limits, &draft, err);
	if (code == LR_OK) {
		code = lr_text_read(stream, draft, err);
		if (code == LR_OK) {
			code = lr_validate(draft, &options, zone, &report);
			*err = report.error;
		} else {
			lr_draft_free(draft);
		}
	}
	fclose(stream);
	return code;
}

static enum lr_code
verify(struct lr_error *err)
{
	const struct lr_zone *zone;
	enum lr_code code = read_zone(&zone, err);
	if (code == LR_OK)
		lr_zone_unref(zone);
	return code;
}

static const struct lr_zone *held;

static enum lr_code
print_and_unseal(struct lr_error *err)
{
	struct lr_draft *draft;
	if (lr_zone_print(held, nowhere) != LR_OK) /* the one thing that asks for nothing */
		return lr_fail(err, LR_EIO, "printing failed");
	enum lr_code code = lr_draft_from_zone(held, &draft, err);
	if (code != LR_OK)
		return code;
	code = lr_draft_sort(draft, err);
	lr_draft_free(draft);
	return code;
}

/* From serial 7, one record less and one more, to serial 8. */
static void
put_increment(struct message *m)
{
	static const uint32_t serials[] = {8, 7, 8, 8};
	put_header(m, 1, 0x8400, 1, 6, 0);
	put_question(m, "example.", 251);
	for (size_t i = 0; i < 4; i++) {
		put_fixed(m, "example.", 6, 3600, 12 + 15 + 20);
		put_name(m, "ns.example.");
		put_name(m, "Admin.Example.");
		put32(m, serials[i]);
		put32(m, 1800);
		put32(m, 900);
		put32(m, 604800);
		put32(m, 300);
		if (i == 1)
			put_a(m, "ns.com.example.", 0xc0000202);
		if (i == 2)
			put_a(m, "ns.com.example.", 0xc0000204);
	}
}

static enum lr_code
increment(struct lr_error *err)
{
	static struct message message;
	struct lr_transfer *transfer;
	bool done = false;
	put_increment(&message);
	enum lr_code code = lr_transfer_new_ixfr(1, held, &sample_limits, 10, NULL, &transfer, err);
	if (code != LR_OK)
		return code;
	code = lr_transfer_message(transfer, message.bytes, message.size, &done, err);
	if (code == LR_OK && (!done || !lr_transfer_increment(transfer)))
		code = lr_fail(err, LR_EFORMAT, "not an increment");
	struct lr_draft *draft = code == LR_OK ? lr_transfer_take(transfer) : NULL;
	/* as many as before: none that was to go has stayed, none that was to come is missing */
	if (draft && lr_draft_count(draft) != lr_zone_facts(held)->records)
		code = lr_fail(err, LR_EFORMAT, "%zu records", lr_draft_count(draft));
	lr_draft_free(draft);
	lr_transfer_free(transfer);
	return code;
}

static void
anchors(void **state)
{
	(void)state;
	in_turn(read_anchors);
}

/* A request with a key of a file, its answer, and that read. */
static enum lr_code
sign_and_verify(struct lr_error *err)
{
	static char text[] = "key a { algorithm hmac-sha256; secret YWFh; };\n"
			     "server 192.0.2.1 { keys a; };\n";
	struct lr_tsig_keys *keys = NULL;
	struct lr_tsig *client = NULL, *server = NULL;
	uint8_t message[12 + 2 * LR_TSIG_ROOM] = {0};
	size_t size = 12;
	FILE *stream = fmemopen(text, sizeof(text) - 1, "r");
	enum lr_code code = stream ? lr_tsig_keys_read(stream, &keys, err)
				   : lr_fail(err, LR_ENOMEM, "out of memory");
	if (stream)
		fclose(stream);
	if (code == LR_OK)
		code = lr_tsig_new(lr_tsig_keys_for(keys, "192.0.2.1"), &client, err);
	if (code == LR_OK)
		code = lr_tsig_sign(client, message, &size, sizeof(message), SAMPLE_NOW, err);
	if (code == LR_OK)
		code = lr_tsig_request(keys, message, size, SAMPLE_NOW, &server, err);
	if (code == LR_OK && lr_tsig_error(server) != LR_TSIG_GOOD)
		code = lr_fail(err, LR_ETSIG, "error %d", (int)lr_tsig_error(server));
	memset(message, 0, size = 12);
	if (code == LR_OK)
		code = lr_tsig_sign(server, message, &size, sizeof(message), SAMPLE_NOW, err);
	if (code == LR_OK)
		code = lr_tsig_take(client, message, size, SAMPLE_NOW, err);
	lr_tsig_free(client);
	lr_tsig_free(server);
	lr_tsig_keys_free(keys);
	return code;
}

static void
signatures(void **state)
{
	(void)state;
	in_turn(sign_and_verify);
}

/* OpenSSL's way differs with the algorithm. */
static void
zones(void **state)
{
	static const char *const algorithms[] = {"RSASHA256", "ECDSAP256SHA256", "ED25519"};
	(void)state;
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(*algorithms); i++) {
		struct lr_error err = {LR_OK, ""};
		printf("# %s\n", algorithms[i]);
		sample_sign(&sample, algorithms[i], "-z 1:1", zone_text);
		in_turn(verify);
		if (read_zone(&held, &err) != LR_OK)
			fail_msg("%s", err.text);
		in_turn(print_and_unseal);
		in_turn(increment);
		lr_zone_unref(held);
		sample_signed_free(&sample);
	}
}

static int
open_nowhere(void **state)
{
	(void)state;
	nowhere = fopen("/dev/null", "w");
	return nowhere ? 0 : -1;
}

static int
close_nowhere(void **state)
{
	(void)state;
	return fclose(nowhere);
}

UNIT_TESTS(open_nowhere, close_nowhere, TEST(anchors), TEST(signatures), TEST(zones))
