/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Records of the xenstore server, one after the other in a fixed block (guest_store.h). */
#include <string.h>

#include "guest_store.h"

void store_list_clear(struct store_list *list)
{
	list->used = 0;
}

static struct store_entry *entry_at(const struct store_list *list, size_t offset)
{
	return offset < list->used ? (struct store_entry *)((char *)list->block + offset) : NULL;
}

static size_t offset_of(const struct store_list *list, const struct store_entry *e)
{
	return (size_t)((const char *)e - (const char *)list->block);
}

struct store_entry *store_next(const struct store_list *list, const struct store_entry *e)
{
	return entry_at(list, e ? offset_of(list, e) + e->size : 0);
}

struct store_entry *store_find_n(const struct store_list *list, const char *path, size_t len)
{
	struct store_entry *e = NULL;

	while ((e = store_next(list, e)))
		if (e->path_len == len && !memcmp(e->text, path, len))
			break;
	return e;
}

struct store_entry *store_find(const struct store_list *list, const char *path)
{
	return store_find_n(list, path, strlen(path));
}

struct store_entry *store_put(struct store_list *list, struct store_entry *e, const char *path,
			      size_t path_len, const char *perms, size_t perm_len, const char *data,
			      size_t data_len)
{
	size_t size = (sizeof(*e) + path_len + 1 + perm_len + data_len + 7) & ~(size_t)7;
	size_t start = e ? offset_of(list, e) : list->used;
	size_t end = e ? start + e->size : start;
	char *block = (char *)list->block;
	bool relative = e && e->relative;

	if (size > UINT16_MAX || list->used - (end - start) + size > list->size)
		return NULL;
	memmove(block + start + size, block + end, list->used - end);
	list->used = (uint32_t)(list->used - (end - start) + size);

	e = (struct store_entry *)(block + start);
	*e = (struct store_entry){.size = (uint16_t)size,
				  .path_len = (uint16_t)path_len,
				  .perm_len = (uint16_t)perm_len,
				  .data_len = (uint16_t)data_len,
				  .relative = relative};
	memcpy(e->text, path, path_len);
	e->text[path_len] = '\0';
	memcpy(e->text + path_len + 1, perms, perm_len);
	memcpy(e->text + path_len + 1 + perm_len, data, data_len);
	return e;
}

void store_remove(struct store_list *list, struct store_entry *e)
{
	size_t start = offset_of(list, e), end = start + e->size;

	memmove(e, (char *)list->block + end, list->used - end);
	list->used -= (uint32_t)(end - start);
}
