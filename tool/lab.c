/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Labs: real hypervisors that run inside QEMU's emulation, so that their interfaces can be tried on
 * any machine. A lab is a kernel and an initramfs (tests/hosts/build.sh makes them below build/hosts);
 * the guest's files and QEMU command go in as a second archive behind the initramfs, and three serial
 * ports come out: ttyS0 for the lab's own trouble, ttyS1 the guest's console, ttyS2 its debug port.
 *
 * The archive lives in memory only (memfd): whatever ends the tool, nothing is left behind.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool.h"

#define LAB_FD 30
#define LAB_OWN_MB 320 /* what the lab's kernel and user space take beside its archive */

/* TCG's XSAVE areas do not add up inside a nested guest (its kernel warns): no extended states. */
#define LAB_CPU "max,+svm,-smap,-xsave,la57=off"

static char *path_of_lab(const char *lab, const char *file)
{
	char *tool = path_of_tool(), *path = text("%s/hosts/%s/%s", tool, lab, file);

	free(tool);
	return path;
}

static char *builder(void)
{
	char *tool = path_of_tool(), *path = text("%s/../tests/hosts/build.sh", tool);

	free(tool);
	if (!access(path, X_OK))
		return path;
	free(path);
	return NULL;
}

char *lab_refuse(const char *lab)
{
	char *kernel = path_of_lab(lab, "vmlinux"), *script = builder();
	bool there = !access(kernel, R_OK);

	free(kernel);
	if (there || script)
		return free(script), NULL;
	return text("the lab is not built, and its builder (tests/hosts/build.sh in twoway's source "
		    "tree) is not here");
}

int lab_prepare(const char *lab)
{
	struct buffer output = { 0 };
	char *script = builder();
	int status;

	if (!script)
		return 0; /* built, and moved without its sources */
	status = spawn_wait((const char *const[]){ script, lab, NULL }, NULL, &output);
	free(script);
	free(output.data);
	return status ? fail_with(EXIT_CANNOT, "the lab \"%s\" cannot be built", lab) : 0;
}

/* Append a file to the archive under /tw; false with a message. */
static bool add_file(struct buffer *archive, const char *name, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *data;

	if (fd < 0 || fstat(fd, &st)) {
		say("%s: %s", path, strerror(errno));
		return false;
	}
	data = st.st_size ? mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0) : NULL;
	close(fd);
	if (data == MAP_FAILED) {
		say("%s: %s", path, strerror(errno));
		return false;
	}
	cpio_add(archive, name, S_IFREG | 0644, 0, data, (size_t)st.st_size);
	if (data)
		munmap(data, (size_t)st.st_size);
	return true;
}

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
	command_build(&in_lab, "/dev/ttyS2", 0, &inner);
	*good = true;
	for (size_t i = 0; i < inner.argv.count; i++) {
		*good &= !strchr(inner.argv.item[i], '\n');
		buffer_add(&out, inner.argv.item[i], strlen(inner.argv.item[i]));
		buffer_add(&out, "\n", 1);
	}
	return out.data;
}

/* A file in memory that QEMU inherits, out of the way of the descriptors that it gets from us. */
static int archive_file(void)
{
	int low = memfd_create("twoway-lab", MFD_CLOEXEC), fd = -1;

	if (low >= 0) {
		fd = fcntl(low, F_DUPFD, LAB_FD);
		close(low);
	}
	return fd;
}

/* The lab's initramfs with the guest behind it, as a file in memory; -1 with a message. */
static int archive_make(const struct plan *plan, uint64_t *size)
{
	struct buffer archive = { 0 };
	char *path = path_of_lab(plan->host->lab, "initramfs"), *args;
	bool good;
	int fd, in, error;
	ssize_t n;

	args = arguments(plan, &good);
	if (!good)
		return say("a lab cannot take arguments of more than one line"), -1;
	cpio_add(&archive, "tw/args", S_IFREG | 0644, 0, args, strlen(args));
	free(args);
	if (!add_file(&archive, "tw/kernel", plan->kernel) ||
	    (plan->initrd && !add_file(&archive, "tw/initrd", plan->initrd)) ||
	    (plan->shim && !add_file(&archive, "tw/shim", plan->shim)))
		return -1;
	if (getenv("TWOWAY_LAB_STAT"))
		cpio_add(&archive, "tw/stat", S_IFREG | 0644, 0, "", 0);
	cpio_end(&archive);

	fd = archive_file();
	in = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || in < 0)
		return say("%s: %s", path, strerror(errno)), -1;
	do {
		static char chunk[1 << 16];

		n = read(in, chunk, sizeof(chunk));
		error = n > 0 ? write_all(fd, chunk, (size_t)n) : 0;
	} while (n > 0 && !error);
	close(in);
	if (!error)
		error = write_all(fd, archive.data, archive.length);
	if (n < 0 || error)
		return say("%s: %s", path, strerror(n < 0 ? errno : -error)), -1;
	*size = (uint64_t)lseek(fd, 0, SEEK_CUR);
	free(archive.data);
	free(path);
	return fd;
}

int lab_command(const struct plan *plan, const char *debug, struct command_line *out)
{
	struct list *argv = &out->argv;
	uint64_t size;
	int fd = archive_make(plan, &size);
	char *kernel = path_of_lab(plan->host->lab, "vmlinux");

	*out = (struct command_line){ 0 };
	if (fd < 0)
		return EXIT_CANNOT;
	list_add(argv, plan->qemu);
	for (const char *const *fixed =
		     (const char *const[]){ "-machine", "q35", "-accel", "tcg", "-cpu", LAB_CPU,
					    "-smp", "1", "-nodefaults", "-no-user-config", "-display",
					    "none", "-no-reboot", NULL };
	     *fixed; fixed++)
		list_add(argv, *fixed);
	list_addf(argv, "-m");
	/* The archive is there packed and unpacked. */
	list_addf(argv, "%lluM", (unsigned long long)((plan->options->mem + 2 * size) >> 20) + LAB_OWN_MB);
	list_addf(argv, "-chardev");
	list_addf(argv, "file,id=lab,path=/dev/stderr");
	list_addf(argv, "-serial");
	list_addf(argv, "chardev:lab");
	list_addf(argv, "-serial");
	list_addf(argv, "stdio");
	list_addf(argv, "-chardev");
	list_addf(argv, "file,id=debug,path=%s", debug);
	list_addf(argv, "-device");
	/* The third port's usual interrupt is the first one's. */
	list_addf(argv, "isa-serial,chardev=debug,iobase=0x3e8,irq=5");
	list_addf(argv, "-kernel");
	list_addf(argv, "%s", kernel);
	free(kernel);
	list_addf(argv, "-initrd");
	list_addf(argv, "/dev/fd/%d", fd);
	list_addf(argv, "-append");
	/* KVM calls its clock stable only when its own is the TSC. The kernel itself is silent. */
	list_addf(argv, "quiet panic=-1 tsc=reliable clocksource=tsc "
			"no_timer_check mitigations=off random.trust_cpu=on");
	return 0;
}
