/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What the Hyper-V guest side serves: ledger index, the guest ABI's name, the neutral operation that
 * it becomes, and whether it is done or answered by a constant. Included by guest.h only.
 */
#ifndef TRANSLATORS_HYPERV_GUEST_CALLS_H
#define TRANSLATORS_HYPERV_GUEST_CALLS_H

#define HV_CALLS(X)                                                                                \
	X(CPUID, "cpuid", INFO, DONE)                                                              \
	X(GUEST_OS_ID, "msr/guest_os_id", INFO, DONE)                                              \
	X(HYPERCALL_PAGE, "msr/hypercall", MEMORY, DONE)                                           \
	X(VP_INDEX, "msr/vp_index", INFO, DONE)                                                    \
	X(RESET, "msr/reset", POWER, DONE)                                                         \
	X(VP_RUNTIME, "msr/vp_runtime", STEAL, DONE)                                               \
	X(TIME_REF_COUNT, "msr/time_ref_count", TIME, DONE)                                        \
	X(REFERENCE_TSC, "msr/reference_tsc", TIME, DONE)                                          \
	X(FREQUENCY, "msr/frequency", TIME, DONE)                                                  \
	X(TSC_INVARIANT, "msr/tsc_invariant_control", TIME, DONE)                                  \
	X(EOI, "msr/eoi", IPI, DONE)                                                               \
	X(ICR, "msr/icr", IPI, DONE)                                                               \
	X(TPR, "msr/tpr", CPU, DONE)                                                               \
	X(VP_ASSIST_PAGE, "msr/vp_assist_page", MEMORY, DONE)                                      \
	X(SYNIC, "msr/synic", EVENT, DONE)                                                         \
	X(EOM, "msr/eom", EVENT, DONE)                                                             \
	X(STIMER_CONFIG, "msr/stimer_config", TIMER, DONE)                                         \
	X(STIMER_COUNT, "msr/stimer_count", TIMER, DONE)                                           \
	X(STIMER_EXPIRY, "stimer expiry", TIMER, DONE)                                             \
	X(GUEST_IDLE, "msr/guest_idle", HALT, DONE)                                                \
	X(CRASH, "msr/crash", POWER, DONE)                                                         \
	X(FLUSH_SPACE, "HvCallFlushVirtualAddressSpace", TLB, DONE)                                \
	X(FLUSH_LIST, "HvCallFlushVirtualAddressList", TLB, DONE)                                  \
	X(FLUSH_SPACE_EX, "HvCallFlushVirtualAddressSpaceEx", TLB, DONE)                           \
	X(FLUSH_LIST_EX, "HvCallFlushVirtualAddressListEx", TLB, DONE)                             \
	X(LONG_SPIN_WAIT, "HvCallNotifyLongSpinWait", YIELD, DONE)                                 \
	X(SEND_IPI, "HvCallSendSyntheticClusterIpi", IPI, DONE)                                    \
	X(SEND_IPI_EX, "HvCallSendSyntheticClusterIpiEx", IPI, DONE)                               \
	X(POST_MESSAGE, "HvCallPostMessage", EVENT, DONE)                                          \
	X(SIGNAL_EVENT, "HvCallSignalEvent", EVENT, DONE)                                          \
	X(VP_INDEX_OF_APIC_ID, "HvCallGetVpIndexFromApicId", INFO, DONE)                           \
	X(EXT_QUERY, "HvExtCallQueryCapabilities", INFO, CONSTANT)                                 \
	X(REFUSED, "calls of privileged partitions", NONE, CONSTANT)                               \
	X(TEST_DEVICE, "hyperv-testdev", EVENT, DONE)

enum hv_call_index {
#define X(id, name, op, status) HV_COUNT_##id,
	HV_CALLS(X)
#undef X
	HV_COUNT_COUNT
};

#endif /* TRANSLATORS_HYPERV_GUEST_CALLS_H */
