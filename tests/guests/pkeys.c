/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Subject: memory protection keys. The key of a page may forbid what its page table entry permits,
 * to the kernel as well when it copies to and from user space. A layer that looks at page table
 * entries only would take such a fault for a stale TLB entry and try again for ever.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "test.h"

static char *page;
static int key;

/* A writable page with a key of its own, which has these rights (PKEY_DISABLE_*). */
static void take_page(unsigned int rights)
{
	key = pkey_alloc(0, 0);
	if (key < 0)
		skip("no protection keys: %s", strerror(errno));
	page = map_pages(1, PROT_READ | PROT_WRITE);
	page[0] = 1;
	if (pkey_mprotect(page, PAGE, PROT_READ | PROT_WRITE, key))
		error("pkey_mprotect: %s", strerror(errno));
	pkey_set(key, rights);
}

static void write_byte(void *address)
{
	__asm__ volatile("movb $0x5a, (%0)" : : "r"(address) : "memory");
}

static void read_byte(void *address)
{
	__asm__ volatile("movb (%0), %%al" : : "r"(address) : "rax", "memory");
}

/* The kernel's copy to (or from) the page must fail with EFAULT, and end. */
static void expect_no_copy(bool to_page)
{
	int ends[2];
	ssize_t n;

	if (pipe(ends) || write(ends[1], "x", 1) != 1)
		error("pipe: %s", strerror(errno));
	errno = 0;
	n = to_page ? read(ends[0], page, 1) : write(ends[1], page, 1);
	if (n != -1 || errno != EFAULT)
		fail("the kernel's copy gave %zd (%s), not EFAULT", n, strerror(errno));
}

static void write_disabled(void)
{
	take_page(PKEY_DISABLE_WRITE);
	read_byte(page);
	expect_signal("store to a write-disabled page", SIGSEGV, SEGV_PKUERR, write_byte, page);
	pkey_set(key, PKEY_DISABLE_WRITE);
	expect_no_copy(true);
	pkey_set(key, 0);
	write_byte(page);
}

static void access_disabled(void)
{
	take_page(PKEY_DISABLE_ACCESS);
	expect_signal("load from an access-disabled page", SIGSEGV, SEGV_PKUERR, read_byte, page);
	pkey_set(key, PKEY_DISABLE_ACCESS);
	expect_no_copy(true);
	expect_no_copy(false);
}

/* Each thread's rights are its own: a child that may do anything leaves its parent's alone. */
static void inherited(void)
{
	pid_t child;

	take_page(PKEY_DISABLE_WRITE);
	child = fork_or_error();
	if (child == 0) {
		if (pkey_get(key) != PKEY_DISABLE_WRITE)
			fail("a child has other rights than its parent");
		pkey_set(key, 0);
		write_byte(page);
		_exit(0);
	}
	expect_exit(child, "child");
	if (pkey_get(key) != PKEY_DISABLE_WRITE)
		fail("a child changed its parent's rights");
	expect_no_copy(true);
}

static const struct test_case cases[] = {
    {"write-disabled", write_disabled, 20},
    {"access-disabled", access_disabled, 20},
    {"inherited", inherited, 20},
    {NULL, NULL, 0},
};
const struct subject pkeys_subject = {"pkeys", cases};
