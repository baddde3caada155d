/*
 * packet_fuzz.c: libFuzzer entry for packets. Any message is refused or decodes to what encodes to
 * the same bytes again, and every fixed payload that is taken from it has texts that end.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/wire/packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static union {
	struct packet_attach attach;
	struct packet_resize resize;
	struct packet_signal signal;
	struct packet_stop stop;
	struct packet_error error;
	struct packet_ended ended;
	struct packet_gap gap;
	struct packet_launched launched;
} out;

static const size_t sizes[] = {
	sizeof(out.attach), sizeof(out.resize), sizeof(out.signal), sizeof(out.stop),
	sizeof(out.error),  sizeof(out.ended),  sizeof(out.gap),    sizeof(out.launched),
};

static void check_texts(uint8_t type)
{
	if (type == PACKET_ERROR && (strlen(out.error.text) >= sizeof(out.error.text) ||
	                             strlen(out.error.hint) >= sizeof(out.error.hint)))
		abort();
	if (type == PACKET_ENDED && strlen(out.ended.reason) >= sizeof(out.ended.reason))
		abort();
	if (type == PACKET_LAUNCHED && strlen(out.launched.notices) >= sizeof(out.launched.notices))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static unsigned char again[PACKET_MAX];
	struct packet_head head;
	const void *payload;

	if (packet_decode(data, size, &head, &payload) < 0)
		return 0;
	if (packet_encode(head.type, head.id, payload, head.length, again, sizeof(again)) != size ||
	    memcmp(again, data, size) != 0)
		abort();
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		memset(&out, 0xff, sizeof(out));
		if (packet_payload(&head, payload, &out, sizes[i]) == 0)
			check_texts(head.type);
	}
	return 0;
}
