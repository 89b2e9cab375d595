/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* The reasons for exits, as the ledger names them. */
#ifndef SHIM_NESTED_EXITS_H
#define SHIM_NESTED_EXITS_H

#define NESTED_EXITS(X)                                                                            \
	X(CPUID, "cpuid")                                                                          \
	X(RDMSR, "rdmsr")                                                                          \
	X(WRMSR, "wrmsr")                                                                          \
	X(HYPERCALL, "hypercall")                                                                  \
	X(IO, "io")                                                                                \
	X(NMI, "nmi")                                                                              \
	X(INTERRUPT, "interrupt")                                                                  \
	X(WINDOW, "window")                                                                        \
	X(IRET, "iret")                                                                            \
	X(STEP, "step")                                                                            \
	X(PAGE, "page")                                                                            \
	X(CACHE, "cache")                                                                          \
	X(SVM, "svm")                                                                              \
	X(SHUTDOWN, "shutdown")                                                                    \
	X(OTHER, "other")

enum nested_exit {
#define X(id, name) NESTED_EXIT_##id,
	NESTED_EXITS(X)
#undef X
	NESTED_EXIT_COUNT
};

#endif /* SHIM_NESTED_EXITS_H */
