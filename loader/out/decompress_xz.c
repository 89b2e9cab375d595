/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * xz by liblzma, block by block. The stream decoder would allocate the dictionary that the file
 * asks for (32 MB in kernels of today, 128 MB from Linux 6.12 on, 4 GB in a hostile one). Reading
 * the block headers here lets us cut it to the size of the output buffer: no match can reach
 * further back than that. So the memory needed never exceeds what the caller set aside for the
 * kernel. The index behind the last block is not read; every block carries its own check. As in the
 * kernel, that is CRC32 or nothing (see loader/libc/left_out.c).
 */
#include <errno.h>
#include <lzma.h>
#include <stdlib.h>

#include "decompress.h"

#define DICT_MIN                                                                                   \
	4096u /* LZMA_DICT_SIZE_MIN of the format; lzma.h keeps it out of its API's values */

static int xz_error(lzma_ret ret, const char **why)
{
	switch (ret) {
	case LZMA_BUF_ERROR:
		return tw_fail(-E2BIG, why, TW_WHY_TOO_LARGE);
	case LZMA_MEM_ERROR:
		return tw_fail(-ENOMEM, why, TW_WHY_NO_MEMORY);
	case LZMA_OPTIONS_ERROR:
		return tw_fail(-ENOSYS, why,
			       "the xz data of the kernel uses an option or filter that "
			       "is not supported; repack it with xz --check=crc32 --x86 --lzma2");
	default:
		return tw_fail(-EINVAL, why, "the xz data of the kernel is damaged or ends early");
	}
}

static void cut_dictionary(lzma_filter *filters, size_t room)
{
	for (; filters->id != LZMA_VLI_UNKNOWN; filters++) {
		lzma_options_lzma *options = filters->options;

		if (filters->id == LZMA_FILTER_LZMA2 && options->dict_size > room)
			options->dict_size = room > DICT_MIN ? (uint32_t)room : DICT_MIN;
	}
}

/* Unpack the block at in.data[*pos], whose header is complete; *pos moves behind it. */
static lzma_ret unpack_block(struct tw_bytes in, size_t *pos, lzma_check check,
			     struct tw_unpacked *out)
{
	lzma_filter filters[LZMA_FILTERS_MAX + 1];
	lzma_block block = {.version = 1, .check = check, .filters = filters};
	lzma_ret ret;

	block.header_size = lzma_block_header_size_decode(in.data[*pos]);
	if (block.header_size > in.size - *pos)
		return LZMA_DATA_ERROR;
	ret = lzma_block_header_decode(&block, NULL, in.data + *pos);
	if (ret != LZMA_OK)
		return ret;
	*pos += block.header_size;
	cut_dictionary(filters, out->size - out->used);
	ret = lzma_block_buffer_decode(&block, NULL, in.data, pos, in.size, out->data, &out->used,
				       out->size);
	lzma_filters_free(filters, NULL);
	return ret;
}

int tw_unxz(struct tw_bytes in, struct tw_unpacked *out, const char **why)
{
	size_t pos = LZMA_STREAM_HEADER_SIZE;
	lzma_stream_flags flags;
	lzma_ret ret;

	if (in.size < LZMA_STREAM_HEADER_SIZE)
		return tw_fail(-EINVAL, why, TW_WHY_TRUNCATED);
	ret = lzma_stream_header_decode(&flags, in.data);
	if (ret != LZMA_OK)
		return xz_error(ret, why);
	if (flags.check != LZMA_CHECK_CRC32 && flags.check != LZMA_CHECK_NONE)
		return xz_error(LZMA_OPTIONS_ERROR, why);
	/* A header size of 0 is the mark of the index: no more blocks. */
	for (;;) {
		if (pos >= in.size)
			return tw_fail(-EINVAL, why, TW_WHY_TRUNCATED);
		if (!in.data[pos])
			return 0;
		ret = unpack_block(in, &pos, flags.check, out);
		if (ret != LZMA_OK)
			return xz_error(ret, why);
	}
}
