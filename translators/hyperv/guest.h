/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * translators/hyperv, guest side: the one internal header. Each prototype stands under the file
 * that owns it. Numbers and layouts are in abi/hyperv.h; "TLFS n" in comments means a section of
 * the Hypervisor Top Level Functional Specification.
 *
 * What belongs to one VP is changed on its own CPU only, with two exceptions that have rules of
 * their own: messages and event flags (struct hv_synic, under its lock) and AutoEOI vectors from
 * other CPUs (auto_eoi, atomic bits).
 */
#ifndef TRANSLATORS_HYPERV_GUEST_H
#define TRANSLATORS_HYPERV_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/hyperv.h"
#include "twoway/attr.h"
#include "twoway/host.h"
#include "twoway/ledger.h"
#include "twoway/lock.h"
#include "twoway/log.h"
#include "twoway/nested.h"

/* What a profile may hold; names and meaning stand in guest_profile.c. */
enum hv_feature {
	HV_F_REF_COUNT,
	HV_F_TSC_PAGE,
	HV_F_FREQUENCY,
	HV_F_INVARIANT,
	HV_F_RESET,
	HV_F_CRASH,
	HV_F_RUNTIME,
	HV_F_APIC,
	HV_F_EOI_ASSIST,
	HV_F_SYNIC,
	HV_F_POLLING,
	HV_F_STIMER,
	HV_F_DIRECT,
	HV_F_IDLE,
	HV_F_TLB,
	HV_F_IPI,
	HV_F_EX,
	HV_F_SPIN,
	HV_F_MESSAGE,
	HV_F_XMM,
	HV_F_EXT,
	HV_F_COUNT
};

/* An MSR that lays a page of the shim over one of the guest's. */
struct hv_overlay {
	uint64_t msr; /* as the guest wrote it */
	uint64_t gpa; /* where the page lies now */
	void *page;   /* the shim's page */
	bool placed;
	/* hv_overlay_apply() only, under hv.lock: what is done, and that some CPU is at it. */
	uint64_t applied;
	bool applying;
};

/* Messages that wait for their slot, the oldest first; posted ones only: timers keep their own. */
#define HV_QUEUE 4
struct hv_queued {
	uint8_t sint;
	struct hv_message message;
};

struct hv_synic {
	struct tw_lock lock;
	uint64_t control;
	uint64_t sint[HV_SINTS];
	uint16_t missed; /* SINTs that got a message or a flag while they were masked */
	struct hv_overlay messages, events;
	unsigned int queued;
	struct hv_queued queue[HV_QUEUE];
};

struct hv_stimer {
	uint64_t config, count;
	uint64_t due; /* 100 ns: the expiry that the next message tells */
	uint64_t fire; /* 100 ns: when it comes: after due while catching up; 0 = off */
	bool message_waits; /* expired, and its slot was busy */
};

struct hv_vp {
	struct nested_vcpu *v;
	uint32_t index; /* VP index: rank of the APIC id (hazard H-11) */
	struct hv_overlay assist;
	bool assisted;	      /* an interrupt that needs no EOI is in service */
	uint64_t auto_eoi[4]; /* vectors that other CPUs want delivered without EOI */
	struct hv_synic synic;
	struct hv_stimer stimer[HV_STIMERS];
	uint64_t armed; /* 100 ns: what the one-shot is set for; 0 = not set */
};

/* The partition: what all VPs share. */
struct hv_partition {
	struct tw_lock lock; /* os_id, hypercall, tsc */
	uint32_t features;   /* bits of enum hv_feature */
	uint64_t os_id;
	struct hv_overlay hypercall, tsc;
	uint64_t tsc_scale; /* 0.64: 100 ns per TSC tick */
	int64_t tsc_offset; /* 100 ns */
	uint64_t invariant; /* TSC_INVARIANT_CONTROL */
	uint64_t crash[5];
};

extern struct hv_partition hv;
extern struct hv_vp *hv_vps; /* by CPU, [0..nested_cpus-1] */

static inline bool hv_has(enum hv_feature feature)
{
	return hv.features >> feature & 1;
}

static inline struct hv_vp *hv_vp(const struct nested_vcpu *v)
{
	return &hv_vps[v->cpu];
}

