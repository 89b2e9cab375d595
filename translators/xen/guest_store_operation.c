/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * xenstore's operations: what each request type does with the nodes and watches. There is one client,
 * so there is no access control, and transactions are names only: changes show at once, commit always
 * succeeds, and an abort takes nothing back (Linux's drivers abort only when they give up a device anyway).
 */
#include <string.h>

#include "guest.h"
#include "guest_store.h"

#define TRANSACTIONS 32u /* open at a time */

static uint32_t transactions; /* bit n: transaction n + 1 is open */

/* Argument n of the request, a string that ends inside the payload; NULL if there is none. */
static char *argument(unsigned int n)
{
	const struct xsd_sockmsg *hdr = &store_request.hdr;
	char *arg = STORE_PAYLOAD, *end = arg + hdr->len;

	while (arg < end) {
		size_t len = strlen(arg); /* ends at the NUL behind the payload at the latest */

		if (arg + len >= end)
			return NULL;
		if (n-- == 0)
			return arg;
		arg += len + 1;
	}
	return NULL;
}

/* Argument 0 as an absolute path, in place; NULL if it is none. */
static const char *path_argument(bool *relative)
{
	char *path = argument(0);

	if (!path || *path == '@') /* a special name is no path */
		return NULL;
	*relative = *path != '/';
	if (*relative) {
		path = store_request.text;
		memcpy(path, STORE_HOME "/", STORE_HOME_LEN + 1);
	}
	return store_path_ok(path) ? path : NULL;
}

/* A decimal number that fills argument n. */
static bool number_argument(unsigned int n, uint64_t *value)
{
	const char *c = argument(n);

	if (!c || !*c)
		return false;
	for (*value = 0; *c; c++) {
		if (*c < '0' || *c > '9' || *value > UINT32_MAX)
			return false;
		*value = *value * 10 + (uint64_t)(*c - '0');
	}
	return true;
}

bool store_answer_text(const char *text)
{
	return store_message_add(text, strlen(text) + 1);
}

static bool answer_number(uint64_t value)
{
	char text[21], *c = text + sizeof(text) - 1;

	*c = '\0';
	do
		*--c = (char)('0' + value % 10);
	while (value /= 10);
	return store_answer_text(c);
}

/*
 * The operations: each adds its answer, or returns the name of the error. "OK" is added for those
 * that say nothing. node is NULL if the path names none.
 */
typedef const char *operation(const char *path, struct store_entry *node, struct store_outcome *o);

static const char *do_read(const char *path, struct store_entry *node, struct store_outcome *o)
{
	if (!node)
		return "ENOENT";
	return store_message_add(store_data(node), node->data_len) ? NULL : "E2BIG";
}

static const char *do_write(const char *path, struct store_entry *node, struct store_outcome *o)
{
	size_t skip = strlen(STORE_PAYLOAD) + 1;

	if (!store_write(path, STORE_PAYLOAD + skip, store_request.hdr.len - skip))
		return "ENOSPC";
	o->changed = path;
	return NULL;
}

static const char *do_mkdir(const char *path, struct store_entry *node, struct store_outcome *o)
{
	if (node)
		return NULL;
	if (!store_make(path))
		return "ENOSPC";
	o->changed = path;
	return NULL;
}

static const char *do_rm(const char *path, struct store_entry *node, struct store_outcome *o)
{
	if (!path[1])
		return "EINVAL"; /* the root */
	if (!node)
		return store_has_parent(path) ? NULL : "ENOENT";
	store_delete(path);
	o->changed = path;
	o->removed = true;
	return NULL;
}

static const char *do_directory(const char *path, struct store_entry *node, struct store_outcome *o)
{
	struct store_entry *e = NULL;
	const char *name;

	if (!node)
		return "ENOENT";
	while ((e = store_next(&store_nodes, e))) {
		name = store_child(e, path);
		if (name && !store_answer_text(name))
			return "E2BIG"; /* the client asks for parts then */
	}
	return NULL;
}

/* "generation NUL", then the names from a byte offset on; one more NUL tells the end. */
static const char *do_directory_part(const char *path, struct store_entry *node, struct store_outcome *o)
{
	struct store_entry *e = NULL;
	uint64_t offset, at = 0;
	const char *name;

	if (!number_argument(1, &offset))
		return "EINVAL";
	if (!node)
		return "ENOENT";
	answer_number(store_generation);
	while ((e = store_next(&store_nodes, e))) {
		name = store_child(e, path);
		if (!name)
			continue;
		if (at >= offset && !store_answer_text(name))
			return NULL;
		at += strlen(name) + 1;
	}
	store_answer_text("");
	return NULL;
}

static const char *do_get_perms(const char *path, struct store_entry *node, struct store_outcome *o)
{
	if (!node)
		return "ENOENT";
	if (node->perm_len)
		return store_message_add(store_perms(node), node->perm_len) ? NULL : "E2BIG";
	store_answer_text("n1"); /* the guest owns what nobody said anything of */
	return NULL;
}

/* One permission: n(one), r(ead), w(rite) or b(oth), and a domain. */
static bool perm_ok(const char *perm)
{
	if (*perm != 'n' && *perm != 'r' && *perm != 'w' && *perm != 'b')
		return false;
	do
		perm++;
	while (*perm >= '0' && *perm <= '9');
	return !*perm && perm[-1] >= '0' && perm[-1] <= '9';
}

/* Kept for the client to read back; nothing is decided by them. */
static const char *do_set_perms(const char *path, struct store_entry *node, struct store_outcome *o)
{
	uint32_t len = store_request.hdr.len;
	char *perms = argument(1), *value = STORE_PAYLOAD + len;
	size_t perm_len, value_len;
	unsigned int i;

	if (!perms || STORE_PAYLOAD[len - 1])
		return "EINVAL";
	for (i = 1; argument(i); i++)
		if (!perm_ok(argument(i)))
			return "EINVAL";
	if (!node)
		return "ENOENT";
	perm_len = (size_t)(value - perms);
	value_len = node->data_len;
	if (perm_len > STORE_PERMS_MAX ||
	    value_len > (size_t)(store_request.text + sizeof(store_request.text) - value))
		return "ENOSPC";
	memcpy(value, store_data(node), value_len);
	if (!store_put(&store_nodes, node, path, strlen(path), perms, perm_len, value, value_len))
		return "ENOSPC";
	o->changed = path;
	return NULL;
}

static const char *do_watch(const char *path, struct store_entry *node, struct store_outcome *o)
{
	const char *token = argument(1);

	if (!token)
		return "EINVAL";
	if (store_watch_find(path, token))
		return "EEXIST";
	o->watch = store_watch_add(path, token, path == store_request.text);
	return o->watch ? NULL : "E2BIG"; /* Xen's answer for too many watches */
}

static const char *do_unwatch(const char *path, struct store_entry *node, struct store_outcome *o)
{
	const char *token = argument(1);
	struct store_entry *w;

	if (!token)
		return "EINVAL";
	w = store_watch_find(path, token);
	if (!w)
		return "ENOENT";
	store_watch_remove(w);
	return NULL;
}

static const char *do_reset_watches(const char *path, struct store_entry *node, struct store_outcome *o)
{
	store_watches_clear();
	return NULL;
}

static const char *do_transaction_start(const char *path, struct store_entry *node,
					struct store_outcome *o)
{
	unsigned int i;

	if (store_request.hdr.tx_id)
		return "EBUSY"; /* no transactions inside others */
	for (i = 0; i < TRANSACTIONS; i++)
		if (!(transactions >> i & 1))
			break;
	if (i == TRANSACTIONS)
		return "ENOSPC";
	transactions |= 1u << i;
	answer_number(i + 1);
	return NULL;
}

static const char *do_transaction_end(const char *path, struct store_entry *node, struct store_outcome *o)
{
	const char *how = argument(0);

	if (!how || (strcmp(how, "T") && strcmp(how, "F")))
		return "EINVAL";
	if (!store_request.hdr.tx_id)
		return "ENOENT";
	transactions &= ~(1u << (store_request.hdr.tx_id - 1));
	return NULL;
}

static const char *do_get_domain_path(const char *path, struct store_entry *node, struct store_outcome *o)
{
	uint64_t domid;

	if (!number_argument(0, &domid))
		return "EINVAL";
	store_message_add("/local/domain/", 14);
	answer_number(domid);
	return NULL;
}

static const char *do_is_introduced(const char *path, struct store_entry *node, struct store_outcome *o)
{
	uint64_t domid;

	if (!number_argument(0, &domid))
		return "EINVAL";
	store_answer_text(domid <= XEN_GUEST_DOMID ? "T" : "F");
	return NULL;
}

/* What only the host's own tools may ask for. */
static const char *do_refuse(const char *path, struct store_entry *node, struct store_outcome *o)
{
	return "EACCES";
}

enum { NO_PATH, PATH, WATCH_PATH };

static const struct {
	operation *serve;
	uint8_t path; /* argument 0 */
	bool answers; /* has an answer of its own, so no "OK" */
} operations[XS_TYPE_COUNT] = {
    [XS_READ] = {do_read, PATH, true},
    [XS_WRITE] = {do_write, PATH, false},
    [XS_DIRECTORY] = {do_directory, PATH, true},
    [XS_DIRECTORY_PART] = {do_directory_part, PATH, true},
    [XS_MKDIR] = {do_mkdir, PATH, false},
    [XS_RM] = {do_rm, PATH, false},
    [XS_GET_PERMS] = {do_get_perms, PATH, true},
    [XS_SET_PERMS] = {do_set_perms, PATH, false},
    [XS_WATCH] = {do_watch, WATCH_PATH, false},
    [XS_UNWATCH] = {do_unwatch, WATCH_PATH, false},
    [XS_RESET_WATCHES] = {do_reset_watches, NO_PATH, false},
    [XS_TRANSACTION_START] = {do_transaction_start, NO_PATH, true},
    [XS_TRANSACTION_END] = {do_transaction_end, NO_PATH, false},
    [XS_GET_DOMAIN_PATH] = {do_get_domain_path, NO_PATH, true},
    [XS_IS_DOMAIN_INTRODUCED] = {do_is_introduced, NO_PATH, true},
    [XS_CONTROL] = {do_refuse, NO_PATH, true},
    [XS_INTRODUCE] = {do_refuse, NO_PATH, true},
    [XS_RELEASE] = {do_refuse, NO_PATH, true},
    [XS_RESUME] = {do_refuse, NO_PATH, true},
    [XS_SET_TARGET] = {do_refuse, NO_PATH, true},
};

/* Special watch paths: events of domains, of which there are none here. */
static const char *special_path(void)
{
	const char *path = argument(0);

	if (path && (!strcmp(path, "@introduceDomain") || !strcmp(path, "@releaseDomain")))
		return path;
	return NULL;
}

/* Check what all operations have in common, then do it. */
const char *store_perform(uint32_t type, struct store_outcome *o)
{
	uint32_t tx = store_request.hdr.tx_id;
	struct store_entry *node = NULL;
	const char *path = NULL;
	bool relative = false;

	if (type >= XS_TYPE_COUNT || !operations[type].serve)
		return "ENOSYS";
	if (tx && (tx > TRANSACTIONS || !(transactions >> (tx - 1) & 1)))
		return "ENOENT";
	if (operations[type].path == WATCH_PATH)
		path = special_path();
	if (operations[type].path != NO_PATH && !path) {
		path = path_argument(&relative);
		if (!path)
			return "EINVAL";
	}
	if (operations[type].path == PATH)
		node = store_find(&store_nodes, path);
	return operations[type].serve(path, node, o);
}

bool store_has_answer(uint32_t type)
{
	return operations[type].answers;
}

void store_transactions_clear(void)
{
	transactions = 0;
}
