/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The memory functions that the compiler and the decompressors call. General registers only: the
 * resident shim must never touch the guest's SSE state. Large blocks go through the string
 * instructions, whose microcode is as fast as any loop and whose code is a few bytes; the odd tail
 * is one load and store that overlaps the block, which needs no second loop. Blocks below 16 bytes
 * never start a string instruction: its start costs more than the copy.
 *
 * The empty asm statements keep the compiler from turning a loop back into a call of the function
 * that it implements.
 */
#include <stdint.h>
#include <string.h>

/* Loads and stores of any alignment; the compiler makes each one instruction. */
static inline uint64_t load64(const void *p)
{
	uint64_t v;

	__builtin_memcpy(&v, p, 8);
	return v;
}

static inline uint32_t load32(const void *p)
{
	uint32_t v;

	__builtin_memcpy(&v, p, 4);
	return v;
}

static inline void store64(void *p, uint64_t v)
{
	__builtin_memcpy(p, &v, 8);
}

static inline void store32(void *p, uint32_t v)
{
	__builtin_memcpy(p, &v, 4);
}

/* Move n < 16 bytes: everything is loaded before anything is stored, so overlap is harmless. */
static inline void move_small(uint8_t *to, const uint8_t *from, size_t n)
{
	if (n >= 8) {
		uint64_t head = load64(from), tail = load64(from + n - 8);

		store64(to, head);
		store64(to + n - 8, tail);
	} else if (n >= 4) {
		uint32_t head = load32(from), tail = load32(from + n - 4);

		store32(to, head);
		store32(to + n - 4, tail);
	} else if (n) {
		uint8_t first = from[0], middle = from[n / 2], last = from[n - 1];

		to[0] = first;
		to[n / 2] = middle;
		to[n - 1] = last;
	}
}

/* Move n >= 16 bytes towards lower addresses or to a disjoint place. */
static inline void move_forward(uint8_t *to, const uint8_t *from, size_t n)
{
	uint64_t tail = load64(from + n - 8);
	uint8_t *end = to + n - 8;
	size_t words = n / 8;

	__asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
	store64(end, tail);
}

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
	if (n < 16)
		move_small(to, from, n);
	else
		move_forward(to, from, n);
	return to;
}

/* Move n >= 16 bytes to a higher address within the same block, last word first. */
static inline void move_backward(uint8_t *to, const uint8_t *from, size_t n)
{
	uint64_t head = load64(from);
	size_t i = n;

	for (; i >= 8; i -= 8) {
		store64(to + i - 8, load64(from + i - 8));
		__asm__ volatile("" : : : "memory");
	}
	store64(to, head);
}

void *memmove(void *to, const void *from, size_t n)
{
	if (n < 16)
		move_small(to, from, n);
	else if ((uintptr_t)to - (uintptr_t)from < n)
		move_backward(to, from, n);
	else
		move_forward(to, from, n);
	return to;
}

void *memset(void *to, int byte, size_t n)
{
	uint64_t fill = 0x0101010101010101ull * (uint8_t)byte;
	uint8_t *p = to;

	if (n >= 16) {
		size_t words = n / 8;

		store64(p + n - 8, fill);
		__asm__ volatile("rep stosq" : "+D"(p), "+c"(words) : "a"(fill) : "memory");
	} else if (n >= 8) {
		store64(p, fill);
		store64(p + n - 8, fill);
	} else if (n >= 4) {
		store32(p, (uint32_t)fill);
		store32(p + n - 4, (uint32_t)fill);
	} else if (n) {
		p[0] = p[n / 2] = p[n - 1] = (uint8_t)byte;
	}
	return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const uint8_t *x = a, *y = b;

	for (; n >= 8 && load64(x) == load64(y); n -= 8, x += 8, y += 8)
		__asm__ volatile("" : : : "memory");
	for (; n; n--, x++, y++) {
		if (*x != *y)
			return *x - *y;
	}
	return 0;
}

size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n]) {
		n++;
		__asm__ volatile("" : : : "memory");
	}
	return n;
}

int strcmp(const char *a, const char *b)
{
	for (; *a && *a == *b; a++, b++)
		;
	return (uint8_t)*a - (uint8_t)*b;
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (; n && *a && *a == *b; n--, a++, b++)
		;
	return n ? (uint8_t)*a - (uint8_t)*b : 0;
}
