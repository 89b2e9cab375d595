/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Nested page tables and overlays: identity in the largest pages, nothing of the shim's memory, device
 * windows on demand, and the same for every CPU.
 */
#include "nested_test.h"

#define GB (1ull << 30)
#define MB (1ull << 20)

/* Where gpa leads on a CPU; its flags and size. */
static uint64_t leads(unsigned int cpu, uint64_t gpa, uint64_t *flags, uint64_t *bytes)
{
	uint64_t pte = machine_walk(cpu, gpa, bytes);

	*flags = pte & ~PTE_ADDR;
	return pte ? (pte & PTE_ADDR & ~(*bytes - 1)) | (gpa & (*bytes - 1)) : ~0ull;
}

static void ck_identity(unsigned int cpu, uint64_t gpa, uint64_t size)
{
	uint64_t flags, bytes;

	ck_assert_uint_eq(leads(cpu, gpa, &flags, &bytes), gpa);
	ck_assert_uint_eq(bytes, size);
	ck_assert_uint_eq(flags & (PTE_P | PTE_W | PTE_U | PTE_NX), PTE_P | PTE_W | PTE_U);
}

/* Every leaf: identity, or a page of nothing where the shim is. */
static void ck_view(unsigned int cpu)
{
	const uint64_t end = machine_kept + MACHINE_IMAGE + memory_taken[0].size;
	uint64_t flags, bytes, gpa, at, sink = nested_npt_identity(machine_kept) & PTE_ADDR;

	for (gpa = 0; gpa < 5 * GB; gpa += bytes) {
		at = leads(cpu, gpa, &flags, &bytes);
		if (gpa + bytes > machine_kept && gpa < end) {
			ck_assert_uint_eq(bytes, TW_PAGE_SIZE);
			ck_assert_uint_eq(at, sink);
			ck_assert(flags & PTE_NX);
		} else {
			ck_assert_uint_eq(at, gpa);
		}
	}
}

START_TEST(identity_in_the_largest_pages)
{
	boot(2);
	start_cpu(1, 0x10);
	for (unsigned int cpu = 0; cpu < 2; cpu++) {
		ck_identity(cpu, GB, GB);
		ck_identity(cpu, 2 * GB + 0x1234000, GB);
		ck_identity(cpu, 4 * GB, GB); /* RAM */
		ck_identity(cpu, 4 * MB, 2 * MB); /* below it page 0 and the shim split */
		ck_identity(cpu, 3 * GB, 2 * MB);      /* each CPU's own directory */
		ck_identity(cpu, 0xfec00000, 2 * MB);
		ck_view(cpu);
	}
}
END_TEST

START_TEST(no_large_pages_of_1_gb)
{
	machine_reset(1);
	mock_set_cpuid(0x80000001, 0, 0, 0, 1u << 2, 1u << 29);
	machine_boot(&plain_abi, "");
	ck_identity(0, GB, 2 * MB);
	ck_identity(0, 4 * GB, 2 * MB);
	ck_view(0);
}
END_TEST

START_TEST(the_shim_shows_ones)
{
	uint64_t flags, bytes;
	uint32_t *sink;

	boot(2);
	sink = machine_at(leads(0, machine_kept, &flags, &bytes));
	for (unsigned int i = 0; i < 1024; i++)
		ck_assert_uint_eq(sink[i], 0xffffffffu);
	ck_assert_ptr_null(nested_gpa(machine_kept, 4));
	ck_assert_ptr_null(nested_gpa(nested_cpu_of[0]->vmcb_pa, 4));
	ck_assert(nested_memory_touches_shim(nested_cpu_of[1]->vmcb_pa, 1));
	ck_assert(nested_memory_touches_shim(nested_cpu_of[1]->npt_root, 1));
	ck_assert(nested_memory_touches_shim(nested_cpu_of[0]->host_save_pa, 1));
}
END_TEST

/* All of RAM and nothing else, also above 4 GB; not across pages. */
START_TEST(what_guest_sides_may_touch)
{
	boot(1);
	ck_assert_ptr_eq(nested_gpa(MACHINE_RAM, 8), machine_at(MACHINE_RAM));
	ck_assert_ptr_eq(nested_gpa(MACHINE_HIGH + 0x1008, 8), machine_at(MACHINE_HIGH + 0x1008));
	ck_assert_ptr_eq(nested_gpa(0, 4096), machine_at(0));
	ck_assert_ptr_null(nested_gpa(MACHINE_LOW_END, 1));
	ck_assert_ptr_null(nested_gpa(MACHINE_RAM + 0xffc, 8));
	ck_assert_ptr_null(nested_gpa(MACHINE_RAM, 4097));
	ck_assert_ptr_null(nested_gpa(MACHINE_RAM + 1, 0xffffffffu));
	ck_assert_ptr_null(nested_gpa(MACHINE_HIGH + MACHINE_HIGH_SIZE, 1));
	ck_assert_ptr_null(nested_gpa(MACHINE_APIC, 4));
	ck_assert_ptr_null(nested_gpa(~0ull, 1));
	ck_assert_ptr_null(nested_gpa(~0xfffull, 4096));
	ck_assert_ptr_null(nested_gpa(1ull << 40, 1));
}
END_TEST

