/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The device that test guests of the Hyper-V ABI expect at port 0x3000 (hyperv-testdev): it makes
 * and breaks connections and raises SINTs. One 32-bit write is one command: SINT, VP index,
 * command, connection id, a byte each from the lowest on. Only under force=hv-testdev.
 */
#include "guest.h"

enum command {
	ROUTE_CREATE = 1,
	ROUTE_DESTROY,
	ROUTE_SET,
	MESSAGE_CREATE,
	MESSAGE_DESTROY,
	EVENT_CREATE,
	EVENT_DESTROY,
};

/* One bit a SINT: may ROUTE_SET raise it? */
static uint16_t routes[TW_MAX_CPUS];

static void set(struct hv_vp *from, struct hv_vp *vp, unsigned int sint)
{
	tw_lock(&vp->synic.lock);
	if (vp->synic.control & HV_SYNIC_ENABLE)
		hv_sint_raise(from, vp, sint);
	tw_unlock(&vp->synic.lock);
}

static bool command(struct hv_vp *from, uint32_t value)
{
	uint8_t sint = (uint8_t)(value & 0xff), id = (uint8_t)(value >> 24);
	struct hv_vp *vp = hv_vp_by_index(value >> 8 & 0xff);
	uint16_t *route = vp ? &routes[vp->v->cpu] : NULL;
	uint16_t bit = (uint16_t)(1u << (sint & 15));

	if (!vp || sint >= HV_SINTS)
		return false;
	switch ((enum command)(value >> 16 & 0xff)) {
	case ROUTE_CREATE:
		__atomic_fetch_or(route, bit, __ATOMIC_ACQ_REL);
		return true;
	case ROUTE_DESTROY:
		return __atomic_fetch_and(route, (uint16_t)~bit, __ATOMIC_ACQ_REL) & bit;
	case ROUTE_SET:
		if (!(__atomic_load_n(route, __ATOMIC_ACQUIRE) & bit))
			return false;
		set(from, vp, sint);
		return true;
	case MESSAGE_CREATE:
	case EVENT_CREATE:
		return hv_connect(id, (value >> 16 & 0xff) == EVENT_CREATE, vp, sint);
	case MESSAGE_DESTROY:
	case EVENT_DESTROY:
		return hv_disconnect(id, (value >> 16 & 0xff) == EVENT_DESTROY);
	}
	return false;
}

enum nested_verdict hv_testdev_port(struct nested_vcpu *v, uint16_t port, unsigned int size,
				    bool out, uint32_t *value)
{
	if (!nested_test_device || port != HV_TESTDEV_PORT)
		return NESTED_PASS;
	hv_count(hv_vp(v), HV_COUNT_TEST_DEVICE);
	if (!out)
		*value = 0;
	else if (size != 4 || !hv_has(HV_F_SYNIC) || !command(hv_vp(v), *value))
		tw_warn("hyperv-testdev: command 0x%x is not understood, or names what is not "
			"there",
			*value);
	return NESTED_DONE;
}
