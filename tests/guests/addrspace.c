/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Subject: the address space above user space. One page table serves user and kernel mode under the
 * shim: nothing up there, neither the kernel's nor the shim's own pages, may be read, written or
 * executed by a process, directly or by handing the address to a system call.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "test.h"

static const uint64_t addresses[] = {
    0x0000800000000000, 0x00007ffffffff000, 0x8000000000000000,
    0xffff7fffffffffff, 0xffff800000000000, /* hypervisor: machine-to-phys table of Xen, the shim's
					       area */
    0xffff800000001000, 0xffff804000000000, 0xffff808000000000,
    0xffff810000000000, 0xffff820000000000, 0xffff828000000000,
    0xffff82c000000000, 0xffff82d080000000, 0xffff830000000000, /* hypervisor: direct map */
    0xffff830000100000, 0xffff838000000000, 0xffff87ffffffffff,
    0xffff880000000000, /* kernel: direct map of guests, historic */
    0xffff888000000000, /* kernel: direct map */
    0xffff888000100000, 0xffffc90000000000, 0xffffea0000000000,
    0xfffffe0000000000, 0xffffffff80000000, 0xffffffff81000000,
    0xffffffff82000000, 0xffffffffa0000000, 0xffffffffc0000000,
    0xffffffffff5fb000, 0xffffffffff700000, 0xfffffffffffff000,
    0xffffffffffffffff,
};
#define COUNT (sizeof(addresses) / sizeof(addresses[0]))

static void read_it(void *address)
{
	__asm__ volatile("movb (%0), %%al" : : "r"(address) : "rax", "memory");
}

static void write_it(void *address)
{
	__asm__ volatile("lock orb $0, (%0)" : : "r"(address) : "memory");
}

static void jump(void *address)
{
	((void (*)(void))address)();
}

static void expect_refused(const char *how, void (*function)(void *), uint64_t address)
{
	struct caught caught = catch_signal(function, (void *)address);

	if (caught.signal != SIGSEGV && caught.signal != SIGBUS)
		fail("%s of %#lx: signal %d", how, address, caught.signal);
}

static void direct(void)
{
	size_t i;

	for (i = 0; i < COUNT; i++) {
		if (addresses[i] == 0x00007ffffffff000)
			continue;
		expect_refused("read", read_it, addresses[i]);
		expect_refused("write", write_it, addresses[i]);
		expect_refused("execution", jump, addresses[i]);
	}
}

/* One read in each 512 GB slot and in each gigabyte of the hypervisor's and the kernel's slots. */
static void sweep(void)
{
	uint64_t address;

	for (address = 0xffff800000000000; address; address += 1ul << 39)
		expect_refused("read", read_it, address);
	for (address = 0xffff800000000000; address < 0xffff880000000000; address += 1ul << 33)
		expect_refused("read", read_it, address + 0x1000);
	for (address = 0xffffffff80000000; address && address < 0xffffffffff000000;
	     address += 1ul << 21)
		expect_refused("read", read_it, address);
}

/* The kernel must refuse the addresses itself: EFAULT, no data, no fault in kernel mode. */
static void by_system_call(void)
{
	int pipes[2], file = open("/dev/zero", O_RDONLY);
	size_t i;

	if (pipe(pipes) || file < 0)
		error("pipe or /dev/zero");
	for (i = 0; i < COUNT; i++) {
		void *address = (void *)addresses[i];

		if (write(pipes[1], address, 8) != -1 || errno != EFAULT)
			fail("write() from %p was accepted", address);
		if (read(file, address, 8) != -1 || errno != EFAULT)
			fail("read() to %p was accepted", address);
		if (syscall(SYS_uname, address) != -1 || errno != EFAULT)
			fail("uname() to %p was accepted", address);
	}
}

/* Mappings in the upper half are refused, too. */
static void mappings(void)
{
	size_t i;

	for (i = 0; i < COUNT; i++)
		if (addresses[i] >> 63 &&
		    mmap((void *)(addresses[i] & ~(PAGE - 1)), PAGE, PROT_READ,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED)
			fail("mmap at %#lx succeeded", addresses[i]);
}

static const struct test_case cases[] = {
    {"direct", direct, 0},     {"sweep", sweep, 0}, {"by-system-call", by_system_call, 0},
    {"mappings", mappings, 0}, {NULL, NULL, 0},
};
const struct subject addrspace_subject = {"addrspace", cases};
