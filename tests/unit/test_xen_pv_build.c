/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The Xen PV domain builder: a small kernel goes through layout and build, and what the kernel would
 * find is checked as a kernel would look at it: start_info by its address, page tables by a walk, the
 * p2m list by number. The guest's first run of frames is one block of the mock machine's memory, so
 * the address sanitizer sees what is written behind it.
 */
#include <check.h>
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "loader/out/xen_pv.h"
#include "mock_hw.h"
#include "twoway/attr.h"

#include <xen/xen.h>

#define VIRT_BASE 0xffffffff80000000ull
#define RUN_MFN	  0x4000ull
#define RUN_PAGES 2560ull /* 10 MB */
#define KERNEL_PA 0x100000ull

static struct xen_pv x;
static uint8_t file[0x6000];
static uint8_t *ram;
static const char *why;
static const struct xen_pv_ports ports = {.shared_info_pa = 0x123000,
					  .store_port = 1,
					  .console_port = 2};

/* A kernel of two segments: 0x3000 bytes of text, then 0x1000 of data and 0x2345 of nothing. */
static void setup(void)
{
	mock_reset();
	ram = mock_ram(RUN_MFN << 12, RUN_PAGES << 12);
	memset(ram, 0xee, RUN_PAGES << 12); /* what the boot loader left there */
	for (unsigned int i = 0; i < sizeof(file); i++)
		file[i] = (uint8_t)(i * 7 + 1);
	why = NULL;
	x = (struct xen_pv){
	    .elf = {.file = {file, sizeof(file)},
		    .is64 = true,
		    .machine = EM_X86_64,
		    .segments_count = 2,
		    .segments = {{.offset = 0x1000, .paddr = KERNEL_PA, .filesz = 0x3000, .memsz = 0x3000},
				 {.offset = 0x4000,
				  .paddr = KERNEL_PA + 0x5000,
				  .filesz = 0x1000,
				  .memsz = 0x3345}},
		    .paddr_low = KERNEL_PA,
		    .paddr_high = KERNEL_PA + 0x8345},
	    .notes = {.present = true, .virt_base = VIRT_BASE},
	    .cmdline = "console=hvc0",
	    .runs_count = 3,
	    .runs = {{RUN_MFN, RUN_PAGES}, {0x9000, 7}, {0x100, 0x33}},
	};
}

static void lay_out(void)
{
	int rc = xen_pv_layout(&x, &why);

	ck_assert_msg(rc == 0, "layout: %s", why);
}

static void build(void)
{
	int rc;

	lay_out();
	rc = xen_pv_build(&x, &ports, &why);
	ck_assert_msg(rc == 0, "build: %s", why);
}

/* Physical address behind va in the tables that were built, ~0 when it is not mapped. */
static uint64_t walk(uint64_t va, uint64_t *leaf)
{
	uint64_t entry = (RUN_MFN + x.pt_pfn) << 12;

	for (unsigned int shift = 39;; shift -= 9) {
		uint64_t pfn = (entry >> 12 & 0xffffffffff) - RUN_MFN;

		/* Every table is one of those that start_info tells of. */
		ck_assert_uint_ge(pfn, x.pt_pfn);
		ck_assert_uint_lt(pfn, x.pt_pfn + x.pt_frames);
		entry = ((uint64_t *)(ram + (pfn << 12)))[va >> shift & 511];
		if (!(entry & 1))
			return ~0ull;
		ck_assert_uint_eq(entry & 0x80, 0);
		if (shift == 12)
			break;
		ck_assert_uint_eq(entry & 0xfff, 0x67);
	}
	if (leaf)
		*leaf = entry & ~0x000ffffffffff000ull;
	return (entry & 0x000ffffffffff000ull) | (va & 0xfff);
}

