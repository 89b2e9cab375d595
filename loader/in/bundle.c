/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Bundles: several boot modules in one, for loaders that pass only one (Xen's xl, QEMU's PVH loader,
 * Firecracker). A bundle is an uncompressed newc cpio archive, which every Linux system can make:
 * "kernel" is the guest's kernel, the other files are further modules in the archive's order (the
 * first is the initrd), and NAME.cmdline is the command line of module NAME. Nothing but a bundle
 * begins like a cpio archive where a kernel is expected, so it needs no option.
 *
 * The modules stay where they are in the archive, aligned to 4 bytes only: who needs more moves them.
 */
#include <asm-generic/errno.h>
#include <stddef.h>

#include "in.h"
#include "twoway/attr.h"
#include "twoway/log.h"
#include "twoway/phys.h"

/* The header: magic, then 13 fields of 8 hexadecimal digits (Linux: buffer-format.rst). */
#define HEADER	   110
#define FIELD_MODE 1
#define FIELD_SIZE 6
#define FIELD_NAME 11
#define NAME_MAX   256

#define MODE_TYPE 0170000u
#define MODE_FILE 0100000u
#define MODE_DIR  0040000u

#define KERNEL  "kernel"
#define SUFFIX  ".cmdline"
#define TRAILER "TRAILER!!!"

struct name {
	const uint8_t *s;
	uint32_t length;
};

struct member {
	struct name name;
	uint32_t mode, size;
	uint64_t base; /* physical address of the contents */
};

/* What is read, and how far. */
struct archive {
	uint64_t base, size, at;
};

static struct name names[TW_MAX_MODULES] TW_INITDATA = {{NULL, 0}};

static TW_INIT bool same(struct name name, const char *s, uint32_t length)
{
	if (name.length != length)
		return false;
	for (uint32_t i = 0; i < length; i++)
		if (name.s[i] != (uint8_t)s[i])
			return false;
	return true;
}

static TW_INIT bool is_archive(uint64_t pa, uint64_t size)
{
	const uint8_t *p = size >= HEADER ? tw_phys_range(pa, HEADER) : NULL;

	return p && p[0] == '0' && p[1] == '7' && p[2] == '0' && p[3] == '7' && p[4] == '0' &&
	       (p[5] == '1' || p[5] == '2');
}

static TW_INIT bool field(const uint8_t *header, unsigned int number, uint32_t *out)
{
	const uint8_t *p = header + 6 + 8 * number;

	*out = 0;
	for (unsigned int i = 0; i < 8; i++) {
		uint8_t c = p[i], letter = c | 0x20;
		uint32_t digit = 16;

		if (c >= '0' && c <= '9')
			digit = (uint32_t)(c - '0');
		else if (letter >= 'a' && letter <= 'f')
			digit = (uint32_t)(letter - 'a' + 10);

		if (digit > 15)
			return false;
		*out = *out << 4 | digit;
	}
	return true;
}

/* The name, its NUL and a "./" in front left out. */
static TW_INIT bool read_name(uint64_t pa, uint32_t size, struct name *out)
{
	const uint8_t *s = size && size <= NAME_MAX ? tw_phys_range(pa, size) : NULL;

	if (!s || s[size - 1])
		return false;
	size--;
	while (size >= 2 && s[0] == '.' && s[1] == '/') {
		s += 2;
		size -= 2;
	}
	*out = (struct name){s, size};
	return true;
}

/* 1: a member, 0: the archive's end, else -EINVAL with *why. Sizes are 32 bits, sums do not wrap. */
static TW_INIT int next(struct archive *a, struct member *m, const char **why)
{
	uint64_t left = a->size - a->at, name_end, end;
	const uint8_t *header;
	uint32_t name_size;

	if (!is_archive(a->base + a->at, left)) {
		*why = "the bundle (a cpio archive) ends too early or is damaged";
		return -EINVAL;
	}
	header = tw_phys_range(a->base + a->at, HEADER);
	if (!field(header, FIELD_MODE, &m->mode) || !field(header, FIELD_SIZE, &m->size) ||
	    !field(header, FIELD_NAME, &name_size)) {
		*why = "the bundle's cpio archive has a header that is not hexadecimal";
		return -EINVAL;
	}
	name_end = TW_ALIGN_UP((uint64_t)HEADER + name_size, 4);
	end = name_end + m->size;
	if (end > left || !read_name(a->base + a->at + HEADER, name_size, &m->name)) {
		*why = "the bundle's cpio archive has a member that reaches beyond its end, or a "
		       "name that is too long";
		return -EINVAL;
	}
	m->base = a->base + a->at + name_end;
	end = TW_ALIGN_UP(end, 4);
	a->at += end < left ? end : left;
	return !same(m->name, TRAILER, sizeof(TRAILER) - 1);
}