START_TEST(device_windows_are_mapped_when_touched)
{
	uint64_t flags, bytes;

	boot(2);
	start_cpu(1, 0x10);
	ck_assert_uint_eq(leads(0, 0x8000001000, &flags, &bytes), ~0ull);
	machine_exit(0, SVM_EXIT_NPF, 4, 0x8000001000); /* 512 GB and more: a new PDPT */
	machine_exit(0, SVM_EXIT_NPF, 4, 6 * GB);
	machine_exit(1, SVM_EXIT_NPF, 6, 6 * GB + 0x5000); /* late: another CPU was first */
	for (unsigned int cpu = 0; cpu < 2; cpu++) {
		ck_identity(cpu, 0x8000001000, GB);
		ck_identity(cpu, 6 * GB + 0x5000, GB);
		ck_assert_uint_eq(leads(cpu, 7 * GB, &flags, &bytes), ~0ull);
		ck_assert_uint_eq(event(cpu), 0);
	}
	ck_assert_ptr_null(machine_end);
}
END_TEST

START_TEST(what_cannot_be_mapped_ends_the_guest)
{
	boot(1);
	machine_exit(0, SVM_EXIT_NPF, 4, 1ull << 40);
	ck_assert_str_eq(machine_end, "fatal");
	ck_assert_ptr_nonnull(strstr(mock_log_last, "reads physical address 0x10000000000"));
}
END_TEST

START_TEST(execution_in_the_shims_place_ends_the_guest)
{
	boot(1);
	machine_exit(0, SVM_EXIT_NPF, 0x15, machine_kept);
	ck_assert_str_eq(machine_end, "fatal");
	ck_assert_ptr_nonnull(strstr(mock_log_last, "executes at"));
}
END_TEST

/* --- overlays ------------------------------------------------------------------------------------ */

/* The overlay functions as a guest side calls them: in an exit, from its hypercall handler. */
static struct {
	uint64_t gpa;
	void *page;
	enum nested_overlay_access access;
	bool place, good;
} request;

static enum nested_verdict overlay_call(struct nested_vcpu *v)
{
	if (request.place)
		request.good = nested_overlay_place(request.gpa, request.page, request.access);
	else
		nested_overlay_remove(request.gpa, request.page);
	return NESTED_DONE;
}

static struct nested_guest overlay_guest;
static uint8_t *pages;

static bool overlay_start(const char *profile, const char **why)
{
	pages = nested_pages(2);
	return true;
}

static const struct nested_abi overlay_abi = { "overlay", NULL, &overlay_guest, overlay_start };

static void boot_overlays(unsigned int cpus)
{
	overlay_guest = plain_guest;
	overlay_guest.hypercall = overlay_call;
	machine_boot(&overlay_abi, "");
	for (unsigned int cpu = 1; cpu < cpus; cpu++)
		start_cpu(cpu, 0x10);
}

static bool place(unsigned int cpu, uint64_t gpa, unsigned int page, enum nested_overlay_access access)
{
	request.gpa = gpa;
	request.page = pages + page * TW_PAGE_SIZE;
	request.access = access;
	request.place = true;
	machine_exit(cpu, SVM_EXIT_VMMCALL, 0, 0);
	return request.good;
}

static void take_away(unsigned int cpu, uint64_t gpa, unsigned int page)
{
	request.gpa = gpa;
	request.page = pages + page * TW_PAGE_SIZE;
	request.place = false;
	machine_exit(cpu, SVM_EXIT_VMMCALL, 0, 0);
}

static void ck_overlay(unsigned int cpu, uint64_t gpa, unsigned int page, uint64_t want)
{
	uint64_t flags, bytes, at = leads(cpu, gpa, &flags, &bytes);

	ck_assert_uint_eq(bytes, TW_PAGE_SIZE);
	ck_assert_uint_eq(at, nested_page_pa(pages + page * TW_PAGE_SIZE));
	ck_assert_uint_eq(flags & (PTE_W | PTE_NX), want);
	ck_assert_ptr_eq(nested_gpa(gpa + 8, 8), pages + page * TW_PAGE_SIZE + 8);
}

