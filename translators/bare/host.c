/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The bare host side: every neutral operation by the means of a PC itself. It is the fallback of
 * all other host sides and the host side of machines whose hypervisor offers nothing (QEMU TCG,
 * bhyve, VirtualBox, real hardware), so it must also run unchanged on KVM, Xen HVM, Hyper-V and
 * VMware.
 */
#include <asm-generic/errno.h>

#include "host.h"
#include "twoway/boot.h"
#include "twoway/log.h"

#define LEAVES_FIRST 0x40000000u
#define LEAVES_LAST  0x40010000u
#define LEAVES_STEP  0x100u

struct bare_machine bare;

struct signature {
	char text[13];
	const char *title;
};

static const struct signature signatures[] = {
    {"TCGTCGTCGTCG", "bare x86 (QEMU TCG)"},   {"KVMKVMKVM", "bare x86 (KVM)"},
    {"XenVMMXenVMM", "bare x86 (Xen)"},	       {"Microsoft Hv", "bare x86 (Hyper-V)"},
    {"VMwareVMware", "bare x86 (VMware)"},     {"bhyve bhyve ", "bare x86 (bhyve)"},
    {"VBoxVBoxVBox", "bare x86 (VirtualBox)"},
};

static TW_INIT bool same(const char *a, const char *b, unsigned int n)
{
	while (n--)
		if (*a++ != *b++)
			return false;
	return true;
}

/* The 12 bytes of a hypervisor leaf, 0 where it ends early. */
static TW_INIT void signature_read(uint32_t leaf, char text[13])
{
	struct hw_cpuid r = hw_cpuid(leaf, 0);
	const uint32_t words[] = {r.ebx, r.ecx, r.edx};

	for (unsigned int i = 0; i < 12; i++)
		text[i] = (char)(words[i / 4] >> 8 * (i % 4));
	text[12] = '\0';
}

/*
 * Name the machine. Nothing depends on the signature here but the frequencies of leaf 0x40000010, which
 * only KVM and VMware define so, and of Xen's fourth leaf: a PVH domain has nothing else to measure by.
 * Of several signatures the first known one counts, Xen before the Hyper-V look-alike that it may show
 * in front of itself.
 */
static TW_INIT const char *machine_title(void)
{
	const struct signature *found = NULL;
	char text[13];

	bare.hypervisor = hw_cpuid(1, 0).ecx >> 31;
	if (!bare.hypervisor)
		return "bare x86";
	for (uint32_t leaf = LEAVES_FIRST; leaf < LEAVES_LAST; leaf += LEAVES_STEP) {
		signature_read(leaf, text);
		if (same(text, "XenVMMXenVMM", 12) && hw_cpuid(leaf, 0).eax >= leaf + 3)
			bare.xen_leaf = leaf;
		for (unsigned int i = 0; i < TW_ARRAY_SIZE(signatures); i++)
			if (same(text, signatures[i].text, 12) &&
			    (!found || same(text, "XenVMMXenVMM", 12)))
				found = &signatures[i];
	}
	signature_read(LEAVES_FIRST, text);
	bare.kvm_leaves = (same(text, "KVMKVMKVM", 9) || same(text, "VMwareVMware", 12)) &&
			  hw_cpuid(LEAVES_FIRST, 0).eax >= 0x40000010;
	return found ? found->title : "bare x86 (unknown hypervisor)";
}

/* CPU 0 is the one we run on; firmware lists the others in any order. */
static TW_INIT void cpus_set(struct tw_host *host, const uint32_t *ids, unsigned int count)
{
	uint32_t max = bare_lapic_is_x2apic() ? 0xfffffffeu : 0xfe;

	host->apic_id[0] = bare_lapic_id();
	host->cpus = 1;
	for (unsigned int i = 0; i < count; i++) {
		if (ids[i] > max)
			tw_warn("the CPU with APIC id %u needs x2APIC: it stays unused", ids[i]);
		else
			host->cpus = bare_cpu_add(host->apic_id, host->cpus, TW_MAX_CPUS, ids[i]);
	}
}

/* The parts that nothing can do without: interrupts and time. */
static TW_INIT int core_init(struct tw_host *host, const char **why)
{
	uint32_t ids[TW_MAX_CPUS];
	unsigned int count = bare_madt_read(ids, TW_MAX_CPUS);
	uint64_t tsc_hz, lapic_hz = 0;
	bool large_ids = false;
	int err;

	for (unsigned int i = 0; i < count; i++)
		large_ids |= ids[i] > 0xfe;
	err = bare_lapic_init(host, large_ids, why);
	if (err)
		return err;
	cpus_set(host, ids, count);
	if (!host->keeps_interrupts)
		bare_ioapic_init();
	err = bare_tsc_measure(&tsc_hz, bare_timer_deadline() ? NULL : &lapic_hz, why);
	if (err)
		return err;
	bare_tsc_start(host, tsc_hz);
	bare_timer_init(host, lapic_hz);
	return 0;
}

TW_INIT int bare_host_init(struct tw_host *host, const struct tw_boot *boot, const char **why)
{
	int err;

	bare = (struct bare_machine){0};
	bare.tsc_told = host->tsc_told;
	for (unsigned int i = 0; i < 16; i++)
		bare.isa[i].gsi = i;
	for (unsigned int i = 0; i < TW_OP_COUNT; i++)
		tw_serves(host, i, "-");
	host->name = "bare";
	host->title = machine_title();
	if (!(hw_cpuid(1, 0).edx >> 4 & 1)) {
		*why = "the CPU has no time stamp counter: choose a CPU model with TSC";
		return -ENODEV;
	}
	bare_acpi_open(boot ? boot->rsdp : 0);
	bare_fadt_read();
	err = core_init(host, why);
	if (err)
		return err;
	bare_cpu_init(host);
	bare_rtc_init(host);
	bare_power_init(host);
	bare_sleep_init(host);
	bare_console_init(host);
	return 0;
}
