/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Debian builds its static libraries with stack protection: a canary read from %fs:0x28, and this
 * function when it has changed. It means that a kernel image has overrun a decompressor, so nothing
 * may go on.
 */
#include "twoway/log.h"

void __stack_chk_fail(void) __attribute__((noreturn));
void __stack_chk_fail(void)
{
	tw_fatal("the kernel image overran a decompressor's stack; is the file damaged?");
}
