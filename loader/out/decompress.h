/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * One unpacker per compression, behind tw_decompress. Each works on whole buffers in one pass:
 * the libraries then need no window or output buffer of their own (except xz, whose library always
 * keeps its dictionary), and nothing is copied twice.
 */
#ifndef LOADER_OUT_DECOMPRESS_H
#define LOADER_OUT_DECOMPRESS_H

#include "image_fail.h"
#include "twoway/image.h"

/* Where the unpacked bytes go: used <= size always. */
struct tw_unpacked {
	uint8_t *data;
	size_t size, used;
};

/* Error lines that every unpacker uses. */
#define TW_WHY_TRUNCATED "the compressed kernel ends early; is the file complete?"
#define TW_WHY_TOO_LARGE "the unpacked kernel is larger than the memory set aside for it"
#define TW_WHY_NO_MEMORY "not enough boot memory to unpack the kernel; give the machine more memory"

/* Each returns 0 or a negative errno with *why set; out->used grows by what was unpacked. */
int tw_gunzip(struct tw_bytes in, struct tw_unpacked *out, const char **why);
int tw_unxz(struct tw_bytes in, struct tw_unpacked *out, const char **why);
int tw_unlz4(struct tw_bytes in, struct tw_unpacked *out, const char **why);
int tw_unzstd(struct tw_bytes in, struct tw_unpacked *out, const char **why);

#endif /* LOADER_OUT_DECOMPRESS_H */
