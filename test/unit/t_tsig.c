/* t_tsig.c -- transaction signatures (RFC 8945), against messages that dnspython has signed, and
 * the file of keys. */
#include "unit.h"

#include "put_message.h"
#include "tsig.h"
#include "tsig_vectors.h"

#include <stdbool.h>
#include <sys/stat.h>

#define FILE_OF_KEYS                                                                               \
	"key \"key.example.\" { algorithm hmac-sha256; secret \"c2VjcmV0IG9mIGhtYWMtc2hhMjU2\"; "  \
	"};\n"                                                                                     \
	"key second { secret c2VjcmV0IG9mIGhtYWMtc2hhMzg0; algorithm HMAC-SHA384.; };\n"           \
	"key third { algorithm \"hmac-sha512\"; secret \"c2VjcmV0IG9mIGhtYWMtc2hhNTEy\"; };\n"     \
	"server 192.0.2.1 { keys Second; };\nserver 2001:DB8::1 { keys { \"third\"; }; };\n"       \
	"server ns.example { keys key.example; };\n"

static struct message m;
static struct lr_tsig_keys *keys;
static struct lr_error err;

static void
from_hex(const char *text)
{
	m.size = 0;
	for (; *text; text += 2) {
		char octet[3] = {text[0], text[1], '\0'};
		put8(&m, (unsigned)strtoul(octet, NULL, 16));
	}
}

static enum lr_code
read_keys(const char *text, struct lr_tsig_keys **into)
{
	FILE *in = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
	assert_non_null(in);
	enum lr_code code = lr_tsig_keys_read(in, into, &err);
	fclose(in);
	return code;
}

static int
set_up(void **state)
{
	(void)state;
	return read_keys(FILE_OF_KEYS, &keys) == LR_OK ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	lr_tsig_keys_free(keys);
	return 0;
}

/* The key of that algorithm, by the name that the vectors have. */
static struct lr_tsig_key
vector_key(size_t algorithm)
{
	static const char *const names[] = {"\3key\7example", "\6second", "\5third"};
	struct lr_tsig_key key = *lr_tsig_keys_named(keys, (const uint8_t *)names[algorithm]);
	memcpy(key.name, "\3key\7example", 13);
	return key;
}

/* An exact copy on the heap, so that valgrind and the sanitizers see a read past its end. */
static enum lr_code
take(struct lr_tsig *tsig, int64_t now)
{
	uint8_t *exact = malloc(m.size ? m.size : 1);
	memcpy(exact, m.bytes, m.size);
	enum lr_code code = lr_tsig_take(tsig, exact, m.size, now, &err);
	free(exact);
	return code;
}

static void
expect_taken(struct lr_tsig *tsig, const char *vector, int64_t now)
{
	from_hex(vector);
	if (take(tsig, now) != LR_OK)
		fail_msg("%s", err.text);
}

static void
expect_refused(struct lr_tsig *tsig, enum lr_code code, const char *why)
{
	enum lr_code got = take(tsig, VECTOR_NOW);
	if (got != code || !strstr(err.text, why))
		fail_msg("%s: %s, not \"%s\"", lr_code_word(got), err.text, why);
}

/* A request, signed: ready for its answer. */
static struct lr_tsig *
ask(const struct lr_tsig_key *key)
{
	static const uint8_t query[] = "\x12\x34\0\0\0\1\0\0\0\0\0\0\0\0\xfc\0\1";
	struct lr_tsig *tsig;
	uint8_t message[sizeof(query) - 1 + LR_TSIG_ROOM];
	size_t size = sizeof(query) - 1;
	memcpy(message, query, size);
	assert_int_equal(lr_tsig_new(key, &tsig, NULL), LR_OK);
	assert_int_equal(
	    lr_tsig_sign(tsig, message, &size, sizeof(message), VECTOR_NOW, NULL), LR_OK);
	from_hex(vector_request[key->algorithm]);
	assert_int_equal(size, m.size);
	assert_memory_equal(message, m.bytes, size);
	return tsig;
}

static void
signed_as_dnspython_signs(void **state)
{
	(void)state;
	for (size_t i = 0; i < LR_TSIG_ALGORITHMS; i++) {
		struct lr_tsig_key key = vector_key(i);
		lr_tsig_free(ask(&key));
	}
}

