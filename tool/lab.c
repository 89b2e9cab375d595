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

/* TCG's XSAVE areas do not add up inside a nested guest (its kernel warns): no extended states. */
#define LAB_CPU "max,+svm,-smap,-xsave,la57=off"

char *lab_path(const char *lab, const char *file)
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
	char *kernel = lab_path(lab, "vmlinux"), *script = builder();
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

bool lab_add_file(struct buffer *archive, const char *name, const char *path)
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
	cpio_add(archive, name, LAB_FILE, 0, data, (size_t)st.st_size);
	if (data)
		munmap(data, (size_t)st.st_size);
	return true;
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
	char *path = lab_path(plan->host->lab, "initramfs");
	int fd, in, error;
	ssize_t n;

	if (!(host_is_xen(plan->host) ? xen_contents : kvm_contents)(plan, &archive))
		return -1;
	if (getenv("TWOWAY_LAB_STAT"))
		cpio_add(&archive, "tw/stat", LAB_FILE, 0, "", 0);
	if (getenv("TWOWAY_LAB_BUSY"))
		cpio_add(&archive, "tw/busy", LAB_FILE, 0, "", 0);
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

/* Three serial ports: the lab's own trouble, the guest's console, its debug port. */
static void add_ports(struct list *argv, const char *debug)
{
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
}

int lab_command(const struct plan *plan, const char *debug, struct command_line *out)
{
	struct list *argv = &out->argv;
	uint64_t size;
	int fd = archive_make(plan, &size);

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
	add_ports(argv, debug);
	(host_is_xen(plan->host) ? xen_boot : kvm_boot)(plan, size, fd, out);
	return 0;
}
