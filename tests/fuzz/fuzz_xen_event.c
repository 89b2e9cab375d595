/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Fuzzer of the event channels: any operations with any arguments on several vCPUs, while the
 * guest writes into its shared page. Besides memory errors, it looks for lost events: a port that
 * is raised and not masked must show in its vCPU's selector and upcall byte, unless the guest
 * itself has been at them.
 */
#include <stdlib.h>
#include <string.h>

#include "mock_xen.h"

#define VCPUS 3

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void notify(void)
{
}

static uint32_t pick_port(uint8_t byte)
{
	/* Mostly ports that exist, the borders, and nonsense. */
	static const uint32_t odd[] = {0, 63, 64, 4095, 4096, 0x7fffffff, 0xffffffff};

	return byte < 248 ? byte % 24u : odd[byte % TW_ARRAY_SIZE(odd)];
}

static uint64_t fill_args(uint32_t cmd, uint64_t arg, const uint8_t *b)
{
	uint32_t *w = mock_guest_at(arg);

	memset(w, 0, 32);
	switch (cmd) {
	case EVTCHNOP_bind_virq:
		w[0] = b[0] % 32;
		w[1] = b[1] % (VCPUS + 1);
		break;
	case EVTCHNOP_bind_ipi:
		w[0] = b[0] % (VCPUS + 1);
		break;
	case EVTCHNOP_bind_vcpu:
		w[0] = pick_port(b[0]);
		w[1] = b[1] % (VCPUS + 1);
		break;
	case EVTCHNOP_status:
		w[0] = b[1] & 1 ? DOMID_SELF : b[1];
		w[1] = pick_port(b[0]);
		break;
	case EVTCHNOP_alloc_unbound:
	case EVTCHNOP_reset:
		w[0] = b[0] & 1 ? DOMID_SELF : b[0];
		break;
	default:
		w[0] = pick_port(b[0]);
		break;
	}
	return arg;
}

/* An IPI port that was just sent to and is not masked must be visible to its vCPU. */
static void check_visible(uint32_t port, uint64_t arg)
{
	struct evtchn_status *s = mock_guest_at(arg);
	struct shared_info *shared = xen_domain.shared;
	const struct vcpu_info *info;

	*s = (struct evtchn_status){.dom = DOMID_SELF, .port = port};
	if (xen_event_channel_op(EVTCHNOP_status, arg, 0, 0, 0, xen_vcpus[0]) ||
	    s->status != EVTCHNSTAT_ipi)
		return;
	info = xen_vcpus[s->vcpu]->info;
	if (!(shared->evtchn_pending[port / 64] >> (port % 64) & 1))
		abort();
	if (shared->evtchn_mask[port / 64] >> (port % 64) & 1)
		return;
	if (!info->evtchn_upcall_pending || !(info->evtchn_pending_sel >> (port / 64) & 1))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t arg, page;
	bool clean = true; /* the guest has handled its events by the rules */
	unsigned int i;

	mock_xen_reset(VCPUS);
	arg = mock_guest_alloc(64);
	page = TW_ALIGN_UP(mock_guest_alloc(2 * TW_PAGE_SIZE), TW_PAGE_SIZE);
	xen_event_backend(notify);

	for (; size >= 4; data += 4, size -= 4) {
		uint32_t cmd = data[0] % 20;
		struct xen_vcpu *v = xen_vcpus[data[3] % VCPUS];
		struct vcpu_info *info = v->info;
		uint32_t port = pick_port(data[1]);

		mock_cpu = v->id;
		switch (cmd) {
		case 15: /* the guest's upcall: clear all it has been told */
			info->evtchn_upcall_pending = 0;
			for (i = 0; i < 64; i++)
				if (info->evtchn_pending_sel >> i & 1)
					xen_domain.shared->evtchn_pending[i] = 0;
			info->evtchn_pending_sel = 0;
			/* It took other vCPUs' ports with it; theirs may look lost then. */
			break;
		case 16: /* mask */
			if (port < 4096)
				xen_domain.shared->evtchn_mask[port / 64] |= 1ul << (port % 64);
			break;
		case 17:
			xen_event_raise(port);
			break;
		case 18:
			xen_vcpu_info_register(v, MOCK_MFN_OF(page), data[1] * 16u);
			break;
		case 19: /* the guest writes where it should not */
			((uint8_t *)xen_domain
			     .shared)[(data[1] | data[2] << 8) % sizeof(*xen_domain.shared)] =
			    data[3];
			clean = false;
			break;
		default:
			xen_event_channel_op(cmd, fill_args(cmd, arg, data + 1), 0, 0, 0, v);
			if (cmd == EVTCHNOP_send && clean && port < 4096)
				check_visible(port, arg);
		}
	}
	return 0;
}
