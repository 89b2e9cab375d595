/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The entry code for CPUs that are affected by Meltdown: while user mode runs, its own page-table
 * root is loaded, which shows nothing of the kernel and of the shim only the entry areas.
 */
#define ENTRY_PTI
#define ENTRY_TABLE entry_pti
#include "shim/resident/entry.S"
