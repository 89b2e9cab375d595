/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Fuzzer of nested mode as a whole: a hostile guest on one to three CPUs, with the real exit loop, the real
 * core and the real Hyper-V guest side, on the machine of tests/unit/svm_machine.h. Each record of the
 * input is one thing that the guest or the hardware does.
 *
 * The machine itself checks each VMRUN (intercepts, permission maps, control fields, EVENTINJ), that the
 * shim never gets a #GP, that CPUs do not exit or wait for ever. Here: RIP moves by whole instructions
 * and only then, and in the end nested page tables show identity, overlays and nothing of the shim.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "svm_machine.h"
#include "translators/hyperv/guest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct record {
	uint8_t what, cpu, how, which;
	uint32_t number;
	uint64_t value, other;
};

static void must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "fuzz_nested_exit: %s\n", what);
	abort();
}

/* --- plausible values --------------------------------------------------------------------------------- */

static const uint32_t leaves[] = { 0, 1, 7, 0xd, 0x40000000, 0x40000003, 0x40000006, 0x80000001, 0x8000000a };
static const uint32_t msrs[] = { MSR_EFER, MSR_VM_CR, MSR_VM_HSAVE_PA, MSR_APIC_BASE, MSR_TSC_DEADLINE, 0x830,
				 0x832, 0x838, 0x83e, 0x80b, 0x808, 0x4b564d00, 0x11, 0xc0010200 };
static const uint16_t codes[] = { 0x02, 0x03, 0x08, 0x0b, 0x13, 0x14, 0x15, 0x5c, 0x5d, 0x8001, 0x50, 0xff };
static const uint16_t registers[] = { APIC_TPR,	      APIC_EOI,	       APIC_SVR,	 APIC_ICR, APIC_ICR_HIGH,
				      APIC_LVT_TIMER, APIC_TIMER_INIT, APIC_TIMER_DIVIDE };
static const uint16_t ports[] = { MACHINE_PM1A, MACHINE_PM1A + 1, 0x64, 0xcf9, 0xcf8, HV_TESTDEV_PORT };

static uint32_t msr_of(const struct record *r)
{
	if (r->how & 1)
		return r->number;
	if (r->how & 2)
		return msrs[r->which % TW_ARRAY_SIZE(msrs)];
	return 0x40000000 + (r->which & 1 ? 0x70 : 0) + (r->number & 0xbf);
}

/* Mostly RAM, sometimes beside it. */
static uint64_t gpa_of(const struct record *r)
{
	switch (r->how & 7) {
	case 0:
		return machine_kept + (r->value & 0xfffff);
	case 1:
		return MACHINE_HIGH + (r->value & 0x1ffff);
	case 2:
		return r->value & 0xfff;
	case 3:
		return (MACHINE_APIC - 0x2000) + (r->value & 0x3fff);
	case 4:
		return r->value & ((1ull << 40) - 1);
	default:
		return MACHINE_RAM + (r->value & 0x1ffff);
	}
}

static uint64_t value_of(const struct record *r)
{
	return r->which & 0x80 ? (gpa_of(r) & TW_PAGE_MASK) | (r->other & 1) : r->value;
}

/* --- what may happen ---------------------------------------------------------------------------------- */

static void hypercall(unsigned int cpu, const struct record *r)
{
	struct nested_regs *regs = machine_regs(cpu);
	uint64_t control = r->how & 0x80 ? r->value :
					   (r->other & 0x0003000300000000ull) | (r->how & 0x40 ? 1u << 16 : 0) |
						   codes[r->which % TW_ARRAY_SIZE(codes)];

	memcpy(machine_at(MACHINE_RAM + 0x3000), r, sizeof(*r));
	machine_vmcb(cpu)->rax = (uint32_t)control;
	regs->rcx = control;
	regs->rdx = r->how & 0x20 ? gpa_of(r) : MACHINE_RAM + 0x3000;
	regs->r8 = r->how & 0x10 ? gpa_of(r) : MACHINE_RAM + 0x4000;
	machine_exit(cpu, SVM_EXIT_VMMCALL, 0, 0);
}

static void port(unsigned int cpu, const struct record *r)
{
	uint16_t number = r->how & 1 ? (uint16_t)r->number : ports[r->which % TW_ARRAY_SIZE(ports)];
	unsigned int bytes = 1u << (r->how >> 1 & 3) % 3;

	if (r->how & 0x80 && machine_port_traps(number, bytes)) /* INS, OUTS */
		machine_exit(cpu, SVM_EXIT_IO, (uint64_t)number << 16 | bytes << 4 | 4, machine_vmcb(cpu)->rip + 2);
	else
		machine_io(cpu, number, bytes, r->how & 8, (uint32_t)r->value);
}

