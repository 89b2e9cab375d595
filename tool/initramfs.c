/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The minimal guest for `twoway run debian`: a static busybox and an /init of a few lines. What it
 * does is chosen on the kernel's command line (twoway.init=shell or hello), so that one archive
 * serves a person at a terminal and a script. The dot makes Linux take the word for a module's
 * parameter and leave it alone.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "tool.h"

static const char init_script[] =
	"#!/bin/busybox sh\n"
	"/bin/busybox --install -s /bin\n"
	"export PATH=/bin HOME=/ PS1='guest# '\n"
	"mount -t proc proc /proc\n"
	"mount -t sysfs sysfs /sys\n"
	"mount -t devtmpfs dev /dev\n"
	"mkdir -p /dev/pts /dev/shm /tmp\n"
	"mount -t devpts devpts /dev/pts 2>/dev/null\n"
	"mount -t tmpfs tmpfs /tmp\n"
	/* Linux says which one it saw; sysfs knows only Xen. */
	"detected=$(dmesg | sed -n 's/.*Hypervisor detected: //p' | head -n 1)\n"
	"echo\n"
	"echo \"Hello from $(uname -srm), hypervisor: ${detected:-none}, CPUs: $(nproc)\"\n"
	"for fact in type version/major version/minor guest_type; do\n"
	"	if [ -r /sys/hypervisor/$fact ]; then\n"
	"		echo \"/sys/hypervisor/$fact: $(cat /sys/hypervisor/$fact)\"\n"
	"	fi\n"
	"done\n"
	"echo \"clocksource: $(cat "
	"/sys/devices/system/clocksource/clocksource0/current_clocksource)\"\n"
	"case \" $(cat /proc/cmdline) \" in\n"
	"*' twoway.init=shell '*)\n"
	"	echo \"This is a shell inside the guest; \\\"exit\\\" switches the guest off.\"\n"
	"	setsid cttyhack sh\n"
	"	;;\n"
	"esac\n"
	"poweroff -f\n";

void initramfs_build(struct buffer *out, const void *busybox, size_t size)
{
	static const char *const directories[] = { "bin", "dev", "proc", "sys", "tmp" };

	for (size_t i = 0; i < sizeof(directories) / sizeof(*directories); i++)
		cpio_add(out, directories[i], S_IFDIR | 0755, 0, NULL, 0);
	/* The kernel opens it for /init before anything can mount devtmpfs. */
	cpio_add(out, "dev/console", S_IFCHR | 0600, makedev(5, 1), NULL, 0);
	cpio_add(out, "bin/busybox", S_IFREG | 0755, 0, busybox, size);
	cpio_add(out, "init", S_IFREG | 0755, 0, init_script, sizeof(init_script) - 1);
	cpio_end(out);
}

/* True when a file has exactly these bytes: then there is nothing to write. */
static bool file_is(const char *path, const struct buffer *wanted)
{
	struct stat st;
	void *data;
	bool same = false;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	if (!fstat(fd, &st) && (size_t)st.st_size == wanted->length) {
		data = mmap(NULL, wanted->length, PROT_READ, MAP_PRIVATE, fd, 0);
		if (data != MAP_FAILED) {
			same = !memcmp(data, wanted->data, wanted->length);
			munmap(data, wanted->length);
		}
	}
	close(fd);
	return same;
}

/* A static ELF has no PT_INTERP: the guest has no libraries for any other. */
static bool is_static(struct tw_bytes file)
{
	struct tw_elf elf;
	const char *why;
	static const char interpreter[] = "/lib64/ld-linux";

	return !tw_elf_parse(file, &elf, &why) &&
	       !memmem(file.data, file.size < 4096 ? file.size : 4096, interpreter,
		       sizeof(interpreter) - 1);
}

static bool read_busybox(struct image *image)
{
	char *path = path_of_program("busybox");

	if (!path) {
		say("busybox is missing, and the minimal initramfs is made of it: install "
		    "busybox-static, or give --initrd FILE");
		return false;
	}
	if (image_load(path, image))
		return false;
	if (!is_static(image->file)) {
		say("%s needs shared libraries, which the minimal initramfs lacks: install "
		    "busybox-static, or give --initrd FILE",
		    path);
		return false;
	}
	return true;
}

char *initramfs_default(void)
{
	struct buffer archive = { 0 };
	char *cache = path_of_cache(), *path = text("%s/initramfs.cpio", cache);
	struct image busybox;
	int error = 0;

	if (!read_busybox(&busybox))
		return NULL;
	initramfs_build(&archive, busybox.file.data, busybox.file.size);
	image_free(&busybox);
	if (!file_is(path, &archive)) {
		error = make_directories(cache);
		if (!error)
			error = write_file(path, archive.data, archive.length);
	}
	free(archive.data);
	if (!error)
		return path;
	say("cannot write %s: %s; set TWOWAY_CACHE to a directory that you can write", path,
	    strerror(-error));
	return NULL;
}
