/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * zstd. One call per frame with the whole output as its window: the library then needs no window
 * buffer, however large a window (128 MB in kernels) the frame asks for. The length of each frame
 * is looked up first because the library would take the appended size for a broken next frame.
 */
#include <errno.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "decompress.h"

static int zstd_error(size_t ret, const char **why)
{
	switch (ZSTD_getErrorCode(ret)) {
	case ZSTD_error_dstSize_tooSmall:
		return tw_fail(-E2BIG, why, TW_WHY_TOO_LARGE);
	case ZSTD_error_srcSize_wrong:
		return tw_fail(-EINVAL, why, TW_WHY_TRUNCATED);
	case ZSTD_error_memory_allocation:
		return tw_fail(-ENOMEM, why, TW_WHY_NO_MEMORY);
	default:
		return tw_fail(-EINVAL, why, "the zstd data of the kernel is damaged");
	}
}

static int unpack_frames(ZSTD_DCtx *context, struct tw_bytes in, struct tw_unpacked *out,
			 const char **why)
{
	do {
		size_t frame = ZSTD_findFrameCompressedSize(in.data, in.size);
		size_t done;

		if (ZSTD_isError(frame))
			return zstd_error(frame, why);
		done = ZSTD_decompressDCtx(context, out->data + out->used, out->size - out->used,
					   in.data, frame);
		if (ZSTD_isError(done))
			return zstd_error(done, why);
		out->used += done;
		in.data += frame;
		in.size -= frame;
	} while (tw_compression_detect(in) == TW_COMP_ZSTD);
	return 0;
}

int tw_unzstd(struct tw_bytes in, struct tw_unpacked *out, const char **why)
{
	ZSTD_DCtx *context;
	int rc;

	/* The formats from before zstd 1.0 have other magic numbers and are left out of the shim.
	 */
	if (tw_compression_detect(in) != TW_COMP_ZSTD)
		return tw_fail(-EINVAL, why, "the zstd data of the kernel has no zstd frame");
	context = ZSTD_createDCtx();
	if (!context)
		return tw_fail(-ENOMEM, why, TW_WHY_NO_MEMORY);
	rc = unpack_frames(context, in, out, why);
	ZSTD_freeDCtx(context);
	return rc;
}
