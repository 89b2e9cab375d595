/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Parts of the decompression libraries that no kernel image needs, left out of the shim. The linker
 * takes an archive member only for a symbol that nothing else defines, so defining these here keeps
 * 100 KB out of every image: zstd's formats from before version 1.0, and the checks of xz that the
 * kernel's own decompressor does not know either. The latter must stay out: liblzma chooses its
 * CRC64 in a constructor, which nobody runs in the shim.
 *
 * loader/out lets no data through that would reach these functions, so each one only stops.
 */
#include <stdint.h>

#include "twoway/log.h"

void tw_left_out(void);
void tw_left_out(void)
{
	tw_fatal("a decompressor called a part of its library that the shim leaves out; "
		 "please report this kernel image");
}

#define LEFT_OUT(name) void name(void) __attribute__((alias("tw_left_out")));

#define LEFT_OUT_ZSTD(version)                                                                     \
	LEFT_OUT(ZBUFFv##version##_createDCtx)                                                     \
	LEFT_OUT(ZBUFFv##version##_decompressContinue)                                             \
	LEFT_OUT(ZBUFFv##version##_decompressInitDictionary)                                       \
	LEFT_OUT(ZBUFFv##version##_freeDCtx)                                                       \
	LEFT_OUT(ZSTDv##version##_createDCtx)                                                      \
	LEFT_OUT(ZSTDv##version##_decompress_usingDict)                                            \
	LEFT_OUT(ZSTDv##version##_findFrameSizeInfoLegacy)                                         \
	LEFT_OUT(ZSTDv##version##_freeDCtx)                                                        \
	LEFT_OUT(ZSTDv##version##_getFrameParams)

LEFT_OUT_ZSTD(05)
LEFT_OUT_ZSTD(06)
LEFT_OUT_ZSTD(07)

LEFT_OUT(lzma_crc64)
LEFT_OUT(lzma_sha256_init)
LEFT_OUT(lzma_sha256_update)
LEFT_OUT(lzma_sha256_finish)

/*
 * zstd's tracing hooks are weak and undefined in the library, meant to be NULL when absent; NULL is
 * out of a 32-bit displacement's reach from where the shim is linked. 0 means: do not trace.
 */
uint64_t ZSTD_trace_decompress_begin(const void *context);
uint64_t ZSTD_trace_decompress_begin(const void *context)
{
	return 0;
}

void ZSTD_trace_decompress_end(uint64_t trace, const void *what);
void ZSTD_trace_decompress_end(uint64_t trace, const void *what)
{
}
