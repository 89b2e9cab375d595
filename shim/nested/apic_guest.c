/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* The APIC as guest sides use it: on behalf of a vCPU that is in an exit, or to send to another. */
#include "shim/nested/nested.h"

void nested_interrupt(unsigned int cpu, uint8_t vector)
{
	nested_apic_command(nested_here(), cpu, 1u << 14 | vector);
}

void nested_apic_eoi(struct nested_vcpu *v)
{
	nested_apic_write(nested_cpu(v), APIC_EOI, 0);
}

uint32_t nested_apic_tpr(struct nested_vcpu *v)
{
	return nested_apic_read(nested_cpu(v), APIC_TPR);
}

void nested_apic_set_tpr(struct nested_vcpu *v, uint32_t tpr)
{
	nested_apic_write(nested_cpu(v), APIC_TPR, tpr & 0xff);
}

uint64_t nested_apic_icr(struct nested_vcpu *v)
{
	struct nested_cpu *c = nested_cpu(v);

	if (c->x2apic)
		return hw_rdmsr(0x830);
	return (uint64_t)nested_apic_read(c, APIC_ICR_HIGH) << 32 | nested_apic_read(c, APIC_ICR);
}

void nested_apic_set_icr(struct nested_vcpu *v, uint64_t icr)
{
	struct nested_cpu *c = nested_cpu(v);

	if (!c->x2apic) {
		nested_apic_write(c, APIC_ICR_HIGH, (uint32_t)(icr >> 32));
		icr = (uint32_t)icr;
	}
	nested_apic_guest_write(c, APIC_ICR, icr);
}