/* --- guest.c: the table of calls, start and reset --- */
#include "guest_calls.h"

static inline void hv_count(struct hv_vp *vp, enum hv_call_index index)
{
	tw_count(vp->v->calls, index);
}
/* The VP of an index, or NULL. */
struct hv_vp *hv_vp_by_index(uint64_t index);
/* CPUs (bit n = CPU n) of a bank of 64 VPs. */
uint64_t hv_cpus_of_vps(uint64_t vps);
extern const struct nested_guest hyperv_nested;
extern const struct tw_guest hyperv_guest;
extern const struct nested_abi hyperv_abi;
/* Set the partition up for a profile; see struct nested_abi. */
bool hyperv_start(const char *profile, const char **why);

/* --- guest_profile.c --- */
/* Features of a profile such as "", "fast", "full+ext-apic" into hv.features. */
bool hv_profile_choose(const char *profile, const char **why);

/* --- guest_cpuid.c --- */
/* Set-up; boot only: the leaves of the chosen profile, the index of calls. */
void hv_cpuid_init(void);
void hv_hypercall_init(void);
void hv_cpuid(struct nested_vcpu *v, uint32_t leaf, uint32_t subleaf, struct hw_cpuid *r);

/* --- guest_msr.c --- */
enum nested_verdict hv_rdmsr(struct nested_vcpu *v, uint32_t msr, uint64_t *value);
enum nested_verdict hv_wrmsr(struct nested_vcpu *v, uint32_t msr, uint64_t value);

/* --- guest_overlay.c --- */
/* The guest writes an MSR of its own VP, {63:12 page, 0 enable}. No lock may be held. */
void hv_overlay_write(struct hv_overlay *o, uint64_t msr);
/*
 * Bring a page of the partition to where its msr (changed under hv.lock) says. A CPU that finds
 * another one at it leaves its change to that one. No lock may be held.
 */
void hv_overlay_apply(struct hv_overlay *o);

/* --- guest_page.c: GUEST_OS_ID and the hypercall page (TLFS 3.13) --- */
void hv_page_init(void);
enum nested_verdict hv_page_write(struct hv_vp *vp, uint64_t value);
void hv_os_id_write(struct hv_vp *vp, uint64_t value);

/* --- guest_time.c: reference time (TLFS 12.5-12.7), in 100 ns --- */
void hv_time_init(void);
uint64_t hv_time(void);
/* Neutral time (ns) at which the reference time has reached t. */
uint64_t hv_time_to_ns(uint64_t t);
void hv_reference_tsc_write(struct hv_vp *vp, uint64_t value);
enum nested_verdict hv_invariant_write(struct hv_vp *vp, uint64_t value);

/* --- guest_apic.c: APIC MSRs and the VP assist page (TLFS 10.2, 10.3) --- */
enum nested_verdict hv_apic_read(struct hv_vp *vp, uint32_t msr, uint64_t *value);
enum nested_verdict hv_apic_write(struct hv_vp *vp, uint32_t msr, uint64_t value);
/* Raise a vector on a VP as the real APIC would, or where auto_eoi without an EOI. from: the
 * caller. */
void hv_interrupt(struct hv_vp *from, struct hv_vp *vp, uint8_t vector, bool auto_eoi);
/* Deliver what other CPUs left in auto_eoi. */
void hv_interrupt_kicked(struct hv_vp *vp);

/* --- guest_synic.c: SINTs and event flags (TLFS 11) --- */
void hv_synic_reset(struct hv_vp *vp);
enum nested_verdict hv_synic_read(struct hv_vp *vp, uint32_t msr, uint64_t *value);
enum nested_verdict hv_synic_write(struct hv_vp *vp, uint32_t msr, uint64_t value);
/* With the lock held: tell the guest that something is in the slots of a SINT. */
void hv_sint_raise(struct hv_vp *from, struct hv_vp *vp, unsigned int sint);
/* Set an event flag; interrupts on its 0 to 1 edge only (hazard H-21). Any CPU. */
enum hv_status hv_event_signal(struct hv_vp *from, struct hv_vp *vp, unsigned int sint,
			       unsigned int flag);

