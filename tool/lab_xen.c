/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The Xen lab: Xen with a small dom0, in which xl starts the guest as a PVH domain. xl passes a single
 * ramdisk, so the shim gets its modules as a bundle (loader/in/bundle.c).
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

/* What dom0's kernel and user space take beside the archive, and Xen itself beside all domains. */
#define DOM0_OWN_MB 288
#define XEN_OWN_MB  128

#define KERNEL_FD 50 /* behind the one that holds the archive */

/* A string of xl's configuration: in escapes only numbers survive its lexer (libxlu_cfg_l.l). */
static void add_string(struct buffer *out, const char *key, const char *value)
{
	buffer_add(out, key, strlen(key));
	buffer_add(out, "=\"", 2);
	for (const unsigned char *p = (const unsigned char *)value; *p; p++) {
		char escape[5];

		if (*p == '"' || *p == '\\' || *p < ' ') {
			snprintf(escape, sizeof(escape), "\\x%02x", *p);
			buffer_add(out, escape, 4);
		} else {
			buffer_add(out, (const char *)p, 1);
		}
	}
	buffer_add(out, "\"\n", 2);
}

char *xen_config(const struct plan *plan)
{
	const struct run_options *o = plan->options;
	struct buffer out = { 0 };
	/* With its TSC emulated a guest dies at RDTSCP under QEMU 7.2. The lab ends a domain by itself. */
	char *fixed = text("name=\"guest\"\ntype=\"pvh\"\nvcpus=%u\nmemory=%llu\ntsc_mode=\"native\"\n"
			   "on_poweroff=\"preserve\"\non_reboot=\"preserve\"\non_crash=\"preserve\"\n%s",
			   o->smp, (unsigned long long)(o->mem >> 20),
			   plan->abi && plan->abi->nested ? "nestedhvm=1\n" : "");

	buffer_add(&out, fixed, strlen(fixed));
	free(fixed);
	add_string(&out, "kernel", "/tw/kernel");
	if (plan->shim || plan->initrd)
		add_string(&out, "ramdisk", "/tw/ramdisk");
	add_string(&out, "cmdline", plan->shim ? plan->shim_cmdline : plan->guest_cmdline);
	if (o->cpu)
		add_string(&out, "cpuid", o->cpu);
	return out.data;
}

/* The shim's modules in one. */
static bool bundle(const struct plan *plan, struct buffer *out)
{
	if (!lab_add_file(out, "kernel", plan->kernel))
		return false;
	cpio_add(out, "kernel.cmdline", LAB_FILE, 0, plan->guest_cmdline, strlen(plan->guest_cmdline));
	if (plan->initrd && !lab_add_file(out, "initrd", plan->initrd))
		return false;
	cpio_end(out);
	return true;
}

bool xen_contents(const struct plan *plan, struct buffer *archive)
{
	struct buffer modules = { 0 };
	char *config = xen_config(plan);
	bool good;

	cpio_add(archive, "tw/domain.cfg", LAB_FILE, 0, config, strlen(config));
	free(config);
	if (plan->host->viridian)
		cpio_add(archive, "tw/viridian", LAB_FILE, 0, plan->host->viridian,
			 strlen(plan->host->viridian));
	if (!plan->shim)
		return lab_add_file(archive, "tw/kernel", plan->kernel) &&
		       (!plan->initrd || lab_add_file(archive, "tw/ramdisk", plan->initrd));
	good = lab_add_file(archive, "tw/kernel", plan->shim) && bundle(plan, &modules);
	if (good)
		cpio_add(archive, "tw/ramdisk", LAB_FILE, 0, modules.data, modules.length);
	free(modules.data);
	return good;
}

void xen_boot(const struct plan *plan, uint64_t archive, int archive_fd, struct command_line *out)
{
	unsigned long long guest = plan->options->mem >> 20;
	/* The archive is there packed and unpacked. */
	unsigned long long dom0 = (2 * archive >> 20) + DOM0_OWN_MB;
	struct list *argv = &out->argv;
	char *xen = lab_path(plan->host->lab, "xen"), *dom0_kernel = lab_path(plan->host->lab, "vmlinux");

	list_addf(argv, "-m");
	list_addf(argv, "%lluM", dom0 + guest + guest / 32 + XEN_OWN_MB);
	list_addf(argv, "-kernel");
	list_addf(argv, "%s", xen);
	free(xen);
	list_addf(argv, "-append");
	/*
	 * Xen keeps its log to itself (xl dmesg), so that dom0 has the first serial port. FPU registers are switched lazily, as is the
	 * default on AMD's CPUs, but for nested mode, whose guests lose theirs then (shim/nested/svm_xen.c).
	 */
	list_addf(argv, "console=none guest_loglvl=all conring_size=64k dom0_mem=%lluM,max:%lluM dom0_max_vcpus=1 xpti=0 "
		  "spec-ctrl=no%s", dom0, dom0, plan->abi && plan->abi->nested ? ",eager-fpu" : "");
	list_addf(argv, "-initrd");
	out->open[out->opens].fd = KERNEL_FD;
	out->open[out->opens++].path = dom0_kernel;
	list_addf(argv, "/dev/fd/%d quiet panic=-1 mitigations=off random.trust_cpu=on,/dev/fd/%d", KERNEL_FD,
		  archive_fd);
}
