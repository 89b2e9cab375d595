/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* A virtual CPU's first step into the guest. */
#include "shim/resident/resident.h"

bool resident_smap;

void resident_start(unsigned int cpu, const struct resident_start *s)
{
	struct resident_data *d = area_data(cpu);
	struct resident_regs *r = &d->resume;

	*r = (struct resident_regs){
		.rip = s->rip,
		.cs = SEL_KERNEL_CS,
		.rflags = 0x202,
		.rsp = s->rsp,
		.ss = SEL_KERNEL_SS,
		.rsi = s->rsi,
		.rdi = s->rdi,
	};
	resident_load_user_root(&d->vcpu, s->user_cr3_mfn);
	resident_load_root(&d->vcpu, s->cr3_mfn);
	hw_wrmsr(MSR_FS_BASE, s->fs_base);
	hw_wrmsr(MSR_GS_BASE, s->gs_base_kernel);
	hw_wrmsr(MSR_KERNEL_GS_BASE, s->gs_base_user);
	resident_syscall_changed(cpu);
	resident_enter(r);
}