/* What the guest sees at va. */
static void *at(uint64_t va)
{
	uint64_t pa = walk(va, NULL);

	ck_assert_uint_ge(pa, RUN_MFN << 12);
	ck_assert_uint_lt(pa, (RUN_MFN + RUN_PAGES) << 12);
	return ram + (pa - (RUN_MFN << 12));
}

static struct start_info *start_info(void)
{
	return at(xen_pv_va(&x, x.start_info_pfn));
}

/* Nothing lies on anything else. */
static void check_apart(void)
{
	const struct {
		uint64_t first, count;
	} parts[] = {
	    {0, x.kernel_end},
	    {x.notes.mod_start_pfn ? 0 : x.initrd_pfn,
	     x.notes.mod_start_pfn ? 0 : (x.initrd.size + 4095) >> 12},
	    {x.p2m_pfn, x.p2m_frames},
	    {x.start_info_pfn, 1},
	    {x.store_pfn, 1},
	    {x.console_pfn, 1},
	    {x.pt_pfn, x.pt_frames},
	    {x.stack_pfn, 1},
	};

	for (unsigned int i = 0; i < TW_ARRAY_SIZE(parts); i++) {
		ck_assert_uint_le(parts[i].first + parts[i].count, x.end_pfn);
		for (unsigned int j = 0; j < i; j++)
			ck_assert(parts[i].first + parts[i].count <= parts[j].first ||
				  parts[j].first + parts[j].count <= parts[i].first ||
				  !parts[i].count || !parts[j].count);
	}
	ck_assert_uint_le(x.end_pfn, x.runs[0].count);
}

/* From virt_base to a 4 MB boundary, 512 KB or more behind the stack; no more, no less. */
static void check_mapping(void)
{
	uint64_t end = xen_pv_va(&x, x.mapped_end), leaf;

	ck_assert_uint_eq(end % (4 << 20), 0);
	ck_assert_uint_ge((x.mapped_end - x.stack_pfn - 1) << 12, 512 << 10);
	for (uint64_t pfn = 0; pfn < x.mapped_end; pfn++) {
		ck_assert_uint_eq(walk(xen_pv_va(&x, pfn), &leaf), (RUN_MFN + pfn) << 12);
		ck_assert_uint_eq(leaf, 0x63); /* no user bit: SMEP and SMAP may be on */
	}
	ck_assert_uint_eq(walk(end, NULL), ~0ull);
	ck_assert_uint_eq(walk(x.notes.virt_base - 4096, NULL), ~0ull);
}

static void check_p2m(void)
{
	const uint64_t *list = at(x.p2m_va);
	uint64_t pfn = 0;

	ck_assert_uint_eq(x.pages, RUN_PAGES + 7 + 0x33);
	for (unsigned int r = 0; r < x.runs_count; r++)
		for (uint64_t n = 0; n < x.runs[r].count; n++, pfn++) {
			ck_assert_uint_eq(*(uint64_t *)at(x.p2m_va + pfn * 8), x.runs[r].mfn + n);
			ck_assert_uint_eq(xen_pv_mfn(&x, pfn), x.runs[r].mfn + n);
		}
	ck_assert_uint_eq(xen_pv_mfn(&x, pfn), ~0ull);
	ck_assert_uint_eq(xen_pv_mfn(&x, ~0ull), ~0ull);
	for (; pfn < x.p2m_frames * 512; pfn++)
		ck_assert_uint_eq(*(uint64_t *)at(x.p2m_va + pfn * 8), ~0ull);
	ck_assert_uint_eq(x.p2m_frames, 6);
	ck_assert_ptr_nonnull(list);
}

/* --- the ordinary case --- */

START_TEST(kernel_image)
{
	const uint8_t *base = ram + KERNEL_PA;

	build();
	ck_assert_uint_eq(x.kernel_end, 0x109);
	ck_assert_mem_eq(base, file + 0x1000, 0x3000);
	ck_assert_mem_eq(base + 0x5000, file + 0x4000, 0x1000);
	for (unsigned int i = 0x6000; i < 0x8345; i++)
		ck_assert_uint_eq(base[i], 0);
	ck_assert_ptr_eq(at(VIRT_BASE + KERNEL_PA + 0x5123), base + 0x5123);
}
END_TEST

