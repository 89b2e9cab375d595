/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* The KVM labs: Linux with a QEMU that starts the guest as the tool would on this machine. */
#include <stdlib.h>
#include <string.h>

#include "tool.h"

#define KVM_OWN_MB 320 /* what the lab's kernel and user space take beside its archive */

/* The guest's QEMU command, one argument a line. */
static char *arguments(const struct plan *plan, bool *good)
{
	struct command_line inner;
	struct buffer out = { 0 };
	struct plan in_lab = *plan;

	in_lab.qemu = text("qemu-system-x86_64");
	in_lab.kernel = text("/tw/kernel");
	in_lab.initrd = plan->initrd ? text("/tw/initrd") : NULL;
	in_lab.shim = plan->shim ? text("/tw/shim") : NULL;
	in_lab.rom = plan->rom ? text("/tw/rom") : NULL;
	command_build(&in_lab, "/dev/ttyS2", 0, &inner);
	*good = true;
	for (size_t i = 0; i < inner.argv.count; i++) {
		*good &= !strchr(inner.argv.item[i], '\n');
		buffer_add(&out, inner.argv.item[i], strlen(inner.argv.item[i]));
		buffer_add(&out, "\n", 1);
	}
	return out.data;
}

bool kvm_contents(const struct plan *plan, struct buffer *archive)
{
	bool good;
	char *args = arguments(plan, &good);

	if (!good)
		return say("a lab cannot take arguments of more than one line"), false;
	cpio_add(archive, "tw/args", LAB_FILE, 0, args, strlen(args));
	free(args);
	return lab_add_file(archive, "tw/kernel", plan->kernel) &&
	       (!plan->initrd || lab_add_file(archive, "tw/initrd", plan->initrd)) &&
	       (!plan->shim || lab_add_file(archive, "tw/shim", plan->shim)) &&
	       (!plan->rom || lab_add_file(archive, "tw/rom", plan->rom));
}

void kvm_boot(const struct plan *plan, uint64_t archive, int archive_fd, struct command_line *out)
{
	struct list *argv = &out->argv;
	char *kernel = lab_path(plan->host->lab, "vmlinux");

	list_addf(argv, "-m");
	/* The archive is there packed and unpacked. */
	list_addf(argv, "%lluM", (unsigned long long)((plan->options->mem + 2 * archive) >> 20) + KVM_OWN_MB);
	list_addf(argv, "-kernel");
	list_addf(argv, "%s", kernel);
	free(kernel);
	list_addf(argv, "-initrd");
	list_addf(argv, "/dev/fd/%d", archive_fd);
	list_addf(argv, "-append");
	/* KVM calls its clock stable only when its own is the TSC. The kernel itself is silent. */
	list_addf(argv, "quiet panic=-1 tsc=reliable clocksource=tsc "
			"no_timer_check mitigations=off random.trust_cpu=on");
}
