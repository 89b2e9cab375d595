/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Messages: one slot a SINT, free when its type is 0. The guest frees a slot, then looks at the
 * pending flag and, where it is set, says EOM. So whoever finds a slot busy sets the flag first and
 * looks again: either the guest sees the flag, or we see the free slot.
 */
#include "guest.h"

static bool usable(const struct hv_synic *s)
{
	return s->control & HV_SYNIC_ENABLE && s->messages.msr & HV_PAGE_ENABLE;
}

static bool slot_free(struct hv_message *slot)
{
	if (__atomic_load_n(&slot->type, __ATOMIC_ACQUIRE) == HV_MESSAGE_NONE)
		return true;
	__atomic_fetch_or(&slot->flags, HV_MESSAGE_PENDING, __ATOMIC_SEQ_CST);
	return __atomic_load_n(&slot->type, __ATOMIC_SEQ_CST) == HV_MESSAGE_NONE;
}

/* The first queued message of a SINT at or behind position at; the number of queued ones if none.
 */
static unsigned int find(const struct hv_synic *s, unsigned int at, unsigned int sint)
{
	while (at < s->queued && s->queue[at].sint != sint)
		at++;
	return at;
}

/* Into the free slot; the type goes last. more: others wait behind it. */
static void fill(struct hv_vp *from, struct hv_vp *vp, unsigned int sint,
		 const struct hv_message *m, bool more)
{
	struct hv_message_page *page = vp->synic.messages.page;
	struct hv_message *slot = &page->slot[sint];

	slot->payload_size = m->payload_size;
	slot->flags = more ? HV_MESSAGE_PENDING : 0;
	slot->reserved = 0;
	slot->sender = m->sender;
	__builtin_memcpy(slot->payload, m->payload, sizeof(slot->payload));
	__atomic_store_n(&slot->type, m->type, __ATOMIC_RELEASE);
	hv_sint_raise(from, vp, sint);
}

/* False: something else is in the slot, or waits for it. */
static bool try_locked(struct hv_vp *from, struct hv_vp *vp, unsigned int sint,
		       const struct hv_message *m)
{
	struct hv_message_page *page = vp->synic.messages.page;

	if (!slot_free(&page->slot[sint]) || find(&vp->synic, 0, sint) < vp->synic.queued)
		return false;
	fill(from, vp, sint, m, false);
	return true;
}

bool hv_message_try(struct hv_vp *vp, unsigned int sint, const struct hv_message *m)
{
	bool sent;

	tw_lock(&vp->synic.lock);
	sent = usable(&vp->synic) && try_locked(vp, vp, sint, m);
	tw_unlock(&vp->synic.lock);
	return sent;
}

enum hv_status hv_message_post(struct hv_vp *from, struct hv_vp *vp, unsigned int sint,
			       const struct hv_message *m)
{
	struct hv_synic *s = &vp->synic;
	enum hv_status status = HV_SUCCESS;

	tw_lock(&s->lock);
	if (!usable(s)) {
		status = HV_INVALID_SYNIC_STATE;
	} else if (!try_locked(from, vp, sint, m)) {
		if (s->queued == HV_QUEUE) {
			status = HV_INSUFFICIENT_BUFFERS;
		} else {
			s->queue[s->queued].sint = (uint8_t)sint;
			s->queue[s->queued].message = *m;
			s->queued++;
		}
	}
	tw_unlock(&s->lock);
	return status;
}

/* Move the oldest message of each SINT whose slot is free. */
static void move_queued(struct hv_vp *vp)
{
	struct hv_synic *s = &vp->synic;
	struct hv_message_page *page = s->messages.page;
	uint16_t blocked = 0;
	unsigned int i = 0;

	while (i < s->queued) {
		struct hv_queued *q = &s->queue[i];
		uint16_t bit = (uint16_t)(1u << q->sint);

		if (blocked & bit || !slot_free(&page->slot[q->sint])) {
			blocked |= bit;
			i++;
			continue;
		}
		fill(vp, vp, q->sint, &q->message, find(s, i + 1, q->sint) < s->queued);
		blocked |= bit;
		s->queued--;
		__builtin_memmove(q, q + 1, (s->queued - i) * sizeof(*q));
	}
}

void hv_message_rescan(struct hv_vp *vp)
{
	struct hv_synic *s = &vp->synic;

	if (__atomic_load_n(&s->queued, __ATOMIC_ACQUIRE)) {
		tw_lock(&s->lock);
		if (usable(s))
			move_queued(vp);
		tw_unlock(&s->lock);
	}
	for (unsigned int i = 0; i < HV_STIMERS; i++) {
		if (vp->stimer[i].message_waits) {
			hv_stimer_serve(vp);
			return;
		}
	}
}