START_TEST(start_of_day)
{
	const struct start_info *si;

	build();
	check_apart();
	check_mapping();
	check_p2m();
	si = start_info();
	ck_assert_str_eq(si->magic, "xen-3.0-x86_64");
	ck_assert_uint_eq(si->nr_pages, x.pages);
	ck_assert_uint_eq(si->shared_info, 0x123000);
	ck_assert_uint_eq(si->flags, 0);
	ck_assert_uint_eq(si->store_mfn, RUN_MFN + x.store_pfn);
	ck_assert_uint_eq(si->store_evtchn, 1);
	ck_assert_uint_eq(si->console.domU.mfn, RUN_MFN + x.console_pfn);
	ck_assert_uint_eq(si->console.domU.evtchn, 2);
	ck_assert_uint_eq(si->pt_base, xen_pv_va(&x, x.pt_pfn));
	ck_assert_uint_eq(si->nr_pt_frames, x.pt_frames);
	ck_assert_uint_eq(si->mfn_list, x.p2m_va);
	ck_assert_uint_eq(si->mod_start | si->mod_len, 0);
	ck_assert_uint_eq(si->first_p2m_pfn | si->nr_p2m_frames, 0);
	ck_assert_str_eq((const char *)si->cmd_line, "console=hvc0");
	for (const uint8_t *p = (const uint8_t *)(si + 1); (uintptr_t)p % 4096; p++)
		ck_assert_uint_eq(*p, 0);
}
END_TEST

/* Bytes from..end of the first run are as the boot loader left them. */
static void check_untouched(uint64_t from, uint64_t end)
{
	ck_assert_uint_eq(ram[from], 0xee);
	ck_assert(!memcmp(ram + from, ram + from + 1, end - from - 1));
}

/* Neither what lies before the kernel nor what is behind the stack. */
START_TEST(nothing_else_is_written)
{
	build();
	check_untouched(0, KERNEL_PA);
	check_untouched((x.stack_pfn + 1) << 12, RUN_PAGES << 12);
}
END_TEST

/* All table frames are used, each of them once. */
START_TEST(page_tables_are_counted)
{
	uint64_t used = 1;

	build();
	for (uint64_t t = 0; t < x.pt_frames; t++) {
		const uint64_t *table = (uint64_t *)(ram + ((x.pt_pfn + t) << 12));

		for (unsigned int i = 0; i < 512; i++)
			used += (table[i] & 0xfff) == 0x67;
	}
	ck_assert_uint_eq(used, x.pt_frames);
}
END_TEST

/* --- what notes change --- */

START_TEST(low_virt_base)
{
	x.notes.virt_base = 0; /* GRUB, Mini-OS */
	build();
	check_apart();
	ck_assert_ptr_eq(at(KERNEL_PA), ram + KERNEL_PA);
	for (uint64_t pfn = 0; pfn < x.mapped_end; pfn++)
		ck_assert_uint_eq(walk(pfn << 12, NULL), (RUN_MFN + pfn) << 12);
	ck_assert_uint_eq(walk(x.mapped_end << 12, NULL), ~0ull);
}
END_TEST

START_TEST(paddr_offset)
{
	x.notes.paddr_offset = KERNEL_PA - 0x2000;
	build();
	ck_assert_uint_eq(x.kernel_end, 0xb);
	ck_assert_mem_eq(ram + 0x2000, file + 0x1000, 0x3000);
	check_apart();
	check_mapping();
}
END_TEST

