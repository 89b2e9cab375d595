/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The program that the exec rows of the benchmark start: the smallest that the kernel accepts, so
 * that the rows measure the kernel's exec and exit and not a C library's start-up.
 */
void _start(void);

void _start(void)
{
	__asm__ volatile("syscall" : : "a"(60), "D"(0) : "rcx", "r11", "memory");
	__builtin_unreachable();
}
