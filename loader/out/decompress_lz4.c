/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The legacy LZ4 frame, which is what the kernel build makes (lz4 -l): the magic number, then
 * blocks of at most 8 MB, each a 32-bit size and that many packed bytes, up to the end of the file.
 * Frames may follow each other. There is no end mark and no checksum; the kernel build appends 4
 * bytes of unpacked size, so a last lone word is not the start of a block.
 */
#include <errno.h>
#include <lz4.h>
#include <string.h>

#include "decompress.h"

#define LEGACY_MAGIC 0x184c2102u
#define BLOCK_MAX    (8 << 20)

static uint32_t read32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* The library says only that a block failed: find out whether it was for want of room. */
static int block_error(const char *in, int size, struct tw_unpacked *out, int room,
		       const char **why)
{
	char *to = (char *)out->data + out->used;

	if (room < BLOCK_MAX && LZ4_decompress_safe_partial(in, to, size, room, room) == room)
		return tw_fail(-E2BIG, why, TW_WHY_TOO_LARGE);
	return tw_fail(-EINVAL, why, "the lz4 data of the kernel is damaged");
}

static int unpack_block(const uint8_t *in, uint32_t size, struct tw_unpacked *out, const char **why)
{
	size_t left = out->size - out->used;
	int room = left < BLOCK_MAX ? (int)left : BLOCK_MAX;
	int done =
	    LZ4_decompress_safe((const char *)in, (char *)out->data + out->used, (int)size, room);

	if (done < 0)
		return block_error((const char *)in, (int)size, out, room, why);
	out->used += (size_t)done;
	return 0;
}

int tw_unlz4(struct tw_bytes in, struct tw_unpacked *out, const char **why)
{
	size_t pos = 0;

	if (in.size < 4 || read32(in.data) != LEGACY_MAGIC)
		return tw_fail(-EINVAL, why, "the lz4 data of the kernel has no legacy frame");
	while (in.size - pos > 4) {
		uint32_t size = read32(in.data + pos);
		int rc;

		pos += 4;
		if (size == LEGACY_MAGIC)
			continue;
		if (size > in.size - pos)
			return tw_fail(-EINVAL, why, TW_WHY_TRUNCATED);
		if (!size || size > LZ4_COMPRESSBOUND(BLOCK_MAX))
			return tw_fail(-EINVAL, why,
				       "an lz4 block of the kernel has an impossible size");
		rc = unpack_block(in.data + pos, size, out, why);
		if (rc)
			return rc;
		pos += size;
	}
	/* A frame that ends behind its magic number is legal, but no kernel is empty. */
	return out->used ? 0 : tw_fail(-EINVAL, why, TW_WHY_TRUNCATED);
}
