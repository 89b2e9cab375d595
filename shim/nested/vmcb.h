/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The virtual machine control block of AMD's SVM (AMD64 manual volume 2, appendix B and C): layout,
 * intercepts, exit codes. Only what the shim uses has a name.
 */
#ifndef SHIM_NESTED_VMCB_H
#define SHIM_NESTED_VMCB_H

#include <stddef.h>
#include <stdint.h>

struct vmcb_segment {
	uint16_t selector, attributes; /* descriptor bits 40-47 and 52-55 */
	uint32_t limit;
	uint64_t base;
};

struct vmcb {
	/* Control area. */
	uint32_t intercept_cr, intercept_dr, intercept_exceptions;
	uint32_t intercept_misc1, intercept_misc2, intercept_misc3;
	uint8_t reserved0[0x03c - 0x018];
	uint16_t pause_threshold, pause_count;
	uint64_t iopm_pa, msrpm_pa, tsc_offset;
	uint32_t asid;
	uint8_t tlb_control, reserved1[3];
	uint32_t int_control, int_vector;
	uint64_t int_shadow; /* bit 0 */
	uint64_t exit_code, exit_info1, exit_info2;
	uint32_t exit_int_info, exit_int_error;
	uint64_t nested_control, avic[2];
	uint32_t event_inject, event_error;
	uint64_t nested_cr3, virt_ext;
	uint32_t clean, reserved2;
	uint64_t next_rip;
	uint8_t insn_bytes_count, insn_bytes[15];
	uint8_t reserved3[0x400 - 0x0e0];

	/* State save area. */
	struct vmcb_segment es, cs, ss, ds, fs, gs, gdtr, ldtr, idtr, tr;
	uint8_t reserved4[0x4cb - 0x4a0];
	uint8_t cpl;
	uint32_t reserved5;
	uint64_t efer;
	uint8_t reserved6[0x548 - 0x4d8];
	uint64_t cr4, cr3, cr0, dr7, dr6, rflags, rip;
	uint8_t reserved7[0x5d8 - 0x580];
	uint64_t rsp, s_cet, ssp, isst, rax;
	uint64_t star, lstar, cstar, sfmask, kernel_gs_base;
	uint64_t sysenter_cs, sysenter_esp, sysenter_eip, cr2;
	uint8_t reserved8[0x668 - 0x648];
	uint64_t g_pat, debug_control;
	uint8_t reserved9[0x1000 - 0x678];
} __attribute__((packed, aligned(4096)));

_Static_assert(sizeof(struct vmcb) == 0x1000, "a VMCB is one page");
_Static_assert(offsetof(struct vmcb, iopm_pa) == 0x040, "VMCB layout");
_Static_assert(offsetof(struct vmcb, exit_code) == 0x070, "VMCB layout");
_Static_assert(offsetof(struct vmcb, event_inject) == 0x0a8, "VMCB layout");
_Static_assert(offsetof(struct vmcb, next_rip) == 0x0c8, "VMCB layout");
_Static_assert(offsetof(struct vmcb, cpl) == 0x4cb, "VMCB layout");
_Static_assert(offsetof(struct vmcb, efer) == 0x4d0, "VMCB layout");
_Static_assert(offsetof(struct vmcb, rip) == 0x578, "VMCB layout");
_Static_assert(offsetof(struct vmcb, rax) == 0x5f8, "VMCB layout");
_Static_assert(offsetof(struct vmcb, cr2) == 0x640, "VMCB layout");
_Static_assert(offsetof(struct vmcb, g_pat) == 0x668, "VMCB layout");

/* struct vmcb_segment.attributes */
#define SVM_SEG_L (1u << 9)
#define SVM_SEG_D (1u << 10)

/* intercept_misc1 */
#define SVM_I_INTR     (1u << 0)
#define SVM_I_NMI      (1u << 1)
#define SVM_I_VINTR    (1u << 4)
#define SVM_I_CPUID    (1u << 18)
#define SVM_I_IRET     (1u << 20)
#define SVM_I_INVD     (1u << 22)
#define SVM_I_INVLPGA  (1u << 26)
#define SVM_I_IO       (1u << 27)
#define SVM_I_MSR      (1u << 28)
#define SVM_I_SHUTDOWN (1u << 31)
/* intercept_misc2: VMRUN (must be set), VMMCALL, VMLOAD, VMSAVE, STGI, CLGI, SKINIT; WBINVD */
#define SVM_I_SVM    0x7fu
#define SVM_I_WBINVD (1u << 9)

/* int_control */
#define SVM_V_IRQ	 (1u << 8)
#define SVM_V_PRIO_MAX	 (15u << 16)
#define SVM_V_IGNORE_TPR (1u << 20)

/* event_inject, exit_int_info */
#define SVM_EV_VALID	 (1u << 31)
#define SVM_EV_ERROR	 (1u << 11)
#define SVM_EV_TYPE	 (7u << 8)
#define SVM_EV_INTR	 (0u << 8)
#define SVM_EV_NMI	 (2u << 8)
#define SVM_EV_EXCEPTION (3u << 8)
#define SVM_EV_SOFT	 (4u << 8)

#define SVM_TLB_FLUSH_ALL 1

/* exit_code */
#define SVM_EXIT_DEBUG	   0x020 /* + register, reads, then writes */
#define SVM_EXIT_EXCEPTION 0x040 /* + vector, 32 of them */
#define SVM_EXIT_INTR	   0x060
#define SVM_EXIT_NMI	   0x061
#define SVM_EXIT_VINTR	   0x064
#define SVM_EXIT_CPUID	   0x072
#define SVM_EXIT_IRET	   0x074
#define SVM_EXIT_INVD	   0x076
#define SVM_EXIT_INVLPGA   0x07a
#define SVM_EXIT_IO	   0x07b
#define SVM_EXIT_MSR	   0x07c
#define SVM_EXIT_SHUTDOWN  0x07f
#define SVM_EXIT_VMRUN	   0x080
#define SVM_EXIT_VMMCALL   0x081
#define SVM_EXIT_VMLOAD	   0x082
#define SVM_EXIT_SKINIT	   0x086
#define SVM_EXIT_WBINVD	   0x089
#define SVM_EXIT_NPF	   0x400
#define SVM_EXIT_INVALID   (~0ull)
#define SVM_EXIT_INVALID_32 0xffffffffull /* by QEMU 7.2, which cuts the code off */

/* MSRs and bits */
#define MSR_VM_CR	0xc0010114u
#define MSR_VM_HSAVE_PA 0xc0010117u
#define EFER_SCE	(1ull << 0)
#define EFER_LME	(1ull << 8)
#define EFER_LMA	(1ull << 10)
#define EFER_NXE	(1ull << 11)
#define EFER_SVME	(1ull << 12)

#endif /* SHIM_NESTED_VMCB_H */
