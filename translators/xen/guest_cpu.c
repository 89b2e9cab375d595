/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The virtual CPU's descriptors and entries: trap table, callbacks, GDT, stacks, segment bases,
 * debug registers, I/O permissions. The kernel runs at CPL 0, so most privileged instructions need
 * no call; these are the ones whose effect belongs to the shim.
 */
#include "guest.h"

#include <xen/callback.h>
#include <xen/physdev.h>

#define GDT_FRAME_ENTRIES 512
#define DESC_P		  (1ull << 47)
#define DESC_S		  (1ull << 44)

long xen_set_trap_table(uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5,
			struct xen_vcpu *v)
{
	struct trap_info t;

	xen_count(v, XEN_CALL_SET_TRAP_TABLE);
	if (!a1) {
		for (unsigned int i = 0; i < 256; i++)
			resident_set_trap(v->id, i, 0, 0, 0);
		return 0;
	}
	/* At most one entry per vector makes sense: the list of a sane guest ends before. */
	for (unsigned int i = 0; i < 256; i++, a1 += sizeof(t)) {
		if (tw_copy_from_guest(&t, a1, sizeof(t)))
			return -XEN_EFAULT;
		if (t.address == 0)
			return 0;
		if (t.vector >= TW_VEC_FIRST)
			return -XEN_EINVAL;
		resident_set_trap(v->id, t.vector, t.address, TI_GET_DPL(&t), TI_GET_IF(&t));
	}
	return 0;
}

long xen_set_gdt(uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5,
		 struct xen_vcpu *v)
{
	uint64_t frames[FIRST_RESERVED_GDT_PAGE];
	unsigned int count = (unsigned int)((a2 + GDT_FRAME_ENTRIES - 1) / GDT_FRAME_ENTRIES);

	xen_count(v, XEN_CALL_SET_GDT);
	if (a2 > FIRST_RESERVED_GDT_ENTRY)
		return -XEN_EINVAL;
	if (tw_copy_from_guest(frames, a1, count * sizeof(frames[0])))
		return -XEN_EFAULT;
	for (unsigned int i = 0; i < count; i++)
		if (!tw_guest_frame(frames[i]))
			return -XEN_EINVAL;
	resident_set_gdt(v->id, frames, count);
	return 0;
}

long xen_stack_switch(uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5,
		      struct xen_vcpu *v)
{
	xen_count(v, XEN_CALL_STACK_SWITCH);
	resident_set_kernel_sp(v->hw, a1, a2);
	return 0;
}

static void set_callback(struct xen_vcpu *v, enum tw_callback which, uint64_t address, bool mask)
{
	v->hw->callback[which] = (struct tw_gate){ .address = address, .mask = mask };
	if (which == TW_CB_SYSCALL || which == TW_CB_SYSENTER)
		resident_syscall_changed(v->id);
}

long xen_set_callbacks(uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5,
		       struct xen_vcpu *v)
{
	xen_count(v, XEN_CALL_SET_CALLBACKS);
	set_callback(v, TW_CB_EVENT, a1, true);
	set_callback(v, TW_CB_FAILSAFE, a2, false);
	set_callback(v, TW_CB_SYSCALL, a3, false);
	return 0;
}

/* Our index of a CALLBACKTYPE, or -1 (the deprecated sysenter is refused, as Xen's 64-bit does). */
static int callback_index(uint16_t type)
{
	switch (type) {
	case CALLBACKTYPE_event:
		return TW_CB_EVENT;
	case CALLBACKTYPE_failsafe:
		return TW_CB_FAILSAFE;
	case CALLBACKTYPE_syscall:
		return TW_CB_SYSCALL;
	case CALLBACKTYPE_syscall32:
		return TW_CB_SYSCALL32;
	case CALLBACKTYPE_sysenter:
		return TW_CB_SYSENTER;
	case CALLBACKTYPE_nmi:
		return TW_CB_NMI;
	}
	return -1;
}

long xen_callback_op(uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5,
		     struct xen_vcpu *v)
{
	int which;

	xen_count(v, XEN_CALL_CALLBACK_OP);
	if (a1 == CALLBACKOP_register) {
		struct callback_register reg;

		if (tw_copy_from_guest(&reg, a2, sizeof(reg)))
			return -XEN_EFAULT;
		which = callback_index(reg.type);
		if (which < 0)
			return -XEN_ENOSYS;
		set_callback(v, (enum tw_callback)which, reg.address,
			     reg.flags & CALLBACKF_mask_events);
		return 0;
	}
	if (a1 == CALLBACKOP_unregister) {
		struct callback_unregister unreg;

		if (tw_copy_from_guest(&unreg, a2, sizeof(unreg)))
			return -XEN_EFAULT;
		which = callback_index(unreg.type);
		if (which < 0)
			return -XEN_EINVAL;
		/* Those without which a guest cannot go on stay, as in Xen. */
		if (which == TW_CB_EVENT || which == TW_CB_FAILSAFE || which == TW_CB_SYSCALL)
			return -XEN_EINVAL;
		set_callback(v, (enum tw_callback)which, 0, false);
		return 0;
	}
	return xen_missing("callback_op", __HYPERVISOR_callback_op, (uint32_t)a1);
}

