/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Inside of the xenstore server: the records that hold its nodes and its watches. A list is one
 * fixed block of memory with variable-sized records one after the other, found by scanning: a
 * domU's store has about a hundred small ones, and this needs no allocator and never fragments.
 */
#ifndef TRANSLATORS_XEN_GUEST_STORE_H
#define TRANSLATORS_XEN_GUEST_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xen/io/xs_wire.h>

/* The guest's home; relative paths lie below it. */
#define STORE_HOME     "/local/domain/1"
#define STORE_HOME_LEN (sizeof(STORE_HOME) - 1)

struct store_entry {
	uint16_t size;	   /* of the whole record, a multiple of 8 */
	uint16_t path_len; /* without its NUL */
	uint16_t perm_len; /* permissions: strings, each with its NUL; 0 = the default */
	uint16_t data_len; /* node: value; watch: token with its NUL */
	bool relative;	   /* watch: registered with a relative path */
	bool owed;	   /* watch: an event did not fit the queue */
	uint8_t pad[6];
	char text[]; /* path NUL permissions data */
};

struct store_list {
	uint32_t used, size; /* bytes */
	uint64_t *block;
};

/* --- guest_store_list.c --- */
void store_list_clear(struct store_list *list);
/* The first record, or the one after e; NULL at the end. */
struct store_entry *store_next(const struct store_list *list, const struct store_entry *e);
/* The record of the path that is the first len bytes of path. */
struct store_entry *store_find_n(const struct store_list *list, const char *path, size_t len);
struct store_entry *store_find(const struct store_list *list, const char *path);
static inline const char *store_perms(const struct store_entry *e)
{
	return e->text + e->path_len + 1;
}
static inline const char *store_data(const struct store_entry *e)
{
	return store_perms(e) + e->perm_len;
}
/*
 * Put a record in the place of e (whose path it keeps), or at the end if e is NULL. The texts must
 * not lie inside the list. NULL: no room, nothing has changed.
 */
struct store_entry *store_put(struct store_list *list, struct store_entry *e, const char *path,
			      size_t path_len, const char *perms, size_t perm_len, const char *data,
			      size_t data_len);
void store_remove(struct store_list *list, struct store_entry *e);

/* --- guest_store_wire.c: the ring page; one request in, a queue of messages out --- */
#define STORE_PERMS_MAX 64 /* bytes of permissions that a node can have */

struct store_request {
	struct xsd_sockmsg hdr;
	uint32_t have; /* bytes received so far, header included */
	/* Room for the home path and its slash before the payload, for a NUL and a value after. */
	char text[STORE_HOME_LEN + 1 + XENSTORE_PAYLOAD_MAX + 1 + STORE_PERMS_MAX];
};

extern struct store_request store_request;
#define STORE_PAYLOAD (store_request.text + STORE_HOME_LEN + 1)

void store_wire_reset(void);
/* Take what the ring holds of the request; true when it is complete, with a NUL behind it. */
bool store_receive(void);
/* The request has been served: make room for the next one. */
void store_request_done(void);
/* Move queued messages to the ring; true if all of them went. */
bool store_flush(void);
/*
 * Queue a message: begin, add what it says, end; it is dropped if it is not ended. add fails when
 * the message becomes too long or the queue is full. A message of any legal size fits when the
 * queue is empty.
 */
bool store_message_begin(const struct xsd_sockmsg *hdr, uint32_t type);
bool store_message_add(const void *data, size_t n);
void store_message_end(void);

/* --- guest_store_tree.c: the nodes --- */
extern struct store_list store_nodes;
extern uint64_t store_generation; /* counts changes of the tree */
/* Is path below dir (dir "/" has everything below)? */
bool store_below(const char *path, const char *dir);
/* Is it a well-formed absolute path? */
bool store_path_ok(const char *path);
/* Make a node with these contents, and its parents; false: no room. */
bool store_write(const char *path, const char *value, size_t len);
/* Make a node if it is not there, and its parents; false: no room. */
bool store_make(const char *path);
/* Remove a node and all below. */
void store_delete(const char *path);
/* Does the parent of path exist? */
bool store_has_parent(const char *path);
/* The name of e's node if it is a direct child of dir, else NULL. */
const char *store_child(const struct store_entry *e, const char *dir);
/* What a domU finds at boot. */
void store_populate(void);

/* --- guest_store_watch.c --- */
/* The watch with this path (absolute or special) and token, or NULL. */
struct store_entry *store_watch_find(const char *path, const char *token);
/* NULL: no room. */
struct store_entry *store_watch_add(const char *path, const char *token, bool relative);
void store_watch_remove(struct store_entry *w);
void store_watches_clear(void);
/* Queue one watch's event for a change of path. */
void store_watch_fire(struct store_entry *w, const char *path);
/* path has changed, or, if removed, is gone with all that was below: tell who watches it. */
void store_watches_fire(const char *path, bool removed);
/* The queue is empty: send owed events as far as they fit. True if there were any. */
bool store_watches_settle(void);

/* --- guest_store_operation.c --- */
/* What a request wants done after its answer. */
struct store_outcome {
	const char *changed; /* path to fire watches for */
	bool removed;
	struct store_entry *watch; /* a new watch, which fires once */
};
/* Do what store_request asks: its answer is added to the message, or the name of the error returned. */
const char *store_perform(uint32_t type, struct store_outcome *o);
/* Does this type (one that store_perform() did not refuse) answer more than "OK"? */
bool store_has_answer(uint32_t type);
/* Add a string with its NUL to the message. */
bool store_answer_text(const char *text);
void store_transactions_clear(void);

#endif /* TRANSLATORS_XEN_GUEST_STORE_H */
