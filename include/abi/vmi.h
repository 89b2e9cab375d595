/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * VMI, the Virtual Machine Interface for i386, ABI 3.0, as Linux 2.6.21 to 2.6.36 speaks it: the ROM's
 * header, call numbers and constants. No package ships these any more. Assembly may include the
 * numbers. docs/vmi.md says what each call does here and in which registers.
 */
#ifndef ABI_VMI_H
#define ABI_VMI_H

/* Where a guest looks for the ROM: physical, first match wins. */
#define VMI_SCAN_FROM 0xc0000
#define VMI_SCAN_TO   0xe0000
#define VMI_SCAN_STEP 2048

#define VMI_ROM_SIGNATURE 0xaa55
#define VMI_SIGNATURE	  0x696d5663 /* "cVmi" */
#define VMI_API_MAJOR	  3
#define VMI_API_MINOR	  0
#define VMI_PCI_VENDOR	  0x15ad /* by another one Linux warns, and goes on */
#define VMI_PCI_DEVICE	  0x0801
#define VMI_OFF_INIT	  128 /* jump slots in the header */
#define VMI_OFF_GET_RELOC 136

/* Types of relocation: DL of get_reloc's answer. */
#define VMI_RELOC_NONE 0 /* the native instruction stays */
#define VMI_RELOC_CALL 1
#define VMI_RELOC_JUMP 2
#define VMI_RELOC_NOP  3

/* Calls, numbered densely from 0; docs/vmi.md has their registers. */
#define VMI_CPUID	    0
#define VMI_WRMSR	    1
#define VMI_RDMSR	    2
#define VMI_SET_GDT	    3
#define VMI_SET_LDT	    4
#define VMI_SET_IDT	    5
#define VMI_SET_TR	    6
#define VMI_GET_GDT	    7
#define VMI_GET_LDT	    8
#define VMI_GET_IDT	    9
#define VMI_GET_TR	    10
#define VMI_WRITE_GDT	    11
#define VMI_WRITE_LDT	    12
#define VMI_WRITE_IDT	    13
#define VMI_KERNEL_STACK    14
#define VMI_SET_CR0	    15
#define VMI_SET_CR2	    16
#define VMI_SET_CR3	    17
#define VMI_SET_CR4	    18
#define VMI_GET_CR0	    19
#define VMI_GET_CR2	    20
#define VMI_GET_CR3	    21
#define VMI_GET_CR4	    22
#define VMI_WBINVD	    23
#define VMI_SET_DR	    24
#define VMI_GET_DR	    25
#define VMI_RDPMC	    26
#define VMI_RDTSC	    27
#define VMI_CLTS	    28
#define VMI_STI		    29
#define VMI_CLI		    30
#define VMI_GET_IF	    31
#define VMI_SET_IF	    32
#define VMI_IRET	    33
#define VMI_SYSEXIT	    34
#define VMI_HALT	    35
#define VMI_REBOOT	    36
#define VMI_SHUTDOWN	    37
#define VMI_SET_PXE	    38
#define VMI_SET_PXE_LONG    39
#define VMI_UPDATE_PXE	    40
#define VMI_UPDATE_PXE_LONG 41
#define VMI_M2P		    42
#define VMI_P2M		    43
#define VMI_ALLOCATE_PAGE   44
#define VMI_RELEASE_PAGE    45
#define VMI_INVAL_PAGE	    46
#define VMI_FLUSH_TLB	    47
#define VMI_LINEAR_MAPPING  48
#define VMI_INL		    49
#define VMI_INB		    50
#define VMI_INW		    51
#define VMI_INSL	    52
#define VMI_INSB	    53
#define VMI_INSW	    54
#define VMI_OUTL	    55
#define VMI_OUTB	    56
#define VMI_OUTW	    57
#define VMI_OUTSL	    58
#define VMI_OUTSB	    59
#define VMI_OUTSW	    60
#define VMI_IOPL_MASK	    61
#define VMI_AP_STATE	    62
#define VMI_APIC_WRITE	    63
#define VMI_APIC_READ	    64
#define VMI_IO_DELAY	    65
#define VMI_CYCLE_FREQUENCY 66
#define VMI_CYCLE_COUNTER   67
#define VMI_SET_ALARM	    68
#define VMI_CANCEL_ALARM    69
#define VMI_WALLCLOCK	    70
#define VMI_WALL_UPDATED    71
#define VMI_CALLBACKS	    72
#define VMI_LAZY_MODE	    73
#define VMI_CALLS	    74

/* GetCycleCounter and alarms. */
#define VMI_CYCLES_REAL	     0
#define VMI_CYCLES_AVAILABLE 1
#define VMI_CYCLES_STOLEN    2
#define VMI_ALARM_COUNTER    0x000000ff /* real or available */
#define VMI_ALARM_PERIODIC   0x00000100
#define VMI_ALARM_LVTT	     0x00010000 /* through the local APIC's timer vector; else IRQ 0 */

/* FlushTLB, Reboot, page flags, lazy mode. */
#define VMI_FLUSH_USER	 1
#define VMI_FLUSH_GLOBAL 2
#define VMI_REBOOT_SOFT	 0
#define VMI_REBOOT_HARD	 1
#define VMI_PAGE_PT	 1
#define VMI_PAGE_PD	 2
#define VMI_LAZY_NONE	 0
#define VMI_LAZY_MMU	 1
#define VMI_LAZY_CPU	 2

#ifndef __ASSEMBLY__
#include <stdint.h>

/* The start of the ROM. */
struct vmi_rom {
	uint16_t rom_signature;
	uint8_t blocks; /* of 512 bytes */
	uint8_t entry[4]; /* 16-bit code that the BIOS calls */
	uint8_t pad0;
	uint32_t signature;
	uint8_t api_minor, api_major;
	uint8_t jump_slots;
	uint8_t reserved1;
	uint32_t virtual_top; /* linear addresses from here on are the ROM's; 0: none */
	uint16_t reserved2;
	uint16_t license_offset; /* all offsets are from the ROM's start */
	uint16_t pci_offset;
	uint16_t pnp_offset;
	uint32_t pad3;
	uint8_t reserved[96];
	uint8_t init[8];
	uint8_t get_reloc[8];
} __attribute__((packed));
_Static_assert(sizeof(struct vmi_rom) == 144, "VMI's header");

/* What SetInitialAPState is given: how a processor starts when its STARTUP IPI comes. */
struct vmi_ap_state {
	uint32_t cr0, cr2, cr3, cr4;
	uint32_t efer_low, efer_high;
	uint32_t eip, eflags, eax, ebx, ecx, edx, esp, ebp, esi, edi;
	uint16_t cs, ss, ds, es, fs, gs, ldtr, gdtr_limit;
	uint32_t gdtr_base, idtr_base;
	uint16_t idtr_limit;
	uint16_t pad;
};
_Static_assert(sizeof(struct vmi_ap_state) == 92, "VMI's AP state");
#endif /* __ASSEMBLY__ */

#endif /* ABI_VMI_H */
