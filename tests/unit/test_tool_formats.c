/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* What the tool writes: newc archives and the ledger's table; and the choice of a guest ABI. */
#include <elf.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "test_tool.h"

/* One 8-digit field of a newc header, by its place behind the magic. */
static unsigned long field(const char *header, unsigned int n)
{
	char digits[9] = "";

	memcpy(digits, header + 6 + 8 * n, 8);
	ck_assert_uint_eq(strspn(digits, "0123456789ABCDEF"), 8);
	return strtoul(digits, NULL, 16);
}

START_TEST(cpio_entries)
{
	struct buffer b = { 0 };
	const char *h;

	cpio_add(&b, "dev", S_IFDIR | 0755, 0, NULL, 0);
	cpio_add(&b, "dev/console", S_IFCHR | 0600, makedev(5, 1), NULL, 0);
	cpio_add(&b, "f", S_IFREG | 0644, 0, "hello", 5);
	cpio_end(&b);
	/* 110 bytes of header + the name with its NUL, padded to 4 */
	ck_assert_uint_eq(b.length, 116 + 124 + (112 + 8) + 124);
	h = b.data;
	ck_assert(!memcmp(h, "070701", 6));
	ck_assert_uint_eq(field(h, 1), S_IFDIR | 0755);
	ck_assert_uint_eq(field(h, 11), 4);
	ck_assert_str_eq(h + 110, "dev");
	h += 116;
	ck_assert(!memcmp(h, "070701", 6));
	ck_assert_uint_eq(field(h, 1), S_IFCHR | 0600);
	ck_assert_uint_eq(field(h, 9), 5);
	ck_assert_uint_eq(field(h, 10), 1);
	ck_assert_str_eq(h + 110, "dev/console");
	h += 124;
	ck_assert_uint_eq(field(h, 4), 1); /* links */
	ck_assert_uint_eq(field(h, 6), 5); /* size */
	ck_assert(!memcmp(h + 110, "f\0hello\0\0\0", 10));
	ck_assert_uint_ne(field(h, 0), field(h - 124, 0)); /* inodes differ */
	h += 120;
	ck_assert_str_eq(h + 110, "TRAILER!!!");
	free(b.data);
}
END_TEST

/* The reader that everybody has agrees with the writer. */
START_TEST(cpio_is_readable)
{
	struct buffer b = { 0 }, list = { 0 };
	FILE *pipe;
	char line[256];

	initramfs_build(&b, "BUSYBOX", 7);
	ck_assert_int_eq(write_file("build/unit/tool-test.cpio", b.data, b.length), 0);
	pipe = popen("cpio -it --quiet < build/unit/tool-test.cpio", "r");
	ck_assert_ptr_nonnull(pipe);
	while (fgets(line, sizeof(line), pipe))
		buffer_add(&list, line, strlen(line));
	ck_assert_int_eq(pclose(pipe), 0);
	ck_assert_str_eq(list.data, "bin\ndev\nproc\nsys\ntmp\ndev/console\nbin/busybox\ninit\n");
	remove("build/unit/tool-test.cpio");
	free(b.data);
	free(list.data);
}
END_TEST

static char *table(const char *json)
{
	json_t *ledger = json_loads(json, 0, NULL);
	char *out = NULL;
	size_t n;
	FILE *f = open_memstream(&out, &n);

	ledger_table(f, ledger);
	fclose(f);
	json_decref(ledger);
	return out;
}

START_TEST(ledger_as_table)
{
	char *out = table(
		"{\"twoway\":1,\"abi\":\"xen-pv@1\",\"mode\":\"resident\",\"host\":\"bare\","
		"\"cpus\":2,\"calls\":[{\"guest\":\"mmu_update\",\"op\":\"page-table\","
		"\"host\":\"-\",\"count\":45503,\"status\":\"done\"},{\"guest\":\"x\","
		"\"op\":\"timer\",\"host\":\"tsc-deadline\",\"count\":7,\"status\":\"fallback\"}],"
		"\"missing\":[{\"guest\":\"argo_op\",\"count\":1},{\"guest\":\"hvm_op\",\"nr\":34,"
		"\"sub\":2,\"count\":3}]}");

	ck_assert_str_eq(out, "guest ABI xen-pv@1, resident mode, host bare, CPUs: 2\n\n"
			      "guest       op          host                 count  status\n"
			      "mmu_update  page-table  -                    45503  done\n"
			      "x           timer       tsc-deadline             7  fallback\n\n"
			      "missing, answered \"not implemented\":\n"
			      "  argo_op             1\n"
			      "  hvm_op              3  (call 34, 2)\n");
	free(out);
}
END_TEST

/* It comes from a guest: no member may be taken for granted. */
START_TEST(ledger_hostile)
{
	static const char *const all[] = {
		"[]",
		"{}",
		"{\"calls\":5}",
		"{\"calls\":[1,null,{}]}",
		"{\"calls\":[{\"guest\":[],\"count\":\"x\"}],\"missing\":{}}",
		"{\"calls\":[],\"exits\":[null],\"abi\":7}"
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		char *out = table(all[i]);

		ck_assert_ptr_nonnull(strchr(out, '\n'));
		free(out);
	}
}
END_TEST

static struct image pv_image(void)
{
	struct image image = { .is_bzimage = true, .has_elf = true };

	image.elf.is64 = true;
	image.elf.machine = EM_X86_64;
	image.elf.paddr_low = 16 << 20;
	image.notes.present = image.notes.has_init_p2m = true;
	image.notes.virt_base = 0xffffffff80000000;
	return image;
}

