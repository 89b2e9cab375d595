/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * VMware's guest interface: CPUID leaves and the backdoor (open-vm-tools' backdoor_def.h and Linux'
 * arch/x86/kernel/cpu/vmware.c describe it; no package ships it for others).
 */
#ifndef ABI_VMWARE_H
#define ABI_VMWARE_H

#define VMWARE_LEAF_FREQUENCIES 0x10u /* behind the signature's: EAX TSC kHz, EBX APIC bus kHz, ECX: */
#define VMWARE_ECX_VMMCALL	(1u << 0)
#define VMWARE_ECX_VMCALL	(1u << 1)

/* A call: EAX magic, ECX command, EDX port (0 for the instruction forms), results in EAX to EDX. */
#define VMWARE_MAGIC	  0x564d5868u
#define VMWARE_PORT	  0x5658u
#define VMWARE_NONE	  0xffffffffu /* EBX of a command that nobody serves */
#define VMWARE_GETVERSION 10u
#define VMWARE_GETHZ	  45u /* EAX low, EBX high: TSC Hz; ECX: APIC bus Hz */
#define VMWARE_STEALCLOCK 91u /* ESI, EDI: address of the area; EAX: 1 on, 0 off, -1 not there */
#define VMWARE_STEAL_ON	  1u

/* The steal area: 64 bytes, aligned; the first word counts TSC ticks that the CPU did not get. */
#define VMWARE_STEAL_SIZE 64u

#endif /* ABI_VMWARE_H */