/* A stream: signed, signed, twice unsigned, signed. */
static void
whole_answers(void **state)
{
	(void)state;
	for (size_t i = 0; i < LR_TSIG_ALGORITHMS; i++) {
		struct lr_tsig_key key = vector_key(i);
		struct lr_tsig *tsig = ask(&key);
		expect_taken(tsig, vector_first[i], VECTOR_NOW + 300);
		assert_int_equal(lr_tsig_end(tsig, &err), LR_OK);
		expect_taken(tsig, vector_second[i], VECTOR_NOW - 299);
		expect_taken(tsig, vector_unsigned[0], VECTOR_NOW);
		expect_taken(tsig, vector_unsigned[1], VECTOR_NOW);
		assert_int_equal(lr_tsig_end(tsig, &err), LR_ETSIG);
		assert_string_equal(err.text, "TSIG MISSING: the last message has no TSIG");
		expect_taken(tsig, vector_last[i], VECTOR_NOW);
		assert_int_equal(lr_tsig_end(tsig, &err), LR_OK);
		lr_tsig_free(tsig);
	}
}

/* RFC 8945 section 5.3.1: 99 without are allowed, 100 are not. */
static void
unsigned_messages(void **state)
{
	struct lr_tsig_key key = vector_key(0);
	(void)state;
	for (unsigned more = 0; more < 2; more++) {
		struct lr_tsig *tsig = ask(&key);
		expect_taken(tsig, vector_first[0], VECTOR_NOW);
		for (unsigned i = 0; i < 99; i++)
			expect_taken(tsig, vector_unsigned[1], VECTOR_NOW);
		if (more) {
			from_hex(vector_unsigned[1]);
			expect_refused(
			    tsig, LR_ETSIG, "TSIG UNSIGNED: more than 99 messages without TSIG");
		} else {
			expect_taken(tsig, vector_hundredth[0], VECTOR_NOW);
			assert_int_equal(lr_tsig_end(tsig, &err), LR_OK);
		}
		lr_tsig_free(tsig);
	}
}

/* Whether the octet that is AT before the end is a letter of the signature's names: 13 octets of
 * the key's, 10 more, 13 of the algorithm's, 48 more. Their case is not signed. */
static bool
is_letter(size_t at, uint8_t octet)
{
	bool of_name = (at <= 84 && at > 71) || (at <= 61 && at > 48);
	return of_name && octet >= 'a' && octet <= 'z';
}

/* One octet at a time is another one, of the first message and of one further on. */
static void
every_octet_counts(void **state)
{
	struct lr_tsig_key key = vector_key(0);
	const char *const vectors[] = {vector_first[0], vector_second[0]};
	(void)state;
	for (size_t which = 0; which < 2; which++) {
		from_hex(vectors[which]);
		for (size_t size = m.size, i = 2; i < size; i++) { /* the ID is not signed */
			struct lr_tsig *tsig = ask(&key);
			if (which)
				expect_taken(tsig, vector_first[0], VECTOR_NOW);
			from_hex(vectors[which]);
			bool same = is_letter(size - i, m.bytes[i]);
			m.bytes[i] ^= 0x20;
			enum lr_code code = take(tsig, VECTOR_NOW);
			if (code == LR_OK)
				code = lr_tsig_end(tsig, &err);
			if ((code == LR_OK) != same)
				fail_msg("octet %zu of %zu: %s", i, size, lr_code_word(code));
			lr_tsig_free(tsig);
		}
	}
}

