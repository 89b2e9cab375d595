/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* The machine of svm_machine.h is made: memory, CPU model, the data of the core as at start; boot. */
#include <stdlib.h>
#include <string.h>

#include "svm_inside.h"

static uint8_t low[MACHINE_RAM_END] __attribute__((aligned(4096)));
static uint8_t high[MACHINE_HIGH_SIZE] __attribute__((aligned(4096)));
static struct nested_image_start entry;

struct machine_cpu machine_cpus[TW_MAX_CPUS];
bool machine_booted;
bool machine_no_ports, machine_next_rip, machine_tcg;

static void yield(void)
{
}

static uint32_t page_read(uint64_t pa)
{
	return machine_cpus[machine_current].apic_base & 1u << 10
		       ? ~0u
		       : machine_apic_read(machine_current, pa & 0xfff);
}

static void page_write(uint64_t pa, uint32_t value)
{
	if (!(machine_cpus[machine_current].apic_base & 1u << 10))
		machine_apic_write(machine_current, pa & 0xfff, value);
}

/* Also the gaps of the address sanitizer: so neither memcpy() nor checks. */
static __attribute__((no_sanitize("address"))) void copy(void *to, const void *from, size_t bytes)
{
	for (size_t i = 0; i < bytes / 8; i++)
		((volatile uint64_t *)to)[i] = from ? ((const uint64_t *)from)[i] : 0;
	for (size_t i = bytes & ~7ul; i < bytes; i++)
		((volatile uint8_t *)to)[i] = from ? ((const uint8_t *)from)[i] : 0;
}

/* The core's static data (the Makefile gives it sections of their own), as at program start. */
static void forget(void)
{
	extern char __start_nested_data[], __stop_nested_data[], __start_nested_bss[],
		__stop_nested_bss[];
	size_t bytes = (size_t)(__stop_nested_data - __start_nested_data);
	static void *first;

	if (first) {
		copy(__start_nested_data, first, bytes);
	} else {
		first = malloc(bytes);
		copy(first, __start_nested_data, bytes);
	}
	copy(__start_nested_bss, NULL, (size_t)(__stop_nested_bss - __start_nested_bss));
}

static void cpu_model(void)
{
	mock_set_cpuid(0, 0, 0x16, 0x68747541, 0x444d4163, 0x69746e65);
	mock_set_cpuid(1, 0, 0x00a20f10, 0x00020800, 1u << 5 | 1u << 21 | 1u << 26 | 1u << 27,
		       1u << 9);
	mock_set_cpuid(7, 0, 0, 0, 1u << 3 | 1u << 4, 0);
	mock_set_cpuid(0xd, 0, 7, 0x340, 0x340, 0);
	mock_set_cpuid(0x80000000, 0, 0x8000001f, 0, 0, 0);
	mock_set_cpuid(0x80000001, 0, 0, 0, 1u << 2 | 1u << 12 | 1u,
		       1u << 20 | 1u << 26 | 1u << 29);
	mock_set_cpuid(0x80000008, 0, 40, 0, 0, 0);
	mock_set_cpuid(0x8000000a, 0, 1, 8, 0, 0x4b);
	mock_set_cpuid(0x8000001f, 0, 1, 0, 0, 0);
	mock_set_cpuid(0x40000000, 0, 0x40000001, 0x4b4d564b, 0x564b4d56, 0x4d);
	mock_set_cpuid(0x40000001, 0, 0xff, 0, 0, 0);
}

void machine_reset(unsigned int cpus)
{
	mock_reset();
	forget();
	machine_booted = false;
	memset(machine_cpus, 0, sizeof(machine_cpus));
	memset(low, 0, sizeof(low));
	memset(high, 0, sizeof(high));
	machine_fiber_reset();
	machine_shim_reset();
	machine_no_ports = machine_next_rip = machine_tcg = false;
	machine_apic_reset();
	mock_hook_mmio(MACHINE_APIC, TW_PAGE_SIZE, page_read, page_write);
	cpu_model();
	tw_host = (struct tw_host){ .cpus = cpus, .yield = yield, .power_type = MACHINE_S5 };
	tw_clock_scale(&tw_host.clock, 1000000000);
	tw_host.line = &tw_host.clock;
	tw_host.clock.stable = true;
	for (unsigned int cpu = 0; cpu < cpus; cpu++)
		tw_host.apic_id[cpu] = cpu * 2;
}

/* 64-bit code with paging on: the page tables are the guest's business, and nobody walks them here.
 */
static void make_entry(void)
{
	entry = (struct nested_image_start){
		.long_mode = true,
		.cr0 = 0x80010011,
		.cr3 = MACHINE_RAM + 0x1000,
		.cr4 = 0x20,
		.efer = EFER_LME | EFER_LMA,
		.rip = MACHINE_ENTRY,
		.rsp = MACHINE_RAM_END,
		.rflags = 2,
		.cs = { 0x10, 0xa9b, 0xffffffff, 0 },
		.data = { 0x18, 0xc93, 0xffffffff, 0 },
		.tr = { 0x20, 0x8b, 0x67, 0 },
	};
}

void machine_power_on(unsigned int cpu)
{
	if (cpu)
		nested_ap_main(cpu);
	else
		nested_boot_cpu_run(&entry);
}

void machine_boot(const struct nested_abi *abi, const char *profile)
{
	static struct tw_boot boot;
	const char *why = "";

	if (machine_tcg) {
		struct hw_cpuid r = hw_cpuid(1, 0);

		mock_set_cpuid(1, 0, r.eax, r.ebx, r.ecx | 1u << 31, r.edx);
		mock_set_cpuid(0x40000000, 0, 0x40000001, 0x54474354, 0x43544743, 0x47435447);
	}
	boot.regions_count = 3;
	boot.regions[0] = (struct tw_region){ 0, MACHINE_LOW_END, TW_MEM_RAM };
	boot.regions[1] =
		(struct tw_region){ MACHINE_RAM, MACHINE_RAM_END - MACHINE_RAM, TW_MEM_RAM };
	boot.regions[2] = (struct tw_region){ MACHINE_HIGH, MACHINE_HIGH_SIZE, TW_MEM_RAM };
	mock_ram_at(0, low, sizeof(low));
	mock_ram_at(MACHINE_HIGH, high, sizeof(high));
	machine_shim_place();
	memory_top = MACHINE_HIGH + MACHINE_HIGH_SIZE;
	tw_host.power_port = machine_no_ports ? 0 : MACHINE_PM1A;
	nested_cpus = tw_host.cpus;
	backend_init();
	nested_apic_init();
	for (unsigned int cpu = 0; cpu < nested_cpus; cpu++)
		nested_cpu_create(cpu);
	nested_cpu_load(0);
	nested_cpu_of[0]->x2apic = hw_rdmsr(MSR_APIC_BASE) & 1u << 10;
	nested_timer_init();
	nested_cost_measure();
	nested_memory_init(&boot);
	nested_power_init();
	nested_guest = abi->nested;
	if (!abi->start(profile, &why))
		machine_die(why);
	nested_npt_init();
	nested_power_watch();
	make_entry();
	machine_current = MACHINE_NOBODY;
	machine_booted = true;
	for (unsigned int cpu = nested_cpus; cpu-- > 0;)
		machine_fiber_resume(cpu);
	machine_settle();
}
