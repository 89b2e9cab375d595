/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * gzip by zlib. The whole output lies in one buffer and inflate is told so with Z_FINISH, so it
 * copies matches from the output itself and never sets up its 32 KB window.
 */
#include <errno.h>
#include <limits.h>
#include <zlib.h>

#include "decompress.h"

#define GZIP_ONLY 16 /* added to the window bits: a gzip header, no zlib one (zlib.h) */

static int gzip_error(int ret, const z_stream *stream, const char **why)
{
	if (ret == Z_MEM_ERROR)
		return tw_fail(-ENOMEM, why, TW_WHY_NO_MEMORY);
	if (ret == Z_BUF_ERROR || ret == Z_OK)
		return stream->avail_out ? tw_fail(-EINVAL, why, TW_WHY_TRUNCATED)
					 : tw_fail(-E2BIG, why, TW_WHY_TOO_LARGE);
	return tw_fail(-EINVAL, why, "the gzip data of the kernel is damaged");
}

int tw_gunzip(struct tw_bytes in, struct tw_unpacked *out, const char **why)
{
	/* zlib counts in unsigned int; no kernel comes near that. */
	z_stream stream = {
	    .next_in = (Bytef *)in.data,
	    .avail_in = in.size < UINT_MAX ? (uInt)in.size : UINT_MAX,
	    .next_out = out->data,
	    .avail_out = out->size < UINT_MAX ? (uInt)out->size : UINT_MAX,
	};
	int ret = inflateInit2(&stream, GZIP_ONLY + MAX_WBITS);

	if (ret == Z_OK) {
		ret = inflate(&stream, Z_FINISH);
		inflateEnd(&stream);
	}
	out->used = stream.total_out;
	return ret == Z_STREAM_END ? 0 : gzip_error(ret, &stream, why);
}