/* INIT_P2M: the list has an address of its own, and its frames are not in the way. */
START_TEST(p2m_elsewhere)
{
	x.notes.has_init_p2m = true;
	x.notes.init_p2m = 0x8000000000;
	build();
	ck_assert_uint_eq(x.p2m_va, 0x8000000000);
	check_apart();
	check_mapping();
	check_p2m();
	ck_assert_uint_eq(walk(x.p2m_va + x.p2m_frames * 4096, NULL), ~0ull);
	ck_assert_uint_eq(start_info()->mfn_list, 0x8000000000);
	ck_assert_uint_eq(start_info()->first_p2m_pfn, x.p2m_pfn);
	ck_assert_uint_eq(start_info()->nr_p2m_frames, x.p2m_frames);
	/* Behind all that virt_base maps: the kernel may take what is free there (xen/xen.h). */
	ck_assert_uint_ge(x.p2m_pfn, x.mapped_end);
}
END_TEST

static const uint8_t initrd[0x1234] = {1, 2, 3, [0x1233] = 9};

START_TEST(initrd_is_copied)
{
	const struct start_info *si;

	x.initrd = (struct tw_bytes){initrd, sizeof(initrd)};
	build();
	check_apart();
	check_mapping();
	si = start_info();
	ck_assert_uint_eq(si->flags, 0);
	ck_assert_uint_eq(si->mod_len, sizeof(initrd));
	ck_assert_uint_eq(si->mod_start % 4096, 0);
	ck_assert_mem_eq(at(si->mod_start), initrd, sizeof(initrd));
}
END_TEST

/* MOD_START_PFN: it stays where it is and start_info has its frame number. */
START_TEST(initrd_stays)
{
	x.initrd = (struct tw_bytes){initrd, sizeof(initrd)};
	x.notes.mod_start_pfn = true;
	x.initrd_run = 1;
	build();
	check_apart();
	ck_assert_uint_eq(start_info()->flags, SIF_MOD_START_PFN);
	ck_assert_uint_eq(start_info()->mod_start, RUN_PAGES);
	ck_assert_uint_eq(xen_pv_mfn(&x, start_info()->mod_start), 0x9000);
	ck_assert_uint_eq(start_info()->mod_len, sizeof(initrd));
}
END_TEST

/* A run that was cut (guestmem=) must still hold the initrd. */
START_TEST(initrd_beyond_memory)
{
	x.initrd = (struct tw_bytes){initrd, sizeof(initrd)};
	x.notes.mod_start_pfn = true;
	x.initrd_run = 1;
	x.runs[1].count = 2;
	lay_out();
	x.runs[1].count = 1;
	ck_assert_int_eq(xen_pv_layout(&x, &why), -ENOMEM);
	ck_assert_ptr_nonnull(why);
	x.runs[1].count = 0;
	ck_assert_int_eq(xen_pv_layout(&x, &why), -ENOMEM);
	x.initrd_run = 3;
	ck_assert_int_eq(xen_pv_layout(&x, &why), -ENOMEM);
}
END_TEST

/* --- the hypercall page --- */

START_TEST(hypercall_page)
{
	const uint8_t *page = ram + KERNEL_PA + 0x1000;

	x.notes.has_hypercall_page = true;
	x.notes.hypercall_page = VIRT_BASE + KERNEL_PA + 0x1000;
	build();
	for (unsigned int nr = 0; nr < 128; nr++) {
		const uint8_t *stub = page + nr * 32;
		const uint8_t *number = memchr(stub, 0xb8, 8);

		/* push rcx, push r11, [push rax], mov eax nr, syscall */
		ck_assert_ptr_nonnull(number);
		ck_assert_uint_eq(number[1], nr);
		ck_assert_uint_eq(number[2] | number[3] | number[4], 0);
		ck_assert_uint_eq(number[5], 0x0f);
		ck_assert_uint_eq(number[6], 0x05);
		ck_assert_uint_eq(number - stub, nr == __HYPERVISOR_iret ? 4 : 3);
		/* All but iret come back: pop r11, pop rcx, ret. */
		if (nr != __HYPERVISOR_iret)
			ck_assert_mem_eq(number + 7, "\x41\x5b\x59\xc3", 4);
		else
			ck_assert_mem_eq(stub, "\x51\x41\x53\x50", 4);
		ck_assert_uint_eq(stub[31], 0xcc);
	}
	ck_assert_mem_eq(page - 16, file + 0x1ff0, 16);
	ck_assert_mem_eq(page + 4096, file + 0x3000, 16);
}
END_TEST

