/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* memory_op: the memory map, its numbers, and the balloon: frames go out and come back once. */
#include <check.h>
#include <string.h>

#include "mock_xen.h"

#include <xen/memory.h>

#define FIRST (MOCK_MFN + 32) /* frames that the tests give away */

static struct xen_vcpu *v;
static uint64_t arg, list;
static uint64_t *numbers; /* behind list */

static long op(uint64_t cmd, uint64_t a)
{
	return xen_memory_op(cmd, a, 0, 0, 0, v);
}

static void reservation(uint64_t n, unsigned int order, domid_t domid)
{
	struct xen_memory_reservation *r = mock_guest_at(arg);

	*r = (struct xen_memory_reservation){
	    .nr_extents = n, .extent_order = order, .domid = domid};
	r->extent_start.p = (xen_pfn_t *)list;
}

static long decrease(uint64_t n)
{
	reservation(n, 0, DOMID_SELF);
	return op(XENMEM_decrease_reservation, arg);
}

static long populate(uint64_t n)
{
	reservation(n, 0, DOMID_SELF);
	return op(XENMEM_populate_physmap, arg);
}

/* What the guest side keeps across tests (each runs in a process of its own) begins empty. */
static void setup(void)
{
	mock_xen_reset(1);
	v = xen_vcpus[0];
	arg = mock_guest_alloc(64);
	list = mock_guest_alloc(512);
	numbers = mock_guest_at(list);
}

START_TEST(map)
{
	struct xen_memory_map *m = mock_guest_at(arg);
	struct {
		uint64_t base, size;
		uint32_t type, behind;
	} __attribute__((packed)) *e = mock_guest_at(list);

	memset(e, 0x55, sizeof(*e));
	m->nr_entries = 128;
	m->buffer.p = (void *)list;
	ck_assert_int_eq(op(XENMEM_memory_map, arg), 0);
	ck_assert_uint_eq(m->nr_entries, 1);
	ck_assert_uint_eq(e->base, 0);
	ck_assert_uint_eq(e->size, MOCK_PAGES * TW_PAGE_SIZE);
	ck_assert_uint_eq(e->type, 1);
	ck_assert_uint_eq(e->behind, 0x55555555); /* entries are 20 bytes */
	m->nr_entries = 0;
	ck_assert_int_eq(op(XENMEM_memory_map, arg), -XEN_EINVAL);
	m->nr_entries = 1;
	m->buffer.p = (void *)(MOCK_VA - 20);
	ck_assert_int_eq(op(XENMEM_memory_map, arg), -XEN_EFAULT);
	ck_assert_int_eq(op(XENMEM_memory_map, 0), -XEN_EFAULT);
	ck_assert_uint_eq(v->calls[XEN_CALL_MEMORY_MAP], 4);
}
END_TEST

START_TEST(figures)
{
	struct xen_machphys_mapping *m = mock_guest_at(arg);

	ck_assert_int_eq(op(XENMEM_maximum_ram_page, 0), MOCK_MFN + MOCK_PAGES - 1);
	ck_assert_int_eq(op(XENMEM_current_reservation, 0), MOCK_PAGES);
	ck_assert_int_eq(op(XENMEM_maximum_reservation, 0), MOCK_PAGES);
	ck_assert_int_eq(op(XENMEM_machphys_mapping, arg), 0);
	ck_assert_uint_eq(m->v_start, 0xffff800000000000);
	ck_assert_uint_eq(m->v_end, 0xffff804000000000);
	ck_assert_uint_eq(m->max_mfn, MOCK_MFN + MOCK_PAGES - 1);
	ck_assert_int_eq(op(XENMEM_machphys_mapping, 1), -XEN_EFAULT);
	ck_assert_uint_eq(v->calls[XEN_CALL_MEMORY_INFO], 5);
	/* Xen keeps its place in a long call above the number's 6 bits. */
	ck_assert_int_eq(op(XENMEM_maximum_reservation | 5 << 6, 0), MOCK_PAGES);
}
END_TEST

