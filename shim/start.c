/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* The shim from its first C instruction to the guest's first: a script. Boot only. */
#include "loader/in/in.h"
#include "shim/resident/resident.h"

#define MULTIBOOT_MAGIC 0x2badb002

static struct tw_boot boot TW_INITDATA;

static TW_INIT void read_boot_information(uint32_t magic, uint32_t info)
{
	const char *why = "";
	int rc = magic == MULTIBOOT_MAGIC ? multiboot_read(info, &boot, &why) :
					    pvh_read(info, &boot, &why);

	if (!rc)
		rc = bundle_open(&boot, &why);
	if (rc)
		tw_fatal("the boot loader's information cannot be used: %s", why);
}

static bool nested TW_INITDATA; /* the ABI asked for needs nested mode */
static bool vmi TW_INITDATA;    /* ... needs a ROM, and no shim */

static TW_INIT void check_guest(void)
{
	const char *abi = options.abi;

	if (boot.modules_count == 0)
		tw_fatal("no guest kernel: give one as the first boot module");
	if (nested_offers(abi)) {
		nested = true;
		return;
	}
	if (!__builtin_strcmp(abi, "vmi") || !__builtin_strcmp(abi, "vmi@1")) {
		vmi = true;
		return;
	}
	if (__builtin_strcmp(abi, "auto") && __builtin_strcmp(abi, "xen-pv") &&
	    __builtin_strcmp(abi, "xen-pv@1"))
		tw_fatal("abi=%s is not offered by this build; use abi=xen-pv, abi=hyperv or abi=vmi", abi);
}

static TW_INIT void check_cpu(void)
{
	struct hw_cpuid leaf1 = hw_cpuid(1, 0);

	if (!(leaf1.edx & 1u << 9))
		tw_fatal("this CPU has no local APIC; enable it in the VM's CPU model");
	resident_smap = hw_cpuid(0, 0).eax >= 7 && hw_cpuid(7, 0).ebx & 1u << 20;
	if (leaf1.ecx & 1u << 26) /* XSAVE: so that CPUID shows what user mode will see */
		hw_write_cr4(hw_read_cr4() | 1u << 18);
}

static TW_INIT void make_cpus(void)
{
	pti_decide();
	for (unsigned int cpu = 0; cpu < tw_host.cpus; cpu++)
		area_create(cpu);
	area_load(0);
	smp_start_all();
}

bool start_announced;

TW_INIT void start_banner(void)
{
	start_announced = true;
	log_banner("%s (%s mode) on %s, %u CPU%s, %llu MB", tw_guest->title, tw_guest->mode, tw_host.title, tw_host.cpus,
		tw_host.cpus == 1 ? "" : "s", (unsigned long long)(memory_total + (1 << 20) - 1) >> 20);
	tw_info("memory: %llu bytes resident, %llu of them tables",
		(unsigned long long)(memory_resident + options.mem_keep), (unsigned long long)memory_tables);
}

TW_INIT void start(uint32_t magic, uint32_t info)
{
	host_console_find();
	bare_console_early("auto");
	read_boot_information(magic, info);
	options_parse(boot.cmdline);
	bare_console_early(options.console);
	tw_debug("entered by %s, %u modules", boot.protocol, boot.modules_count);
	check_guest();
	check_cpu();
	memory_init(&boot);
	if (nested || vmi)
		image_move();
	if (vmi)
		start_vmi(&boot);
	paging_init(&boot);
	host_detect(&boot, !nested);
	if (nested) {
		nested_choose();
		ledger_init();
		nested_make_cpus();
		start_nested(&boot);
	}
	ledger_init();
	make_cpus();
	m2p_init(&boot);
	start_banner();
	start_xen(&boot);
}
