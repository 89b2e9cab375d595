/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Packs bytes the way the kernel build does, with the very libraries, for the decompression tests.
 * Each function appends to a struct packed, whose data is a heap block of its exact size.
 */
#ifndef TESTS_PACKER_H
#define TESTS_PACKER_H

#include <lz4.h>
#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "twoway/image.h"

struct packed {
	uint8_t *data;
	size_t size;
};

static inline void pk_append(struct packed *p, const void *data, size_t size)
{
	p->data = realloc(p->data, p->size + size);
	if (!p->data)
		abort();
	memcpy(p->data + p->size, data, size);
	p->size += size;
}

static inline void pk_require(int condition)
{
	if (!condition)
		abort();
}

static inline void pk_gzip(struct packed *p, const uint8_t *in, size_t size)
{
	size_t room = compressBound(size) + 64;
	uint8_t *out = malloc(room);
	z_stream s = {.next_in = (Bytef *)in,
		      .avail_in = (uInt)size,
		      .next_out = out,
		      .avail_out = (uInt)room};

	pk_require(deflateInit2(&s, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, 0) == Z_OK);
	pk_require(deflate(&s, Z_FINISH) == Z_STREAM_END);
	pk_append(p, out, s.total_out);
	deflateEnd(&s);
	free(out);
}

/* One stream of two blocks: x86 filter and LZMA2, as scripts/xz_wrap.sh of the kernel has it. */
static inline void pk_xz(struct packed *p, const uint8_t *in, size_t size, uint32_t dict,
			 lzma_check check)
{
	lzma_options_lzma options;
	lzma_filter filters[] = {
	    {LZMA_FILTER_X86, NULL}, {LZMA_FILTER_LZMA2, &options}, {LZMA_VLI_UNKNOWN, NULL}};
	lzma_stream s = LZMA_STREAM_INIT;
	size_t room = lzma_stream_buffer_bound(size) + 1024;
	uint8_t *out = malloc(room);

	pk_require(!lzma_lzma_preset(&options, 0));
	options.dict_size = dict;
	pk_require(lzma_stream_encoder(&s, filters, check) == LZMA_OK);
	s.next_in = in;
	s.avail_in = size / 2;
	s.next_out = out;
	s.avail_out = room;
	pk_require(lzma_code(&s, LZMA_FULL_FLUSH) == LZMA_STREAM_END);
	s.avail_in = size - size / 2;
	pk_require(lzma_code(&s, LZMA_FINISH) == LZMA_STREAM_END);
	pk_append(p, out, (size_t)s.total_out);
	lzma_end(&s);
	free(out);
}

static inline void pk_lz4_magic(struct packed *p)
{
	pk_append(p, "\x02\x21\x4c\x18", 4);
}

/* A legacy frame: the magic number and blocks of 8 MB. */
static inline void pk_lz4(struct packed *p, const uint8_t *in, size_t size)
{
	const size_t block = 8 << 20;
	char *out = malloc(LZ4_COMPRESSBOUND(8 << 20));

	pk_lz4_magic(p);
	for (size_t at = 0; at < size; at += block) {
		int n = (int)(size - at < block ? size - at : block);
		int packed =
		    LZ4_compress_default((const char *)in + at, out, n, LZ4_COMPRESSBOUND(8 << 20));

		pk_require(packed > 0);
		pk_append(p, &packed, 4);
		pk_append(p, out, (size_t)packed);
	}
	free(out);
}

/* A frame with checksum, streamed: without its content size, with a window of 2^window_log. */
static inline void pk_zstd(struct packed *p, const uint8_t *in, size_t size, int window_log)
{
	size_t room = ZSTD_compressBound(size);
	void *out = malloc(room);
	ZSTD_CCtx *c = ZSTD_createCCtx();
	ZSTD_inBuffer from = {in, size, 0};
	ZSTD_outBuffer to = {out, room, 0};

	ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 1);
	ZSTD_CCtx_setParameter(c, ZSTD_c_windowLog, window_log);
	pk_require(!ZSTD_isError(ZSTD_compressStream2(c, &to, &from, ZSTD_e_flush)));
	pk_require(ZSTD_compressStream2(c, &to, &from, ZSTD_e_end) == 0);
	pk_append(p, out, to.pos);
	ZSTD_freeCCtx(c);
	free(out);
}

static inline void pk_pack(struct packed *p, enum tw_compression comp, const uint8_t *in,
			   size_t size)
{
	switch (comp) {
	case TW_COMP_GZIP:
		pk_gzip(p, in, size);
		break;
	case TW_COMP_XZ:
		pk_xz(p, in, size, 1 << 20, LZMA_CHECK_CRC32);
		break;
	case TW_COMP_LZ4:
		pk_lz4(p, in, size);
		break;
	case TW_COMP_ZSTD:
		pk_zstd(p, in, size, 20);
		break;
	default:
		abort();
	}
}

#endif /* TESTS_PACKER_H */
