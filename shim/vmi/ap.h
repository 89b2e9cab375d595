/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Offsets that ap.S shares with ap.c, which asserts them: the state of a processor that starts. */
#ifndef SHIM_VMI_AP_H
#define SHIM_VMI_AP_H

#define AP_CR0	  0 /* struct vmi_ap_state is at the start */
#define AP_CR2	  4
#define AP_CR3	  8
#define AP_CR4	  12
#define AP_EFER	  16
#define AP_EIP	  24
#define AP_EFLAGS 28
#define AP_EAX	  32 /* eax ebx ecx edx esp ebp esi edi */
#define AP_ESP	  48
#define AP_CS	  64 /* cs ss ds es fs gs ldtr */
#define AP_GDTR	  92
#define AP_IDTR	  98
#define AP_SEEN	  104 /* by the processor: 1 it runs here, 2 it needs us no more */
#define AP_GO	  108

#define AP_CR4_PGE 0x80

#endif /* SHIM_VMI_AP_H */
