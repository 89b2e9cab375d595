/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The Hyper-V guest ABI as the Hypervisor Top Level Functional Specification (TLFS, version 6) has
 * it, with the names of its sections: no package ships these numbers for users outside a kernel.
 * tests/unit/test_hyperv_abi.c compares them with the kernel's headers where those are installed.
 */
#ifndef ABI_HYPERV_H
#define ABI_HYPERV_H

#include <stdint.h>

/* --- TLFS 2, feature discovery --- */
#define HV_LEAF_VENDOR	     0x40000000u
#define HV_LEAF_INTERFACE    0x40000001u
#define HV_LEAF_VERSION	     0x40000002u
#define HV_LEAF_FEATURES     0x40000003u
#define HV_LEAF_HINTS	     0x40000004u
#define HV_LEAF_LIMITS	     0x40000005u
#define HV_LEAF_HARDWARE     0x40000006u
#define HV_LEAF_LAST_OF_BASE 0x400000ffu

#define HV_VENDOR_EBX 0x7263694du /* "Microsoft Hv" */
#define HV_VENDOR_ECX 0x666f736fu
#define HV_VENDOR_EDX 0x76482074u
#define HV_INTERFACE  0x31237648u /* "Hv#1" */

/* TLFS 2.4.4, HV_PARTITION_PRIVILEGE_MASK: leaf 0x40000003 EAX ... */
#define HV_EAX_VP_RUNTIME     (1u << 0)
#define HV_EAX_TIME_REF_COUNT (1u << 1)
#define HV_EAX_SYNIC	      (1u << 2)
#define HV_EAX_STIMER	      (1u << 3)
#define HV_EAX_APIC	      (1u << 4)
#define HV_EAX_HYPERCALL      (1u << 5)
#define HV_EAX_VP_INDEX	      (1u << 6)
#define HV_EAX_RESET	      (1u << 7)
#define HV_EAX_REFERENCE_TSC  (1u << 9)
#define HV_EAX_GUEST_IDLE     (1u << 10)
#define HV_EAX_FREQUENCY      (1u << 11)
#define HV_EAX_TSC_INVARIANT  (1u << 15)
/* ... EBX ... */
#define HV_EBX_POST_MESSAGES (1u << 4)
#define HV_EBX_SIGNAL_EVENTS (1u << 5)
#define HV_EBX_EXTENDED	     (1u << 20)
/* ... and EDX. */
#define HV_EDX_XMM_INPUT      (1u << 4)
#define HV_EDX_GUEST_IDLE     (1u << 5)
#define HV_EDX_FREQUENCY      (1u << 8)
#define HV_EDX_CRASH	      (1u << 10)
#define HV_EDX_SINT_POLLING   (1u << 17)
#define HV_EDX_HYPERCALL_LOCK (1u << 18)
#define HV_EDX_DIRECT_STIMER  (1u << 19)

/* TLFS 2.4.5, implementation recommendations: leaf 0x40000004 EAX. */
#define HV_HINT_REMOTE_FLUSH	  (1u << 2)
#define HV_HINT_APIC_MSRS	  (1u << 3)
#define HV_HINT_RESET_MSR	  (1u << 4)
#define HV_HINT_RELAXED_TIMING	  (1u << 5)
#define HV_HINT_NO_AUTO_EOI	  (1u << 9)
#define HV_HINT_CLUSTER_IPI	  (1u << 10)
#define HV_HINT_EX_MASKS	  (1u << 11)
#define HV_SPIN_NEVER		  0xffffffffu /* EBX: never call HvCallNotifyLongSpinWait */

