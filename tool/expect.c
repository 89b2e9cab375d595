/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Wait for a POSIX extended regular expression on the console. The unit is the line: ^ and $ mean
 * its ends. A line that has not ended yet (a prompt) matches as well, but there $ does not: else a
 * match would depend on where a chunk of bytes happens to be cut.
 */
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

/* Bytes of one line that are kept; of a longer one the oldest are forgotten. */
#define LINE_KEPT 16384

struct expect {
	regex_t regex;
	struct buffer line;
};

struct expect *expect_new(const char *regex, char **why)
{
	struct expect *expect = must(calloc(1, sizeof(*expect)));
	int error = regcomp(&expect->regex, regex, REG_EXTENDED | REG_NOSUB);

	if (!error)
		return expect;
	*why = must(calloc(1, 256));
	regerror(error, &expect->regex, *why, 256);
	free(expect);
	return NULL;
}

static bool match(struct expect *expect, bool ended)
{
	size_t n = expect->line.length;
	regmatch_t range = { 0, 0 };

	if (ended && n && expect->line.data[n - 1] == '\r')
		n--;
	range.rm_eo = (regoff_t)n;
	return !regexec(&expect->regex, n ? expect->line.data : "", 1, &range,
			REG_STARTEND | (ended ? 0 : REG_NOTEOL));
}

bool expect_feed(struct expect *expect, const char *data, size_t n)
{
	while (n) {
		const char *end = memchr(data, '\n', n);
		size_t part = end ? (size_t)(end - data) : n;

		buffer_add(&expect->line, data, part);
		if (expect->line.length > LINE_KEPT)
			buffer_drop(&expect->line, expect->line.length - LINE_KEPT);
		if (match(expect, end))
			return true;
		if (!end)
			return false;
		expect->line.length = 0;
		data += part + 1;
		n -= part + 1;
	}
	return false;
}

void expect_free(struct expect *expect)
{
	if (!expect)
		return;
	regfree(&expect->regex);
	free(expect->line.data);
	free(expect);
}
