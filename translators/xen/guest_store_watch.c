/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Watches of the xenstore server. A watch event must not get lost for want of room: what does not
 * fit the queue is remembered in the watch and sent later as an event for the watch's own path,
 * which Xen's protocol allows (the client must look at the tree anyway).
 */
#include <string.h>

#include "guest_store.h"

#define WATCHES_SIZE 4096 /* bytes; Linux's own and a dozen devices use about a quarter */

static uint64_t watches_block[WATCHES_SIZE / sizeof(uint64_t)];
static struct store_list watches = { .size = WATCHES_SIZE, .block = watches_block };
static bool watches_owed; /* some watch may have owed set */

/* Queue the event of watch w for a change of path. */
static bool watch_event(const struct store_entry *w, const char *path)
{
	static const struct xsd_sockmsg none;

	if (w->relative && store_below(path, STORE_HOME))
		path += STORE_HOME_LEN + 1;
	if (!store_message_begin(&none, XS_WATCH_EVENT) ||
	    !store_message_add(path, strlen(path) + 1) ||
	    !store_message_add(store_data(w), w->data_len))
		return false;
	store_message_end();
	return true;
}

void store_watch_fire(struct store_entry *w, const char *path)
{
	if (!w->owed && watch_event(w, path))
		return;
	w->owed = true;
	watches_owed = true;
}

void store_watches_fire(const char *path, bool removed)
{
	struct store_entry *w = NULL;

	while ((w = store_next(&watches, w))) {
		if (!strcmp(path, w->text) || store_below(path, w->text))
			store_watch_fire(w, path);
		else if (removed && store_below(w->text, path))
			store_watch_fire(w, w->text);
	}
}

bool store_watches_settle(void)
{
	struct store_entry *w = NULL;

	if (!watches_owed)
		return false;
	while ((w = store_next(&watches, w))) {
		if (!w->owed)
			continue;
		if (!watch_event(w, w->text))
			return true;
		w->owed = false;
	}
	watches_owed = false;
	return true;
}

struct store_entry *store_watch_find(const char *path, const char *token)
{
	struct store_entry *w = NULL;

	while ((w = store_next(&watches, w)))
		if (!strcmp(w->text, path) && !strcmp(store_data(w), token))
			break;
	return w;
}

struct store_entry *store_watch_add(const char *path, const char *token, bool relative)
{
	struct store_entry *w =
	    store_put(&watches, NULL, path, strlen(path), "", 0, token, strlen(token) + 1);

	if (w)
		w->relative = relative;
	return w;
}

void store_watch_remove(struct store_entry *w)
{
	store_remove(&watches, w);
}

void store_watches_clear(void)
{
	store_list_clear(&watches);
	watches_owed = false;
}
