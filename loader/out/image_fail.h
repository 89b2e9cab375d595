/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* How every function of loader/out reports an error: a negative errno and one static line. */
#ifndef LOADER_OUT_IMAGE_FAIL_H
#define LOADER_OUT_IMAGE_FAIL_H

static inline int tw_fail(int error, const char **why, const char *line)
{
	*why = line;
	return error;
}

#endif /* LOADER_OUT_IMAGE_FAIL_H */
