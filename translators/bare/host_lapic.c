/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The local APIC: enabling, end of interrupt, IPIs. Two sets of functions, xAPIC (a page of MMIO)
 * and x2APIC (MSRs), chosen once at boot, so that the hot ones have no branch.
 *
 * Which one: x2APIC when it is already on (it cannot be left without disabling the APIC), when an
 * APIC id needs it, and on any hypervisor that offers it: there an MSR exit is cheaper than an MMIO
 * exit with an instruction to decode, and no ICR write needs to be waited for. On real hardware
 * xAPIC stays: firmware may have opted out of x2APIC (DMAR table), and nothing needs it.
 * QEMU TCG offers none before version 9. Source: Intel SDM volume 3, chapter "APIC".
 */
#include <asm-generic/errno.h>

#include "host.h"

#define APIC_BASE_X2	 (1u << 10)
#define APIC_BASE_ENABLE (1u << 11)
#define APIC_BASE_MASK	 0x000ffffffffff000ull
#define SVR_ENABLE	 (1u << 8)
#define ICR_BUSY	 (1u << 12)
#define ICR_ASSERT	 (1u << 14)
#define ICR_SELF	 (1u << 18)
#define ICR_NMI		 (4u << 8)
#define MSR_X2APIC	 0x800u
#define MSR_X2APIC_ICR	 0x830u
#define MSR_X2APIC_SELF	 0x83fu
#define ICR_WAIT_MAX	 100000u

static bool x2apic;
static uint64_t lapic_pa;
static const uint32_t *apic_ids; /* tw_host.apic_id: by CPU */
static bool keeps;		 /* tw_host.keeps_interrupts */

bool bare_lapic_is_x2apic(void)
{
	return x2apic;
}

uint32_t bare_lapic_read(unsigned int reg)
{
	return x2apic ? (uint32_t)hw_rdmsr(MSR_X2APIC + reg / 16) : hw_mmio_read32(lapic_pa + reg);
}

void bare_lapic_write(unsigned int reg, uint32_t value)
{
	if (x2apic)
		hw_wrmsr(MSR_X2APIC + reg / 16, value);
	else
		hw_mmio_write32(lapic_pa + reg, value);
}

uint32_t bare_lapic_id(void)
{
	uint32_t id = bare_lapic_read(LAPIC_ID);

	return x2apic ? id : id >> 24;
}

/* --- xAPIC -------------------------------------------------------------------------------------
 */

/* The ICR takes one command at a time. Bounded: a hung command must not hang the sender. */
static void xapic_wait(void)
{
	for (unsigned int i = 0; i < ICR_WAIT_MAX; i++) {
		if (!(hw_mmio_read32(lapic_pa + LAPIC_ICR) & ICR_BUSY))
			return;
		hw_pause();
	}
}

static void xapic_command(uint32_t apic_id, uint32_t command)
{
	xapic_wait();
	hw_mmio_write32(lapic_pa + LAPIC_ICR_HIGH, apic_id << 24);
	hw_mmio_write32(lapic_pa + LAPIC_ICR, command);
}

static void xapic_ipi(unsigned int cpu, uint8_t vector)
{
	xapic_command(apic_ids[cpu], ICR_ASSERT | vector);
}

static void xapic_ipi_nmi(unsigned int cpu)
{
	xapic_command(apic_ids[cpu], ICR_ASSERT | ICR_NMI);
}

/*
 * The self shorthand leaves ICR_HIGH alone: an NMI handler may use it although it interrupted
 * xapic_command() between the two words.
 */
static void xapic_ipi_self(uint8_t vector)
{
	hw_mmio_write32(lapic_pa + LAPIC_ICR, ICR_SELF | ICR_ASSERT | vector);
}

static void xapic_eoi(void)
{
	hw_mmio_write32(lapic_pa + LAPIC_EOI, 0);
}

/* --- x2APIC ------------------------------------------------------------------------------------
 */

/*
 * x2APIC's WRMSR is not ordered after earlier stores (SDM, "WRMSR in x2APIC mode"): without the
 * fence the target could take the interrupt and not see what it was sent for.
 */
static inline void fence(void)
{
	__asm__ volatile("mfence; lfence" : : : "memory");
}

