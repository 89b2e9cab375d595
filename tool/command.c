/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * QEMU's command line. With the shim, QEMU is the Multiboot loader: -kernel is the shim and -initrd
 * lists the modules, split at commas (a doubled comma stands for one), each a file name up to the
 * first blank and then the module's own command line (QEMU: hw/i386/multiboot.c).
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool.h"

/* One module for -initrd. A name with a blank in it is passed as an open file. */
static void add_module(struct command_line *out, struct buffer *modules, const char *path,
		       const char *cmdline, int fd_base)
{
	if (modules->length)
		buffer_add(modules, ",", 1);
	if (strchr(path, ' ')) {
		int fd = fd_base + (int)out->opens;
		char *name = text("/dev/fd/%d", fd);

		out->open[out->opens].fd = fd;
		out->open[out->opens++].path = path;
		buffer_add(modules, name, strlen(name));
		free(name);
	} else {
		quote_commas(modules, path);
	}
	if (*cmdline) {
		buffer_add(modules, " ", 1);
		quote_commas(modules, cmdline);
	}
}

static void add_shim(struct command_line *out, const struct plan *plan, const char *debug,
		     int fd_base)
{
	struct buffer modules = { 0 };
	struct list *argv = &out->argv;

	add_module(out, &modules, plan->kernel, plan->guest_cmdline, fd_base);
	if (plan->initrd)
		add_module(out, &modules, plan->initrd, "", fd_base);
	list_addf(argv, "-chardev");
	list_addf(argv, "file,id=debug,path=%s", debug);
	list_addf(argv, "-device");
	list_addf(argv, "isa-debugcon,iobase=0xe9,chardev=debug");
	list_addf(argv, "-kernel");
	list_add(argv, plan->shim);
	list_addf(argv, "-append");
	list_add(argv, plan->shim_cmdline);
	list_addf(argv, "-initrd");
	list_add(argv, modules.data);
	free(modules.data);
}

static void add_native(struct list *argv, const struct plan *plan)
{
	list_addf(argv, "-kernel");
	list_add(argv, plan->kernel);
	list_addf(argv, "-append");
	list_add(argv, plan->guest_cmdline);
	if (plan->rom) {
		list_addf(argv, "-option-rom");
		list_add(argv, plan->rom);
	}
	if (!plan->initrd)
		return;
	list_addf(argv, "-initrd");
	list_add(argv, plan->initrd);
}

/* QEMU warns about guessing "raw" and then restricts writes, so the guess is made here. */
static const char *disk_format(const char *path)
{
	char magic[4] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, magic, sizeof(magic));

	if (fd >= 0)
		close(fd);
	return n == 4 && !memcmp(magic, "QFI\xfb", 4) ? "qcow2" : "raw";
}

static void add_disk(struct list *argv, const char *disk)
{
	const char *comma = strrchr(disk, ',');
	bool read_only = comma && !strcmp(comma, ",ro");
	char *path = text("%.*s", (int)(read_only ? comma - disk : (long)strlen(disk)), disk);
	struct buffer name = { 0 };

	quote_commas(&name, path);
	list_addf(argv, "-drive");
	list_addf(argv, "if=none,id=disk0,format=%s%s,file=%s", disk_format(path),
		  read_only ? ",readonly=on" : "", name.data);
	list_addf(argv, "-device");
	list_addf(argv, "virtio-blk-pci,drive=disk0");
	free(name.data);
	free(path);
}

static void add_net(struct list *argv, const char *net)
{
	list_addf(argv, "-netdev");
	list_addf(argv, "user,id=net0%s", net + strlen("user"));
	list_addf(argv, "-device");
	/* No boot ROM: it is in a package of its own, and nothing boots from the network here. */
	list_addf(argv, "virtio-net-pci,netdev=net0,romfile=");
}

static const char *cpu_model(const struct plan *plan)
{
	if (plan->options->cpu)
		return plan->options->cpu;
	return plan->abi && plan->abi->nested ? plan->host->cpu_nested : plan->host->cpu;
}

void command_build(const struct plan *plan, const char *debug, int fd_base,
		   struct command_line *out)
{
	const struct run_options *o = plan->options;
	struct list *argv = &out->argv;

	*out = (struct command_line){ 0 };
	list_add(argv, plan->qemu);
	list_addf(argv, "-machine");
	list_add(argv, o->machine);
	list_addf(argv, "-accel");
	list_add(argv, plan->host->accel);
	list_addf(argv, "-cpu");
	list_add(argv, cpu_model(plan));
	list_addf(argv, "-m");
	list_addf(argv, "%lluM", (unsigned long long)(o->mem >> 20));
	list_addf(argv, "-smp");
	list_addf(argv, "%u", o->smp);
	for (const char *const *fixed =
		     (const char *const[]){ "-nodefaults", "-no-user-config", "-display", "none",
					    "-no-reboot", "-serial", "stdio", NULL };
	     *fixed; fixed++)
		list_add(argv, *fixed);
	if (plan->shim)
		add_shim(out, plan, debug, fd_base);
	else
		add_native(argv, plan);
	if (o->disk)
		add_disk(argv, o->disk);
	if (strcmp(o->net, "none"))
		add_net(argv, o->net);
	for (size_t i = 0; i < o->qemu.count; i++)
		list_add(argv, o->qemu.item[i]);
}

char *command_shell(const struct command_line *line)
{
	struct buffer out = { 0 };

	for (size_t i = 0; i < line->argv.count; i++) {
		if (i)
			buffer_add(&out, " ", 1);
		quote_shell(&out, line->argv.item[i]);
	}
	for (unsigned int i = 0; i < line->opens; i++) {
		char *redirect = text(" %d<", line->open[i].fd);

		buffer_add(&out, redirect, strlen(redirect));
		quote_shell(&out, line->open[i].path);
		free(redirect);
	}
	return out.data;
}
