/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Where everything of the shim lies. Xen's ABI keeps L4 slots 256..271 of every guest page table
 * for the hypervisor (xen/arch-x86/xen-x86_64.h, HYPERVISOR_VIRT_START); the shim lives there:
 *
 *   slot 256        machine-to-physical table, read-only (public in Xen's ABI)
 *   slot 260        per-CPU entry areas: all that must be mapped while user mode runs
 *   slot 261        the shim's image
 *   slot 262..271   direct map of physical memory
 *
 * Included by C, assembly and the linker script.
 */
#ifndef SHIM_LAYOUT_H
#define SHIM_LAYOUT_H

#ifdef __ASSEMBLY__
#define VA(x) x
#else
#define VA(x) x##ull
#endif

#define SHIM_SLOT_M2P	 256
#define SHIM_SLOT_ENTRY	 260
#define SHIM_SLOT_IMAGE	 261
#define SHIM_SLOT_DIRECT 262
#define SHIM_SLOT_END	 272 /* first slot that is the guest's again */

#define SHIM_M2P    VA(0xffff800000000000)
#define SHIM_ENTRY  VA(0xffff820000000000)
#define SHIM_IMAGE  VA(0xffff828000000000)
#define SHIM_DIRECT VA(0xffff830000000000)
#define SHIM_DIRECT_MAX (VA(10) << 39) /* bytes of physical memory that the direct map can show */

/* The image is loaded here by every boot protocol and linked at SHIM_IMAGE + this. */
#define SHIM_LOAD 0x100000

/* Upper half of every RIP in entry area or image, with bit 7 cleared (0xffff8200, 0xffff8280). */
#define SHIM_RIP_HIGH	   0xffff8200
#define SHIM_RIP_HIGH_MASK 0xffffff7f

/* Real-mode page from which the other CPUs start (boot only, below 1 MB). */
#define SHIM_TRAMPOLINE 0x8000

/* Selectors in the reserved page of the GDT (byte 0xe000 on, xen/arch-x86/xen-x86_64.h). */
#define SEL_KERNEL_CS 0xe008 /* the guest kernel's, DPL 0 */
#define SEL_KERNEL_SS 0xe010
#define SEL_USER_CS32 0xe023
#define SEL_USER_DS   0xe02b
#define SEL_USER_CS   0xe033
#define SEL_TSS	      0xe040
#define SEL_LDT	      0xe050

#endif /* SHIM_LAYOUT_H */