/* --- guest_message.c: the message page (TLFS 11.6) --- */
/* Post a message, or queue it while its slot is busy. Any CPU. */
enum hv_status hv_message_post(struct hv_vp *from, struct hv_vp *vp, unsigned int sint,
			       const struct hv_message *m);
/* A timer's message: false while the slot is busy; the slot is marked, the timer tries again. */
bool hv_message_try(struct hv_vp *vp, unsigned int sint, const struct hv_message *m);
/* Slots may be free now (EOM, EOI, unmasked): move what waits. On the VP's own CPU. */
void hv_message_rescan(struct hv_vp *vp);

/* --- guest_stimer.c: synthetic timers (TLFS 12.3) --- */
void hv_stimer_reset(struct hv_vp *vp);
void hv_stimer_read(struct hv_vp *vp, unsigned int reg, uint64_t *value);
enum nested_verdict hv_stimer_write(struct hv_vp *vp, unsigned int reg, uint64_t value);
/* Fire what has expired and set the CPU's one-shot for what has not. */
void hv_stimer_serve(struct hv_vp *vp);
/* The one-shot expired. */
void hv_stimer_fired(struct hv_vp *vp);

/* --- guest_crash.c: the crash MSRs (TLFS 2.4.4, HV_X64_MSR_CRASH_*) --- */
enum nested_verdict hv_crash_write(struct hv_vp *vp, uint32_t msr, uint64_t value);

/* --- guest_hypercall.c: decoding and validation (TLFS 3) --- */
/* One call: what every handler gets. header holds the fixed input, copied once. */
struct hv_call {
	struct hv_vp *vp;
	uint16_t code;
	bool fast;
	unsigned int var_qwords, reps, start;
	uint64_t input, output;	   /* GPAs, or the first two quadwords of fast input */
	const uint64_t *words;	   /* the whole input: in guest memory, or of a fast call */
	unsigned int header_bytes; /* fixed header */
	unsigned int done;	   /* reps complete, counted from 0 */
};
enum nested_verdict hv_hypercall(struct nested_vcpu *v);
/* Quadword n of the input; the guest may change memory at any time, so read each once. */
static inline uint64_t hv_word(const struct hv_call *c, unsigned int n)
{
	return __atomic_load_n(&c->words[n], __ATOMIC_RELAXED);
}
/* The output area as bytes writable bytes, or NULL (misaligned, across a page, not memory). */
void *hv_output(const struct hv_call *c, unsigned int bytes);
typedef enum hv_status hv_call_fn(struct hv_call *c);

/* --- guest_vpset.c --- */
/* Bits set, without the library that the compiler would call. */
static inline unsigned int hv_bits(uint64_t set)
{
	unsigned int n = 0;

	for (; set; set &= set - 1)
		n++;
	return n;
}
/* CPUs of a sparse set whose fixed part starts at quadword at of the input. */
enum hv_status hv_vp_set_cpus(const struct hv_call *c, unsigned int at, uint64_t *cpus);

/* --- guest_calls.c: what the calls do --- */
hv_call_fn hv_call_flush, hv_call_flush_ex, hv_call_send_ipi, hv_call_send_ipi_ex,
	hv_call_spin_wait, hv_call_vp_index, hv_call_ext_query;

/* --- guest_connection.c: ports and connections (TLFS 11.10) --- */
hv_call_fn hv_call_post_message, hv_call_signal_event;
struct hv_connection {
	uint32_t id; /* 0 = free */
	bool event;
	uint8_t sint;
	struct hv_vp *vp;
};
/* Connect an id to a SINT of a VP, or forget it; false: no room, or not there. */
bool hv_connect(uint32_t id, bool event, struct hv_vp *vp, uint8_t sint);
bool hv_disconnect(uint32_t id, bool event);

/* --- guest_testdev.c: QEMU's hyperv-testdev, under force=hv-testdev --- */
#define HV_TESTDEV_PORT 0x3000
enum nested_verdict hv_testdev_port(struct nested_vcpu *v, uint16_t port, unsigned int size,
				    bool out, uint32_t *value);

#endif /* TRANSLATORS_HYPERV_GUEST_H */
