/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * twoway probe: this machine or VM, as it would look to the shim. On a Xen system /sys/hypervisor adds
 * what CPUID does not say: whether this is a PV guest, and what the hypervisor can start.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool.h"

/* The first line of a small file, without its end; NULL when there is none. */
static char *first_line(const char *path)
{
	char line[256];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, line, sizeof(line) - 1);

	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return NULL;
	line[n] = 0;
	line[strcspn(line, "\n")] = 0;
	return text("%s", line);
}

/* What the kernel knows of the Xen that it runs on; null elsewhere. */
static json_t *xen_system(void)
{
	char *type = first_line("/sys/hypervisor/type"), *guest, *can, *role;
	json_t *object = NULL;
	bool dom0;

	if (type && !strcmp(type, "xen")) {
		guest = first_line("/sys/hypervisor/guest_type");
		can = first_line("/sys/hypervisor/properties/capabilities");
		role = first_line("/proc/xen/capabilities");
		dom0 = role && strstr(role, "control_d");
		object = must(json_pack("{s:s?, s:s?, s:b, s:o}", "guest_type", guest, "capabilities", can,
					"dom0", dom0, "control", dom0 ? xenctrl_probe() : json_null()));
		free(guest);
		free(can);
		free(role);
	}
	free(type);
	return object ? object : json_null();
}

static const char *string(const json_t *object, const char *name)
{
	const char *s = json_string_value(json_object_get(object, name));

	return s ? s : "-";
}

static bool is(const json_t *object, const char *name)
{
	return json_is_true(json_object_get(object, name));
}

static void print_features(const json_t *features)
{
	size_t i, column = 0;
	json_t *feature;

	json_array_foreach((json_t *)features, i, feature)
	{
		const char *name = json_string_value(feature);

		if (column + strlen(name) > 78) {
			printf(",\n");
			column = 0;
		}
		column += (size_t)printf("%s%s", column ? ", " : "    ", name);
	}
	if (column)
		putchar('\n');
}

/* What libxenctrl says; nothing in a domain that may not ask. */
static void print_control(const json_t *control)
{
	const json_t *nested = json_object_get(control, "nested");

	if (!json_is_object(control))
		return;
	if (json_object_get(control, "why")) {
		printf("Xen's control interface: %s\n", string(control, "why"));
		return;
	}
	printf("Xen %s can start domains with\n", string(control, "version"));
	print_features(json_object_get(control, "domains"));
	printf("nested virtualisation for HVM and PVH domains: %s\n", json_is_string(nested) ? json_string_value(nested) : "not known");
}

static void print_table(const json_t *all)
{
	const json_t *interfaces = json_object_get(all, "interfaces"), *xen = json_object_get(all, "xen");
	size_t i;
	json_t *row;

	printf("CPU: %s%s%s%s\n", string(all, "cpu"), is(all, "svm") ? ", SVM" : "",
	       is(all, "vmx") ? ", VMX" : "", is(all, "hypervisor") ? ", a virtual one" : "");
	if (!json_array_size(interfaces))
		printf("hypervisor interfaces: none%s\n", is(all, "hypervisor") ? " that is known" : "");
	json_array_foreach((json_t *)interfaces, i, row)
	{
		printf("interface %s at 0x%llx%s\n", string(row, "title"),
		       (unsigned long long)json_integer_value(json_object_get(row, "leaf")),
		       is(row, "used") ? "" : " (twoway has no host side for it)");
		print_features(json_object_get(row, "features"));
	}
	if (json_is_object(xen))
		printf("Xen %s, %s: %s\n", is(xen, "dom0") ? "dom0" : "guest", string(xen, "guest_type"),
		       string(xen, "capabilities"));
	if (json_is_object(xen))
		print_control(json_object_get(xen, "control"));
	printf("twoway here would use: %s\n\n", string(all, "host"));
	json_array_foreach(json_object_get(all, "modes"), i, row)
		printf("%-12s %-8s  %-3s  %s%s%s\n", string(row, "abi"), string(row, "mode"),
		       is(row, "possible") ? "yes" : "no", string(row, "title"),
		       is(row, "possible") ? "" : ": ", is(row, "possible") ? "" : string(row, "why"));
}

int cmd_probe(int argc, char **argv)
{
	json_t *all;

	if (argc == 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")))
		return cmd_help(2, (char *[]){ "help", "probe", NULL });
	if (argc > 2 || (argc == 2 && strcmp(argv[1], "--json")))
		return fail_with(EXIT_USAGE, "probe: \"%s\" is not understood: see twoway help probe",
				 argv[argc - 1]);
	all = probe();
	json_object_set_new(all, "xen", xen_system());
	if (argc == 2) {
		json_dumpf(all, stdout, JSON_COMPACT);
		putchar('\n');
	} else {
		print_table(all);
	}
	json_decref(all);
	return EXIT_OK;
}
