/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Start a Xen PV guest in resident mode: unpack the kernel, choose the guest's memory, build the
 * domain, give back what booting needed, and go. Boot only but for the last step.
 */
#include "loader/out/xen_pv.h"
#include "shim/resident/resident.h"
#include "translators/xen/guest.h"
#include "translators/xen/guest_start.h"
#include "twoway/image.h"

#include <errno.h>

#define HEAP_SLACK (48ull << 20) /* decompressors' own memory: an xz dictionary of 32 MB and more */

static struct xen_pv xen_pv TW_INITDATA;
static uint64_t shared_pa TW_INITDATA; /* shared_info, then the grant frames */
static struct resident_start first; /* resident: outlives the boot code */

static TW_INIT struct tw_bytes module_bytes(const struct tw_module *m)
{
	return (struct tw_bytes){ hw_phys(m->base), m->size };
}

/* A scratch buffer for the unpacked kernel and the decompressor's heap; the end of it is the heap. */
static TW_INIT void *scratch(uint64_t image, uint64_t *start_pa)
{
	for (uint64_t heap = HEAP_SLACK; heap >= 1ull << 20; heap /= 2) {
		*start_pa = memory_scratch(image + heap);
		if (*start_pa) {
			tw_heap_init(hw_phys(*start_pa + image), heap);
			return hw_phys(*start_pa);
		}
	}
	tw_fatal("too little memory to unpack the kernel (%llu MB unpacked); give the VM more",
		 (unsigned long long)image >> 20);
}

/* The kernel as ELF: unpacked if it came as a bzImage. *scratch_pa: where that was put. */
static TW_INIT struct tw_bytes unpack(struct tw_bytes file, uint64_t *scratch_pa)
{
	struct tw_bzimage bz;
	const char *why = "";
	size_t size;
	void *out;
	int rc = tw_bzimage_parse(file, &bz, &why);

	if (rc == -ENOEXEC)
		return file;
	if (rc)
		tw_fatal("the kernel cannot be used: %s", why);
	size = bz.unpacked_size;
	if (size == 0 || size > 1u << 30)
		tw_fatal("the kernel cannot be used: it claims to unpack to %llu bytes; is the file damaged?",
			 (unsigned long long)size);
	out = scratch(TW_ALIGN_UP(size, TW_PAGE_SIZE), scratch_pa);
	tw_debug("kernel %s, %s, %lu KB unpacked", bz.version, tw_compression_name(bz.comp),
		 (unsigned long)size >> 10);
	rc = tw_decompress(bz.comp, bz.payload, out, size, &size, &why);
	if (rc)
		tw_fatal("the kernel cannot be unpacked (%s): %s", tw_compression_name(bz.comp), why);
	return (struct tw_bytes){ out, size };
}

static TW_INIT void parse(struct tw_bytes image)
{
	const char *why = "";

	if (tw_elf_parse(image, &xen_pv.elf, &why) ||
	    tw_xen_notes_parse(&xen_pv.elf, &xen_pv.notes, &why) ||
	    xen_pv_check(&xen_pv.elf, &xen_pv.notes, &why))
		tw_fatal("the kernel cannot run as a Xen PV guest: %s", why);
	if (!xen_pv.notes.present)
		tw_warn("the kernel has no Xen notes; using its ELF entry point and Xen's defaults");
}

/* The whole pages of a module: one in a bundle shares its first and last with others. */
static TW_INIT struct extent whole_pages(const struct tw_module *m)
{
	uint64_t base = TW_ALIGN_UP(m->base, TW_PAGE_SIZE);
	uint64_t end = (m->base + m->size) & TW_PAGE_MASK;

	return (struct extent){ base, base < end ? end - base : 0 };
}

/* A module that is no longer needed becomes the guest's memory. */
static TW_INIT void release_pages(const struct tw_module *m)
{
	struct extent e = whole_pages(m);

	if (e.size)
		memory_release(e.base, e.size);
}

static TW_INIT void add_run(uint64_t base, uint64_t size)
{
	if (size < TW_PAGE_SIZE || xen_pv.runs_count == XEN_PV_RUNS_MAX)
		return;
	xen_pv.runs[xen_pv.runs_count].mfn = base >> TW_PAGE_SHIFT;
	xen_pv.runs[xen_pv.runs_count++].count = size >> TW_PAGE_SHIFT;
}

/*
 * The guest's memory: the largest piece below 4 GB first (kernel and start-of-day tables go there),
 * then the initrd where it lies, then the rest in ascending order.
 */
static TW_INIT void choose_memory(const struct tw_module *kernel, const struct tw_module *initrd)
{
	struct extent in_place = whole_pages(kernel);
	uint64_t best = 0;
	unsigned int first_run = 0;

	for (unsigned int i = 0; i < memory_free_count; i++) {
		if (memory_free[i].base < 0x100000000ull && memory_free[i].size > best) {
			best = memory_free[i].size;
			first_run = i;
		}
	}
	add_run(memory_free[first_run].base, memory_free[first_run].size);
	if (initrd) {
		uint64_t pages = TW_ALIGN_UP(initrd->size, TW_PAGE_SIZE);

		if (xen_pv.notes.mod_start_pfn) {
			xen_pv.initrd_run = xen_pv.runs_count;
			add_run(initrd->base, pages);
		}
	}
	for (unsigned int i = 0; i < memory_free_count; i++)
		if (i != first_run)
			add_run(memory_free[i].base, memory_free[i].size);
	/* What only booting needs: still in use now, so never part of the first run. */
	if (xen_pv.elf.file.data == hw_phys(kernel->base))
		add_run(in_place.base, in_place.size);
	add_run(SHIM_LOAD, image_pa(kept_start) - SHIM_LOAD);
	add_run(image_pa(kept_end), image_pa(shim_end) - image_pa(kept_end));
}

