/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Numbers that assembly and C of the test guests share. */
#ifndef HV_LAYOUT_H
#define HV_LAYOUT_H

#define MAX_CPUS    16
#define STACK_SHIFT 14
#define STACK_SIZE  (1 << STACK_SHIFT) /* struct cpu lies at its lower end */

#define AP_START 0x6000 /* real-mode page that the other CPUs start from */

#define SEL_CODE64    0x08
#define SEL_DATA      0x10
#define SEL_CODE32    0x18
#define SEL_USER_DATA 0x23
#define SEL_USER_CODE 0x2b
#define SEL_TSS	      0x30

#endif /* HV_LAYOUT_H */
