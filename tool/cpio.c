/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * newc archives as the Linux kernel unpacks them (driver-api/early-userspace/buffer-format): a
 * header of 8-digit hexadecimal fields, the name, the data, each padded to 4 bytes. Written here
 * because that is shorter than calling cpio(1) with a tree of device nodes, which needs root.
 */
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "tool.h"

static void pad(struct buffer *out)
{
	buffer_add(out, "\0\0\0", -out->length & 3);
}

/* The inode number only has to be unique: links are counted by it. The archive's offset is. */
static void entry(struct buffer *out, const char *name, mode_t mode, dev_t rdev, size_t size)
{
	char header[111];

	snprintf(header, sizeof(header),
		 "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X",
		 (uint32_t)(out->length / 4) + 1, mode, 0, 0, S_ISDIR(mode) ? 2 : 1, 0,
		 (uint32_t)size, 0, 0, major(rdev), minor(rdev), (uint32_t)strlen(name) + 1, 0);
	buffer_add(out, header, 110);
	buffer_add(out, name, strlen(name) + 1);
	pad(out);
}

void cpio_add(struct buffer *out, const char *name, mode_t mode, dev_t rdev, const void *data,
	      size_t size)
{
	entry(out, name, mode, rdev, size);
	buffer_add(out, data, size);
	pad(out);
}

void cpio_end(struct buffer *out)
{
	entry(out, "TRAILER!!!", 0, 0, 0);
}
