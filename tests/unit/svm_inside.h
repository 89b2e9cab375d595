/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What the files of the machine in svm_machine.h share, and its users do not see. Each prototype
 * stands under the file that owns it.
 */
#ifndef TESTS_UNIT_SVM_INSIDE_H
#define TESTS_UNIT_SVM_INSIDE_H

#include "svm_machine.h"

#define RFLAGS_TF 0x100ull
#define RFLAGS_IF 0x200ull

/* --- svm_machine.c --- */
extern bool machine_booted; /* the guest stands at its first instruction, or is past it */
/* What a CPU runs when it comes out of power-on. */
void machine_power_on(unsigned int cpu);

/* --- svm_fiber.c --- */
/* The CPU whose code of the shim runs now; MACHINE_NOBODY while the test, as the guest, does. */
extern unsigned int machine_current;
#define MACHINE_NOBODY (~0u)
void machine_fiber_reset(void);
/* Let a CPU go on until it has nothing to do. */
void machine_fiber_resume(unsigned int cpu);
/* The current CPU has nothing to do: back to who resumed it. */
void machine_fiber_leave(enum machine_state state);
/* Does this CPU's code run, or wait for another one's that does? */
bool machine_fiber_active(unsigned int cpu);
/* What this CPU runs on its next stack. */
void machine_fiber_run(unsigned int cpu, void (*run)(struct nested_cpu *c));

/* --- svm_happen.c --- */
/* An exit of the guest, without those that follow by themselves. */
void machine_vmexit(unsigned int cpu, uint64_t code, uint64_t info1, uint64_t info2);
/* The virtual interrupt, unless it is a window: behind events, before instructions. */
bool machine_take_virtual(struct machine_cpu *m, struct vmcb *b);

/* --- svm_check.c --- */
/* Ends the test unless the VMCB keeps the shim in control and VMRUN would take it (APM 15.5.1). */
void machine_check(const struct nested_cpu *c);

/* --- svm_shim.c --- */
/* The shim's memory, its ledger and its last words as at program start. */
void machine_shim_reset(void);
/* Where it lies, now that a test has had its say. */
void machine_shim_place(void);
/* The test is wrong, or the subject is beyond telling how. */
void machine_die(const char *what) __attribute__((noreturn));

#endif /* TESTS_UNIT_SVM_INSIDE_H */
