/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Guest images: ELF, ELF notes, bzImage, compressed payloads (loader/out). The same code runs in
 * the shim, in `twoway inspect` and in the fuzzers: it reads hostile bytes, so every length and
 * sum is checked, and nothing is written outside the caller's buffers.
 *
 * All functions return 0 or a negative errno (-ENOEXEC not this format, -EINVAL malformed, -E2BIG
 * too large, -ENOMEM, -ENOSYS compression not supported) and, when negative, set *why to one static
 * line that names the cause.
 */
#ifndef TWOWAY_IMAGE_H
#define TWOWAY_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tw_bytes {
	const uint8_t *data;
	size_t size;
};

enum tw_compression {
	TW_COMP_NONE,
	TW_COMP_GZIP,
	TW_COMP_XZ,
	TW_COMP_LZ4, /* legacy frame, as the kernel build makes it */
	TW_COMP_ZSTD,
	TW_COMP_BZIP2, /* recognised, not unpacked */
	TW_COMP_LZMA,  /* recognised, not unpacked */
	TW_COMP_LZO,   /* recognised, not unpacked */
	TW_COMP_UNKNOWN
};

/* "gzip", "xz", ... for people. */
const char *tw_compression_name(enum tw_compression comp);
/* Recognise by magic; an ELF or anything unknown gives TW_COMP_NONE / TW_COMP_UNKNOWN. */
enum tw_compression tw_compression_detect(struct tw_bytes in);

/*
 * Unpack in to out[0..out_size). *out_len gets the bytes produced; more than out_size is -E2BIG.
 * Trailing bytes behind the stream (the kernel build appends the size) are ignored.
 */
int tw_decompress(enum tw_compression comp, struct tw_bytes in, void *out, size_t out_size,
		  size_t *out_len, const char **why);

/* A Linux/x86 bzImage (Documentation/arch/x86/boot: protocol 2.08 or later for a payload). */
struct tw_bzimage {
	uint16_t protocol;	  /* e.g. 0x020f */
	uint16_t xloadflags;
	uint32_t init_size;	  /* bytes the kernel needs from its load address on */
	uint64_t pref_address;
	struct tw_bytes payload;  /* still compressed */
	enum tw_compression comp;
	uint32_t unpacked_size;	  /* from the payload's last 4 bytes; a hint, hostile */
	char version[128];	  /* kernel version string, "" when absent */
};
int tw_bzimage_parse(struct tw_bytes file, struct tw_bzimage *out, const char **why);

#define TW_ELF_MAX_SEGMENTS 32
#define TW_ELF_MAX_NOTES    64 /* ranges that hold notes */

struct tw_elf_segment { /* a PT_LOAD, checked: offset + filesz <= file size, filesz <= memsz, no wrap */
	uint64_t offset, vaddr, paddr, filesz, memsz;
	uint32_t flags; /* PF_R, PF_W, PF_X */
};

struct tw_elf {
	struct tw_bytes file;
	bool is64;
	uint16_t machine; /* EM_X86_64, EM_386 */
	uint16_t type;	  /* ET_EXEC, ET_DYN */
	uint64_t entry;	  /* virtual */
	unsigned int segments_count;
	struct tw_elf_segment segments[TW_ELF_MAX_SEGMENTS]; /* sorted by paddr, not overlapping */
	uint64_t paddr_low, paddr_high; /* [low, high) over all segments */
	unsigned int notes_count;
	struct tw_bytes notes[TW_ELF_MAX_NOTES]; /* PT_NOTE ranges, then SHT_NOTE ones not in them */
};
int tw_elf_parse(struct tw_bytes file, struct tw_elf *out, const char **why);
/* Address of a symbol from .symtab, 0 when there is none (used for VMI and old kernels). */
uint64_t tw_elf_symbol(const struct tw_elf *elf, const char *name);
/* Contents of a section by name, .data NULL when absent (old Xen images carry "__xen_guest"). */
struct tw_bytes tw_elf_section(const struct tw_elf *elf, const char *name);

/* The Xen ELF notes (xen/elfnote.h), with the documented defaults where one is missing. */
struct tw_xen_notes {
	bool present;	     /* at least one Xen note (or a __xen_guest section) was found */
	bool legacy;	     /* found in a __xen_guest section, not in notes */
	bool has_entry;	     /* the notes name an entry point of their own */
	uint64_t entry; /* XEN_ELFNOTE_ENTRY, else the ELF one; inside the image unless PVH only */
	bool has_hypercall_page;
	uint64_t hypercall_page; /* VA of the page to fill, inside the image, aligned */
	uint64_t virt_base;	 /* default 0 */
	uint64_t paddr_offset;	 /* default 0; in a __xen_guest section virt_base (libelf) */
	uint64_t virt_low, virt_high; /* VAs of [paddr_low, paddr_high), checked not to wrap */
	bool has_init_p2m;
	uint64_t init_p2m; /* VA for the p2m list */
	bool mod_start_pfn;
	bool has_phys32_entry;
	uint32_t phys32_entry; /* PVH */
	uint32_t features;     /* bits of XENFEAT_* that the image supports */
	uint32_t required;     /* bits that it requires (supported too) */
	uint64_t hv_start_low; /* 0 when absent */
	char guest_os[32], guest_version[32], xen_version[32], loader[32];
	char unknown_feature[32]; /* a required feature (by name) nobody knows; "" when none */
};
int tw_xen_notes_parse(const struct tw_elf *elf, struct tw_xen_notes *out, const char **why);

/*
 * Memory for the decompressors in the free-standing build, boot only (loader/libc/heap.c). xz needs
 * the smaller of its dictionary (32 MB, 128 MB from Linux 6.12 on) and out_size, and 128 KB; zstd
 * 256 KB; gzip 16 KB; lz4 nothing. All of it is free again after tw_decompress.
 */
void tw_heap_init(void *base, size_t size);
size_t tw_heap_left(void);

#endif /* TWOWAY_IMAGE_H */