START_TEST(overlays_come_and_go)
{
	static const uint64_t places[] = { MACHINE_RAM + 0x5000, GB + 0x3000, 5 * GB, MACHINE_HIGH + 0x1000,
					   0xe0001000, 0x9000000000 };

	machine_reset(2);
	boot_overlays(2);
	for (unsigned int i = 0; i < TW_ARRAY_SIZE(places); i++) {
		uint64_t gpa = places[i];
		bool by = i & 1;

		ck_assert(place(by, gpa, 0, NESTED_OVERLAY_RX));
		ck_assert_uint_eq(machine_cpus[0].tlb_control, SVM_TLB_FLUSH_ALL);
		ck_assert_uint_eq(machine_cpus[1].tlb_control, SVM_TLB_FLUSH_ALL);
		for (unsigned int cpu = 0; cpu < 2; cpu++) {
			ck_overlay(cpu, gpa, 0, 0);
			ck_identity(cpu, gpa + TW_PAGE_SIZE, TW_PAGE_SIZE);
		}
		ck_assert(place(by, gpa, 1, NESTED_OVERLAY_RW)); /* over the first one */
		for (unsigned int cpu = 0; cpu < 2; cpu++)
			ck_overlay(cpu, gpa, 1, PTE_W | PTE_NX);
		take_away(by, gpa, 1);
		for (unsigned int cpu = 0; cpu < 2; cpu++)
			ck_overlay(cpu, gpa, 0, 0);
		take_away(by, gpa, 0);
		for (unsigned int cpu = 0; cpu < 2; cpu++)
			ck_identity(cpu, gpa, TW_PAGE_SIZE);
		take_away(by, gpa, 0); /* not there: nothing happens */
	}
	ck_view(0);
	ck_view(1);
}
END_TEST

START_TEST(overlays_keep_out_of)
{
	machine_reset(1);
	boot_overlays(1);
	ck_assert(!place(0, MACHINE_APIC, 0, NESTED_OVERLAY_RW));
	ck_assert(!place(0, machine_kept, 0, NESTED_OVERLAY_RW));
	ck_assert(!place(0, nested_cpu_of[0]->vmcb_pa, 0, NESTED_OVERLAY_RW));
	ck_assert(!place(0, 1ull << 40, 0, NESTED_OVERLAY_RW));
	ck_assert(!place(0, MACHINE_RAM + 8, 0, NESTED_OVERLAY_RW));
	ck_view(0);
}
END_TEST

/* In the tables that each CPU has for itself: around the APIC, and where the shim's memory is in 3..4 GB. */
START_TEST(overlays_beside_private_pages)
{
	static const uint64_t near[] = { MACHINE_APIC + 0x1000, 0xe0000000, 0xe01ff000 };

	machine_reset(3);
	machine_kept = 0xe0010000;
	boot_overlays(3);
	for (unsigned int i = 0; i < TW_ARRAY_SIZE(near); i++) {
		ck_assert(place(1, near[i], 0, NESTED_OVERLAY_R));
		for (unsigned int cpu = 0; cpu < 3; cpu++)
			ck_overlay(cpu, near[i], 0, PTE_NX);
		take_away(2, near[i], 0);
		for (unsigned int cpu = 0; cpu < 3; cpu++)
			ck_identity(cpu, near[i], TW_PAGE_SIZE);
	}
	ck_view(2);
}
END_TEST

/* TLFS: a write to a read-only overlay is #GP. */
START_TEST(writes_to_an_overlay_that_is_read_only)
{
	machine_reset(1);
	boot_overlays(1);
	ck_assert(place(0, MACHINE_RAM + 0x5000, 0, NESTED_OVERLAY_RX));
	ck_assert(!machine_store(0, MACHINE_RAM + 0x5010, 1));
	ck_assert_uint_eq(event(0), EVENT_GP);
	ck_assert(place(0, MACHINE_RAM + 0x5000, 1, NESTED_OVERLAY_RW));
	ck_assert(machine_store(0, MACHINE_RAM + 0x5010, 1));
	ck_assert_uint_eq(pages[TW_PAGE_SIZE + 0x10], 1);
	ck_assert_uint_eq(*(uint32_t *)machine_at(MACHINE_RAM + 0x5010), 0);
}
END_TEST

/* Each place costs tables; when there are none left the guest side hears no, and what is there stays. */
START_TEST(tables_run_out)
{
	unsigned int placed = 0;

	machine_reset(1);
	boot_overlays(1);
	while (placed < 512 && place(0, (8 + placed) * GB, 0, NESTED_OVERLAY_RW)) {
		take_away(0, (8 + placed) * GB, 0);
		placed++;
	}
	ck_assert_uint_gt(placed, 8);
	ck_assert_uint_lt(placed, 64);
	ck_assert_ptr_null(machine_end);
	ck_view(0);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("memory");

	tcase_add_test(t, identity_in_the_largest_pages);
	tcase_add_test(t, no_large_pages_of_1_gb);
	tcase_add_test(t, the_shim_shows_ones);
	tcase_add_test(t, what_guest_sides_may_touch);
	tcase_add_test(t, device_windows_are_mapped_when_touched);
	tcase_add_test(t, what_cannot_be_mapped_ends_the_guest);
	tcase_add_test(t, execution_in_the_shims_place_ends_the_guest);
	tcase_add_test(t, overlays_come_and_go);
	tcase_add_test(t, overlays_keep_out_of);
	tcase_add_test(t, overlays_beside_private_pages);
	tcase_add_test(t, writes_to_an_overlay_that_is_read_only);
	tcase_add_test(t, tables_run_out);
	return run_suite("nested-memory", t);
}
