/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * QEMU's command line: module lists, quoting, guest command lines. Quoting is tested by the reader
 * that it is for, /bin/sh.
 */
#include <string.h>

#include "test_tool.h"

static struct run_options options;
static struct plan plan;
static struct command_line line;

static void setup(void)
{
	options = (struct run_options){
		.machine = "q35", .net = "none", .smp = 2, .mem = 256ull << 20
	};
	plan = (struct plan){ .options = &options,
			      .host = host_find("qemu"),
			      .qemu = "/usr/bin/qemu",
			      .kernel = "/k/vmlinuz",
			      .initrd = "/k/initrd",
			      .shim = "/t/twoway.elf",
			      .guest_cmdline = "a=1,2 console=hvc0",
			      .shim_cmdline = "abi=xen-pv@1" };
}

/* The word behind an option; NULL when the option is absent. */
static const char *after(const char *option)
{
	for (size_t i = 0; i + 1 < line.argv.count; i++)
		if (!strcmp(line.argv.item[i], option))
			return line.argv.item[i + 1];
	return NULL;
}

START_TEST(with_the_shim)
{
	command_build(&plan, "/dev/fd/3", 5, &line);
	ck_assert_str_eq(line.argv.item[0], "/usr/bin/qemu");
	ck_assert_ptr_null(line.argv.item[line.argv.count]);
	ck_assert_str_eq(after("-machine"), "q35");
	ck_assert_str_eq(after("-accel"), "tcg");
	ck_assert_str_eq(after("-cpu"), "max");
	ck_assert_str_eq(after("-m"), "256M");
	ck_assert_str_eq(after("-smp"), "2");
	ck_assert_str_eq(after("-kernel"), "/t/twoway.elf");
	ck_assert_str_eq(after("-append"), "abi=xen-pv@1");
	ck_assert_str_eq(after("-initrd"), "/k/vmlinuz a=1,,2 console=hvc0,/k/initrd");
	ck_assert_str_eq(after("-chardev"), "file,id=debug,path=/dev/fd/3");
	ck_assert_uint_eq(line.opens, 0);
}
END_TEST

START_TEST(hostile_names)
{
	plan.kernel = "/k/my kernel, the best";
	plan.initrd = "/k/in,itrd";
	command_build(&plan, "/dev/fd/3", 5, &line);
	ck_assert_str_eq(after("-initrd"), "/dev/fd/5 a=1,,2 console=hvc0,/k/in,,itrd");
	ck_assert_uint_eq(line.opens, 1);
	ck_assert_int_eq(line.open[0].fd, 5);
	ck_assert_str_eq(line.open[0].path, "/k/my kernel, the best");

	plan.initrd = "/k/in itrd";
	plan.guest_cmdline = "";
	command_build(&plan, "/dev/fd/3", 5, &line);
	ck_assert_str_eq(after("-initrd"), "/dev/fd/5,/dev/fd/6");
	ck_assert_uint_eq(line.opens, 2);
	ck_assert_ptr_nonnull(
		strstr(command_shell(&line), " 5<'/k/my kernel, the best' 6<'/k/in itrd'"));
}
END_TEST

START_TEST(native)
{
	plan.shim = NULL;
	plan.kernel = "/k/my kernel, the best";
	options.disk = "/d/a,b,ro";
	options.net = "user,hostfwd=tcp::2222-:22";
	options.cpu = "qemu64";
	list_add(&options.qemu, "-s");
	command_build(&plan, "/dev/fd/3", 5, &line);
	/* here QEMU takes names as they are */
	ck_assert_str_eq(after("-kernel"), "/k/my kernel, the best");
	ck_assert_str_eq(after("-append"), "a=1,2 console=hvc0");
	ck_assert_str_eq(after("-initrd"), "/k/initrd");
	ck_assert_ptr_null(after("-chardev"));
	ck_assert_str_eq(after("-drive"), "if=none,id=disk0,format=raw,readonly=on,file=/d/a,,b");
	ck_assert_str_eq(after("-netdev"), "user,id=net0,hostfwd=tcp::2222-:22");
	ck_assert_str_eq(after("-cpu"), "qemu64");
	ck_assert_str_eq(line.argv.item[line.argv.count - 1], "-s");
	options.disk = "/d/a,b";
	command_build(&plan, "/dev/fd/3", 5, &line);
	ck_assert_str_eq(after("-drive"), "if=none,id=disk0,format=raw,file=/d/a,,b");
}
END_TEST

/* A shell must read back exactly the words that were quoted. */
START_TEST(shell_reads_back)
{
	static const char *const words[] = {
		"plain", "",  "two words", "it's",    "''", "$HOME `id` \\ \"x\"", "a\nb", "*", "~",
		"-x",	 "#", "a=b,c:d",   "\xc3\xa9"
	};
	struct buffer script = { 0 }, output = { 0 };
	const char *argv[] = { "/bin/sh", "-c", NULL, NULL };
	size_t at = 0;

	buffer_add(&script, "printf '%s\\0'", 13);
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		buffer_add(&script, " ", 1);
		quote_shell(&script, words[i]);
	}
	argv[2] = script.data;
	ck_assert_int_eq(spawn_wait(argv, NULL, &output), 0);
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		ck_assert_uint_lt(at, output.length);
		ck_assert_str_eq(output.data + at, words[i]);
		at += strlen(words[i]) + 1;
	}
	ck_assert_uint_eq(at, output.length);
}
END_TEST

START_TEST(guest_command_line)
{
	ck_assert_str_eq(plan_guest_cmdline("", true, NULL), "console=hvc0");
	ck_assert_str_eq(plan_guest_cmdline("quiet", false, "hello"),
			 "quiet console=ttyS0 twoway.init=hello");
	ck_assert_str_eq(plan_guest_cmdline("console=tty0", true, "shell"),
			 "console=tty0 twoway.init=shell");
	ck_assert_str_eq(plan_guest_cmdline("x console=tty0", true, NULL), "x console=tty0");
	/* another option that ends in the same letters is none */
	ck_assert_str_eq(plan_guest_cmdline("netconsole=eth0", true, NULL),
			 "netconsole=eth0 console=hvc0");
}
END_TEST

START_TEST(nested_mode_needs_svm)
{
	const struct abi nested = { .name = "hyperv", .nested = true };

	plan.abi = &nested;
	command_build(&plan, "/dev/fd/3", 5, &line);
	ck_assert_str_eq(after("-cpu"), "max,+svm");
	options.cpu = "EPYC";
	command_build(&plan, "/dev/fd/3", 5, &line);
	ck_assert_str_eq(after("-cpu"), "EPYC");
	ck_assert_ptr_null(host_refuse_nested(host_find("qemu")));
}
END_TEST

START_TEST(debian_names)
{
	ck_assert(debian_is_alias("debian") && debian_is_alias("debian-cloud"));
	ck_assert(debian_is_alias("debian-generic"));
	ck_assert(!debian_is_alias("debian-x") && !debian_is_alias("/boot/debian"));
	ck_assert_str_eq(
		debian_package(
			"linux-image-cloud-amd64\n  Depends: linux-image-6.1.0-56-cloud-amd64\n"),
		"linux-image-6.1.0-56-cloud-amd64");
	ck_assert_ptr_null(debian_package("linux-image-amd64\n"));
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("command");

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, with_the_shim);
	tcase_add_test(t, hostile_names);
	tcase_add_test(t, native);
	tcase_add_test(t, shell_reads_back);
	tcase_add_test(t, guest_command_line);
	tcase_add_test(t, nested_mode_needs_svm);
	tcase_add_test(t, debian_names);
	return run_case("tool command", t);
}
