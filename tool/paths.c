/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Where things are. All is found relative to the executable, so that a build tree, an installed
 * tree and a copied tree work without being configured.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool.h"

char *path_of_tool(void)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	char *slash;

	if (n <= 0)
		return text(".");
	path[n] = 0;
	slash = strrchr(path, '/');
	if (slash)
		*slash = 0;
	return text("%s", *path ? path : "/");
}

char *path_of_shim(char **why)
{
	const char *given = getenv("TWOWAY_SHIM");
	char *tool = path_of_tool();
	char *beside = text("%s/twoway.elf", tool);
	char *installed = text("%s/../lib/twoway/twoway.elf", tool);

	free(tool);
	if (given && *given) {
		if (!access(given, R_OK))
			return text("%s", given);
		*why = text("TWOWAY_SHIM names %s: %s", given, strerror(errno));
		return NULL;
	}
	if (!access(beside, R_OK))
		return beside;
	if (!access(installed, R_OK))
		return installed;
	*why = text("the shim is missing: neither %s nor %s can be read; run \"make\", or set "
		    "TWOWAY_SHIM",
		    beside, installed);
	return NULL;
}

char *path_of_rom(char **why)
{
	char *tool = path_of_tool();
	char *beside = text("%s/twoway-vmi.rom", tool);
	char *installed = text("%s/../lib/twoway/twoway-vmi.rom", tool);

	free(tool);
	if (!access(beside, R_OK))
		return beside;
	if (!access(installed, R_OK))
		return installed;
	*why = text("the VMI ROM is missing: neither %s nor %s can be read; run \"make\"", beside,
		    installed);
	return NULL;
}

char *path_of_cache(void)
{
	const char *given = getenv("TWOWAY_CACHE"), *xdg = getenv("XDG_CACHE_HOME");
	const char *home = getenv("HOME");
	char *tool = path_of_tool();
	char *source = text("%s/../include/twoway/image.h", tool);
	char *result;

	if (given && *given)
		result = text("%s", given);
	else if (!access(source, F_OK))
		result = text("%s/kernels", tool);
	else if (xdg && *xdg == '/')
		result = text("%s/twoway", xdg);
	else
		result = text("%s/.cache/twoway", home && *home ? home : "/tmp");
	free(tool);
	free(source);
	return result;
}

char *path_of_program(const char *name)
{
	const char *path = getenv("PATH");

	for (const char *p = path ? path : "/usr/bin:/bin"; *p;) {
		size_t n = strcspn(p, ":");
		char *full = text("%.*s%s%s", (int)n, p, n ? "/" : "./", name);
		struct stat st;

		if (!access(full, X_OK) && !stat(full, &st) && S_ISREG(st.st_mode))
			return full;
		free(full);
		p += n + (p[n] == ':');
	}
	return NULL;
}

int make_directories(const char *path)
{
	char *copy = text("%s", path);
	int error = 0;

	for (char *p = copy + 1; !error; p++) {
		char kept = *p;

		if (kept && kept != '/')
			continue;
		*p = 0;
		if (mkdir(copy, 0777) && errno != EEXIST)
			error = -errno;
		*p = kept;
		if (!kept)
			break;
	}
	free(copy);
	return error;
}
