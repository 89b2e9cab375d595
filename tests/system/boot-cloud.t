#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# Debian's unmodified cloud kernel boots to user space and powers off, with one and several CPUs,
# little and much memory (with and without RAM above 4 GB), on both of QEMU's machine types.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/boot.sh"

boot_matrix cloud
done_testing