START_TEST(hypercall_page_outside)
{
	static const uint64_t bad[] = {VIRT_BASE + KERNEL_PA + 0x1008, VIRT_BASE - 0x1000,
				       VIRT_BASE + KERNEL_PA + 0x9000, 0, ~0xfffull};

	for (unsigned int i = 0; i < TW_ARRAY_SIZE(bad); i++) {
		x.notes.has_hypercall_page = true;
		x.notes.hypercall_page = bad[i];
		lay_out();
		ck_assert_int_eq(xen_pv_build(&x, &ports, &why), -EINVAL);
		ck_assert_ptr_nonnull(strstr(why, "HYPERCALL_PAGE"));
	}
}
END_TEST

/* --- too much, too little --- */

START_TEST(command_line_length)
{
	char text[1026];

	memset(text, 'a', sizeof(text));
	text[1023] = '\0';
	x.cmdline = text;
	build();
	ck_assert_str_eq((const char *)start_info()->cmd_line, text);
	text[1023] = 'a';
	text[1024] = '\0';
	ck_assert_int_eq(xen_pv_build(&x, &ports, &why), -E2BIG);
	ck_assert_ptr_nonnull(strstr(why, "1023"));
}
END_TEST

/* One frame fewer than needed is refused, with exactly enough nothing is written beyond. */
START_TEST(memory_runs_out)
{
	uint64_t need;

	lay_out();
	need = x.end_pfn;
	for (uint64_t n = 0; n < need; n++) {
		x.runs[0].count = n;
		ck_assert_int_eq(xen_pv_layout(&x, &why), -ENOMEM);
	}
	x.runs[0].count = need;
	mock_reset();
	ram = mock_ram(RUN_MFN << 12, need << 12);
	build();
	check_apart();
	check_mapping();
}
END_TEST

START_TEST(no_memory_at_all)
{
	x.runs_count = 0;
	ck_assert_int_eq(xen_pv_layout(&x, &why), -ENOMEM);
	x.notes.has_init_p2m = true;
	for (unsigned int shift = 0; shift < 64; shift++) {
		x.notes.init_p2m = shift ? 1ull << shift : 0;
		ck_assert_int_eq(xen_pv_layout(&x, &why), -ENOMEM);
	}
	x.runs_count = 3;
	for (unsigned int i = 0; i < 3; i++)
		x.runs[i].count = 0; /* guestmem=1K */
	x.notes.init_p2m = 0;
	ck_assert_int_eq(xen_pv_layout(&x, &why), -ENOMEM);
}
END_TEST

START_TEST(kernel_too_large)
{
	x.elf.paddr_high = x.notes.paddr_offset + (1ull << 30) + 1;
	ck_assert_int_eq(xen_pv_layout(&x, &why), -E2BIG);
	x.elf.paddr_high--;
	ck_assert_int_eq(xen_pv_layout(&x, &why), -ENOMEM);
	x.elf.paddr_high = ~0ull;
	ck_assert_int_eq(xen_pv_layout(&x, &why), -E2BIG);
}
END_TEST

/* --- xen_pv_check --- */

static int check(void)
{
	why = NULL;
	return xen_pv_check(&x.elf, &x.notes, &why);
}

