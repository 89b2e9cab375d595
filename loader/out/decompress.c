/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Which compression is it, and who unpacks it. The magic numbers are those of Linux's
 * lib/decompress.c, plus zstd's (RFC 8878) and the legacy LZ4 frame's.
 */
#include <errno.h>
#include <string.h>

#include "decompress.h"
#include "twoway/attr.h"

#define MAGIC_MAX 6

static const struct {
	uint8_t size, magic[MAGIC_MAX];
	uint8_t comp; /* enum tw_compression */
} magics[] = {
    {4, {0x7f, 'E', 'L', 'F'}, TW_COMP_NONE},
    {2, {0x1f, 0x8b}, TW_COMP_GZIP},
    {6, {0xfd, '7', 'z', 'X', 'Z', 0}, TW_COMP_XZ},
    {4, {0x02, 0x21, 0x4c, 0x18}, TW_COMP_LZ4},
    {4, {0x28, 0xb5, 0x2f, 0xfd}, TW_COMP_ZSTD},
    {3, {'B', 'Z', 'h'}, TW_COMP_BZIP2},
    {3, {0x5d, 0, 0}, TW_COMP_LZMA},
    {4, {0x89, 'L', 'Z', 'O'}, TW_COMP_LZO},
};

const char *tw_compression_name(enum tw_compression comp)
{
	switch (comp) {
	case TW_COMP_NONE:
		return "none";
	case TW_COMP_GZIP:
		return "gzip";
	case TW_COMP_XZ:
		return "xz";
	case TW_COMP_LZ4:
		return "lz4";
	case TW_COMP_ZSTD:
		return "zstd";
	case TW_COMP_BZIP2:
		return "bzip2";
	case TW_COMP_LZMA:
		return "lzma";
	case TW_COMP_LZO:
		return "lzo";
	case TW_COMP_UNKNOWN:
		break;
	}
	return "unknown";
}

enum tw_compression tw_compression_detect(struct tw_bytes in)
{
	for (size_t i = 0; i < TW_ARRAY_SIZE(magics); i++) {
		if (in.size >= magics[i].size && !memcmp(in.data, magics[i].magic, magics[i].size))
			return magics[i].comp;
	}
	return TW_COMP_UNKNOWN;
}

static int copy(struct tw_bytes in, struct tw_unpacked *out, const char **why)
{
	if (in.size > out->size)
		return tw_fail(-E2BIG, why, TW_WHY_TOO_LARGE);
	if (in.size)
		memcpy(out->data, in.data, in.size);
	out->used = in.size;
	return 0;
}

static int unpack(enum tw_compression comp, struct tw_bytes in, struct tw_unpacked *out,
		  const char **why)
{
	switch (comp) {
	case TW_COMP_NONE:
		return copy(in, out, why);
	case TW_COMP_GZIP:
		return tw_gunzip(in, out, why);
	case TW_COMP_XZ:
		return tw_unxz(in, out, why);
	case TW_COMP_LZ4:
		return tw_unlz4(in, out, why);
	case TW_COMP_ZSTD:
		return tw_unzstd(in, out, why);
	case TW_COMP_BZIP2:
	case TW_COMP_LZMA:
	case TW_COMP_LZO:
		return tw_fail(-ENOSYS, why,
			       "the kernel is packed with bzip2, lzma or lzo, which are not "
			       "supported; repack it with zstd, xz, gzip or lz4");
	case TW_COMP_UNKNOWN:
		break;
	}
	return tw_fail(-ENOSYS, why,
		       "the kernel's compression is not known; use zstd, xz, gzip or lz4");
}

int tw_decompress(enum tw_compression comp, struct tw_bytes in, void *out, size_t out_size,
		  size_t *out_len, const char **why)
{
	struct tw_unpacked unpacked = {.data = out, .size = out_size};
	int rc = unpack(comp, in, &unpacked, why);

	*out_len = unpacked.used;
	return rc;
}
