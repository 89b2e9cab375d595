/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* What the files of the KVM host side share; nobody else includes this. */
#ifndef TRANSLATORS_KVM_HOST_H
#define TRANSLATORS_KVM_HOST_H

#include <linux/kvm_para.h>
#include <stdbool.h>
#include <stdint.h>

#include "twoway/attr.h"
#include "twoway/host.h"
#include "twoway/hw.h"
#include "twoway/pvclock.h"

/* One CPU's areas that KVM writes, two cache lines. Both must be aligned to 64 bytes or 4. */
struct kvm_cpu {
	struct kvm_steal_time steal;
	uint32_t eoi; /* bit 0: the end of this interrupt need not be told */
	uint8_t pad[60];
};
_Static_assert(sizeof(struct kvm_cpu) == 128, "areas of 64 bytes");

/* Calls and MSRs that the ledger counts; the order of tw_host.native[]. */
enum kvm_native {
	KVM_NATIVE_CLOCK,
	KVM_NATIVE_WALL,
	KVM_NATIVE_STEAL,
	KVM_NATIVE_SEND_IPI,
	KVM_NATIVE_KICK,
	KVM_NATIVE_YIELD,
	KVM_NATIVE_FLUSH,
	KVM_NATIVE_EOI,
	KVM_NATIVES
};
_Static_assert(KVM_NATIVES < TW_NATIVE_MAX, "the table ends with an empty name");

struct kvm_machine {
	struct tw_host *host;
	uint32_t features; /* leaf +1 EAX, KVM_FEATURE_* */
	bool realtime;	   /* vCPUs are never preempted: hints about that are in vain */
	bool amd;	   /* hypercalls by VMMCALL */
	struct kvm_cpu *cpu; /* by CPU index; NULL: nothing per CPU is used */
	uint64_t cpu_pa;
	const struct tw_pvclock *page; /* kvmclock of the boot CPU, for all; NULL: not offered */
	struct tw_host bare; /* the host as bare left it: what we fall back to */
};
extern struct kvm_machine kvm;

static inline bool kvm_has(unsigned int feature)
{
	return kvm.features >> feature & 1;
}

static inline void kvm_count(enum kvm_native call)
{
	tw_native_count(kvm.host, call);
}

/* host_time.c */

/* Frequency of the TSC by KVM's clock, Hz; 0: there is none. */
uint64_t kvm_clock_hz(uint32_t leaf);
/* The time members of kvm.host. */
void kvm_time_init(void);
/* host_follow.c: tw_host.clock_told by kvm.page. */
bool kvm_clock_told(struct tw_clock *line);
/* Let KVM tell the calling CPU's steal time. */
void kvm_time_cpu(unsigned int cpu);
/* KVM has taken that CPU off its physical one; with a flush asked for, KVM does it on return. */
bool kvm_preempted(unsigned int cpu);

/* host_cpu.c */

/* Interrupts, waiting and TLB members of kvm.host. */
void kvm_cpu_init(void);
/* Per CPU: PV EOI. */
void kvm_cpu_enable(unsigned int cpu);

#endif /* TRANSLATORS_KVM_HOST_H */