static void
refusals(void **state)
{
	struct lr_tsig_key key = vector_key(0), other = key;
	(void)state;
	struct lr_tsig *tsig = ask(&key);
	from_hex(vector_unsigned[0]);
	expect_refused(tsig, LR_ETSIG, "TSIG MISSING: the answer has no TSIG");
	lr_tsig_free(tsig);

	tsig = ask(&key);
	put_header(&m, 0x1234, 0x8405, 0, 0, 0);
	expect_refused(tsig, LR_ETSIG, "TSIG MISSING: the answer (RCODE 5) has no TSIG");
	lr_tsig_free(tsig);

	tsig = ask(&key);
	from_hex(vector_first[1]); /* the other algorithm, by the same name */
	expect_refused(tsig, LR_ETSIG, "TSIG BADKEY: signed with another key or algorithm");
	lr_tsig_free(tsig);

	other.secret[0] ^= 1;
	assert_int_equal(lr_tsig_new(&other, &tsig, NULL), LR_OK);
	from_hex(vector_first[0]);
	expect_refused(tsig, LR_ETSIG, "TSIG BADSIG: the MAC is wrong");
	lr_tsig_free(tsig);

	/* The answer to another request, whose MAC is another one. */
	assert_int_equal(lr_tsig_new(&key, &tsig, NULL), LR_OK);
	from_hex(vector_first[0]);
	expect_refused(tsig, LR_ETSIG, "TSIG BADSIG: the MAC is wrong");
	lr_tsig_free(tsig);

	/* Messages that change places. */
	tsig = ask(&key);
	from_hex(vector_second[0]);
	expect_refused(tsig, LR_ETSIG, "TSIG BADSIG: the MAC is wrong");
	lr_tsig_free(tsig);
	tsig = ask(&key);
	expect_taken(tsig, vector_first[0], VECTOR_NOW);
	from_hex(vector_last[0]);
	expect_refused(tsig, LR_ETSIG, "TSIG BADSIG: the MAC is wrong");
	lr_tsig_free(tsig);

	/* A MAC of half its octets, and of less (section 5.2.2.1). */
	static const struct {
		size_t octets;
		const char *why;
	} cuts[] = {
	    {16, "TSIG BADTRUNC: the MAC is cut short"}, {15, "TSIG BADSIG"}, {0, "TSIG BADSIG"}};
	for (size_t i = 0; i < 3; i++) {
		size_t gone = 32 - cuts[i].octets;
		tsig = ask(&key);
		from_hex(vector_first[0]);
		memmove(m.bytes + m.size - 6 - gone, m.bytes + m.size - 6, 6);
		m.size -= gone;
		m.bytes[m.size - 6 - cuts[i].octets - 1] = (uint8_t)cuts[i].octets;
		m.bytes[m.size - 6 - cuts[i].octets - 10 - 13 - 1] -= (uint8_t)gone; /* RDLENGTH */
		expect_refused(tsig, LR_ETSIG, cuts[i].why);
		lr_tsig_free(tsig);
	}
}

static void
times(void **state)
{
	struct lr_tsig_key key = vector_key(2);
	(void)state;
	for (int ahead = -301; ahead <= 301; ahead += 301) {
		struct lr_tsig *tsig = ask(&key);
		from_hex(vector_first[2]);
		enum lr_code code = take(tsig, VECTOR_NOW + ahead);
		assert_int_equal(code, ahead ? LR_ETSIG : LR_OK);
		if (ahead > 0)
			assert_string_equal(err.text,
			    "TSIG BADTIME: signed at 1800000000, which is -301 s from now");
		lr_tsig_free(tsig);
	}
}

/* What a server says of the request (sections 5.2 and 5.3.2). */
static void
told_by_the_server(void **state)
{
	struct lr_tsig_key key = vector_key(0);
	(void)state;
	struct lr_tsig *tsig = ask(&key);
	from_hex(vector_badtime[0]);
	expect_refused(tsig, LR_ETSIG,
	    "TSIG BADTIME: says the server, whose clock has 1800009999 where ours has 1800000000");
	lr_tsig_free(tsig);
	for (size_t i = 0; i < 2; i++) {
		tsig = ask(&key);
		from_hex(vector_unable[i]);
		expect_refused(tsig, LR_ETSIG,
		    i ? "TSIG BADSIG: says the server" : "TSIG BADKEY: says the server");
		lr_tsig_free(tsig);
	}
	/* Nobody else can say that the clocks differ. */
	tsig = ask(&key);
	from_hex(vector_badtime[0]);
	m.bytes[m.size - 1] ^= 1;
	expect_refused(tsig, LR_ETSIG, "TSIG BADSIG: the MAC is wrong");
	lr_tsig_free(tsig);
}

