/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Everything that can be known before QEMU starts is checked here: a wrong file name should cost
 * the user a second and one clear line, not a boot that hangs.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool.h"
#include "twoway/boot.h"

/* True when a kernel command line has the word "console=...". */
static bool names_console(const char *append)
{
	for (const char *p = append; (p = strstr(p, "console=")); p++)
		if (p == append || p[-1] == ' ')
			return true;
	return false;
}

char *plan_guest_cmdline(const char *append, bool xen_console, const char *init_mode)
{
	struct buffer out = { 0 };
	const char *console = xen_console ? "console=hvc0" : "console=ttyS0";

	buffer_add(&out, append, strlen(append));
	if (!names_console(append)) {
		if (out.length)
			buffer_add(&out, " ", 1);
		buffer_add(&out, console, strlen(console));
	}
	if (init_mode) {
		buffer_add(&out, " twoway.init=", strlen(" twoway.init="));
		buffer_add(&out, init_mode, strlen(init_mode));
	}
	return out.data;
}

static int check_file(const char *what, const char *path, int mode)
{
	struct stat st;

	if (access(path, mode) || stat(path, &st))
		return fail_with(EXIT_USAGE, "%s%s: %s", what, path, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return fail_with(EXIT_USAGE, "%s%s: %s", what, path, strerror(EISDIR));
	return 0;
}

static int find_host(struct plan *plan)
{
	char *why;

	plan->host = host_find(plan->options->host);
	if (!plan->host)
		return fail_with(EXIT_USAGE, "--host: there is no host \"%s\": see twoway hosts",
				 plan->options->host);
	why = host_refuse(plan->host);
	if (why)
		return fail_with(EXIT_CANNOT, "host %s: %s", plan->host->name, why);
	plan->qemu = path_of_program("qemu-system-x86_64");
	return plan->host->lab ? lab_prepare(plan->host->lab) : 0;
}

/* The image decides the ABI; its size decides how much memory is too little. */
static int examine_kernel(struct plan *plan)
{
	const struct run_options *o = plan->options;
	uint64_t needed, initrd = 0;
	struct image image;
	struct stat st;
	char *why = NULL;
	int status = EXIT_USAGE;

	if (image_load(plan->kernel, &image))
		return EXIT_USAGE;
	if (plan->initrd && !stat(plan->initrd, &st))
		initrd = (uint64_t)st.st_size;
	plan->abi = abi_choose(o->abi, &image, &status, &why);
	/* The initrd is there twice while it is unpacked. */
	needed = image_ram(&image) + 2 * initrd;
	image_free(&image);
	if (!plan->abi)
		return fail_with(status, "%s", why);
	if (o->mem < needed)
		return fail_with(
			EXIT_USAGE, "--mem %lluM is too little: kernel and initrd alone take %lluM",
			(unsigned long long)(o->mem >> 20), (unsigned long long)(needed >> 20) + 1);
	return 0;
}

/* Nested mode needs more of a host than starting a guest does. */
static int check_nested(const struct plan *plan)
{
	char *why = plan->abi->nested ? host_refuse_nested(plan->host) : NULL;

	return why ? fail_with(EXIT_CANNOT, "guest ABI %s on host %s: %s", plan->abi->name,
			       plan->host->name, why)
		   : 0;
}

static int check_devices(const struct plan *plan)
{
	const struct run_options *o = plan->options;
	const char *comma = o->disk ? strrchr(o->disk, ',') : NULL;
	bool read_only = comma && !strcmp(comma, ",ro");

	if (strcmp(plan->abi->name, "native") && !plan->abi->nested && !plan->abi->rom && (o->disk || strcmp(o->net, "none")))
		return fail_with(EXIT_CANNOT,
				 "%s: guest ABI %s has no %s in this version of twoway; "
				 "--abi native and nested mode (--abi hyperv) have",
				 o->disk ? "--disk" : "--net", plan->abi->name,
				 o->disk ? "block device" : "network");
	if (plan->host->lab && (o->disk || strcmp(o->net, "none")))
		return fail_with(EXIT_CANNOT, "host %s: labs have no %s for guests in this version of twoway",
				 plan->host->name, o->disk ? "--disk" : "--net");
	if (host_is_xen(plan->host) && o->qemu.count)
		return fail_with(EXIT_CANNOT, "host %s: --qemu: no QEMU runs the guest there", plan->host->name);
	if (!o->disk)
		return 0;
	return check_file("--disk ",
			  read_only ? text("%.*s", (int)(comma - o->disk), o->disk) : o->disk,
			  R_OK | (read_only ? 0 : W_OK));
}

/* What runs without a shim that stays has no ledger; what runs without any has no options for it. */
static int check_unshimmed(const struct plan *plan, bool by_shim)
{
	const struct run_options *o = plan->options;

	if (o->ledger)
		return fail_with(EXIT_USAGE,
				 "--ledger: --abi %s runs without the shim, so there "
				 "is no ledger", plan->abi->name);
	if (*o->shim && !by_shim)
		return fail_with(EXIT_USAGE, "--shim: --abi %s runs without the shim",
				 plan->abi->name);
	return 0;
}

static int find_rom(struct plan *plan)
{
	char *why = NULL;

	if (host_is_xen(plan->host))
		return fail_with(EXIT_CANNOT, "host %s takes no option ROM: use --abi vmi" ABI_BY_SHIM,
				 plan->host->name);
	plan->rom = path_of_rom(&why);
	return plan->rom ? 0 : fail_with(EXIT_CANNOT, "%s", why);
}

static int find_shim(struct plan *plan)
{
	const struct run_options *o = plan->options;
	const char *profile = plan->abi->nested ? strchr(o->abi, ':') : NULL;
	bool native = !strcmp(plan->abi->name, "native");
	char *why = NULL;
	int status;

	plan->shim_leaves = plan->abi->rom && strstr(o->abi, ABI_BY_SHIM);
	if (native || plan->abi->rom) {
		status = check_unshimmed(plan, plan->shim_leaves);
		if (status || native)
			return status;
	}
	if (plan->abi->rom && !plan->shim_leaves)
		return find_rom(plan);
	plan->shim = path_of_shim(&why);
	if (!plan->shim)
		return fail_with(EXIT_CANNOT, "%s", why);
	plan->ledger = (o->ledger || o->json) && !plan->shim_leaves;
	plan->shim_cmdline = text("abi=%s@%u%s console=%s%s%s%s", plan->abi->name,
				  plan->abi->version, profile ? profile : "",
				  host_is_xen(plan->host) ? "hypervisor" : "com1",
				  plan->ledger ? " ledger" : "",
				  *o->shim ? " " : "", o->shim);
	return 0;
}

static int check_length(const char *what, const char *cmdline)
{
	if (strlen(cmdline) < TW_CMDLINE_MAX)
		return 0;
	return fail_with(EXIT_USAGE, "%s: the command line has %zu characters, at most %d fit",
			 what, strlen(cmdline), TW_CMDLINE_MAX - 1);
}

int plan_make(const struct run_options *options, bool interactive, struct plan *plan)
{
	bool debian = debian_is_alias(options->kernel), minimal = debian && !options->initrd;
	int status;

	*plan = (struct plan){ .options = options, .interactive = interactive };
	status = find_host(plan);
	if (status)
		return status;
	if (options->initrd) {
		status = check_file("--initrd ", options->initrd, R_OK);
		if (status)
			return status;
	}
	plan->kernel = debian ? debian_kernel(options->kernel) : text("%s", options->kernel);
	if (!plan->kernel)
		return EXIT_CANNOT;
	if (minimal)
		plan->initrd = initramfs_default();
	else if (options->initrd)
		plan->initrd = text("%s", options->initrd);
	if (minimal && !plan->initrd)
		return EXIT_CANNOT;
	status = examine_kernel(plan);
	if (!status)
		status = check_nested(plan);
	if (!status)
		status = check_devices(plan);
	if (!status)
		status = find_shim(plan);
	if (status)
		return status;
	plan->guest_cmdline = plan_guest_cmdline(options->append,
						 (plan->shim && !plan->abi->nested && !plan->shim_leaves) ||
							 host_is_xen(plan->host),
						 !minimal      ? NULL
						 : interactive ? "shell"
							       : "hello");
	status = check_length("--append", plan->guest_cmdline);
	return status || !plan->shim ? status : check_length("--shim", plan->shim_cmdline);
}