static int choose(const char *wanted, const struct image *image, const char *name)
{
	char *why = NULL;
	int status = 0;
	const struct abi *abi = abi_choose(wanted, image, &status, &why);

	if (abi) {
		ck_assert_ptr_nonnull(name);
		ck_assert_str_eq(abi->name, name);
		return 0;
	}
	ck_assert_ptr_nonnull(why);
	ck_assert_ptr_null(strchr(why, '\n'));
	free(why);
	return status;
}

START_TEST(choice_of_abi)
{
	struct image image = pv_image();

	ck_assert_int_eq(choose("auto", &image, "xen-pv"), 0);
	ck_assert_int_eq(choose("xen-pv", &image, "xen-pv"), 0);
	ck_assert_int_eq(choose("xen-pv@1", &image, "xen-pv"), 0);
	ck_assert_int_eq(choose("xen-pv@1:default", &image, "xen-pv"), 0);
	ck_assert_int_eq(choose("xen-pv:default", &image, "xen-pv"), 0);
	ck_assert_int_eq(choose("native", &image, "native"), 0);
	ck_assert_int_eq(choose("xen-pv@2", &image, NULL), EXIT_CANNOT);
	ck_assert_int_eq(choose("xen-pv:full", &image, NULL), EXIT_CANNOT);
	ck_assert_int_eq(choose("kvm@1:full", &image, NULL), EXIT_CANNOT);
	ck_assert_int_eq(choose("vmi", &image, NULL), EXIT_CANNOT); /* x86-64 */
	ck_assert_int_eq(choose("xen-pv@", &image, NULL), EXIT_USAGE);
	ck_assert_int_eq(choose("xen-pv@x", &image, NULL), EXIT_USAGE);
	ck_assert_int_eq(choose("xen-pv:", &image, NULL), EXIT_USAGE);
	ck_assert_int_eq(choose("xen", &image, NULL), EXIT_USAGE);
	ck_assert_int_eq(choose("", &image, NULL), EXIT_USAGE);
}
END_TEST

START_TEST(images_that_do_not_fit)
{
	struct image image = pv_image();

	image.notes.present = false;
	ck_assert_int_eq(choose("auto", &image, NULL), EXIT_CANNOT);
	ck_assert_int_eq(choose("native", &image, "native"), 0);
	image = pv_image(); /* PVH only */
	image.notes.has_init_p2m = false;
	image.notes.virt_base = 0;
	ck_assert_int_eq(choose("xen-pv", &image, NULL), EXIT_CANNOT);
	image = pv_image();
	image.elf.machine = EM_386;
	ck_assert_int_eq(choose("xen-pv", &image, NULL), EXIT_CANNOT);
	image = pv_image();
	strcpy(image.notes.unknown_feature, "future");
	ck_assert_int_eq(choose("xen-pv", &image, NULL), EXIT_CANNOT);
	image = (struct image){ 0 };
	ck_assert_int_eq(choose("auto", &image, NULL), EXIT_CANNOT);
	ck_assert_int_eq(choose("native", &image, NULL), EXIT_CANNOT);
}
END_TEST

/* Nested mode takes the file as it is: any boot protocol will do, notes or not. */
START_TEST(images_for_nested_mode)
{
	static uint32_t file[16] = { 0x1badb002, 1u << 16, -(0x1badb002 + (1u << 16)) };
	struct image image = { .file = { (const uint8_t *)file, sizeof(file) } };
	json_t *kinds;

	file[3] = file[4] = file[7] = 0x100000;
	ck_assert_int_eq(choose("hyperv", &image, "hyperv"), 0);
	ck_assert_int_eq(choose("hyperv@1", &image, "hyperv"), 0);
	ck_assert_int_eq(choose("hyperv:full", &image, "hyperv"), 0);
	ck_assert_int_eq(choose("hyperv@1:fast+stimer-ipi", &image, "hyperv"), 0);
	ck_assert_int_eq(choose("hyperv@2:fast", &image, NULL), EXIT_CANNOT);
	ck_assert_int_eq(choose("hyperv:", &image, NULL), EXIT_USAGE);
	ck_assert_int_eq(choose("hyperv:fast ledger", &image, NULL), EXIT_USAGE);
	ck_assert_int_eq(choose("hyperv:fast+0123456789012345678901234567890123456789", &image, NULL),
			 EXIT_USAGE);
	ck_assert_int_eq(choose("auto", &image, NULL), EXIT_CANNOT);
	kinds = image_nested(&image);
	ck_assert_uint_eq(json_array_size(kinds), 1);
	ck_assert_str_eq(json_string_value(json_array_get(kinds, 0)), "multiboot");
	json_decref(kinds);
	image.wrapper = TW_COMP_GZIP;
	ck_assert_int_eq(choose("hyperv", &image, NULL), EXIT_CANNOT);
	image.wrapper = TW_COMP_NONE;
	file[2]++;
	ck_assert_int_eq(choose("hyperv", &image, NULL), EXIT_CANNOT);
	image.file = (struct tw_bytes){ 0 };
	ck_assert_int_eq(choose("hyperv", &image, NULL), EXIT_CANNOT);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("formats");

	tcase_add_test(t, cpio_entries);
	tcase_add_test(t, cpio_is_readable);
	tcase_add_test(t, ledger_as_table);
	tcase_add_test(t, ledger_hostile);
	tcase_add_test(t, choice_of_abi);
	tcase_add_test(t, images_that_do_not_fit);
	tcase_add_test(t, images_for_nested_mode);
	return run_case("tool formats", t);
}
