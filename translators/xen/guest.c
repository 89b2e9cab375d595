/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The Xen PV guest side: the table of hypercalls, multicall, and the profile xen-pv@1 as the shim
 * sees it.
 */
#include "guest.h"

struct xen_domain xen_domain;
struct xen_vcpu *xen_vcpus[TW_MAX_CPUS];

static const struct tw_call ledger_calls[] = {
#define X(id, name, op, status) { name, TW_OP_##op, TW_##status },
	XEN_CALLS(X)
#undef X
	{ NULL, 0, 0 }
};
_Static_assert(XEN_CALL_COUNT <= TW_LEDGER_CALLS, "the ledger has too few counters");
_Static_assert((int)XEN_CALL_IRET == TW_CALL_IRET, "entry code counts iret at its own index");

long xen_missing(const char *name, uint32_t nr, uint32_t sub)
{
	tw_ledger_missing(name, nr, sub);
	return -XEN_ENOSYS;
}

/* Numbers beyond the table (entry code passes the number itself). */
static long unknown_call(uint64_t nr)
{
	return xen_missing("hypercall", (uint32_t)nr, 0);
}

/* A known call that is not served; a1 is the sub-operation where it has one. */
#define NOT_SERVED(name)                                                                           \
	static long name(uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5,          \
			 struct xen_vcpu *v)                                                       \
	{                                                                                          \
		return xen_missing(#name, __HYPERVISOR_##name, (uint32_t)a1);                      \
	}
NOT_SERVED(sched_op_compat)
NOT_SERVED(platform_op)
NOT_SERVED(event_channel_op_compat)
NOT_SERVED(physdev_op_compat)
NOT_SERVED(update_va_mapping_otherdomain)
NOT_SERVED(xsm_op)
NOT_SERVED(nmi_op)
NOT_SERVED(xenoprof_op)
NOT_SERVED(hvm_op)
NOT_SERVED(sysctl)
NOT_SERVED(domctl)
NOT_SERVED(kexec_op)
NOT_SERVED(tmem_op)
NOT_SERVED(argo_op)
NOT_SERVED(xenpmu_op)
NOT_SERVED(dm_op)
#undef NOT_SERVED

static long vm_assist(uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5,
		      struct xen_vcpu *v)
{
	xen_count(v, XEN_CALL_VM_ASSIST);
	if (a1 != VMASST_CMD_enable && a1 != VMASST_CMD_disable)
		return xen_missing("vm_assist", __HYPERVISOR_vm_assist, (uint32_t)a1);
	switch (a2) {
	case VMASST_TYPE_writable_pagetables: /* they always are */
	case VMASST_TYPE_pae_extended_cr3:
	case VMASST_TYPE_m2p_strict:
		return 0;
	case VMASST_TYPE_runstate_update_flag:
		xen_domain.runstate_update_flag = a1 == VMASST_CMD_enable;
		return 0;
	}
	return -XEN_EINVAL;
}

static xen_call_fn multicall, iret, spare;

#define CALL(name, handler) [__HYPERVISOR_##name] = handler
#define SERVED(name)	    CALL(name, xen_##name)
#define NOT_SERVED(name)    CALL(name, name)
/* No holes: entry code calls without looking. Of iret it never does, entry.S serves that. */
static xen_call_fn *const handlers[] = {
	SERVED(set_trap_table),
	SERVED(mmu_update),
	SERVED(set_gdt),
	SERVED(stack_switch),
	SERVED(set_callbacks),
	SERVED(fpu_taskswitch),
	NOT_SERVED(sched_op_compat),
	NOT_SERVED(platform_op),
	SERVED(set_debugreg),
	SERVED(get_debugreg),
	SERVED(update_descriptor),
	[11] = spare,
	SERVED(memory_op),
	CALL(multicall, multicall),
	SERVED(update_va_mapping),
	SERVED(set_timer_op),
	NOT_SERVED(event_channel_op_compat),
	SERVED(xen_version),
	SERVED(console_io),
	NOT_SERVED(physdev_op_compat),
	SERVED(grant_table_op),
	CALL(vm_assist, vm_assist),
	NOT_SERVED(update_va_mapping_otherdomain),
	CALL(iret, iret),
	SERVED(vcpu_op),
	SERVED(set_segment_base),
	SERVED(mmuext_op),
	NOT_SERVED(xsm_op),
	NOT_SERVED(nmi_op),
	SERVED(sched_op),
	SERVED(callback_op),
	NOT_SERVED(xenoprof_op),
	SERVED(event_channel_op),
	SERVED(physdev_op),
	NOT_SERVED(hvm_op),
	NOT_SERVED(sysctl),
	NOT_SERVED(domctl),
	NOT_SERVED(kexec_op),
	NOT_SERVED(tmem_op),
	NOT_SERVED(argo_op),
	NOT_SERVED(xenpmu_op),
	NOT_SERVED(dm_op),
};
_Static_assert(TW_ARRAY_SIZE(handlers) == __HYPERVISOR_dm_op + 1, "the table ends with dm_op");

/* Only a multicall comes here, and there it makes no sense. */
static long iret(uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5,
		 struct xen_vcpu *v)
{
	return xen_missing("hypercall", __HYPERVISOR_iret, 0);
}

/* Number 11 was never given out. */
static long spare(uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5,
		  struct xen_vcpu *v)
{
	return xen_missing("hypercall", 11, 0);
}

#define RESULT offsetof(struct multicall_entry, result)
#define ARGS   offsetof(struct multicall_entry, args)

static long multicall(uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5,
		      struct xen_vcpu *v)
{
	uint64_t op, args[5];

	xen_count(v, XEN_CALL_MULTICALL);
	for (uint64_t i = 0; i < a2; i++, a1 += sizeof(struct multicall_entry)) {
		long result;

		if (!tw_get64(&op, a1) || !tw_get128(&args[0], a1 + ARGS) ||
		    !tw_get128(&args[2], a1 + ARGS + 16) || !tw_get64(&args[4], a1 + ARGS + 32))
			return -XEN_EFAULT;
		if (op >= TW_ARRAY_SIZE(handlers))
			result = unknown_call(op);
		else if (op == __HYPERVISOR_multicall)
			result = -XEN_EINVAL; /* does not nest */
		else
			result = handlers[op](args[0], args[1], args[2], args[3],
						args[4], v);
		if (!tw_put64(a1 + RESULT, (uint64_t)result))
			return -XEN_EFAULT;
	}
	return 0;
}

/* As a toolstack does; Linux then shuts down in good order. */
static void request(const char *what)
{
	xen_store_write("control/shutdown", what);
}

static const struct tw_guest xen_guest = {
	.name = "xen-pv",
	.version = 1,
	.mode = "resident",
	.title = "Xen PV guest",
	.calls = ledger_calls,
	.timer = xen_timer_fired,
	.console = xen_console_input,
	.request = request,
	.clock_moved = xen_time_moved,
};
const struct tw_guest *tw_guest = &xen_guest;

static const struct resident_guest xen_resident = {
	.calls = (const uint64_t *)handlers,
	.calls_count = TW_ARRAY_SIZE(handlers),
	.unknown = (uint64_t)unknown_call,
	.cpuid = xen_cpuid,
	.write_fault = xen_write_fault,
};
const struct resident_guest *resident_guest = &xen_resident;
