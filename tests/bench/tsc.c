/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Prints its argument and the TSC. QEMU's TSC starts at 0 at reset and counts instructions under
 * `-icount shift=0`, so that the first thing in /init tells the length of the boot in instructions
 * (idle time that the kernel slept through is included: it is virtual time too).
 */
#include <stdio.h>
#include <x86intrin.h>

int main(int argc, char **argv)
{
	unsigned long long now = __rdtsc();

	printf("%s %llu\n", argc > 1 ? argv[1] : "TSC", now);
	return 0;
}