static TW_INIT void limit_run(unsigned int i, uint64_t *left)
{
	if (xen_pv.runs[i].count > *left)
		xen_pv.runs[i].count = *left;
	*left -= xen_pv.runs[i].count;
}

/*
 * Cut the guest's memory to what the owner allows (option guestmem=), from the end. An initrd that
 * stays in place (initrd_run is not 0) comes first: without it the guest cannot start.
 */
static TW_INIT void limit_memory(void)
{
	uint64_t left = options.mem_max >> TW_PAGE_SHIFT;

	if (!options.mem_max)
		return;
	if (xen_pv.initrd_run)
		limit_run(xen_pv.initrd_run, &left);
	for (unsigned int i = 0; i < xen_pv.runs_count; i++)
		if (!i || i != xen_pv.initrd_run)
			limit_run(i, &left);
}

/*
 * The initrd must begin on a page boundary, since its frames become the guest's as they are. One that
 * does not (in a bundle) moves, and what shares its pages stays as it is.
 */
static TW_INIT void take_initrd(struct tw_module *m)
{
	if (m->size && m->base & ~TW_PAGE_MASK) {
		uint64_t base = memory_place(m->size, TW_PAGE_SIZE, 0);

		if (!base)
			tw_fatal("too little memory to move the initrd to a page boundary; give the VM more");
		__builtin_memcpy(hw_phys(base), hw_phys(m->base), m->size);
		release_pages(m);
		m->base = base;
	}
	xen_pv.initrd = module_bytes(m);
	xen_pv.initrd_pa = m->base;
}

static TW_INIT void publish_m2p(void)
{
	uint64_t pfn = 0;

	for (unsigned int i = 0; i < xen_pv.runs_count; i++)
		for (uint64_t n = 0; n < xen_pv.runs[i].count; n++)
			m2p_set(xen_pv.runs[i].mfn + n, pfn++);
}

static TW_INIT void build(void)
{
	struct xen_domain_plan plan = {
		.shared_info_pa = shared_pa,
		.grant_mfn = (shared_pa >> TW_PAGE_SHIFT) + 1,
		.pages = xen_pv.pages,
		.max_mfn = (memory_top >> TW_PAGE_SHIFT) - 1,
	};
	struct xen_pv_ports ports = { .shared_info_pa = plan.shared_info_pa };
	const char *why = "";

	for (unsigned int i = 0; i < tw_host.cpus; i++)
		plan.hw[i] = &area_data(i)->vcpu;
	plan.console_mfn = xen_pv_mfn(&xen_pv, xen_pv.console_pfn);
	plan.store_mfn = xen_pv_mfn(&xen_pv, xen_pv.store_pfn);
	__builtin_memset(hw_phys(plan.console_mfn << TW_PAGE_SHIFT), 0, TW_PAGE_SIZE);
	__builtin_memset(hw_phys(plan.store_mfn << TW_PAGE_SHIFT), 0, TW_PAGE_SIZE);
	publish_m2p();
	xen_domain_create(&plan);
	ports.store_port = xen_domain.store_port;
	ports.console_port = xen_domain.console_port;
	if (xen_pv_build(&xen_pv, &ports, &why))
		tw_fatal("the kernel cannot be started: %s", why);
}

/* From here on only resident code, on the resident stack. */
static void __attribute__((noreturn)) go(void)
{
	paging_forget_init();
	tw_host.console_listen();
	resident_start(0, &first);
}

TW_INIT void start_xen(struct tw_boot *boot)
{
	struct tw_module *initrd = boot->modules_count > 1 ? &boot->modules[1] : NULL;
	struct tw_module *kernel = &boot->modules[0];
	uint64_t scratch_pa = ~0ull, root;
	const char *why = "";

	if (initrd)
		take_initrd(initrd); /* before unpacking, whose scratch is not kept out of what is free */
	parse(unpack(module_bytes(kernel), &scratch_pa));
	xen_pv.cmdline = kernel->cmdline;
	shared_pa = memory_take(1 + XEN_GRANT_FRAMES);
	if (xen_pv.elf.file.data != hw_phys(kernel->base))
		release_pages(kernel); /* unpacked elsewhere */
	choose_memory(kernel, initrd);
	limit_memory();
	if (xen_pv_layout(&xen_pv, &why))
		tw_fatal("the kernel cannot be started: %s", why);
	if ((xen_pv.runs[0].mfn + xen_pv.end_pfn) << TW_PAGE_SHIFT > scratch_pa)
		tw_fatal("too little memory to unpack and place this kernel; give the VM more");
	build();

	root = xen_pv_mfn(&xen_pv, xen_pv.pt_pfn);
	first = (struct resident_start){
		.rip = xen_pv.notes.entry,
		.rsp = xen_pv_va(&xen_pv, xen_pv.stack_pfn + 1),
		.rsi = xen_pv_va(&xen_pv, xen_pv.start_info_pfn),
		.cr3_mfn = root,
	};
	for (unsigned int i = 0; i < tw_host.cpus; i++)
		area_data(i)->vcpu.low_kernel = (int64_t)xen_pv.notes.virt_base >= 0;
	resident_root_adopt(hw_phys(root << TW_PAGE_SHIFT), false);
	__asm__ volatile("movq %0, %%rsp; xorl %%ebp, %%ebp; call *%1"
			 :
			 : "r"(area_data(0)->vcpu.shim_sp), "r"(go)
			 : "memory");
	__builtin_unreachable();
}
