#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# The host command without a guest: usage, exit statuses, messages, dry runs, inspect, hosts, and the
# fetching of kernels with stand-ins for apt. What it does with running guests is in tool-run.t.
. "$(dirname "$0")/lib.sh"
twoway=$tw_root/build/twoway
tool=("$twoway")
work=$(mktemp -d "$tw_out/tool.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT

# try STATUS ARG...: run twoway and compare its exit status; what it says is kept in out and err.
try() {
	local want=$1 got
	shift
	"${tool[@]}" "$@" > "$work/out" 2> "$work/err" < /dev/null
	got=$?
	[ "$got" = "$want" ] && return
	echo "# twoway $*: status $got, not $want"
	sed 's/^/# /' "$work/err"
	return 1
}

# refused STATUS REGEX ARG...: it ends with STATUS and one line on standard error that matches.
refused() {
	local status=$1 regex=$2
	shift 2
	try "$status" "$@" || return
	[ ! -s "$work/out" ] && [ "$(wc -l < "$work/err")" = 1 ] && grep -qE "^twoway: .*$regex" "$work/err" &&
		return
	sed 's/^/# /' "$work/out" "$work/err"
	return 1
}

out() {
	grep -qE -- "$1" "$work/out"
}

json() {
	jq -e "$1" "$work/out" > "$work/jq"
}

# --- usage ----------------------------------------------------------------------------------------
ok "no command is a usage error" try 2
ok "an unknown command is one" refused 2 'unknown command "frob"' frob
ok "--version" try 0 --version
ok "--version prints a number" out '^twoway [0-9]'
for command in run inspect hosts probe help; do
	ok "help $command" try 0 help "$command"
	ok "help $command shows its usage" out "^usage: twoway $command"
	ok "$command --help" try 0 "$command" --help
done
ok "help on nothing known" refused 2 'unknown command' help frob
# Options by themselves, as words: those that help names, and those that the man page names.
documented() {
	"$twoway" help run | grep -oE -- "--[a-z-]+" | sort -u > "$work/help"
	sed -n "s/^\.It.* Fl -\([a-z-]*\).*/--\1/p" "$tw_root/docs/man/twoway-run.1" | sort -u > "$work/man"
	[ -s "$work/man" ] && diff "$work/help" "$work/man" | sed "s/^/# /" && cmp -s "$work/help" "$work/man"
}
ok "help and man page name the same options" documented
lint() {
	local page
	for page in "$tw_root"/docs/man/*.1; do
		mandoc -T lint -W warning "$page" > "$work/lint" || { sed "s/^/# /" "$work/lint"; return 1; }
	done
}
if command -v mandoc > /dev/null; then
	ok "the man pages are clean" lint
else
	skip "the man pages are clean" "mandoc is not installed"
fi
ok "a full disk is noticed" eval '! "$twoway" hosts > /dev/full 2> "$work/err"'
ok "run without a kernel" refused 2 'name the guest kernel' run
ok "run with an unknown option" refused 2 'unknown option --frob' run --frob x
ok "an option without its value" refused 2 'needs a value' run x --mem
ok "a senseless size" refused 2 '--mem lots' run --mem lots x
ok "a senseless number of CPUs" refused 2 '--smp 0' run --smp 0 x
ok "a senseless time" refused 2 '--timeout soon' run --timeout soon x
ok "a senseless expression" refused 2 '--expect.*regular expression' run --expect '(' x
ok "a senseless network" refused 2 '--net' run --net bridge x
ok "an unknown host" refused 2 'no host "moon"' run --host moon x
ok "hosts takes no arguments" refused 2 '"x"' hosts x
ok "probe takes no arguments" refused 2 '"x"' probe x
ok "inspect needs a file" refused 2 'name one file' inspect

# --- hosts ----------------------------------------------------------------------------------------
ok "hosts" try 0 hosts
ok "QEMU is a host" out '^qemu +yes '
ok "hosts --json" try 0 hosts --json
ok "the same as JSON" json '.hosts[] | select(.name == "qemu") | .available and .why == null'
ok "an absent host says why" json '.hosts[] | select(.name == "bochs") | (.available | not) and (.why | length > 5)'
ok "QEMU has nested mode" json '.hosts[] | select(.name == "qemu") | .nested and .nested_why == null'
ok "an absent host has not, and says why" json '.hosts[] | select(.name == "bochs") | (.nested | not) and (.nested_why | length > 5)'

# --- probe ----------------------------------------------------------------------------------------
ok "probe" try 0 probe
ok "it names the host side" out '^twoway here would use: [a-z]+$'
ok "it lists the modes" out '^xen-pv@1 +resident +yes '
ok "probe --json" try 0 probe --json
ok "the same as JSON" json '(.interfaces | type == "array") and any(.modes[]; .abi == "xen-pv@1" and .possible)'

# --- files and pairs that cannot be ---------------------------------------------------------------
head -c 100000 /dev/urandom > "$work/rubbish"
: > "$work/empty"
ok "a missing kernel" refused 2 "$work/none: No such file" run "$work/none"
ok "a directory" refused 2 'Is a directory' run "$work"
ok "rubbish is no kernel" refused 4 'neither' run --abi native "$work/rubbish"
ok "rubbish for auto, either" refused 4 'no guest ABI fits' run "$work/rubbish"
ok "an empty file" refused 4 'no guest ABI fits' run "$work/empty"
ok "a missing initrd" refused 2 '--initrd .*No such file' run --initrd "$work/none" debian
ok "a host that is not there" refused 4 'host bochs' run --host bochs debian
# TWOWAY_CACHE, the build tree's cache, or the tool itself fetches the kernel now.
if try 0 run --dry-run debian-cloud; then
	cache=${TWOWAY_CACHE:-$tw_root/build/kernels}
	kernel=$(echo "$cache"/cloud/boot/vmlinuz-*)
else
	ok "fetch the Debian kernel" false
	done_testing
	exit
fi
ok "an ABI that is not there yet" refused 4 'kvm.*offers: xen-pv, native, hyperv' run --abi kvm "$kernel"
ok "a profile that is none" refused 2 'a profile is' run --abi 'hyperv:fast ledger' "$kernel"
ok "an ABI that nobody knows" refused 2 'no guest ABI "plan9"' run --abi plan9 "$kernel"
ok "a version that is not there" refused 4 'version 1' run --abi xen-pv@9 "$kernel"
ok "no disk for xen-pv yet" refused 4 '--disk.*block device' run --disk "$work/rubbish" "$kernel"
ok "no network for xen-pv yet" refused 4 '--net.*network' run --net user "$kernel"
ok "a missing disk" refused 2 '--disk .*No such file' run --abi native --disk "$work/none" "$kernel"
ok "too little memory" refused 2 '--mem 32M is too little' run --mem 32M "$kernel"
ok "a ledger needs twoway" refused 2 '--ledger' run --abi native --ledger - "$kernel"
ok "a command line that is too long" refused 2 '--append.*at most' run --append "$(printf '%03000d' 1)" "$kernel"
TWOWAY_SHIM=$work/none ok "a missing shim" refused 4 'TWOWAY_SHIM' run "$kernel"
tool=(env PATH=/nonexistent "$twoway")
ok "QEMU is not installed" refused 4 'install qemu-system-x86' run "$kernel"
tool=("$twoway")
ok "QEMU refuses its options" refused 4 'QEMU did not start: .*bogus' run --abi native --cpu bogus "$kernel"

# --- dry run --------------------------------------------------------------------------------------
ok "--dry-run" try 0 run --dry-run --smp 3 --mem 1G --append 'a=1,2 b' --shim log=debug --qemu -name \
	--qemu "it's" "$kernel"
ok "is one line" [ "$(wc -l < "$work/out")" = 1 ]
ok "names CPUs and memory" out ' -m 1024M -smp 3 '
ok "doubles commas in a module's command line" grep -qF -- " -initrd '$kernel a=1,,2 b console=hvc0'" "$work/out"
ok "passes the shim's options" out " -append 'abi=xen-pv@1 console=com1 log=debug'"
ok "--dry-run of nested mode" try 0 run --dry-run --abi hyperv@1:fast-crash --disk "$kernel,ro" --net user "$kernel"
ok "chooses a CPU with SVM" out ' -cpu max,[+]svm '
ok "passes the profile" out " -append 'abi=hyperv@1:fast-crash console=com1'"
ok "takes the guest's console to the serial port" out "console=ttyS0'"
ok "has disk and network" out ' -device virtio-blk-pci,.* -device virtio-net-pci,'
ln -s "$kernel" "$work/my kernel, it's"
ok "a name with a blank" try 0 run --dry-run "$work/my kernel, it's"
ok "is passed as an open file" out "-initrd '/dev/fd/3 console=hvc0' 3<'"
# What the shell reads back is counted: the words end with the redirection.
words() {
	local command
	command=$(cat "$work/out")
	bash -c "printf '%s\n' $command" > "$work/words" && grep -qx '/dev/fd/3 console=hvc0' "$work/words"
}
ok "and survives a shell" words

# --- inspect --------------------------------------------------------------------------------------
inspect_kernel() {
	ok "inspect $1" try 0 inspect --json "$3"
	ok "$1 is a bzImage, $2" json ".format == \"Linux bzImage\" and .compression == \"$2\""
	ok "$1 unpacks to more than it was" json '.unpacked_size > .size * 2'
	ok "$1 names its version" json ".kernel_version | startswith(\"$(basename "$3" | sed s/vmlinuz-//) \")"
	ok "$1 boots by three protocols" json '.boot | any(startswith("linux 2.")) and any(. == "efi") and any(. == "pvh")'
	ok "$1 has Xen notes" json '.xen_notes | any(.name == "GUEST_OS" and .value == "linux") and any(.name == "ENTRY")'
	ok "$1 fits xen-pv, native and hyperv" json '[.abis[] | select(.ok).name] == ["xen-pv", "native", "hyperv"]'
	ok "$1 starts in nested mode at two entries" json '.nested == ["linux64", "linux32"]'
	ok "$1, the others say why not" json '[.abis[] | select(.ok | not).why | length > 5] | all'
}
if [ -e "$tw_root/build/kernels/generic" ] || try 0 run --dry-run debian-generic; then
	generic=$(echo "${TWOWAY_CACHE:-$tw_root/build/kernels}"/generic/boot/vmlinuz-*)
	inspect_kernel generic "$(case $generic in *-6.1.*) echo xz ;; *) echo zstd ;; esac)" "$generic"
fi
inspect_kernel cloud "$(case $kernel in *-6.1.*) echo lz4 ;; *) echo zstd ;; esac)" "$kernel"
ok "inspect for people" try 0 inspect "$kernel"
ok "says the same" out '^  xen-pv +yes '
ok "inspect the shim" try 0 inspect "$tw_root/build/twoway.elf"
ok "the shim is Multiboot" out '^boot .*multiboot'
ok "and could run under itself" out '^nested start multiboot, pvh$'
ok "inspect rubbish" try 0 inspect --json "$work/rubbish"
ok "rubbish fits nothing" json '.format == "unknown" and ([.abis[].ok] | any | not)'
ok "and cannot be started in nested mode" json '.nested == [] and (.abis[] | select(.name == "hyperv").why | contains("Multiboot"))'
ok "inspect an empty file" try 0 inspect "$work/empty"
ok "inspect a missing file" refused 2 'No such file' inspect "$work/none"
for size in 600 70000 5000000; do
	head -c "$size" "$kernel" > "$work/cut"
	ok "inspect a kernel cut to $size bytes" try 0 inspect --json "$work/cut"
	ok "which is not runnable as xen-pv" json '[.abis[] | select(.name == "xen-pv").ok] == [false]'
done

# --- fetching, with stand-ins for apt ---------------------------------------------------------------
mkdir "$work/bin"
cat > "$work/bin/apt-cache" << 'END'
#!/bin/sh
[ "$FAKE" = unknown ] && exit 100
printf '%s\n  Depends: linux-image-9.9-test\n' "$2"
END
cat > "$work/bin/apt-get" << 'END'
#!/bin/sh
[ "$FAKE" = offline ] && exit 100
echo deb > linux-image-9.9-test_amd64.deb
END
cat > "$work/bin/dpkg-deb" << 'END'
#!/bin/sh
[ "$FAKE" = full ] && { mkdir -p "$3/boot"; exit 1; }
mkdir -p "$3/boot" && cp "$KERNEL" "$3/boot/vmlinuz-9.9-test"
END
chmod +x "$work"/bin/*

# fetching STATUS HOW ARG...: a dry run with an empty cache and stand-ins that behave in a certain way.
fetching() {
	local status=$1 how=$2
	shift 2
	PATH=$work/bin:$PATH TWOWAY_CACHE=$work/cache FAKE=$how KERNEL=$kernel try "$status" run --dry-run "$@"
}
err() {
	grep -qE -- "^twoway: .*$1" "$work/err"
}
left_over() {
	find "$work/cache" -mindepth 1 ! -name lock | grep -q .
}
ok "apt does not know the package" fetching 4 unknown debian
ok "the remedy is named" err 'apt-get update'
ok "the mirror is not there" fetching 4 offline debian-generic
ok "that is said" err 'cannot download linux-image-9.9-test'
ok "the disk is full" fetching 4 full debian-cloud
ok "nothing half done is left" eval '! left_over'
mkdir -p "$work/cache/fetch.abcdef/tree"
ok "a kernel is fetched" fetching 0 fine debian
ok "to the place of the cloud flavour" [ -e "$work/cache/cloud/boot/vmlinuz-9.9-test" ]
ok "nothing else is left" eval '! ls -d "$work"/cache/fetch.* 2> /dev/null'
ok "it is not fetched twice" fetching 0 offline debian-cloud
ok "a minimal initramfs is made" [ -s "$work/cache/initramfs.cpio" ]
ok "which holds busybox" eval 'cpio -it --quiet < "$work/cache/initramfs.cpio" | grep -qx bin/busybox'
rm -rf "$work/cache/cloud"
mkdir -p "$work/cache/cloud/boot" "$work/cache/generic/boot"
ln -s "$kernel" "$work/cache/generic/boot/vmlinuz-9.9-generic"
ok "debian falls back to the generic flavour" fetching 0 offline debian
ok "which is used" out 'vmlinuz-9.9-generic'
done_testing
