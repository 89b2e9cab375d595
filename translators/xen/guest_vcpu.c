/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* vcpu_op (xen/vcpu.h): starting, stopping and asking about virtual CPUs; timers are elsewhere. */
#include "guest.h"

#define CR3_MFN(cr3) ((cr3) >> TW_PAGE_SHIFT)

static long set_context_gdt(struct xen_vcpu *t, const vcpu_guest_context_t *c)
{
	unsigned int count = (unsigned int)((c->gdt_ents + 511) / 512);

	if (c->gdt_ents > FIRST_RESERVED_GDT_ENTRY)
		return -XEN_EINVAL;
	for (unsigned int i = 0; i < count; i++)
		if (!tw_guest_frame(c->gdt_frames[i]))
			return -XEN_EINVAL;
	resident_set_gdt(t->id, c->gdt_frames, count);
	return 0;
}

static void set_context_traps(struct xen_vcpu *t, const vcpu_guest_context_t *c)
{
	for (unsigned int i = 0; i < 256; i++) {
		const struct trap_info *e = &c->trap_ctxt[i];

		if (e->address && e->vector < TW_VEC_FIRST)
			resident_set_trap(t->id, e->vector, e->address, TI_GET_DPL(e),
					  TI_GET_IF(e));
	}
	t->hw->callback[TW_CB_EVENT] =
		(struct tw_gate){ .address = c->event_callback_eip, .mask = 1 };
	t->hw->callback[TW_CB_FAILSAFE] = (struct tw_gate){
		.address = c->failsafe_callback_eip,
		.mask = !!(c->flags & VGCF_failsafe_disables_events)
	};
	t->hw->callback[TW_CB_SYSCALL] = (struct tw_gate){
		.address = c->syscall_callback_eip,
		.mask = !!(c->flags & VGCF_syscall_disables_events)
	};
}

/* Root of user mode's page tables: bit 0 says that there is one (xen/arch-x86/xen.h). */
static uint64_t user_root(const vcpu_guest_context_t *c)
{
	return c->ctrlreg[1] & 1 ? CR3_MFN(c->ctrlreg[1]) : 0;
}

/* What the CPU would refuse when it loads it: then the fault would be the shim's. */
static bool can_start(const vcpu_guest_context_t *c)
{
	return tw_guest_frame(CR3_MFN(c->ctrlreg[3])) &&
	       (!user_root(c) || tw_guest_frame(user_root(c))) && xen_canonical(c->user_regs.rip) &&
	       xen_canonical(c->fs_base) && xen_canonical(c->gs_base_kernel) &&
	       xen_canonical(c->gs_base_user);
}

static long initialise(struct xen_vcpu *t, uint64_t arg)
{
	static vcpu_guest_context_t context; /* 5 KB: too large for a stack */
	static struct tw_lock lock;
	const vcpu_guest_context_t *c = &context;
	long rc = -XEN_EINVAL;

	if (t->initialised)
		return -XEN_EEXIST;
	tw_lock(&lock);
	if (tw_copy_from_guest(&context, arg, sizeof(context))) {
		rc = -XEN_EFAULT;
	} else if (can_start(c)) {
		rc = set_context_gdt(t, c);
		if (!rc) {
			set_context_traps(t, c);
			resident_set_kernel_sp(t->hw, c->kernel_ss, c->kernel_sp);
			t->start = (struct resident_start){
				.rip = c->user_regs.rip,
				.rsp = c->user_regs.rsp,
				.rsi = c->user_regs.rsi,
				.rdi = c->user_regs.rdi,
				.cr3_mfn = CR3_MFN(c->ctrlreg[3]),
				.user_cr3_mfn = user_root(c),
				.fs_base = c->fs_base,
				.gs_base_kernel = c->gs_base_kernel,
				.gs_base_user = c->gs_base_user,
			};
			t->hw->upcall->mask = 1;
			t->initialised = true;
		}
	}
	tw_unlock(&lock);
	return rc;
}

static long up(struct xen_vcpu *t)
{
	if (!t->initialised)
		return -XEN_EINVAL;
	if (t->up)
		return 0;
	__atomic_store_n(&t->up, true, __ATOMIC_SEQ_CST);
	if (!t->started) {
		t->started = true;
		xen_runstate_run(t);
		resident_run_cpu(t->id, &t->start);
	} else {
		tw_kick(t->id);
	}
	return 0;
}

/* Linux calls this for itself when a CPU goes offline, and goes on behind it when it comes back. */
static long down(struct xen_vcpu *t, struct xen_vcpu *v)
{
	if (t != v)
		return t->up ? -XEN_EINVAL : 0;
	xen_runstate_offline(v);
	tw_host.timer_stop();
	__atomic_store_n(&v->up, false, __ATOMIC_SEQ_CST);
	while (!__atomic_load_n(&v->up, __ATOMIC_SEQ_CST)) {
		tw_host.halt();
		hw_cli();
	}
	/* Flushes sent while it was down did not count it. */
	hw_write_cr3(hw_read_cr3());
	xen_runstate_run(v);
	return 0;
}

long xen_vcpu_op(uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5,
		 struct xen_vcpu *v)
{
	struct vcpu_register_vcpu_info info;
	struct xen_vcpu *t;

	if (a1 == VCPUOP_is_up)
		xen_count(v, XEN_CALL_VCPU_IS_UP);
	if (a2 >= xen_domain.vcpus)
		return -XEN_ENOENT;
	t = xen_vcpus[a2];
	switch (a1) {
	case VCPUOP_initialise:
		xen_count(v, XEN_CALL_VCPU_INITIALISE);
		return initialise(t, a3);
	case VCPUOP_up:
		xen_count(v, XEN_CALL_VCPU_UP);
		return up(t);
	case VCPUOP_down:
		xen_count(v, XEN_CALL_VCPU_DOWN);
		return down(t, v);
	case VCPUOP_is_up:
		return t->up;
	case VCPUOP_send_nmi:
		xen_count(v, XEN_CALL_VCPU_SEND_NMI);
		tw_host.ipi_nmi(t->id);
		return 0;
	case VCPUOP_register_vcpu_info:
		xen_count(v, XEN_CALL_VCPU_INFO);
		if (t != v && t->up)
			return -XEN_EINVAL; /* it may be using the old place at this moment */
		if (tw_copy_from_guest(&info, a3, sizeof(info)))
			return -XEN_EFAULT;
		return xen_vcpu_info_register(t, info.mfn, info.offset);
	}
	return xen_vcpu_timer_op(a1, t, a3, v);
}
