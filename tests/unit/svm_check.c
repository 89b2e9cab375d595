/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * At each VMRUN of the machine in svm_machine.h: would the CPU take this VMCB (APM 15.5.1), and
 * does it keep the shim in control? Also which MSRs and ports exit by its maps.
 */
#include "svm_inside.h"

#define MISC1_MIN                                                                                  \
	(SVM_I_NMI | SVM_I_CPUID | SVM_I_INVD | SVM_I_INVLPGA | SVM_I_MSR | SVM_I_SHUTDOWN)

static bool bit_of(uint64_t pa, unsigned int bit)
{
	const uint8_t *map = hw_phys(pa);

	return map[bit >> 3] >> (bit & 7) & 1;
}

bool machine_msr_traps(uint32_t msr, bool write)
{
	unsigned int base = msr < 0x2000 ? 0 : msr >> 16 == 0xc000 ? 0x800 : 0x1000;

	if ((msr & ~0x1fffu) && (msr & ~0x1fffu) != 0xc0000000 && (msr & ~0x1fffu) != 0xc0010000)
		return true;
	return bit_of(machine_vmcb(0)->msrpm_pa + base, (msr & 0x1fff) * 2 + write);
}

bool machine_port_traps(uint16_t port, unsigned int size)
{
	bool traps = false;

	for (unsigned int i = 0; i < size; i++)
		traps |= bit_of(machine_vmcb(0)->iopm_pa, port + i);
	return traps && machine_vmcb(0)->intercept_misc1 & SVM_I_IO;
}

static bool event_good(uint32_t event, uint32_t error)
{
	uint32_t type = event & SVM_EV_TYPE, vector = event & 0xff;
	bool with_error =
		vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21;

	if (!(event & SVM_EV_VALID))
		return true;
	if (event & 0x7ffff000)
		return false;
	switch (type) {
	case SVM_EV_INTR:
		return vector >= 16 && !(event & SVM_EV_ERROR);
	case SVM_EV_NMI:
		return vector == 2 && !(event & SVM_EV_ERROR);
	case SVM_EV_EXCEPTION:
		return vector < 32 && vector != 2 && with_error == !!(event & SVM_EV_ERROR);
	}
	return false;
}

void machine_check(const struct nested_cpu *c)
{
	const struct vmcb *b = c->vmcb;

	if ((b->intercept_misc1 & MISC1_MIN) != MISC1_MIN ||
	    (b->intercept_misc2 & SVM_I_SVM) != SVM_I_SVM ||
	    (nested_cpus > 1 && !(b->intercept_misc2 & SVM_I_WBINVD)) ||
	    (!machine_no_ports && !(b->intercept_misc1 & SVM_I_IO)))
		machine_die("VMRUN: an intercept is missing");
	if (b->asid != 1 || b->nested_control != 1 || b->nested_cr3 != c->npt_root ||
	    !(b->efer & EFER_SVME))
		machine_die("VMRUN: control fields are wrong");
	for (unsigned int write = 0; write < 2; write++)
		if (!bit_of(b->msrpm_pa + 0x800, 0x80 * 2 + write) ||
		    !bit_of(b->msrpm_pa + 0x1000, 0x114 * 2 + write) ||
		    !bit_of(b->msrpm_pa + 0x1000, 0x117 * 2 + write))
			machine_die("VMRUN: an MSR of the shim's does not trap");
	if (!bit_of(b->msrpm_pa, MSR_APIC_BASE * 2 + 1))
		machine_die("VMRUN: writes of IA32_APIC_BASE do not trap");
	if (!c->stepping != !b->intercept_exceptions)
		machine_die("VMRUN: exceptions exit while nothing is stepped, or the reverse");
	if (b->cs.attributes & SVM_SEG_L && b->cs.attributes & SVM_SEG_D)
		machine_die("VMRUN: CS.L and CS.D");
	if (!event_good(b->event_inject, b->event_error))
		machine_die("VMRUN: EVENTINJ is not valid");
	if (b->exit_int_info)
		machine_die("VMRUN: the machine did not clear EXITINTINFO");
}