static TW_INIT bool is_cmdline(struct name name)
{
	uint32_t n = sizeof(SUFFIX) - 1;

	return name.length > n && same((struct name){name.s + name.length - n, n}, SUFFIX, n);
}

/* Index of the module with that name; out->modules_count when there is none. */
static TW_INIT unsigned int find(const struct tw_boot *out, struct name name)
{
	unsigned int i = 0;

	while (i < out->modules_count && !same(name, (const char *)names[i].s, names[i].length))
		i++;
	return i;
}

static TW_INIT int add_module(struct tw_boot *out, const struct member *m, const char **why)
{
	bool kernel = same(m->name, KERNEL, sizeof(KERNEL) - 1);
	unsigned int at = kernel ? 0 : out->modules_count;

	if (find(out, m->name) < out->modules_count) {
		*why = "the bundle has two files of the same name";
		return -EINVAL;
	}
	if (!kernel && at == TW_MAX_MODULES) {
		*why = "the bundle has too many files";
		return -E2BIG;
	}
	names[at] = m->name;
	out->modules[at].base = m->base;
	out->modules[at].size = m->size;
	out->modules[at].cmdline[0] = '\0';
	if (!kernel)
		out->modules_count++;
	return 0;
}

/* One line: other lines are joined by blanks, the file's last line end goes. */
static TW_INIT int add_cmdline(struct tw_boot *out, const struct member *m, const char **why)
{
	struct name module = {m->name.s, m->name.length - (uint32_t)(sizeof(SUFFIX) - 1)};
	unsigned int i = find(out, module), n = 0;
	const uint8_t *s = tw_phys_range(m->base, m->size);

	if (i == out->modules_count || !s) {
		*why = "the bundle has a .cmdline file without the file that it is for";
		return -EINVAL;
	}
	while (n < m->size && n < TW_CMDLINE_MAX - 1 && s[n]) {
		out->modules[i].cmdline[n] = s[n] < ' ' ? ' ' : (char)s[n];
		n++;
	}
	if (n == TW_CMDLINE_MAX - 1 && n < m->size && s[n] >= ' ')
		tw_warn("the command line of a module in the bundle is longer than %u bytes: the rest is lost",
			TW_CMDLINE_MAX - 1);
	while (n && out->modules[i].cmdline[n - 1] == ' ')
		n--;
	out->modules[i].cmdline[n] = '\0';
	return 0;
}

/* One walk over the archive: the modules first, then, by another, their command lines. */
static TW_INIT int walk(struct archive a, struct tw_boot *out, bool cmdlines, const char **why)
{
	struct member m = {{NULL, 0}, 0, 0, 0};
	int rc, err;

	while ((rc = next(&a, &m, why)) > 0) {
		if ((m.mode & MODE_TYPE) == MODE_DIR)
			continue;
		if ((m.mode & MODE_TYPE) != MODE_FILE) {
			*why = "the bundle has a file that is no regular file (a symbolic link?): make it "
			       "with cpio -L";
			return -EINVAL;
		}
		if (is_cmdline(m.name) != cmdlines)
			continue;
		err = cmdlines ? add_cmdline(out, &m, why) : add_module(out, &m, why);
		if (err)
			return err;
	}
	return rc;
}

TW_INIT int bundle_open(struct tw_boot *out, const char **why)
{
	struct archive a = {out->modules[0].base, out->modules[0].size, 0};
	int err;

	if (out->modules_count != 1 || !is_archive(a.base, a.size))
		return 0;
	if (!tw_phys_range(a.base, a.size)) {
		*why = "the bundle lies outside memory";
		return -EINVAL;
	}
	/* Slot 0 is the kernel's, wherever it comes in the archive. */
	names[0] = (struct name){(const uint8_t *)KERNEL, 0};
	out->modules[0].size = 0;
	err = walk(a, out, false, why);
	if (!err && !out->modules[0].size) {
		*why = "the bundle has no file named \"kernel\", or an empty one";
		err = -EINVAL;
	}
	return err ? err : walk(a, out, true, why);
}
