#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# twoway probe in the dom0 of a real Xen: libxenctrl tells what CPUID cannot; and without that library it
# still runs, and says so.
. "$(dirname "$0")/lab.sh"
. "$(dirname "$0")/xen-command.sh"
xen_command_begin xen-probe
lab_programs "$tree" "$(realpath "$twoway")"
mv "$tree$(realpath "$twoway")" "$tree/usr/bin/twoway"
cat > "$tree/tw/command" <<'END'
#!/bin/sh
exec > /dev/ttyS1 2>&1
twoway probe
twoway probe --json
rm /usr/lib/*/libxenctrl.so.*
twoway probe
poweroff -f
END
chmod +x "$tree/tw/command"

xen_command_run 512 300
ok "dom0 is seen" said '^Xen dom0, PV: ' || tap_tail
ok "the version is told" said '^Xen 4\.[0-9]+\.[0-9a-z.-]+ can start domains with'
ok "PV, HVM and PVH domains, with nested paging" said '^ +PV, HVM and PVH, nested paging'
ok "SVM can be given to them" said '^nested virtualisation for HVM and PVH domains: SVM'
ok "the same as JSON" eval "line '^\{' | jq -e '.xen.dom0 and .xen.control.nested == \"SVM\" and (.xen.control.version | startswith(\"4.\"))' > /dev/null"
ok "without the library it says so" said "^Xen's control interface: libxenctrl.so.4.[0-9]+ is not installed"
done_testing
