/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Start a guest in nested mode: make the tables, choose the ABI, place the image, and go. Boot only
 * but for the last step.
 */
#include "shim/nested/nested.h"
#include "twoway/nested_image.h"
#include "twoway/vmi_rom.h"

static struct nested_image_start first; /* resident: outlives the boot code */
static struct nested_image_request request TW_INITDATA;
static struct tw_region map[TW_MAX_REGIONS] TW_INITDATA;
static unsigned int map_count TW_INITDATA;
static struct tw_region keep_out[3] TW_INITDATA;

extern const struct nested_abi *const nested_abi_start[], *const nested_abi_end[];

/* The registered ABI of that name; version 0: none was asked for. */
static TW_INIT const struct nested_abi *find(const char *name, size_t n)
{
	for (const struct nested_abi *const *a = nested_abi_start; a < nested_abi_end; a++)
		if (__builtin_strlen((*a)->name) == n && !__builtin_memcmp((*a)->name, name, n))
			return *a;
	return NULL;
}

/* Length of the name in "name@version:profile". */
static TW_INIT size_t name_length(const char *s)
{
	size_t n = 0;

	while (s[n] && s[n] != '@' && s[n] != ':')
		n++;
	return n;
}

TW_INIT bool nested_offers(const char *abi)
{
	return find(abi, name_length(abi));
}

TW_INIT void nested_choose(void)
{
	tw_guest = find(options.abi, name_length(options.abi))->guest;
}

/* Take abi=NAME[@VERSION][:PROFILE] apart; the guest side then prepares itself. */
static TW_INIT void start_abi(const char *option)
{
	size_t n = name_length(option);
	const struct nested_abi *abi = find(option, n);
	const char *profile = option + n, *why = "";
	unsigned int version = 0;

	if (*profile == '@') {
		for (profile++; *profile >= '0' && *profile <= '9' && version < 1000; profile++)
			version = version * 10 + (unsigned int)(*profile - '0');
		if (version != abi->guest->version)
			tw_fatal("abi=%s: this build offers version %u", option, abi->guest->version);
	}
	if (*profile && *profile != ':')
		tw_fatal("abi=%s is not understood: NAME[@VERSION][:PROFILE]", option);
	if (*profile)
		profile++;
	nested_guest = abi->nested;
	if (!abi->start(profile, &why))
		tw_fatal("abi=%s: %s", option, why);
}

TW_INIT void nested_make_cpus(void)
{
	const char *missing;

	nested_idt_init();
	nested_idt_load();
	missing = nested_backend_missing();
	if (missing)
		tw_fatal("nested mode is impossible here: %s", missing);
	nested_cpus = tw_host.cpus;
	backend_init();
	nested_apic_init();
	for (unsigned int cpu = 0; cpu < nested_cpus; cpu++)
		nested_cpu_create(cpu);
	nested_cpu_load(0);
	nested_cpu_of[0]->x2apic = hw_rdmsr(MSR_APIC_BASE) & 1u << 10;
	nested_timer_init();
	nested_cost_measure();
}

static TW_INIT void add(uint64_t base, uint64_t end, uint32_t type)
{
	struct tw_region *last = map_count ? &map[map_count - 1] : NULL;

	if (base >= end)
		return;
	if (last && last->type == type && last->base + last->size == base) {
		last->size += end - base;
		return;
	}
	if (map_count == TW_MAX_REGIONS)
		tw_fatal("the memory map has too many pieces for nested mode");
	map[map_count++] = (struct tw_region){ base, end - base, type };
}

/* A region of the firmware's map, with what the shim keeps cut out as reserved. */
static TW_INIT void add_without_shim(const struct tw_region *r)
{
	uint64_t at = r->base, end = r->base + r->size;

	if (r->type != TW_MEM_RAM) {
		add(at, end, r->type);
		return;
	}
	at = TW_ALIGN_UP(at, TW_PAGE_SIZE);
	end &= TW_PAGE_MASK;
	while (at < end) {
		uint64_t from, to;

		if (!nested_memory_next_shim(at, end, &from, &to)) {
			add(at, end, TW_MEM_RAM);
			return;
		}
		add(at, from, TW_MEM_RAM);
		add(from, to, TW_MEM_RESERVED);
		at = to;
	}
}

static TW_INIT void *memory_at(uint64_t pa, uint64_t bytes)
{
	uint64_t top = memory_top > 1ull << 32 ? memory_top : 1ull << 32;

	return pa < top && bytes <= top - pa ? hw_phys(pa) : NULL;
}

static void __attribute__((noreturn)) go(void)
{
	paging_forget_init();
	nested_boot_cpu_run(&first);
}

TW_INIT void start_nested(struct tw_boot *boot)
{
	const char *why = "";

	nested_memory_init(boot);
	nested_power_init();
	start_abi(options.abi);
	nested_npt_init();
	tw_info("an exit costs %llu ns here",
		(unsigned long long)tw_clock_delta_ns(&tw_host.clock, nested_exit_cost));
	nested_power_watch();
	smp_start_all();
	nested_cpus = tw_host.cpus;
	start_banner();
	tw_map_sort(boot);
	for (unsigned int i = 0; i < boot->regions_count; i++)
		add_without_shim(&boot->regions[i]);
	keep_out[0] = (struct tw_region){ 0, 0x1000, 0 };
	keep_out[1] = (struct tw_region){ SHIM_TRAMPOLINE, TW_PAGE_SIZE, 0 };
	keep_out[2] = (struct tw_region){ image_pa(image_start), (uint64_t)(shim_end - image_start), 0 };
	request = (struct nested_image_request){
		.modules = boot->modules,
		.modules_count = boot->modules_count,
		.map = map,
		.map_count = map_count,
		.keep_out = keep_out,
		.keep_out_count = TW_ARRAY_SIZE(keep_out),
		.rsdp = boot->rsdp,
		.memory = memory_at,
	};
	if (nested_image_load(&request, &first, &why))
		tw_fatal("the kernel cannot be started: %s", why);
	tw_info("%s kernel at 0x%llx, entry 0x%llx", nested_image_kind_name(first.kind),
		(unsigned long long)first.image_low, (unsigned long long)first.rip);
	__asm__ volatile("movq %0, %%rsp; xorl %%ebp, %%ebp; call *%1"
			 :
			 : "r"(nested_cpu_of[0]->stack), "r"(go)
			 : "memory");
	__builtin_unreachable();
}
