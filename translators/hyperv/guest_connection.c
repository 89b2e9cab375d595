/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Connections (TLFS 11.10): what HvCallPostMessage and HvCallSignalEvent name. Each leads to a SINT
 * of a VP. There are none unless something inside the shim makes one.
 */
#include "guest.h"

#define CONNECTIONS 32

static struct hv_connection connections[CONNECTIONS];
static struct tw_lock connections_lock;

static struct hv_connection *find(uint32_t id, bool event)
{
	for (unsigned int i = 0; i < CONNECTIONS; i++)
		if (connections[i].vp && connections[i].id == id && connections[i].event == event)
			return &connections[i];
	return NULL;
}

bool hv_connect(uint32_t id, bool event, struct hv_vp *vp, uint8_t sint)
{
	bool room = false;

	tw_lock(&connections_lock);
	if (!find(id, event)) {
		for (unsigned int i = 0; i < CONNECTIONS && !room; i++) {
			if (connections[i].vp)
				continue;
			connections[i] = (struct hv_connection){ id, event, sint, vp };
			room = true;
		}
	}
	tw_unlock(&connections_lock);
	return room;
}

bool hv_disconnect(uint32_t id, bool event)
{
	struct hv_connection *c;

	tw_lock(&connections_lock);
	c = find(id, event);
	if (c)
		c->vp = NULL;
	tw_unlock(&connections_lock);
	return c;
}

/* A copy of the connection: it may go away at any time. */
static bool look_up(uint32_t id, bool event, struct hv_connection *to)
{
	const struct hv_connection *c;

	tw_lock(&connections_lock);
	c = find(id, event);
	if (c)
		*to = *c;
	tw_unlock(&connections_lock);
	return c;
}

/* struct hv_post_message. Types with the highest bit are the hypervisor's own. */
enum hv_status hv_call_post_message(struct hv_call *c)
{
	struct hv_message m = { .type = (uint32_t)hv_word(c, 1) };
	uint32_t size = (uint32_t)(hv_word(c, 1) >> 32);
	struct hv_connection to;

	if (m.type == HV_MESSAGE_NONE || m.type & HV_MESSAGE_HYPERVISOR ||
	    size > HV_MESSAGE_PAYLOAD)
		return HV_INVALID_PARAMETER;
	if (!look_up((uint32_t)hv_word(c, 0), false, &to))
		return HV_INVALID_CONNECTION_ID;
	m.payload_size = (uint8_t)size;
	m.sender = to.id;
	for (unsigned int i = 0; i < (size + 7) / 8; i++) {
		uint64_t word = hv_word(c, 2 + i);

		__builtin_memcpy(m.payload + i * 8, &word, 8);
	}
	return hv_message_post(c->vp, to.vp, to.sint, &m);
}

/* struct hv_signal_event. A connection owns one flag, which has the connection's number. */
enum hv_status hv_call_signal_event(struct hv_call *c)
{
	uint64_t input = hv_word(c, 0);
	struct hv_connection to;

	if (input >> 48)
		return HV_INVALID_PARAMETER;
	if (!look_up((uint32_t)input, true, &to))
		return HV_INVALID_CONNECTION_ID;
	if (input >> 32)
		return HV_INVALID_PARAMETER;
	return hv_event_signal(c->vp, to.vp, to.sint, to.id % HV_EVENT_FLAGS);
}
