/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Messages, strings and files: the small things that C does not bring along. Allocation never
 * fails for the caller: the tool could do nothing better than to end.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool.h"

static void say_v(const char *fmt, va_list ap)
{
	fputs("twoway: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
}

void say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say_v(fmt, ap);
	va_end(ap);
}

int fail_with(int status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say_v(fmt, ap);
	va_end(ap);
	return status;
}

void *must(void *allocated)
{
	if (!allocated) {
		say("out of memory");
		exit(EXIT_GUEST);
	}
	return allocated;
}

static char *text_v(const char *fmt, va_list ap)
{
	char *s;

	if (vasprintf(&s, fmt, ap) < 0)
		s = NULL;
	return must(s);
}

char *text(const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = text_v(fmt, ap);
	va_end(ap);
	return s;
}

bool starts_with(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

void buffer_add(struct buffer *b, const char *s, size_t n)
{
	if (b->size - b->length < n + 1) {
		b->size = (b->length + n + 1) * 2;
		b->data = must(realloc(b->data, b->size));
	}
	if (n)
		memcpy(b->data + b->length, s, n);
	b->length += n;
	b->data[b->length] = 0;
}

void buffer_drop(struct buffer *b, size_t n)
{
	if (!n)
		return;
	b->length -= n;
	memmove(b->data, b->data + n, b->length + 1);
}

static void list_take(struct list *list, char *item)
{
	list->item = must(realloc(list->item, (list->count + 2) * sizeof(*list->item)));
	list->item[list->count++] = item;
	list->item[list->count] = NULL;
}

void list_add(struct list *list, const char *item)
{
	list_take(list, must(strdup(item)));
}

void list_addf(struct list *list, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	list_take(list, text_v(fmt, ap));
	va_end(ap);
}

int write_all(int fd, const void *data, size_t n)
{
	const char *p = data;

	while (n) {
		ssize_t done = write(fd, p, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		p += done;
		n -= (size_t)done;
	}
	return 0;
}

int write_file(const char *path, const void *data, size_t n)
{
	char *temporary = text("%s.XXXXXX", path);
	mode_t mask = umask(0);
	int fd, error;

	umask(mask);
	fd = mkstemp(temporary);
	if (fd < 0) {
		error = -errno;
		free(temporary);
		return error;
	}
	error = write_all(fd, data, n);
	if (!error && fchmod(fd, 0666 & ~mask))
		error = -errno;
	if (close(fd) && !error)
		error = -errno;
	if (!error && rename(temporary, path))
		error = -errno;
	if (error)
		unlink(temporary);
	free(temporary);
	return error;
}
