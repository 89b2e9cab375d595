#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# The rule that is the architecture: no guest side knows a host side, and no host side a guest side.
# Checked twice: by what they include, and by what the shim's objects refer to. Arguments: the
# folder of the shim's objects.
set -euo pipefail
objects=${1:-build/shim}
bad=0

complain() {
	echo "layers: $*" >&2
	bad=1
}

# Includes: a translator sees the neutral interface, the ABIs' public headers, and its own folder's half.
for file in translators/*/guest*.[ch]; do
	hits=$(grep -nE '#include[ \t]*"([^"]*/)?host[^"]*"' "$file" | grep -vE '"twoway/host\.h"' || true)
	[ -z "$hits" ] || complain "$file is a guest side and includes a host side: $hits"
done
for file in translators/*/host*.[ch]; do
	hits=$(grep -nE '#include[ \t]*"([^"]*/)?guest[^"]*"' "$file" || true)
	[ -z "$hits" ] || complain "$file is a host side and includes a guest side: $hits"
done
for file in translators/*/*.[ch]; do
	hits=$(grep -nE '#include[ \t]*"(shim|loader|tool)/' "$file" || true)
	[ -z "$hits" ] || complain "$file is a translator and includes the core: $hits"
done

# References: what one side needs must not be defined by the other, whatever was declared by hand.
sides() {
	find "$objects/translators" -name "$1*.o" -print0 | xargs -0 -r nm "$2" |
		awk 'NF { print $NF }' | grep -v ':$' | sort -u
}
for pair in guest:host host:guest; do
	crossed=$(comm -12 <(sides "${pair%:*}" --undefined-only) <(sides "${pair#*:}" --defined-only))
	[ -z "$crossed" ] || complain "${pair%:*} sides refer to ${pair#*:} sides: $(echo $crossed)"
done
[ "$bad" = 0 ]
