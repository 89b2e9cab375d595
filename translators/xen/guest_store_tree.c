/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The xenstore tree: every node is a record with its absolute path, parents always exist. At boot
 * it holds what a toolstack gives a domU that has no devices. What nobody serves is not promised:
 * there is no control/platform-feature-multiprocessor-suspend, as the shim does not suspend.
 */
#include <string.h>

#include "guest.h"
#include "guest_store.h"
#include "twoway/log.h"

#define NODES_SIZE 16384 /* bytes; a guest with 64 CPUs and some devices uses about half */

static uint64_t nodes_block[NODES_SIZE / sizeof(uint64_t)];
struct store_list store_nodes = { .size = NODES_SIZE, .block = nodes_block };
uint64_t store_generation;

/* The last slash in path, or path itself if there is none. */
static const char *last_slash(const char *path)
{
	const char *slash = path;

	for (; *path; path++)
		if (*path == '/')
			slash = path;
	return slash;
}

/* Length of the prefix that all paths below dir share, including the slash. */
static size_t prefix_len(const char *dir)
{
	size_t n = strlen(dir);

	return n == 1 ? 1 : n + 1;
}

bool store_below(const char *path, const char *dir)
{
	size_t n = prefix_len(dir);

	return !strncmp(path, dir, n - 1) && path[n - 1] == '/' && path[n];
}

const char *store_child(const struct store_entry *e, const char *dir)
{
	const char *name;

	if (!store_below(e->text, dir))
		return NULL;
	name = e->text + prefix_len(dir);
	return last_slash(name) == name ? name : NULL;
}

static bool name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_' || c == '@';
}

bool store_path_ok(const char *path)
{
	const char *c;

	if (*path != '/' || strlen(path) >= XENSTORE_ABS_PATH_MAX)
		return false;
	if (!path[1])
		return true;
	for (c = path; *c; c++)
		if (*c == '/' ? !name_char(c[1]) : !name_char(*c))
			return false;
	return true;
}

static bool make_parents(const char *path)
{
	size_t i;

	for (i = 1; path[i]; i++) {
		if (path[i] != '/')
			continue;
		if (!store_find_n(&store_nodes, path, i) &&
		    !store_put(&store_nodes, NULL, path, i, "", 0, "", 0))
			return false;
	}
	return true;
}

bool store_has_parent(const char *path)
{
	size_t n = (size_t)(last_slash(path) - path);

	return n == 0 || store_find_n(&store_nodes, path, n);
}

bool store_write(const char *path, const char *value, size_t len)
{
	struct store_entry *e = store_find(&store_nodes, path);
	char perms[STORE_PERMS_MAX];
	size_t perm_len = 0;

	store_generation++;
	if (e && e->perm_len <= sizeof(perms)) {
		perm_len = e->perm_len;
		memcpy(perms, store_perms(e), perm_len);
	}
	if (!e && !make_parents(path))
		return false;
	return store_put(&store_nodes, e, path, strlen(path), perms, perm_len, value, len);
}

bool store_make(const char *path)
{
	return store_find(&store_nodes, path) || store_write(path, "", 0);
}

void store_delete(const char *path)
{
	struct store_entry *e = NULL, *at;

	store_generation++;
	while ((at = store_next(&store_nodes, e))) {
		if (strcmp(at->text, path) && !store_below(at->text, path)) {
			e = at;
			continue;
		}
		store_remove(&store_nodes, at); /* the next one is now behind e */
	}
}

/* --- the tree at boot --- */

TW_INIT static void boot_text(const char *path, const char *value)
{
	store_write(path, value, strlen(value));
}

TW_INIT static void boot_number(const char *path, uint64_t value)
{
	char text[24];

	tw_snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	boot_text(path, text);
}

TW_INIT static void boot_vm(void)
{
	char path[64], uuid[37];
	unsigned int i, n = 0;

	for (i = 0; i < sizeof(xen_guest_uuid); i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			uuid[n++] = '-';
		tw_snprintf(uuid + n, 3, "%02x", xen_guest_uuid[i]);
		n += 2;
	}
	tw_snprintf(path, sizeof(path), "/vm/%s", uuid);
	boot_text(STORE_HOME "/vm", path);
	tw_snprintf(path, sizeof(path), "/vm/%s/name", uuid);
	boot_text(path, "twoway");
	tw_snprintf(path, sizeof(path), "/vm/%s/uuid", uuid);
	boot_text(path, uuid);
}

TW_INIT void store_populate(void)
{
	char path[64];
	unsigned int i;

	store_list_clear(&store_nodes);
	boot_text("/", "");
	boot_number(STORE_HOME "/domid", XEN_GUEST_DOMID);
	boot_text(STORE_HOME "/name", "twoway");
	boot_vm();
	for (i = 0; i < xen_domain.vcpus; i++) {
		tw_snprintf(path, sizeof(path), STORE_HOME "/cpu/%u/availability", i);
		boot_text(path, "online");
	}
	boot_number(STORE_HOME "/memory/static-max", xen_domain.max_pages * 4);
	boot_number(STORE_HOME "/memory/target", xen_domain.max_pages * 4);
	boot_text(STORE_HOME "/device", "");
	boot_text(STORE_HOME "/control/shutdown", "");
	boot_number(STORE_HOME "/control/platform-feature-xs_reset_watches", 1);
	if (xen_domain.console_port) {
		boot_text(STORE_HOME "/console/type", "xenconsoled");
		boot_number(STORE_HOME "/console/port", xen_domain.console_port);
	}
}