/* A nested page fault, where the tables do make one. */
static void page(unsigned int cpu, const struct record *r)
{
	uint64_t gpa = gpa_of(r), bytes, pte = machine_walk(cpu, gpa, &bytes);
	bool write = r->which & 1, fetch = !write && r->which & 2;

	if (pte && !(write && !(pte & PTE_W)) && !(fetch && pte & PTE_NX))
		return;
	if (r->which & 4) {
		machine_vmcb(cpu)->exit_int_info = SVM_EV_VALID | SVM_EV_INTR | 0x10 | (r->number & 0xff);
		if (r->which & 8)
			machine_vmcb(cpu)->exit_int_info = SVM_EV_VALID | SVM_EV_NMI | 2;
	}
	machine_exit(cpu, SVM_EXIT_NPF, 4 | !!pte | (unsigned int)write << 1 | (unsigned int)fetch << 4, gpa);
}

/* What the guest changes without an exit. */
static void state(unsigned int cpu, const struct record *r)
{
	struct vmcb *b = machine_vmcb(cpu);

	if (!nested_cpu_of[cpu]->stepping)
		b->rflags = (r->value & 0x300) | 2;
	b->int_shadow = r->how & 1;
	b->cr4 = r->other & 0x400020;
	b->cpl = r->how >> 1 & 3;
	b->cs.attributes = (uint16_t)(r->number & 0xfff);
	machine_vmcb(cpu)->idtr.limit = (uint16_t)(r->which & 1 ? 0xfff : 0);
	machine_settle();
}

static void exception(unsigned int cpu, const struct record *r)
{
	static const uint8_t vectors[] = { 1, 1, 0, 6, 8, 12, 13, 14, 17 };
	unsigned int vector = vectors[r->which % TW_ARRAY_SIZE(vectors)];

	if (machine_vmcb(cpu)->intercept_exceptions >> vector & 1)
		machine_exit(cpu, SVM_EXIT_EXCEPTION + vector, r->number, r->value);
}

static void instruction(unsigned int cpu, const struct record *r)
{
	static const uint8_t plain[] = { SVM_EXIT_VMRUN, SVM_EXIT_VMLOAD, SVM_EXIT_SKINIT, SVM_EXIT_INVLPGA,
					 SVM_EXIT_INVD };
	const struct vmcb *b = machine_vmcb(cpu);

	switch (r->which % 8) {
	case 0:
		if (nested_cpus > 1)
			machine_exit(cpu, SVM_EXIT_WBINVD, 0, 0);
		break;
	case 1:
		if (b->intercept_misc1 & SVM_I_IRET)
			machine_exit(cpu, SVM_EXIT_IRET, 0, 0);
		break;
	case 2:
		if (r->how == 0xff)
			machine_exit(cpu, SVM_EXIT_SHUTDOWN, 0, 0);
		break;
	default:
		machine_exit(cpu, plain[r->which % 5], 0, 0);
	}
}

static void hardware(unsigned int cpu, const struct record *r)
{
	switch (r->which & 3) {
	case 0:
		machine_cpus[cpu].nmi = true;
		break;
	case 1:
		machine_apic_request(cpu, (uint8_t)r->number);
		break;
	case 2:
		if (machine_cpus[cpu].apic[APIC_TIMER_INIT / 16] || machine_cpus[cpu].deadline)
			machine_apic_timer(cpu);
		break;
	}
	mock_tsc += r->value & 0xffffff;
	machine_settle();
}

static void one(unsigned int cpu, const struct record *r)
{
	uint64_t value;

	switch (r->what % 16) {
	case 0:
		machine_vmcb(cpu)->rax = r->how & 1 ? r->number : leaves[r->which % TW_ARRAY_SIZE(leaves)];
		machine_regs(cpu)->rcx = r->how & 2 ? r->value : 0;
		machine_exit(cpu, SVM_EXIT_CPUID, 0, 0);
		break;
	case 1:
		machine_rdmsr(cpu, msr_of(r), &value);
		break;
	case 2:
	case 3:
	case 4:
		machine_wrmsr(cpu, msr_of(r), value_of(r));
		break;
	case 5:
	case 6:
		hypercall(cpu, r);
		break;
	case 7:
	case 8:
		machine_store(cpu,
			      MACHINE_APIC + (r->how & 1 ? r->number & 0xffc :
							   registers[r->which % TW_ARRAY_SIZE(registers)]),
			      (uint32_t)r->value);
		break;
	case 9:
		machine_store(cpu, gpa_of(r) & ~3ull, (uint32_t)r->other);
		break;
	case 10:
		port(cpu, r);
		break;
	case 11:
		page(cpu, r);
		break;
	case 12:
		state(cpu, r);
		break;
	case 13:
		exception(cpu, r);
		break;
	case 14:
		instruction(cpu, r);
		break;
	case 15:
		hardware(cpu, r);
		break;
	}
}

