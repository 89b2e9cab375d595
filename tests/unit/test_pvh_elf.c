/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* PVH guests: segments of both ELF classes, the start information, modules, and notes that lie. */
#include <errno.h>
#include <xen/elfnote.h>
#include <stdint.h>
#include <xen/arch-x86/hvm/start_info.h>

#define IB_PHDRS 4
#define IB_SHDRS 4
#include "image_builder.h"
#include "nested_machine.h"

#define IMAGE_AT 0x400000
#define LINK_AT	 0x1000000
#define VIRTUAL	 0xffffffff80000000ull
#define CODE	 0x800
#define MEMORY	 0x3000
#define SECOND	 (LINK_AT + 0x8000)

static uint32_t entry;

static void setup(void)
{
	machine_reset();
	entry = LINK_AT + 0x20;
}

static void put_elf(bool is64, bool note)
{
	uint64_t virtual_base = is64 ? VIRTUAL : 0x80000000;
	struct image_builder ib;
	struct tw_bytes file;

	ib_start(&ib, is64);
	ib.e.e_entry = virtual_base + LINK_AT;
	ib_segment(&ib, PT_LOAD, virtual_base + LINK_AT, LINK_AT, CODE, MEMORY);
	memset(ib.body, 0xc3, CODE);
	ib_segment(&ib, PT_LOAD, virtual_base + SECOND, SECOND, CODE, CODE);
	memset(ib.body + CODE, 0xc5, CODE);
	if (note) {
		ib_notes_begin(&ib);
		ib_note_u32(&ib, XEN_ELFNOTE_PHYS32_ENTRY, entry);
		ib_notes_end(&ib);
	}
	file = ib_finish(&ib);
	machine_module(IMAGE_AT, file.data, file.size, "root=/dev/vda");
	free((void *)file.data);
}

static const struct hvm_start_info *info(void)
{
	const struct hvm_start_info *i = machine_memory(started.rbx, sizeof(*i));

	ck_assert_ptr_nonnull(i);
	ck_assert(machine_apart(started.rbx, sizeof(*i)));
	return i;
}

START_TEST(started_at_its_note)
{
	memset(hw_phys(LINK_AT), 0xff, 0x10000);
	put_elf(_i, true);
	ck_loaded();
	ck_assert_int_eq(started.kind, NESTED_IMAGE_PVH);
	ck_assert_uint_eq(started.rip, entry);
	ck_assert_uint_eq(started.image_low, LINK_AT);
	ck_assert_uint_eq(started.image_high, SECOND + CODE);
	ck_flat_state();
	ck_assert(machine_holds(LINK_AT, 0xc3, CODE));
	ck_assert(machine_holds(LINK_AT + CODE, 0, MEMORY - CODE));
	ck_assert(machine_holds(SECOND, 0xc5, CODE));
	ck_assert(machine_holds(LINK_AT + MEMORY, 0xff, SECOND - LINK_AT - MEMORY));
}
END_TEST

START_TEST(information)
{
	const struct hvm_memmap_table_entry *map;
	const struct hvm_modlist_entry *modules;

	put_elf(true, true);
	machine_filled(0x500000, 0x11, 0x1234, "first");
	machine_filled(LINK_AT + 0x1000, 0x22, 0x100, "second");
	ck_loaded();
	ck_assert_uint_eq(info()->magic, XEN_HVM_START_MAGIC_VALUE);
	ck_assert_uint_eq(info()->version, 1);
	ck_assert_uint_eq(info()->flags, 0);
	ck_assert_uint_eq(info()->rsdp_paddr, MACHINE_RSDP);
	ck_assert_str_eq(hw_phys(info()->cmdline_paddr), "root=/dev/vda");
	ck_assert_uint_eq(info()->nr_modules, 2);
	modules = machine_memory(info()->modlist_paddr, 2 * sizeof(*modules));
	ck_assert_uint_eq(modules[0].paddr, 0x500000);
	ck_assert_uint_eq(modules[0].size, 0x1234);
	ck_assert_str_eq(hw_phys(modules[0].cmdline_paddr), "first");
	ck_assert(machine_apart(modules[1].paddr, 0x100));
	ck_assert(machine_holds(modules[1].paddr, 0x22, 0x100));
	ck_assert_str_eq(hw_phys(modules[1].cmdline_paddr), "second");
	ck_assert_uint_eq(info()->memmap_entries, machine.map_count);
	map = machine_memory(info()->memmap_paddr, machine.map_count * sizeof(*map));
	for (unsigned int i = 0; i < machine.map_count; i++) {
		ck_assert_uint_eq(map[i].addr, machine_map[i].base);
		ck_assert_uint_eq(map[i].size, machine_map[i].size);
		ck_assert_uint_eq(map[i].type, machine_map[i].type);
		ck_assert_uint_eq(map[i].reserved, 0);
	}
}
END_TEST

START_TEST(no_modules)
{
	put_elf(true, true);
	ck_loaded();
	ck_assert_uint_eq(info()->nr_modules, 0);
	ck_assert_uint_eq(info()->modlist_paddr, 0);
}
END_TEST

START_TEST(no_note_no_start)
{
	put_elf(true, false);
	ck_refused(-ENOEXEC, "ELF note for PVH");
}
END_TEST

START_TEST(entry_outside)
{
	entry = LINK_AT + MEMORY; /* between the segments */
	put_elf(true, true);
	ck_refused(-ENOEXEC, "PVH entry");
	machine.modules_count = 0;
	entry = LINK_AT - 1;
	put_elf(true, true);
	ck_refused(-ENOEXEC, "PVH entry");
}
END_TEST

START_TEST(no_room)
{
	machine_keep_out[0] = (struct tw_region){SECOND + CODE - 1, 1, 0};
	machine.keep_out_count = 1;
	put_elf(true, true);
	ck_refused(-ENOMEM, "load address");
}
END_TEST

START_TEST(no_room_for_information)
{
	machine_map[2].base = LINK_AT;
	machine_map[2].size = SECOND + 0x1000 - LINK_AT;
	put_elf(true, true);
	ck_assert_int_eq(machine_load(), 0);
	machine_keep_out[0] = (struct tw_region){LINK_AT + MEMORY, SECOND - LINK_AT - MEMORY, 0};
	machine.keep_out_count = 1;
	ck_refused(-ENOMEM, "boot information");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pvh_elf");
	TCase *tc = tcase_create("pvh_elf");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tc, setup, mock_reset);
	tcase_set_timeout(tc, 60);
	suite_add_tcase(suite, tc);
	tcase_add_loop_test(tc, started_at_its_note, 0, 2);
	tcase_add_test(tc, information);
	tcase_add_test(tc, no_modules);
	tcase_add_test(tc, no_note_no_start);
	tcase_add_test(tc, entry_outside);
	tcase_add_test(tc, no_room);
	tcase_add_test(tc, no_room_for_information);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