long xen_fpu_taskswitch(uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5,
			struct xen_vcpu *v)
{
	uint64_t cr0 = hw_read_cr0();

	xen_count(v, XEN_CALL_FPU_TASKSWITCH);
	hw_write_cr0(a1 ? cr0 | 8 : cr0 & ~8ull);
	return 0;
}

/* DR7: no general-detect bit and no I/O breakpoints; breakpoints never on the shim's addresses. */
long xen_set_debugreg(uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5,
		      struct xen_vcpu *v)
{
	xen_count(v, XEN_CALL_SET_DEBUGREG);
	if (a1 < 4) {
		if (!xen_canonical(a2))
			return -XEN_EINVAL;
		if (a2 >= HYPERVISOR_VIRT_START && a2 < HYPERVISOR_VIRT_END)
			return -XEN_EPERM;
	} else if (a1 == 6) {
		a2 = (a2 & 0xe00f) | 0xffff0ff0;
	} else if (a1 == 7) {
		for (unsigned int i = 16; i < 32; i += 4)
			if ((a2 >> i & 3) == 2)
				return -XEN_EPERM;
		a2 = (a2 & 0xffff03ff) | 0x400;
	} else {
		return -XEN_EINVAL;
	}
	hw_write_dr((unsigned int)a1, a2);
	return 0;
}

long xen_get_debugreg(uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5,
		      struct xen_vcpu *v)
{
	xen_count(v, XEN_CALL_GET_DEBUGREG);
	if (a1 < 4 || a1 == 6 || a1 == 7)
		return (long)hw_read_dr((unsigned int)a1);
	return -XEN_EINVAL;
}

/*
 * Write one descriptor (machine address, 8 bytes) of a GDT or LDT page. Code and data only: a
 * present system descriptor (gate, TSS, LDT) would let user mode reach ring 0.
 */
long xen_update_descriptor(uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5,
			   struct xen_vcpu *v)
{
	uint8_t *page = tw_guest_frame(a1 >> TW_PAGE_SHIFT);

	xen_count(v, XEN_CALL_UPDATE_DESCRIPTOR);
	if (!page || a1 & 7)
		return -XEN_EINVAL;
	if (a2 & DESC_P && !(a2 & DESC_S))
		return -XEN_EINVAL;
	*(volatile uint64_t *)(page + (a1 & ~TW_PAGE_MASK)) = a2;
	return 0;
}

long xen_set_segment_base(uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5,
			  struct xen_vcpu *v)
{
	xen_count(v, XEN_CALL_SET_SEGMENT_BASE);
	if (a1 == SEGBASE_GS_USER_SEL) {
		resident_load_user_gs((uint16_t)a2);
		return 0;
	}
	if (!xen_canonical(a2))
		return -XEN_EINVAL;
	switch (a1) {
	case SEGBASE_FS:
		hw_wrmsr(MSR_FS_BASE, a2);
		return 0;
	case SEGBASE_GS_USER:
		/* In the kernel the user's GS base is the inactive one. */
		hw_wrmsr(MSR_KERNEL_GS_BASE, a2);
		return 0;
	case SEGBASE_GS_KERNEL:
		hw_wrmsr(MSR_GS_BASE, a2);
		return 0;
	}
	return -XEN_EINVAL;
}

/* The kernel is at CPL 0 and may touch any port; user mode's rights are the TSS bitmap. */
long xen_physdev_op(uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5,
		    struct xen_vcpu *v)
{
	if (a1 == PHYSDEVOP_set_iopl) {
		xen_count(v, XEN_CALL_PHYSDEV_SET_IOPL);
		return 0;
	}
	if (a1 == PHYSDEVOP_set_iobitmap) {
		struct physdev_set_iobitmap set;

		xen_count(v, XEN_CALL_PHYSDEV_SET_IOBITMAP);
		if (tw_copy_from_guest(&set, a2, sizeof(set)))
			return -XEN_EFAULT;
		if (set.nr_ports > 65536)
			return -XEN_EINVAL;
		return resident_set_iobitmap(v->id, (uint64_t)set.bitmap.p, set.nr_ports) ?
			       -XEN_EFAULT :
			       0;
	}
	return xen_missing("physdev_op", __HYPERVISOR_physdev_op, (uint32_t)a1);
}
