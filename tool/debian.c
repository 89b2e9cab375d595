/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Debian kernels by name. The package that the release's metapackage names is downloaded with apt
 * (so that the archive's signatures are checked) and unpacked, not installed, into the cache:
 * CACHE/cloud and CACHE/generic. A tree is moved there when it is complete, under a lock: an
 * interrupted run leaves nothing that looks done, and two runs do not fetch twice.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "tool.h"

static const struct {
	const char *alias, *tree, *package;
} kernels[] = {
	{ "debian-cloud", "cloud", "linux-image-cloud-amd64" },
	{ "debian-generic", "generic", "linux-image-amd64" },
};

bool debian_is_alias(const char *kernel)
{
	return !strcmp(kernel, "debian") || !strcmp(kernel, "debian-cloud") ||
	       !strcmp(kernel, "debian-generic");
}

char *debian_package(const char *depends_output)
{
	static const char mark[] = "Depends: linux-image-";
	const char *at = strstr(depends_output, mark);

	if (!at)
		return NULL;
	at += strlen("Depends: ");
	return text("%.*s", (int)strcspn(at, " \n"), at);
}

/* The first file that matches; NULL when none does. */
static char *find(const char *pattern)
{
	glob_t found;
	char *result = NULL;

	if (!glob(pattern, 0, NULL, &found) && found.gl_pathc)
		result = text("%s", found.gl_pathv[0]);
	globfree(&found);
	return result;
}

static char *find_kernel(const char *cache, const char *tree)
{
	char *pattern = text("%s/%s/boot/vmlinuz-*", cache, tree), *result = find(pattern);

	free(pattern);
	return result;
}

static char *ask_apt(const char *metapackage)
{
	const char *const argv[] = { "apt-cache", "depends", metapackage, NULL };
	struct buffer output = { 0 };
	char *package = NULL;
	int status = spawn_wait(argv, NULL, &output);

	if (status == 127)
		say("apt-cache cannot be started: Debian kernels are fetched with apt; name a "
		    "kernel "
		    "file instead");
	else if (status || !output.data || !(package = debian_package(output.data)))
		say("apt does not know %s: run \"apt-get update\" with a Debian main archive "
		    "enabled",
		    metapackage);
	free(output.data);
	return package;
}

static void remove_tree(const char *path)
{
	const char *const argv[] = { "rm", "-rf", "--", path, NULL };

	spawn_wait(argv, NULL, NULL);
}

/* Download and unpack into the private directory work, then move to target; true when done. */
static bool unpack(const char *package, const char *work, const char *target)
{
	/* As root, apt would warn that its sandbox user cannot write to our directory. */
	const char *const download[] = { "apt-get",  isatty(STDERR_FILENO) ? "-q" : "-qq",
					 "-o",	     "APT::Sandbox::User=root",
					 "download", package,
					 NULL };
	char *pattern = text("%s/linux-image-*.deb", work), *tree = text("%s/tree", work);
	char *archive;
	const char *extract[] = { "dpkg-deb", "-x", NULL, tree, NULL };

	if (spawn_wait(download, work, NULL) || !(archive = find(pattern))) {
		say("cannot download %s: is the Debian mirror reachable? If the package is gone "
		    "there, run \"apt-get update\"",
		    package);
		return false;
	}
	extract[2] = archive;
	if (spawn_wait(extract, NULL, NULL)) {
		say("cannot unpack %s: is the disk full?", archive);
		return false;
	}
	/* A tree without a kernel is what an earlier failure left: take its place. */
	remove_tree(target);
	if (rename(tree, target)) {
		say("cannot move the kernel to %s: %s", target, strerror(errno));
		return false;
	}
	return true;
}

/* What interrupted runs left: the lock is ours, so nobody is at work there. */
static void remove_stale(const char *cache)
{
	char *pattern = text("%s/fetch.*", cache), *stale;

	while ((stale = find(pattern))) {
		remove_tree(stale);
		if (!access(stale, F_OK))
			break; /* not ours to remove */
		free(stale);
	}
	free(pattern);
}

static bool fetch(const char *cache, const char *tree, const char *metapackage)
{
	char *package = ask_apt(metapackage), *work = text("%s/fetch.XXXXXX", cache);
	char *target = text("%s/%s", cache, tree);
	bool done;

	if (!package)
		return false;
	remove_stale(cache);
	if (!mkdtemp(work)) {
		say("cannot write to %s: %s; set TWOWAY_CACHE to a directory that you can write",
		    cache, strerror(errno));
		return false;
	}
	say("fetching %s into %s", package, cache);
	done = unpack(package, work, target);
	remove_tree(work);
	return done;
}

static int lock(const char *cache)
{
	char *path = text("%s/lock", cache);
	int error = make_directories(cache);
	int fd = error ? -1 : open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);

	if (fd < 0)
		say("cannot use the cache directory %s: %s; set TWOWAY_CACHE to another", cache,
		    strerror(error ? -error : errno));
	else
		while (flock(fd, LOCK_EX) && errno == EINTR)
			;
	free(path);
	return fd;
}

char *debian_kernel(const char *alias)
{
	char *cache = path_of_cache(), *kernel = NULL;
	bool any = !strcmp(alias, "debian");
	size_t count = sizeof(kernels) / sizeof(*kernels);
	int fd;

	for (size_t i = 0; i < count && !kernel; i++)
		if (any || !strcmp(alias, kernels[i].alias))
			kernel = find_kernel(cache, kernels[i].tree);
	if (kernel)
		return kernel;
	fd = lock(cache);
	if (fd < 0)
		return NULL;
	for (size_t i = 0; i < count && !kernel; i++) {
		if (!any && strcmp(alias, kernels[i].alias))
			continue;
		kernel = find_kernel(cache, kernels[i].tree); /* somebody else was faster */
		if (!kernel && fetch(cache, kernels[i].tree, kernels[i].package))
			kernel = find_kernel(cache, kernels[i].tree);
	}
	close(fd);
	return kernel;
}
