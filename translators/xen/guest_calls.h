/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Every Xen call that the guest side serves: ledger index, Xen's name, the neutral operation that it
 * becomes, and whether it is done or answered by a constant. Included by guest.h only.
 */
#ifndef TRANSLATORS_XEN_GUEST_CALLS_H
#define TRANSLATORS_XEN_GUEST_CALLS_H

#define XEN_CALLS(X)                                                                               \
	X(IRET, "iret", CPU, DONE)                                                                 \
	X(SET_TRAP_TABLE, "set_trap_table", CPU, DONE)                                             \
	X(MMU_UPDATE, "mmu_update", PAGE_TABLE, DONE)                                              \
	X(MMU_MACHPHYS, "mmu_update/machphys", PAGE_TABLE, DONE)                                   \
	X(SET_GDT, "set_gdt", CPU, DONE)                                                           \
	X(STACK_SWITCH, "stack_switch", CPU, DONE)                                                 \
	X(SET_CALLBACKS, "set_callbacks", CPU, DONE)                                               \
	X(FPU_TASKSWITCH, "fpu_taskswitch", CPU, DONE)                                             \
	X(SET_DEBUGREG, "set_debugreg", CPU, DONE)                                                 \
	X(GET_DEBUGREG, "get_debugreg", CPU, DONE)                                                 \
	X(UPDATE_DESCRIPTOR, "update_descriptor", CPU, DONE)                                       \
	X(MULTICALL, "multicall", NONE, DONE)                                                      \
	X(UPDATE_VA_MAPPING, "update_va_mapping", PAGE_TABLE, DONE)                                \
	X(CPUID, "cpuid", INFO, DONE)                                                              \
	X(PT_WRITE_FAULT, "page-table write fault", PAGE_TABLE, DONE)                              \
	X(SET_SEGMENT_BASE, "set_segment_base", CPU, DONE)                                         \
	X(CALLBACK_OP, "callback_op", CPU, DONE)                                                   \
	X(VM_ASSIST, "vm_assist", NONE, CONSTANT)                                                  \
	X(PHYSDEV_SET_IOPL, "physdev_op/set_iopl", CPU, CONSTANT)                                  \
	X(PHYSDEV_SET_IOBITMAP, "physdev_op/set_iobitmap", CPU, DONE)                              \
	X(MMUEXT_PIN, "mmuext_op/pin", PAGE_TABLE, DONE)                                           \
	X(MMUEXT_UNPIN, "mmuext_op/unpin", PAGE_TABLE, DONE)                                       \
	X(MMUEXT_NEW_BASEPTR, "mmuext_op/new_baseptr", PAGE_TABLE, DONE)                           \
	X(MMUEXT_NEW_USER_BASEPTR, "mmuext_op/new_user_baseptr", PAGE_TABLE, DONE)                 \
	X(MMUEXT_TLB_LOCAL, "mmuext_op/tlb_flush_local", TLB, DONE)                                \
	X(MMUEXT_INVLPG_LOCAL, "mmuext_op/invlpg_local", TLB, DONE)                                \
	X(MMUEXT_TLB_MULTI, "mmuext_op/tlb_flush_multi", TLB, DONE)                                \
	X(MMUEXT_INVLPG_MULTI, "mmuext_op/invlpg_multi", TLB, DONE)                                \
	X(MMUEXT_TLB_ALL, "mmuext_op/tlb_flush_all", TLB, DONE)                                    \
	X(MMUEXT_INVLPG_ALL, "mmuext_op/invlpg_all", TLB, DONE)                                    \
	X(MMUEXT_FLUSH_CACHE, "mmuext_op/flush_cache", PAGE_TABLE, DONE)                           \
	X(MMUEXT_SET_LDT, "mmuext_op/set_ldt", CPU, DONE)                                          \
	X(MMUEXT_CLEAR_PAGE, "mmuext_op/clear_page", PAGE_TABLE, DONE)                             \
	X(MMUEXT_COPY_PAGE, "mmuext_op/copy_page", PAGE_TABLE, DONE)                               \
	X(MEMORY_MAP, "memory_op/memory_map", MEMORY, DONE)                                        \
	X(MEMORY_RESERVATION, "memory_op/reservation", MEMORY, DONE)                               \
	X(MEMORY_INFO, "memory_op/info", MEMORY, DONE)                                             \
	X(VERSION, "xen_version/version", INFO, CONSTANT)                                          \
	X(VERSION_FEATURES, "xen_version/get_features", INFO, CONSTANT)                            \
	X(VERSION_INFO, "xen_version/info", INFO, CONSTANT)                                        \
	X(CONSOLE_WRITE, "console_io/write", CONSOLE, DONE)                                        \
	X(CONSOLE_READ, "console_io/read", CONSOLE, DONE)                                          \
	X(CONSOLE_RING, "console ring", CONSOLE, DONE)                                             \
	X(STORE_REQUEST, "xenstore request", STORE, DONE)                                          \
	X(GRANT_SETUP, "grant_table_op/setup_table", MEMORY, DONE)                                 \
	X(GRANT_QUERY, "grant_table_op/query", MEMORY, CONSTANT)                                   \
	X(SET_TIMER, "set_timer_op", TIMER, DONE)                                                  \
	X(VCPU_SET_SINGLESHOT, "vcpu_op/set_singleshot_timer", TIMER, DONE)                        \
	X(VCPU_STOP_SINGLESHOT, "vcpu_op/stop_singleshot_timer", TIMER, DONE)                      \
	X(VCPU_SET_PERIODIC, "vcpu_op/set_periodic_timer", TIMER, DONE)                            \
	X(VCPU_STOP_PERIODIC, "vcpu_op/stop_periodic_timer", TIMER, DONE)                          \
	X(VCPU_RUNSTATE, "vcpu_op/runstate", STEAL, DONE)                                          \
	X(VCPU_TIME_AREA, "vcpu_op/register_time_area", TIME, DONE)                                \
	X(VCPU_INFO, "vcpu_op/register_vcpu_info", EVENT, DONE)                                    \
	X(VCPU_INITIALISE, "vcpu_op/initialise", CPU_START, DONE)                                  \
	X(VCPU_UP, "vcpu_op/up", CPU_START, DONE)                                                  \
	X(VCPU_DOWN, "vcpu_op/down", CPU_START, DONE)                                              \
	X(VCPU_IS_UP, "vcpu_op/is_up", CPU_START, DONE)                                            \
	X(VCPU_SEND_NMI, "vcpu_op/send_nmi", NMI, DONE)                                            \
	X(SCHED_YIELD, "sched_op/yield", YIELD, DONE)                                              \
	X(SCHED_BLOCK, "sched_op/block", HALT, DONE)                                               \
	X(SCHED_POLL, "sched_op/poll", HALT, DONE)                                                 \
	X(SCHED_SHUTDOWN, "sched_op/shutdown", POWER, DONE)                                        \
	X(EVENT_BIND_VIRQ, "event_channel_op/bind_virq", EVENT, DONE)                              \
	X(EVENT_BIND_IPI, "event_channel_op/bind_ipi", EVENT, DONE)                                \
	X(EVENT_BIND_VCPU, "event_channel_op/bind_vcpu", EVENT, DONE)                              \
	X(EVENT_ALLOC, "event_channel_op/alloc_unbound", EVENT, DONE)                              \
	X(EVENT_CLOSE, "event_channel_op/close", EVENT, DONE)                                      \
	X(EVENT_SEND, "event_channel_op/send", EVENT, DONE)                                        \
	X(EVENT_SEND_IPI, "event_channel_op/send to vcpu", IPI, DONE)                              \
	X(EVENT_STATUS, "event_channel_op/status", EVENT, DONE)                                    \
	X(EVENT_UNMASK, "event_channel_op/unmask", EVENT, DONE)                                    \
	X(EVENT_RESET, "event_channel_op/reset", EVENT, DONE)

enum xen_call_index {
#define X(id, name, op, status) XEN_CALL_##id,
	XEN_CALLS(X)
#undef X
	XEN_CALL_COUNT
};

#endif /* TRANSLATORS_XEN_GUEST_CALLS_H */
