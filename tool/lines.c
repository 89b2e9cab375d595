/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Whole lines out of a stream of chunks, with a bound on what a line without end may cost. */
#include <string.h>

#include "tool.h"

static void emit(struct lines *lines)
{
	struct buffer *b = &lines->pending;

	if (b->length && b->data[b->length - 1] == '\r')
		b->data[--b->length] = 0;
	lines->line(lines->context, b->data ? b->data : "");
	b->length = 0;
}

void lines_feed(struct lines *lines, const char *data, size_t n)
{
	while (n) {
		const char *end = memchr(data, '\n', n);
		size_t part = end ? (size_t)(end - data) : n;

		if (part > LINES_MAX - lines->pending.length) {
			part = LINES_MAX - lines->pending.length;
			end = NULL;
		}
		buffer_add(&lines->pending, data, part);
		if (end || lines->pending.length == LINES_MAX)
			emit(lines);
		part += end != NULL;
		data += part;
		n -= part;
	}
}

void lines_end(struct lines *lines)
{
	if (lines->pending.length)
		emit(lines);
}
