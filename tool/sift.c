/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Where a machine has no debug port, what the shim tells the tool comes on the guest's console. Those
 * lines are not for the user's screen: they are taken out as they pass, without holding back anything
 * else, since what a guest shows last is often a prompt without an end.
 */
#include <string.h>

#include "tool.h"

static const char *const marks[] = { "{\"twoway\":", "twoway-end: " };

/* Does a mark begin with these bytes (whole: is it just that)? */
static bool like_mark(const char *s, size_t n, bool *whole)
{
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		*whole = n == strlen(marks[i]);
		if (n <= strlen(marks[i]) && !memcmp(s, marks[i], n))
			return true;
	}
	return false;
}

static size_t release(struct sift *sift, char *out)
{
	size_t n = sift->held;

	memcpy(out, sift->begun, n);
	sift->held = 0;
	sift->state = SIFT_SHOWN;
	return n;
}

size_t sift(struct sift *sift, const char *data, size_t n, char *out)
{
	size_t shown = 0;
	bool whole;

	for (; n--; data++) {
		if (sift->state == SIFT_START) {
			sift->begun[sift->held++] = *data;
			if (!like_mark(sift->begun, sift->held, &whole))
				shown += release(sift, out + shown);
			else if (whole)
				sift->state = SIFT_HIDDEN;
		} else if (sift->state == SIFT_SHOWN) {
			out[shown++] = *data;
		}
		if (*data == '\n') {
			sift->state = SIFT_START;
			sift->held = 0;
		}
	}
	return shown;
}

size_t sift_end(struct sift *sift, char *out)
{
	return sift->state == SIFT_START ? release(sift, out) : 0;
}
