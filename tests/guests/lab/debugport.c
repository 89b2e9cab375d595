/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * debugport: standard input to port 0xe9, byte by byte. What a guest says where it has no console at all (an ABI
 * without one, in a PVH domain): Xen keeps such lines in its log (xl dmesg, "(d1) ..."). By /dev/port, since TCG
 * finds no I/O bitmap in a nested guest's TSS.
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define PORT 0xe9

int main(void)
{
	int fd = open("/dev/port", O_WRONLY), c;

	if (fd < 0)
		return 1;
	while ((c = getchar()) != EOF) {
		char byte = (char)c;

		if (pwrite(fd, &byte, 1, PORT) != 1)
			return 1;
	}
	return 0;
}