/* --- TLFS appendix C, synthetic MSRs --- */
#define HV_MSR_GUEST_OS_ID	 0x40000000u
#define HV_MSR_HYPERCALL	 0x40000001u
#define HV_MSR_VP_INDEX		 0x40000002u
#define HV_MSR_RESET		 0x40000003u
#define HV_MSR_VP_RUNTIME	 0x40000010u
#define HV_MSR_TIME_REF_COUNT	 0x40000020u
#define HV_MSR_REFERENCE_TSC	 0x40000021u
#define HV_MSR_TSC_FREQUENCY	 0x40000022u
#define HV_MSR_APIC_FREQUENCY	 0x40000023u
#define HV_MSR_EOI		 0x40000070u
#define HV_MSR_ICR		 0x40000071u
#define HV_MSR_TPR		 0x40000072u
#define HV_MSR_VP_ASSIST_PAGE	 0x40000073u
#define HV_MSR_SCONTROL		 0x40000080u
#define HV_MSR_SVERSION		 0x40000081u
#define HV_MSR_SIEFP		 0x40000082u
#define HV_MSR_SIMP		 0x40000083u
#define HV_MSR_EOM		 0x40000084u
#define HV_MSR_SINT0		 0x40000090u
#define HV_MSR_SINT15		 0x4000009fu
#define HV_MSR_STIMER0_CONFIG	 0x400000b0u
#define HV_MSR_STIMER0_COUNT	 0x400000b1u
#define HV_MSR_STIMER3_COUNT	 0x400000b7u
#define HV_MSR_GUEST_IDLE	 0x400000f0u
#define HV_MSR_CRASH_P0		 0x40000100u
#define HV_MSR_CRASH_P4		 0x40000104u
#define HV_MSR_CRASH_CTL	 0x40000105u
#define HV_MSR_TSC_INVARIANT	 0x40000118u

/* TLFS 3.13 and 12: MSRs that place a page have this form. */
#define HV_PAGE_ENABLE	     (1ull << 0)
#define HV_HYPERCALL_LOCKED  (1ull << 1)
#define HV_PAGE_ADDRESS	     (~0xfffull)
#define HV_SYNIC_ENABLE	     (1ull << 0)
#define HV_SYNIC_VERSION     1ull
#define HV_CRASH_NOTIFY	     (1ull << 63)
#define HV_CRASH_MESSAGE     (1ull << 62)
#define HV_TSC_INVARIANT_ON  (1ull << 0)

/* TLFS 11.8, HV_X64_MSR_SINTx. */
#define HV_SINTS	 16
#define HV_SINT_VECTOR	 0xffull
#define HV_SINT_MASKED	 (1ull << 16)
#define HV_SINT_AUTO_EOI (1ull << 17)
#define HV_SINT_POLLING	 (1ull << 18)
#define HV_VECTOR_FIRST	 16 /* lower ones are exceptions */

/* TLFS 12.3, HV_X64_MSR_STIMERx_CONFIG. */
#define HV_STIMERS		  4
#define HV_STIMER_ENABLE	  (1ull << 0)
#define HV_STIMER_PERIODIC	  (1ull << 1)
#define HV_STIMER_LAZY		  (1ull << 2)
#define HV_STIMER_AUTO_ENABLE	  (1ull << 3)
#define HV_STIMER_VECTOR_SHIFT	  4
#define HV_STIMER_DIRECT	  (1ull << 12)
#define HV_STIMER_SINT_SHIFT	  16
#define HV_STIMER_RESERVED	  (~0xf1fffull)

/* --- TLFS 3, hypercalls --- */
#define HV_CONTROL_CODE		0xffffull
#define HV_CONTROL_FAST		(1ull << 16)
#define HV_CONTROL_VAR_SHIFT	17
#define HV_CONTROL_VAR_MASK	0x3ffull
#define HV_CONTROL_COUNT_SHIFT	32
#define HV_CONTROL_START_SHIFT	48
#define HV_CONTROL_REP_MASK	0xfffull
#define HV_CONTROL_RESERVED	0xf000f000f8000000ull /* nested (31) too: nothing is nested here */
#define HV_RESULT_REPS_SHIFT	32

enum hv_code {
	HV_CALL_SWITCH_ADDRESS_SPACE = 0x0001,
	HV_CALL_FLUSH_SPACE = 0x0002,
	HV_CALL_FLUSH_LIST = 0x0003,
	HV_CALL_LONG_SPIN_WAIT = 0x0008,
	HV_CALL_SEND_IPI = 0x000b,
	HV_CALL_FLUSH_SPACE_EX = 0x0013,
	HV_CALL_FLUSH_LIST_EX = 0x0014,
	HV_CALL_SEND_IPI_EX = 0x0015,
	HV_CALL_GET_PARTITION_ID = 0x0046,
	HV_CALL_DEPOSIT_MEMORY = 0x0048,
	HV_CALL_CREATE_VP = 0x004e,
	HV_CALL_GET_VP_REGISTERS = 0x0050,
	HV_CALL_SET_VP_REGISTERS = 0x0051,
	HV_CALL_POST_MESSAGE = 0x005c,
	HV_CALL_SIGNAL_EVENT = 0x005d,
	HV_CALL_ADD_LOGICAL_PROCESSOR = 0x0076,
	HV_CALL_GET_SYSTEM_PROPERTY = 0x007a, /* and others of the root partition */
	HV_CALL_START_VP = 0x0099,
	HV_CALL_VP_INDEX_OF_APIC_ID = 0x009a,
	HV_CALL_EXT_QUERY_CAPABILITIES = 0x8001,
};

