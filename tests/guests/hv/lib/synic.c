/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* The synthetic interrupt controller of each CPU, and the test device that makes connections to it. */
#include "hv.h"

static struct hv_message_page messages[MAX_CPUS] PAGE_ALIGNED;
static struct hv_event_page events[MAX_CPUS] PAGE_ALIGNED;

struct hv_message_page *synic_messages(unsigned int cpu)
{
	return &messages[cpu];
}

struct hv_event_page *synic_events(unsigned int cpu)
{
	return &events[cpu];
}

void synic_on(void *unused)
{
	unsigned int cpu = this_cpu()->index;

	for (uint32_t sint = 0; sint < HV_SINTS; sint++)
		wrmsr(HV_MSR_SINT0 + sint, HV_SINT_MASKED);
	wrmsr(HV_MSR_SIMP, (uint64_t)&messages[cpu] | HV_PAGE_ENABLE);
	wrmsr(HV_MSR_SIEFP, (uint64_t)&events[cpu] | HV_PAGE_ENABLE);
	wrmsr(HV_MSR_SCONTROL, HV_SYNIC_ENABLE);
}

void synic_off(void *unused)
{
	for (uint32_t sint = 0; sint < HV_SINTS; sint++)
		wrmsr(HV_MSR_SINT0 + sint, HV_SINT_MASKED);
	wrmsr(HV_MSR_SCONTROL, 0);
	wrmsr(HV_MSR_SIMP, 0);
	wrmsr(HV_MSR_SIEFP, 0);
}

void testdev(enum testdev_command command, uint8_t sint, uint8_t vp, uint8_t connection)
{
	out32(0x3000, sint | (uint32_t)vp << 8 | (uint32_t)command << 16 |
			      (uint32_t)connection << 24);
}

uint64_t post_message(uint32_t connection, uint32_t type, const void *payload, unsigned int size)
{
	struct hv_post_message *in = hypercall_input();

	*in = (struct hv_post_message){ .connection = connection, .type = type,
					.payload_size = size };
	if (size <= sizeof(in->payload))
		for (unsigned int i = 0; i < size; i++)
			in->payload[i] = ((const uint8_t *)payload)[i];
	return hypercall_slow(HV_CALL_POST_MESSAGE);
}
