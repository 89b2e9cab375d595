/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The Xen PV domain builder: puts an unpacked kernel into guest frames with start_info, page tables
 * and the physical-to-machine list, as Xen's tool stack would (xen/xen.h, "start_info").
 */
#ifndef LOADER_OUT_XEN_PV_H
#define LOADER_OUT_XEN_PV_H

#include <stdint.h>

#include "twoway/image.h"

/* Machine frames that follow each other in the guest's numbering too. */
struct xen_pv_run {
	uint64_t mfn, count;
};

#define XEN_PV_RUNS_MAX 160

struct xen_pv {
	/* In. */
	struct tw_elf elf;
	struct tw_xen_notes notes;
	struct tw_bytes initrd; /* where the boot loader left it */
	uint64_t initrd_pa;	/* its machine address, page-aligned */
	const char *cmdline;
	/*
	 * The guest's memory in the order of its numbering. runs[0] takes kernel, tables and all that
	 * the kernel must find mapped; the run of the initrd is at initrd_run when it stays in place.
	 */
	unsigned int runs_count, initrd_run;
	struct xen_pv_run runs[XEN_PV_RUNS_MAX];
	uint64_t pages; /* in all runs */

	/* Out, by xen_pv_layout(): guest-physical frame numbers and virtual addresses. */
	uint64_t kernel_end;  /* pfn behind the kernel image */
	uint64_t initrd_pfn;  /* copied behind the kernel, or in its run */
	uint64_t p2m_pfn, p2m_frames, p2m_va;
	uint64_t start_info_pfn, store_pfn, console_pfn;
	uint64_t pt_pfn, pt_frames;
	uint64_t stack_pfn;
	uint64_t end_pfn;     /* first frame of runs[0] that is free */
	uint64_t mapped_end;  /* pfn behind the last one mapped at virt_base */
};

/* Is the image one that can start as a 64-bit Xen PV guest? 0, or -ENOEXEC/-EINVAL with *why. */
int xen_pv_check(const struct tw_elf *elf, const struct tw_xen_notes *notes, const char **why);
/* Decide where all is. Needs elf, notes, initrd, runs. 0, or -ENOMEM/-EINVAL with *why. */
int xen_pv_layout(struct xen_pv *x, const char **why);
/* Copy and fill. The frames of runs[0] up to end_pfn must not hold elf or initrd. */
struct xen_pv_ports {
	uint64_t shared_info_pa;
	uint32_t store_port, console_port;
};
int xen_pv_build(const struct xen_pv *x, const struct xen_pv_ports *ports, const char **why);

/* Guest-physical frame number to machine frame; ~0 beyond the guest's memory. */
uint64_t xen_pv_mfn(const struct xen_pv *x, uint64_t pfn);
/* Virtual address of a frame mapped at virt_base. */
static inline uint64_t xen_pv_va(const struct xen_pv *x, uint64_t pfn)
{
	return x->notes.virt_base + (pfn << 12);
}

#endif /* LOADER_OUT_XEN_PV_H */
