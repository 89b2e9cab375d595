/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Quoting for the two readers of our words: a POSIX shell, and QEMU's option lists. */
#include <string.h>

#include "tool.h"

void quote_shell(struct buffer *out, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "_-+=.,:/@%";

	if (*word && strspn(word, plain) == strlen(word)) {
		buffer_add(out, word, strlen(word));
		return;
	}
	buffer_add(out, "'", 1);
	for (; *word; word++) {
		/* Nothing can be escaped inside single quotes: leave them for the quote itself. */
		if (*word == '\'')
			buffer_add(out, "'\\''", 4);
		else
			buffer_add(out, word, 1);
	}
	buffer_add(out, "'", 1);
}

void quote_commas(struct buffer *out, const char *s)
{
	for (; *s; s++) {
		buffer_add(out, s, 1);
		if (*s == ',')
			buffer_add(out, ",", 1);
	}
}