START_TEST(balloon)
{
	uint8_t *page = tw_guest_frame(FIRST + 1);

	for (unsigned int i = 0; i < 3; i++)
		numbers[i] = FIRST + i;
	memset(page, 0xaa, TW_PAGE_SIZE);
	ck_assert_int_eq(decrease(3), 3);
	ck_assert_int_eq(op(XENMEM_current_reservation, 0), MOCK_PAGES - 3);
	ck_assert_int_eq(op(XENMEM_maximum_reservation, 0), MOCK_PAGES);
	for (unsigned int i = 0; i < 3; i++)
		ck_assert_ptr_null(tw_guest_frame(FIRST + i));
	ck_assert_ptr_nonnull(tw_guest_frame(FIRST + 3));

	/* Back they come under the numbers that the guest names, empty. */
	numbers[0] = 1000;
	numbers[1] = 1001;
	ck_assert_int_eq(populate(2), 2);
	ck_assert_uint_ne(numbers[0], numbers[1]);
	for (unsigned int i = 0; i < 2; i++) {
		uint64_t mfn = numbers[i];
		const uint8_t *p = tw_guest_frame(mfn);

		ck_assert(mfn >= FIRST && mfn < FIRST + 3);
		ck_assert_uint_eq(mock_m2p[mfn - MOCK_MFN], 1000 + i);
		for (unsigned int n = 0; n < TW_PAGE_SIZE; n++)
			ck_assert_uint_eq(p[n], 0);
	}
	ck_assert_int_eq(op(XENMEM_current_reservation, 0), MOCK_PAGES - 1);
	/* There is one more, then none. */
	numbers[0] = 1002;
	numbers[1] = 1003;
	ck_assert_int_eq(populate(2), 1);
	ck_assert_uint_eq(numbers[1], 1003);
	ck_assert_int_eq(populate(1), 0);
	ck_assert_int_eq(op(XENMEM_current_reservation, 0), MOCK_PAGES);
	ck_assert_uint_eq(v->calls[XEN_CALL_MEMORY_RESERVATION], 4);
}
END_TEST

/* What is not the guest's (any more) cannot be given away, least of all twice. */
START_TEST(bad_frames)
{
	static const uint64_t bad[] = {FIRST, 0, MOCK_MFN - 1, MOCK_MFN + MOCK_PAGES, ~0ull};

	numbers[0] = FIRST;
	numbers[1] = FIRST;
	numbers[2] = FIRST + 1;
	ck_assert_int_eq(decrease(3), 1);
	ck_assert_ptr_nonnull(tw_guest_frame(FIRST + 1));
	for (unsigned int i = 0; i < TW_ARRAY_SIZE(bad); i++) {
		numbers[0] = bad[i];
		ck_assert_int_eq(decrease(1), 0);
	}
	ck_assert_int_eq(op(XENMEM_current_reservation, 0), MOCK_PAGES - 1);
	/* A number that the table of frames keeps for itself. */
	numbers[0] = ~0ull;
	ck_assert_int_eq(populate(1), 0);
	ck_assert_ptr_null(tw_guest_frame(FIRST));
	ck_assert_int_eq(op(XENMEM_current_reservation, 0), MOCK_PAGES - 1);
}
END_TEST

/* Frames that the shim writes to of its own accord stay: the list runs through the frames. */
START_TEST(frames_in_use)
{
	xen_domain.console = tw_guest_frame(FIRST);
	xen_domain.store = tw_guest_frame(FIRST + 1);
	v->info = (struct vcpu_info *)((uint8_t *)tw_guest_frame(FIRST + 2) + 4032);
	v->time_area = tw_guest_frame(FIRST + 3);
	for (unsigned int i = 0; i < 4; i++) {
		numbers[0] = FIRST + i;
		ck_assert_int_eq(decrease(1), 0);
		ck_assert_ptr_nonnull(tw_guest_frame(FIRST + i));
	}
	numbers[0] = FIRST + 4;
	ck_assert_int_eq(decrease(1), 1);
	v->time_area = NULL;
	numbers[0] = FIRST + 3;
	ck_assert_int_eq(decrease(1), 1);
}
END_TEST

