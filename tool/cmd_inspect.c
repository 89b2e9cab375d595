/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * twoway inspect: what an image is. The facts are gathered once as JSON; the text for people is
 * printed from that, so that both always say the same.
 */
#include <elf.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

static const char *machine_name(uint16_t machine)
{
	return machine == EM_X86_64 ? "x86-64" : machine == EM_386 ? "i386" : "another machine";
}

static char *format(const struct image *image)
{
	if (image->is_bzimage || image->is_old_bzimage)
		return text("Linux bzImage");
	if (image->is_elf && image->has_elf)
		return text("ELF, %s", machine_name(image->elf.machine));
	if (image->is_elf)
		return text("ELF, damaged");
	if (image->wrapper)
		return text("compressed file");
	return text("unknown");
}

static json_t *abis_json(const struct image *image)
{
	json_t *all = must(json_array());

	for (const struct abi *abi = abis; abi->name; abi++) {
		const char *why = abi->refuse ? abi->refuse(image)
					      : "not in this version of twoway";

		json_array_append_new(all, json_pack("{s:s, s:s, s:b, s:s?}", "name", abi->name,
						     "title", abi->title, "ok", !why, "why", why));
	}
	return all;
}

/* Versions are text from the file: only printable ASCII goes to a terminal. */
static json_t *version_json(const char *version)
{
	char *copy = text("%s", version);
	json_t *string;

	for (char *p = copy; *p; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	string = json_string(copy);
	free(copy);
	return string;
}

/* For people and scripts; what a kernel will do with a ROM depends on its command line, too. */
static const char *const signs[] = {
	[VMI_NO] = "no sign of it",
	[VMI_YES] = "built in",
	[VMI_UNKNOWN] = "cannot be known: the code cannot be read",
};

static json_t *facts(const char *path, const struct image *image)
{
	bool packed = image->is_bzimage || image->wrapper;
	enum tw_compression comp = image->is_bzimage ? image->bz.comp : image->wrapper;
	char *name = format(image);
	json_t *all = must(json_pack("{s:s, s:s, s:I, s:o}", "file", path, "format", name, "size",
				     (json_int_t)image->file.size, "boot", image_protocols(image)));

	free(name);
	json_object_set_new(all, "compression",
			    packed ? json_string(tw_compression_name(comp)) : json_null());
	json_object_set_new(all, "unpacked_size",
			    image->unpacked ? json_integer((json_int_t)image->unpacked_size)
					    : json_null());
	json_object_set_new(all, "kernel_version",
			    image->is_bzimage && *image->bz.version
				    ? version_json(image->bz.version)
				    : json_null());
	json_object_set_new(all, "machine",
			    image->has_elf ? json_string(machine_name(image->elf.machine))
					   : json_null());
	json_object_set_new(all, "problem", image->why ? json_string(image->why) : json_null());
	json_object_set_new(all, "xen_notes",
			    image->has_elf ? notes_json(&image->elf) : json_array());
	json_object_set_new(all, "vmi", json_string(signs[vmi_kernel_sign(image)]));
	json_object_set_new(all, "nested", image_nested(image));
	json_object_set_new(all, "abis", abis_json(image));
	return all;
}

static const char *string(const json_t *object, const char *name)
{
	const char *s = json_string_value(json_object_get(object, name));

	return s ? s : "-";
}

static void print_list(const char *title, const json_t *list)
{
	json_t *row;
	size_t i;

	printf("%-12s", title);
	json_array_foreach(list, i, row)
		printf("%s %s", i ? "," : "", json_string_value(row));
	printf("%s\n", i ? "" : " -");
}

static void print_text(const json_t *all)
{
	static const char *const lines[][2] = {
		{ "file", "file" },
		{ "format", "format" },
		{ "machine", "machine" },
		{ "kernel_version", "kernel" },
		{ "compression", "compression" },
		{ "problem", "problem" },
	};
	json_t *unpacked = json_object_get(all, "unpacked_size"), *row;
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		if (json_is_string(json_object_get(all, lines[i][0])))
			printf("%-12s %s\n", lines[i][1], string(all, lines[i][0]));
	printf("%-12s %lld bytes", "size",
	       (long long)json_integer_value(json_object_get(all, "size")));
	if (json_is_integer(unpacked))
		printf(", %lld unpacked", (long long)json_integer_value(unpacked));
	printf("\n");
	print_list("boot", json_object_get(all, "boot"));
	printf("%-12s %s\n", "VMI", string(all, "vmi"));
	print_list("nested start", json_object_get(all, "nested"));
	if (json_array_size(json_object_get(all, "xen_notes")))
		printf("Xen notes\n");
	json_array_foreach(json_object_get(all, "xen_notes"), i, row)
		printf("  %-18s %s\n", string(row, "name"), string(row, "value"));
	printf("guest ABIs\n");
	json_array_foreach(json_object_get(all, "abis"), i, row) printf(
		"  %-8s %-4s %s%s%s\n", string(row, "name"),
		json_is_true(json_object_get(row, "ok")) ? "yes" : "no", string(row, "title"),
		json_is_string(json_object_get(row, "why")) ? ": " : "",
		json_is_string(json_object_get(row, "why")) ? string(row, "why") : "");
}

/* A ROM is not a kernel: it is checked, and a bad one is a failure. */
static int inspect_rom(const char *path, const struct image *image, bool json)
{
	json_t *all = vmi_rom_json(path, image->file), *value;
	int status = json_is_true(json_object_get(all, "ok")) ? EXIT_OK : EXIT_GUEST;
	const char *name;

	if (json) {
		json_dumpf(all, stdout, JSON_COMPACT);
		putchar('\n');
	} else {
		json_object_foreach(all, name, value)
			if (json_is_string(value))
				printf("%-12s %s\n", name, json_string_value(value));
		printf("%-12s %lld bytes\n", "size",
		       (long long)json_integer_value(json_object_get(all, "size")));
	}
	json_decref(all);
	return status;
}

static int inspect(const char *path, bool json)
{
	struct image image;
	json_t *all;

	if (image_load(path, &image))
		return EXIT_USAGE;
	if (vmi_rom_like(image.file) && !image.is_bzimage && !image.is_elf) {
		int status = inspect_rom(path, &image, json);

		image_free(&image);
		return status;
	}
	all = facts(path, &image);
	if (json) {
		json_dumpf(all, stdout, JSON_COMPACT);
		putchar('\n');
	} else {
		print_text(all);
	}
	json_decref(all);
	image_free(&image);
	return EXIT_OK;
}

int cmd_inspect(int argc, char **argv)
{
	static const struct option table[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	bool json = false;
	int option;

	optind = 0;
	opterr = 0;
	while ((option = getopt_long(argc, argv, ":h", table, NULL)) != -1) {
		if (option == 'h')
			return cmd_help(2, (char *[]){ "help", "inspect", NULL });
		if (option != 'j')
			return fail_with(EXIT_USAGE,
					 "inspect: unknown option %s: see twoway help inspect",
					 argv[optind - 1]);
		json = true;
	}
	if (optind + 1 != argc)
		return fail_with(EXIT_USAGE, "inspect: name one file");
	return inspect(argv[optind], json);
}
