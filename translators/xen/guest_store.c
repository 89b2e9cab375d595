/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * xenstore, served in place: the guest's notify runs the requests on the spot, so a guest finds
 * its answer in the ring as soon as its hypercall returns.
 */
#include <string.h>

#include "guest.h"
#include "guest_store.h"

static struct tw_lock lock;

/* The request is complete: answer it, then tell the watches. The queue is empty. */
static void serve_request(void)
{
	const struct xsd_sockmsg *hdr = &store_request.hdr;
	struct store_outcome o = { 0 };
	const char *error;

	xen_count(xen_vcpus[tw_cpu()], XEN_CALL_STORE_REQUEST);
	store_message_begin(hdr, hdr->type);
	error = store_perform(hdr->type, &o);
	if (error) {
		store_message_begin(hdr, XS_ERROR);
		store_answer_text(error);
	} else if (!store_has_answer(hdr->type)) {
		store_answer_text("OK");
	}
	store_message_end();
	if (o.changed)
		store_watches_fire(o.changed, o.removed);
	if (o.watch)
		store_watch_fire(o.watch, o.watch->text);
}

/* Go on until the guest must move: it has no complete request, or no room for the answers. */
static void serve(void)
{
	while (store_flush()) {
		if (store_watches_settle())
			continue;
		if (!store_receive())
			break;
		serve_request();
		store_request_done();
	}
}

static void store_notify(void)
{
	tw_lock(&lock);
	serve();
	tw_unlock(&lock);
}

long xen_store_write(const char *path, const char *value)
{
	static char absolute[256]; /* under the lock */
	size_t home = *path == '/' ? 0 : STORE_HOME_LEN + 1, len = strlen(path);
	long rc = 0;

	if (home + len >= sizeof(absolute))
		return -XEN_EINVAL;
	tw_lock(&lock);
	memcpy(absolute, STORE_HOME "/", home);
	memcpy(absolute + home, path, len + 1);
	if (!store_path_ok(absolute))
		rc = -XEN_EINVAL;
	else if (!store_write(absolute, value, strlen(value)))
		rc = -XEN_ENOSPC;
	if (!rc) {
		store_watches_fire(absolute, false);
		serve();
	}
	tw_unlock(&lock);
	return rc;
}

TW_INIT void xen_store_init(struct xenstore_domain_interface *ring)
{
	store_wire_reset();
	store_watches_clear();
	store_transactions_clear();
	store_populate();
	ring->server_features = XENSTORE_SERVER_FEATURE_ERROR;
	ring->connection = XENSTORE_CONNECTED;
	xen_domain.store = ring;
	xen_domain.store_port = xen_event_backend(store_notify);
}