static void
malformed(void **state)
{
	struct lr_tsig_key key = vector_key(0);
	(void)state;
	struct lr_tsig *tsig = ask(&key);
	from_hex(vector_first[0]);
	size_t whole = m.size;
	for (size_t size = 0; size < whole; size++) {
		m.size = size;
		expect_refused(tsig, LR_EFORMAT, "malformed");
	}
	m.size = whole;
	put8(&m, 0); /* octets behind it */
	expect_refused(tsig, LR_EFORMAT, "malformed TSIG");
	from_hex(vector_first[0]); /* a record behind it */
	m.bytes[11] = 2;
	put(&m, "\0\0\x29\4\xd0\0\0\0\0\0\0", 11);
	expect_refused(tsig, LR_EFORMAT, "malformed TSIG");
	from_hex(vector_first[0]); /* among the authorities */
	m.bytes[9] = 1;
	m.bytes[11] = 0;
	expect_refused(tsig, LR_EFORMAT, "malformed TSIG");
	lr_tsig_free(tsig);
}

/* The other side: a NOTIFY, and the answer to it. */
static enum lr_tsig_error
answered(int64_t now, const char *bare, const char *wanted)
{
	struct lr_tsig *tsig = NULL;
	struct message answer;
	assert_int_equal(lr_tsig_request(keys, m.bytes, m.size, now, &tsig, &err), LR_OK);
	assert_non_null(tsig);
	enum lr_tsig_error error = lr_tsig_error(tsig);
	from_hex(bare);
	memcpy(&answer, &m, sizeof(answer));
	assert_int_equal(
	    lr_tsig_sign(tsig, answer.bytes, &answer.size, sizeof(answer.bytes), now, &err), LR_OK);
	if (wanted) {
		from_hex(wanted);
		assert_int_equal(answer.size, m.size);
		assert_memory_equal(answer.bytes, m.bytes, m.size);
	} else { /* unsigned: a TSIG with no MAC, that names what went wrong */
		assert_int_equal(answer.bytes[answer.size - 3], error);
		assert_memory_equal(answer.bytes + answer.size - 8, "\0\0\x12\x34", 4);
	}
	lr_tsig_free(tsig);
	return error;
}

static void
requests(void **state)
{
	struct lr_tsig_keys *three;
	struct lr_tsig *tsig;
	(void)state;
	from_hex(vector_notify[0]);
	assert_int_equal(lr_tsig_request(keys, m.bytes, m.size, VECTOR_NOW, &tsig, &err), LR_OK);
	assert_null(tsig);
	assert_int_equal(read_keys("key KEY.example { algorithm hmac-sha384;\n"
				   "secret \"c2VjcmV0IG9mIGhtYWMtc2hhMzg0\"; };",
			     &three),
	    LR_OK);
	struct lr_tsig_keys *saved = keys;
	keys = three;
	from_hex(vector_notify[1]);
	assert_int_equal(
	    answered(VECTOR_NOW + 5, vector_notified[0], vector_notified[1]), LR_TSIG_GOOD);
	from_hex(vector_notify[1]);
	assert_int_equal(answered(VECTOR_NOW + 1000, vector_late[0], vector_late[1]), LR_BADTIME);
	from_hex(vector_notify[1]);
	m.bytes[3] ^= 1;
	assert_int_equal(answered(VECTOR_NOW, vector_late[0], NULL), LR_BADSIG);
	keys = saved;
	from_hex(vector_notify[1]); /* a key of that name, but for another algorithm */
	assert_int_equal(answered(VECTOR_NOW, vector_late[0], NULL), LR_BADKEY);
	keys = NULL;
	from_hex(vector_notify[1]);
	assert_int_equal(answered(VECTOR_NOW, vector_late[0], NULL), LR_BADKEY);
	keys = saved;
	lr_tsig_keys_free(three);
}

