/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* What the files of the SVM backend share. */
#ifndef SHIM_NESTED_SVM_H
#define SHIM_NESTED_SVM_H

#include "shim/nested/nested.h"
#include "shim/nested/vmcb.h"

/* --- svm_run.S --- */
void svm_run(struct nested_cpu *c) __attribute__((noreturn));
void svm_load_state(uint64_t vmcb_pa);
void svm_probe_run(uint64_t vmcb_pa);
extern char svm_probe_code[];

/* --- svm_exit.c --- */
/* After each exit; the entry code enters the guest again when it returns. */
void svm_exit(struct nested_cpu *c);

/* --- svm_xen.c: where tw_host.svm_of_xen says so --- */
void svm_xen_init(void);
void svm_xen_state(struct vmcb *b); /* a VMCB is made */
void svm_xen_exit(struct vmcb *b);  /* after each exit */
void svm_xen_debug(struct nested_cpu *c); /* the guest was about to use a debug register */
/* --- svm_xen_debug.c: that access is done, and the guest behind it; false: it is not of a kind that can be done --- */
bool svm_xen_debug_done(struct nested_cpu *c);

#endif /* SHIM_NESTED_SVM_H */