static void x2apic_command(uint32_t apic_id, uint32_t command)
{
	fence();
	hw_wrmsr(MSR_X2APIC_ICR, (uint64_t)apic_id << 32 | command);
}

static void x2apic_ipi(unsigned int cpu, uint8_t vector)
{
	x2apic_command(apic_ids[cpu], ICR_ASSERT | vector);
}

static void x2apic_ipi_nmi(unsigned int cpu)
{
	x2apic_command(apic_ids[cpu], ICR_ASSERT | ICR_NMI);
}

static void x2apic_ipi_self(uint8_t vector)
{
	hw_wrmsr(MSR_X2APIC_SELF, vector);
}

static void x2apic_eoi(void)
{
	hw_wrmsr(MSR_X2APIC + LAPIC_EOI / 16, 0);
}

/* -----------------------------------------------------------------------------------------------
 */

static void ipi_many(uint64_t cpus, uint8_t vector)
{
	for (; cpus; cpus &= cpus - 1)
		bare_lapic_command(apic_ids[__builtin_ctzll(cpus)], ICR_ASSERT | vector);
}

void bare_lapic_command(uint32_t apic_id, uint32_t command)
{
	if (x2apic)
		x2apic_command(apic_id, command);
	else
		xapic_command(apic_id, command);
}

void bare_lapic_enable(void)
{
	uint64_t base = hw_rdmsr(MSR_APIC_BASE);
	uint64_t want = base | APIC_BASE_ENABLE;

	if (keeps)
		return;

	/* Off -> x2APIC in one step is not allowed: by way of xAPIC. */
	if (want != base)
		hw_wrmsr(MSR_APIC_BASE, want);
	if (x2apic && !(base & APIC_BASE_X2))
		hw_wrmsr(MSR_APIC_BASE, want | APIC_BASE_X2);
	/* The LVTs can only be unmasked, and keep what is written, once the APIC is enabled here.
	 */
	bare_lapic_write(LAPIC_SVR, SVR_ENABLE | TW_VEC_SPURIOUS);
	bare_lapic_write(LAPIC_TPR, 0);
	bare_lapic_write(LAPIC_LVT_LINT0,
			 LAPIC_LVT_MASKED); /* the PIC; LINT1 (NMI) stays as it is */
	bare_lapic_write(LAPIC_LVT_ERROR, LAPIC_LVT_MASKED);
}

TW_INIT int bare_lapic_init(struct tw_host *host, bool large_ids, const char **why)
{
	struct hw_cpuid features = hw_cpuid(1, 0);
	uint64_t base;
	bool offered = features.ecx >> 21 & 1;
	const char *by;

	if (!(features.edx >> 9 & 1) || !(features.edx >> 5 & 1)) {
		*why = "the CPU has no local APIC: enable it in the firmware or VM settings";
		return -ENODEV;
	}
	base = hw_rdmsr(MSR_APIC_BASE);
	keeps = host->keeps_interrupts;
	x2apic = (base & APIC_BASE_X2) ||
		 (!keeps && offered && (large_ids || bare.hypervisor));
	lapic_pa = base & APIC_BASE_MASK;
	if (!x2apic && (!lapic_pa || lapic_pa >= 0x100000000ull)) {
		*why = "the local APIC is not mapped below 4 GB: reset its base in the firmware "
		       "settings";
		return -ENODEV;
	}
	by = x2apic ? "x2apic icr" : "xapic icr";
	apic_ids = host->apic_id;
	host->ipi = x2apic ? x2apic_ipi : xapic_ipi;
	host->ipi_many = ipi_many;
	host->ipi_self = x2apic ? x2apic_ipi_self : xapic_ipi_self;
	host->ipi_nmi = x2apic ? x2apic_ipi_nmi : xapic_ipi_nmi;
	host->eoi = x2apic ? x2apic_eoi : xapic_eoi;
	tw_serves(host, TW_OP_IPI, by);
	tw_serves(host, TW_OP_NMI, by);
	tw_serves(host, TW_OP_TLB, by);
	tw_serves(host, TW_OP_EVENT, by);
	bare_lapic_enable();
	return 0;
}