static void
key_files(void **state)
{
	static const struct {
		const char *text, *why;
	} bad[] = {
	    {"", "no key in it"},
	    {"# nothing\n/* at\nall */ // here", "no key in it"},
	    {"/* on and on", "line 1: a comment without end"},
	    {"\n\nkey a { algorithm hmac-md5; secret YWFh; };", "line 3: the algorithm is not"},
	    {"key a { algorithm hmac-sha1; secret YWFh; };", "the algorithm is not"},
	    {"key a { algorithm hmac-sha256-128; secret YWFh; };", "the algorithm is not"},
	    {"key a { algorithm hmac-sha256; };", "a key without secret"},
	    {"key a { secret YWFh; };", "a key without algorithm"},
	    {"key a { algorithm hmac-sha256; secret \"\"; };", "a value is missing"},
	    {"key a { algorithm hmac-sha256; secret \"!\"; };", "the secret is not base64"},
	    {"key a { algorithm hmac-sha256; secret YWFh }", "expected \";\""},
	    {"key a { algorithm hmac-sha256; secret YWFh; }", "expected \";\""},
	    {"key a { algorithm hmac-sha256; secret YWFh", "expected \";\""},
	    {"key a { algorithm hmac-sha256; secret \"YWFh", "a quoted word without end"},
	    {"key a { algorithm hmac-sha256; port 5; };", "expected \"algorithm\""},
	    {"key a..b { algorithm hmac-sha256; secret YWFh; };", "not a domain name"},
	    {"key { algorithm hmac-sha256; secret YWFh; };", "a value is missing"},
	    {"options { };", "expected \"key\" or \"server\""},
	    {"server 192.0.2.1 { keys a; };", "no key of that name"},
	    {"key a { algorithm hmac-sha256; secret YWFh; };\nkey A. { algorithm hmac-sha256; "
	     "secret YWFh; };",
		"line 2: a second key of that name"},
	    {"key a { algorithm hmac-sha256; secret YWFh; };\nserver ::1 { keys a; };\nserver "
	     "0::1 { keys a; };",
		"line 3: a second time the same server"},
	    {"key a { algorithm hmac-sha256; secret YWFh; }; server ::1 { bogus yes; };",
		"expected \"keys\""},
	};
	struct lr_tsig_keys *none;
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		FILE *in = tmpfile();
		assert_non_null(in);
		fputs(bad[i].text, in);
		rewind(in);
		enum lr_code code = lr_tsig_keys_read(in, &none, &err);
		fclose(in);
		if (code != LR_EFORMAT || !strstr(err.text, bad[i].why))
			fail_msg("%s: %s, not \"%s\"", bad[i].text, err.text, bad[i].why);
	}
	/* Nobody else is to read it. */
	static const mode_t modes[] = {0600, 0640, 0604, 0602};
	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
		struct lr_tsig_keys *read = NULL;
		FILE *in = tmpfile();
		assert_non_null(in);
		fputs(FILE_OF_KEYS, in);
		rewind(in);
		assert_int_equal(fchmod(fileno(in), modes[i]), 0);
		assert_int_equal(lr_tsig_keys_read(in, &read, &err), i < 2 ? LR_OK : LR_EUSAGE);
		fclose(in);
		lr_tsig_keys_free(read);
	}
	/* By name and address, however they are written. */
	const struct lr_tsig_key *key = lr_tsig_keys_for(keys, "192.0.2.1");
	assert_non_null(key);
	assert_int_equal(key->algorithm, LR_HMAC_SHA384);
	assert_int_equal(key->size, 21);
	assert_memory_equal(key->secret, "secret of hmac-sha384", 21);
	assert_int_equal(lr_tsig_keys_for(keys, "2001:db8:0:0::1")->algorithm, LR_HMAC_SHA512);
	assert_int_equal(lr_tsig_keys_for(keys, "NS.example.")->algorithm, LR_HMAC_SHA256);
	assert_null(lr_tsig_keys_for(keys, "192.0.2.2"));
	assert_null(lr_tsig_keys_for(keys, "example"));
	assert_null(lr_tsig_keys_for(NULL, "192.0.2.1"));
}

UNIT_TESTS(set_up, tear_down, TEST(signed_as_dnspython_signs), TEST(whole_answers),
    TEST(unsigned_messages), TEST(every_octet_counts), TEST(refusals), TEST(times),
    TEST(told_by_the_server), TEST(malformed), TEST(requests), TEST(key_files))