/* --- what must hold ----------------------------------------------------------------------------------- */

/* The instructions that exit here have 1 (I/O, as the machine says it), 2 or 3 bytes. */
static void check_rip(unsigned int cpu, uint64_t before)
{
	const struct vmcb *b = machine_vmcb(cpu);

	must(b->rip == before || b->rip - before <= 3 || b->rip == 0, "RIP is somewhere");
}

/* Ends that a guest may bring upon itself. */
static void check_end(void)
{
	if (!machine_end || strcmp(machine_end, "fatal"))
		return;
	must(!strncmp(mock_log_last, "the guest ", 10), mock_log_last);
}

static bool is_overlay(uint64_t gpa, uint64_t pa)
{
	const void *page = nested_overlay_find(gpa);

	return page && nested_page_pa(page) == pa;
}

/* A leaf of the tables: gpa leads to pa. */
static void check_leaf(const struct nested_cpu *c, uint64_t gpa, uint64_t bytes, uint64_t pte)
{
	uint64_t pa = pte & PTE_ADDR & ~(bytes - 1);

	must((pte & (PTE_P | PTE_U)) == (PTE_P | PTE_U), "a nested entry without P and U");
	if (is_overlay(gpa, pa))
		return;
	if (nested_memory_touches_shim(gpa, bytes))
		must(pa == (nested_npt_identity(machine_kept) & PTE_ADDR) && bytes == TW_PAGE_SIZE && pte & PTE_NX,
		     "the guest sees the shim");
	else if (gpa == MACHINE_APIC && c->stepping == NESTED_STEP_APIC)
		must(pa == c->apic_copy_pa, "the APIC's copy");
	else
		must(pa == gpa, "not identity");
}

static void check_table(const struct nested_cpu *c, const uint64_t *table, uint64_t gpa, unsigned int shift)
{
	for (unsigned int i = 0; i < 512; i++, gpa += 1ull << shift) {
		if (!(table[i] & PTE_P))
			continue;
		if (shift == 12 || (shift <= 30 && table[i] & PTE_PS))
			check_leaf(c, gpa, 1ull << shift, table[i]);
		else
			check_table(c, machine_at(table[i] & PTE_ADDR), gpa, shift - 9);
	}
}

static void start_others(void)
{
	for (unsigned int cpu = 1; cpu < tw_host.cpus; cpu++) {
		machine_store(0, MACHINE_APIC + APIC_ICR_HIGH, tw_host.apic_id[cpu] << 24);
		machine_store(0, MACHINE_APIC + APIC_ICR, 0x4500);
		machine_store(0, MACHINE_APIC + APIC_ICR, 0x4610);
		must(machine_cpus[cpu].state == MACHINE_GUEST, "a CPU does not start");
	}
}

static void boot(uint8_t how)
{
	machine_reset(1 + (how & 3) % 3);
	machine_no_ports = how & 4;
	machine_next_rip = how & 8;
	machine_tcg = !machine_next_rip; /* which QEMU has not */
	nested_test_device = true;
	if (how & 0x10)
		machine_kept = 0xe0010000;
	if (how & 0x20)
		mock_set_cpuid(1, 0, 0x00a20f10, 0x00020800, 1u << 21 | 1u << 24 | 1u << 26, 1u << 9);
	machine_boot(&hyperv_abi, how & 0x40 ? "fast" : "full-xmm-ext");
	if (how & 0x80)
		start_others();
	machine_wrmsr(0, HV_MSR_GUEST_OS_ID, 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct record r;

	if (!size)
		return 0;
	boot(data[0]);
	for (data++, size--; size >= sizeof(r) && !machine_end; data += sizeof(r), size -= sizeof(r)) {
		unsigned int cpu, tries = 0;
		uint64_t rip;

		memcpy(&r, data, sizeof(r));
		cpu = r.cpu % tw_host.cpus;
		while (machine_cpus[cpu].state != MACHINE_GUEST && tries++ < tw_host.cpus)
			cpu = (cpu + 1) % tw_host.cpus;
		if (machine_cpus[cpu].state != MACHINE_GUEST)
			break;
		rip = machine_vmcb(cpu)->rip;
		one(cpu, &r);
		check_rip(cpu, rip);
	}
	check_end();
	for (unsigned int cpu = 0; cpu < tw_host.cpus; cpu++)
		check_table(nested_cpu_of[cpu], nested_cpu_of[cpu]->pml4, 0, 39);
	return 0;
}