START_TEST(images_that_cannot_start)
{
	ck_assert_int_eq(check(), 0);
	x.elf.is64 = false;
	ck_assert_int_eq(check(), -ENOEXEC);
	setup();
	x.elf.machine = EM_386;
	ck_assert_int_eq(check(), -ENOEXEC);
	setup();
	x.notes.required = 1u << 4 | 1u << 5 | 1u << 7 | 1u << 0;
	ck_assert_int_eq(check(), 0);
	x.notes.required = 1u << 2;
	ck_assert_int_eq(check(), -EINVAL);
	x.notes.required = 1u << 11;
	ck_assert_int_eq(check(), -EINVAL);
	x.notes.required = 0;
	strcpy(x.notes.unknown_feature, "teleport");
	ck_assert_int_eq(check(), -EINVAL);
	setup();
	x.notes.virt_base = VIRT_BASE + 8;
	ck_assert_int_eq(check(), -EINVAL);
	setup();
	x.notes.paddr_offset = KERNEL_PA + 1;
	ck_assert_int_eq(check(), -EINVAL);
	ck_assert_ptr_nonnull(why);
}
END_TEST

/* Addresses that the CPU does not have, or that the hypervisor keeps: the tables would miss them. */
START_TEST(places_that_are_not_the_guests)
{
	static const uint64_t bad[] = {0xffff800000000000, 0xffff87ffc0000000, 0xffff7fffffe00000,
				       0x0000800000000000, 0x00007ffffff00000, 0x8000000000000000,
				       0xfffffffffff00000};

	for (unsigned int i = 0; i < TW_ARRAY_SIZE(bad); i++) {
		setup();
		x.notes.virt_base = bad[i];
		ck_assert_msg(check() == -EINVAL || xen_pv_layout(&x, &why) == -EINVAL,
			      "virt_base %#lx", (unsigned long)bad[i]);
		ck_assert_ptr_nonnull(why);
		setup();
		x.notes.has_init_p2m = true;
		x.notes.init_p2m = bad[i];
		x.runs[2].count = 0x100000; /* 4 GB: the list has 8 MB */
		ck_assert_msg(check() == -EINVAL || xen_pv_layout(&x, &why) == -EINVAL,
			      "init_p2m %#lx", (unsigned long)bad[i]);
		ck_assert_ptr_nonnull(why);
	}
	setup();
	x.notes.has_init_p2m = true;
	x.notes.init_p2m = 0x8000000008;
	ck_assert(check() == -EINVAL || xen_pv_layout(&x, &why) == -EINVAL);
	/* On top of what virt_base maps. */
	x.notes.init_p2m = VIRT_BASE + 0x200000;
	ck_assert(check() == -EINVAL || xen_pv_layout(&x, &why) == -EINVAL);
	x.notes.init_p2m = VIRT_BASE - 0x1000;
	ck_assert(check() == -EINVAL || xen_pv_layout(&x, &why) == -EINVAL);
	/* The borders themselves are good. */
	x.notes.init_p2m = 0xffff880000000000;
	build();
	check_p2m();
	setup();
	x.notes.virt_base = 0xffff880000000000;
	build();
	check_mapping();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("xen-pv-build");
	TCase *tc = tcase_create("build");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, kernel_image);
	tcase_add_test(tc, start_of_day);
	tcase_add_test(tc, nothing_else_is_written);
	tcase_add_test(tc, page_tables_are_counted);
	tcase_add_test(tc, low_virt_base);
	tcase_add_test(tc, paddr_offset);
	tcase_add_test(tc, p2m_elsewhere);
	tcase_add_test(tc, initrd_is_copied);
	tcase_add_test(tc, initrd_stays);
	tcase_add_test(tc, initrd_beyond_memory);
	tcase_add_test(tc, hypercall_page);
	tcase_add_test(tc, hypercall_page_outside);
	tcase_add_test(tc, command_line_length);
	tcase_add_test(tc, memory_runs_out);
	tcase_add_test(tc, no_memory_at_all);
	tcase_add_test(tc, kernel_too_large);
	tcase_add_test(tc, images_that_cannot_start);
	tcase_add_test(tc, places_that_are_not_the_guests);
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