START_TEST(reservation_errors)
{
	static const uint8_t cmds[] = {XENMEM_decrease_reservation, XENMEM_populate_physmap};

	for (unsigned int i = 0; i < sizeof(cmds); i++) {
		numbers[0] = FIRST;
		ck_assert_int_eq(op(cmds[i], 0), -XEN_EFAULT);
		ck_assert_int_eq(op(cmds[i], MOCK_VA + MOCK_PAGES * TW_PAGE_SIZE - 16),
				 -XEN_EFAULT);
		reservation(1, 0, 0); /* another domain's */
		ck_assert_int_eq(op(cmds[i], arg), -XEN_EPERM);
		reservation(1, 0, 7);
		ck_assert_int_eq(op(cmds[i], arg), -XEN_ESRCH);
		reservation(1, 9, DOMID_SELF); /* no large extents: none was done */
		ck_assert_int_eq(op(cmds[i], arg), 0);
		ck_assert_ptr_nonnull(tw_guest_frame(FIRST));
	}
	reservation(1, 0, DOMID_SELF);
	ck_assert_int_eq(op(XENMEM_increase_reservation, arg), 0);
	ck_assert_uint_eq(numbers[0], FIRST);
	reservation(1, 0, XEN_GUEST_DOMID); /* the guest by its own number */
	ck_assert_int_eq(op(XENMEM_decrease_reservation, arg), 1);
}
END_TEST

/* The list of numbers ends in unmapped memory, its length is anything. */
START_TEST(lists_that_fault)
{
	for (unsigned int i = 0; i < 4; i++)
		numbers[i] = FIRST + i;
	mock_mapped = list + 20 - MOCK_VA;
	ck_assert_int_eq(decrease(~0ull), 2);
	mock_mapped = MOCK_PAGES * TW_PAGE_SIZE;
	ck_assert_ptr_null(tw_guest_frame(FIRST + 1));
	ck_assert_ptr_nonnull(tw_guest_frame(FIRST + 2));
	list = MOCK_VA - 8;
	ck_assert_int_eq(decrease(1), 0);
	ck_assert_int_eq(populate(~0ull), 0);
	ck_assert_int_eq(op(XENMEM_current_reservation, 0), MOCK_PAGES - 2);
	list = ~0ull - 3; /* wraps */
	ck_assert_int_eq(decrease(~0ull), 0);
}
END_TEST

START_TEST(not_served)
{
	static const uint8_t cmds[] = {XENMEM_machphys_mfn_list,  XENMEM_add_to_physmap,
				       XENMEM_machine_memory_map, XENMEM_exchange,
				       XENMEM_set_memory_map,	  XENMEM_maximum_gpfn,
				       XENMEM_acquire_resource,	  63};

	for (unsigned int i = 0; i < sizeof(cmds); i++) {
		ck_assert_int_eq(op(cmds[i], arg), -XEN_ENOSYS);
		ck_assert_uint_eq(mock_missing, i + 1);
		ck_assert_uint_eq(mock_missing_sub, cmds[i]);
	}
	ck_assert_uint_eq(mock_missing_nr, __HYPERVISOR_memory_op);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("xen-memory");
	TCase *tc = tcase_create("memory");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, map);
	tcase_add_test(tc, figures);
	tcase_add_test(tc, balloon);
	tcase_add_test(tc, bad_frames);
	tcase_add_test(tc, frames_in_use);
	tcase_add_test(tc, reservation_errors);
	tcase_add_test(tc, lists_that_fault);
	tcase_add_test(tc, not_served);
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