/* TLFS appendix B, HV_STATUS. */
enum hv_status {
	HV_SUCCESS = 0x00,
	HV_INVALID_HYPERCALL_CODE = 0x02,
	HV_INVALID_HYPERCALL_INPUT = 0x03,
	HV_INVALID_ALIGNMENT = 0x04,
	HV_INVALID_PARAMETER = 0x05,
	HV_ACCESS_DENIED = 0x06,
	HV_OPERATION_DENIED = 0x08,
	HV_INVALID_PARTITION_ID = 0x0d,
	HV_INVALID_VP_INDEX = 0x0e,
	HV_INVALID_PORT_ID = 0x11,
	HV_INVALID_CONNECTION_ID = 0x12,
	HV_INSUFFICIENT_BUFFERS = 0x13,
	HV_INVALID_SYNIC_STATE = 0x18,
};

#define HV_PARTITION_SELF (~0ull)

/* TLFS 9.4, flags of the flush calls. */
#define HV_FLUSH_ALL_PROCESSORS (1ull << 0)
#define HV_FLUSH_ALL_SPACES	(1ull << 1)
#define HV_FLUSH_NON_GLOBAL	(1ull << 2)

/* TLFS 7.8.7.3, HV_VP_SET: format, valid banks, then the banks of 64 VPs that are present. */
#define HV_SET_SPARSE 0ull
#define HV_SET_ALL    1ull
struct hv_vp_set {
	uint64_t format, valid_banks;
};

struct hv_flush {
	uint64_t address_space, flags, processors;
};

struct hv_flush_ex {
	uint64_t address_space, flags;
	struct hv_vp_set set;
};

struct hv_send_ipi {
	uint32_t vector;
	uint8_t target_vtl, reserved[3];
	uint64_t processors;
};

struct hv_send_ipi_ex {
	uint32_t vector;
	uint8_t target_vtl, reserved[3];
	struct hv_vp_set set;
};

struct hv_vp_index_of_apic_id {
	uint64_t partition;
	uint8_t target_vtl, reserved[7];
	/* u32 apic_ids[] */
};

/* --- TLFS 11, SynIC --- */
#define HV_MESSAGE_PAYLOAD     240
#define HV_MESSAGE_NONE	       0u
#define HV_MESSAGE_TIMER       0x80000010u
#define HV_MESSAGE_HYPERVISOR  0x80000000u /* types of the hypervisor itself have this bit */
#define HV_MESSAGE_PENDING     1u	   /* flags */

struct hv_message {
	uint32_t type;
	uint8_t payload_size, flags;
	uint16_t reserved;
	uint64_t sender;
	uint8_t payload[HV_MESSAGE_PAYLOAD];
};

struct hv_message_page {
	struct hv_message slot[HV_SINTS];
};

struct hv_timer_payload {
	uint32_t timer, reserved;
	uint64_t expiration, delivery; /* 100 ns */
};

#define HV_EVENT_FLAGS 2048
struct hv_event_page {
	uint8_t slot[HV_SINTS][HV_EVENT_FLAGS / 8];
};

struct hv_post_message {
	uint32_t connection, reserved, type, payload_size;
	uint8_t payload[HV_MESSAGE_PAYLOAD];
};

struct hv_signal_event {
	uint32_t connection;
	uint16_t flag, reserved;
};

/* TLFS 12.7, HV_REFERENCE_TSC_PAGE: time = ((tsc * scale) >> 64) + offset. Sequence 0: not valid. */
struct hv_tsc_page {
	uint32_t sequence, reserved;
	uint64_t scale;
	int64_t offset;
};

/* TLFS 7.8.7, HV_VP_ASSIST_PAGE: its first field. */
#define HV_ASSIST_NO_EOI 1u

_Static_assert(sizeof(struct hv_message) == 256, "TLFS 11.6");
_Static_assert(sizeof(struct hv_message_page) == 4096, "TLFS 11.6");
_Static_assert(sizeof(struct hv_event_page) == 4096, "TLFS 11.7");
_Static_assert(sizeof(struct hv_post_message) == 256, "TLFS 11.11.1");
_Static_assert(sizeof(struct hv_timer_payload) == 24, "TLFS 12.4.1");

#endif /* ABI_HYPERV_H */
