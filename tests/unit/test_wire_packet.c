/*
 * test_wire_packet.c: messages that are too short, too long, of another version or with the wrong
 * payload are refused, and texts end within their arrays whatever was sent.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "core/wire/packet.h"

static void test_round_trip(void **state)
{
	struct packet_resize sent = { .rows = 24, .cols = 80 };
	struct packet_resize got;
	unsigned char msg[64];
	struct packet_head head;
	const void *payload;
	size_t n = packet_encode(PACKET_RESIZE, 7, &sent, sizeof(sent), msg, sizeof(msg));

	(void)state;
	assert_int_equal(n, sizeof(head) + sizeof(sent));
	assert_int_equal(packet_decode(msg, n, &head, &payload), 0);
	assert_int_equal(head.type, PACKET_RESIZE);
	assert_int_equal(head.id, 7);
	assert_int_equal(packet_payload(&head, payload, &got, sizeof(got)), 0);
	assert_int_equal(got.rows, 24);
	assert_int_equal(got.cols, 80);
}

static void test_encode_bounds(void **state)
{
	static unsigned char big[PACKET_MAX + 8];
	static unsigned char out[PACKET_MAX + 8];
	size_t most = PACKET_MAX - sizeof(struct packet_head);

	(void)state;
	assert_int_equal(packet_encode(PACKET_INPUT, 0, big, most, out, sizeof(out)), PACKET_MAX);
	assert_int_equal(packet_encode(PACKET_INPUT, 0, big, most + 1, out, sizeof(out)), 0);
	assert_int_equal(packet_encode(PACKET_INPUT, 0, big, SIZE_MAX, out, sizeof(out)), 0);
	assert_int_equal(packet_encode(PACKET_INPUT, 0, big, 10, out, 17), 0);
	assert_int_equal(packet_encode(PACKET_INPUT, 0, big, 10, out, 18), 18);
	assert_int_equal(packet_encode(PACKET_PING, 0, NULL, 0, out, 7), 0);
	assert_int_equal(packet_encode(PACKET_PING, 0, NULL, 0, out, 8), 8);
}

static void test_decode_refuses(void **state)
{
	unsigned char msg[64];
	struct packet_head head = { .id = 99 };
	const void *payload = NULL;
	size_t n = packet_encode(PACKET_INPUT, 1, "abc", 3, msg, sizeof(msg));

	(void)state;
	for (size_t i = 0; i < n; i++)
		assert_int_equal(packet_decode(msg, i, &head, &payload), -EBADMSG);
	assert_int_equal(packet_decode(msg, n + 1, &head, &payload), -EBADMSG);
	msg[0] = PACKET_VERSION + 1;
	assert_int_equal(packet_decode(msg, n, &head, &payload), -EBADMSG);
	assert_int_equal(head.id, 99);
	assert_null(payload);
	msg[0] = PACKET_VERSION;
	assert_int_equal(packet_decode(msg, n, &head, &payload), 0);
}

static void test_payload_refuses(void **state)
{
	struct packet_head head = { .version = PACKET_VERSION, .type = PACKET_SIGNAL, .length = 4 };
	struct packet_signal sig = { .signal = 15 };
	struct packet_stop stop;

	(void)state;
	assert_int_equal(packet_payload(&head, &sig, &sig, sizeof(sig)), 0);
	assert_int_equal(packet_payload(&head, &sig, &stop, sizeof(stop)), -EBADMSG);
	head.type = PACKET_INPUT; /* has no fixed payload */
	assert_int_equal(packet_payload(&head, &sig, &sig, sizeof(sig)), -EBADMSG);
	head.type = PACKET_SIGNAL;
	head.length = 3;
	assert_int_equal(packet_payload(&head, &sig, &sig, sizeof(sig)), -EBADMSG);
}

static void test_texts_are_ended(void **state)
{
	static struct packet_launched l;
	struct packet_error e;
	struct packet_ended d;
	struct packet_head head = { .version = PACKET_VERSION, .type = PACKET_ERROR };
	static unsigned char ones[sizeof(l)];

	(void)state;
	memset(ones, 'x', sizeof(ones));
	head.length = sizeof(e);
	assert_int_equal(packet_payload(&head, ones, &e, sizeof(e)), 0);
	assert_int_equal(strlen(e.text), sizeof(e.text) - 1);
	assert_int_equal(strlen(e.hint), sizeof(e.hint) - 1);
	head.type = PACKET_ENDED;
	head.length = sizeof(d);
	assert_int_equal(packet_payload(&head, ones, &d, sizeof(d)), 0);
	assert_int_equal(strlen(d.reason), sizeof(d.reason) - 1);
	head.type = PACKET_LAUNCHED;
	head.length = sizeof(l);
	assert_int_equal(packet_payload(&head, ones, &l, sizeof(l)), 0);
	assert_int_equal(strlen(l.id), sizeof(l.id) - 1);
	assert_int_equal(strlen(l.uuid), sizeof(l.uuid) - 1);
	assert_int_equal(strlen(l.name), sizeof(l.name) - 1);
	assert_int_equal(strlen(l.notices), sizeof(l.notices) - 1);
}

static void test_error_fill(void **state)
{
	struct error err = ERROR_INIT;
	struct packet_error e;

	(void)state;
	error_set(&err, ENOENT, "mount: no such directory");
	error_hint(&err, "make it");
	memset(&e, 'x', sizeof(e));
	packet_error_fill(&e, &err);
	assert_int_equal(e.code, ENOENT);
	assert_string_equal(e.text, "mount: no such directory");
	assert_string_equal(e.hint, "make it");
	assert_int_equal(e.text[sizeof(e.text) - 1], 0); /* no bytes of ours travel along */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),      cmocka_unit_test(test_encode_bounds),
		cmocka_unit_test(test_decode_refuses),  cmocka_unit_test(test_payload_refuses),
		cmocka_unit_test(test_texts_are_ended), cmocka_unit_test(test_error_fill),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
