/*
 * packet.c: messages encoded and checked. Payloads of a fixed type are copied out by value, so that
 * alignment and the sender's later writes never matter, and every text in them ends within its
 * array.
 */
#include "core/wire/packet.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static_assert(sizeof(struct packet_head) == 8, "the head has no padding");
static_assert(sizeof(struct packet_attach) == 8, "no padding");
static_assert(sizeof(struct packet_ended) == 136, "no padding");
static_assert(sizeof(struct packet_launched) == 4224, "no padding");
static_assert(sizeof(struct packet_head) + sizeof(struct packet_launched) <= PACKET_MAX,
              "the largest fixed payload fits into a packet");

size_t packet_encode(uint8_t type, uint16_t id, const void *payload, size_t length, void *out,
                     size_t out_size)
{
	struct packet_head head = { .version = PACKET_VERSION, .type = type, .id = id };

	if (length > PACKET_MAX - sizeof(head) || out_size < sizeof(head) ||
	    length > out_size - sizeof(head))
		return 0;
	head.length = (uint32_t)length;
	memcpy(out, &head, sizeof(head));
	if (length > 0)
		memcpy((char *)out + sizeof(head), payload, length);
	return sizeof(head) + length;
}

int packet_decode(const void *msg, size_t size, struct packet_head *ret_head,
                  const void **ret_payload)
{
	struct packet_head head;

	if (size < sizeof(head) || size > PACKET_MAX)
		return -EBADMSG;
	memcpy(&head, msg, sizeof(head));
	if (head.version != PACKET_VERSION || head.length != size - sizeof(head))
		return -EBADMSG;
	*ret_head = head;
	*ret_payload = (const char *)msg + sizeof(head);
	return 0;
}

/* Ends the char arrays of a fixed payload. */
static void terminate(uint8_t type, void *out)
{
	if (type == PACKET_ERROR) {
		struct packet_error *e = out;

		e->text[sizeof(e->text) - 1] = '\0';
		e->hint[sizeof(e->hint) - 1] = '\0';
	} else if (type == PACKET_ENDED) {
		struct packet_ended *e = out;

		e->reason[sizeof(e->reason) - 1] = '\0';
	} else if (type == PACKET_LAUNCHED) {
		struct packet_launched *l = out;

		l->id[sizeof(l->id) - 1] = '\0';
		l->uuid[sizeof(l->uuid) - 1] = '\0';
		l->name[sizeof(l->name) - 1] = '\0';
		l->notices[sizeof(l->notices) - 1] = '\0';
	}
}

/* The payload's size of a type that has a fixed one; 0 for the others. */
static size_t fixed_size(uint8_t type)
{
	switch (type) {
	case PACKET_ATTACH:
		return sizeof(struct packet_attach);
	case PACKET_RESIZE:
		return sizeof(struct packet_resize);
	case PACKET_SIGNAL:
		return sizeof(struct packet_signal);
	case PACKET_STOP:
		return sizeof(struct packet_stop);
	case PACKET_ERROR:
		return sizeof(struct packet_error);
	case PACKET_ENDED:
		return sizeof(struct packet_ended);
	case PACKET_GAP:
		return sizeof(struct packet_gap);
	case PACKET_LAUNCHED:
		return sizeof(struct packet_launched);
	default:
		return 0;
	}
}

int packet_payload(const struct packet_head *head, const void *payload, void *out, size_t size)
{
	if (size == 0 || head->length != size || fixed_size(head->type) != size)
		return -EBADMSG;
	memcpy(out, payload, size);
	terminate(head->type, out);
	return 0;
}

void packet_error_fill(struct packet_error *out, const struct error *err)
{
	*out = (struct packet_error){ .code = err->code };
	snprintf(out->text, sizeof(out->text), "%s", err->text);
	snprintf(out->hint, sizeof(out->hint), "%s", err->hint);
}
