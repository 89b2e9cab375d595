# SPDX-License-Identifier: GPL-2.0-only OR MIT
# shellcheck shell=bash
# Many guests in one boot of the KVM lab, one after the other (cases-init runs them): the lab's own boot costs
# more than a guest's. With CASES_ICOUNT=1 the lab runs under virtual time: then neither this machine's load nor its speed
# decides which interrupts come (--trace), but Hyper-V's own drivers take very long. Source it behind lab.sh.
#
# The guests' options are those of `twoway run`, which says what their QEMU commands are (--dry-run).
cases_tree=$tw_out/cases.$(basename "$0" .t)

# cases_begin: forget all cases.
cases_begin() {
	rm -rf "$cases_tree"
	mkdir -p "$cases_tree/tw"
	printf '%s\n' sh /tw/cases-init > "$cases_tree/tw/args"
	cp "$tw_root/tests/hosts/cases-init" "$cases_tree/tw/"
	cp "$tw_elf" "$cases_tree/tw/shim"
	cp "$lab_guest" "$cases_tree/tw/initrd"
	cp "$("$tw_root/tests/kernels.sh" cloud)" "$cases_tree/tw/kernel"
}

# cases_has NAME: is wanted by TW_CASES (a regex, all if empty: a lab full of guests takes long).
cases_has() {
	[[ $1 =~ ${TW_CASES:-} ]]
}

# cases_add NAME OPTION...: one guest more. It may use the files of the lab alone: no --disk.
cases_add() {
	local name=$1 kernel command
	local -a words
	shift
	cases_has "$name" || return 0
	kernel=$("$tw_root/tests/kernels.sh" cloud)
	case " $* " in
	*" --abi native "*) ;;
	*) set -- --shim ledger "$@" ;;
	esac
	command=$("$twoway" run --dry-run --initrd "$lab_guest" "$@" "$kernel") || return 1
	command=${command//"$kernel"//tw/kernel}
	command=${command//"$lab_guest"//tw/initrd}
	command=${command//"$tw_elf"//tw/shim}
	eval "words=($command)"
	words[0]=qemu-system-x86_64
	printf '%s\n' "${words[@]}" > "$cases_tree/tw/case.$name"
}

# cases_run NAME [--trace]: run them all. What guests and trace said is in $tw_dir/console, the ledgers and
# QEMU's complaints in $tw_dir/debugcon, both cut into cases by lines "CASE NAME".
cases_run() {
	local lab status
	local -a clock=()
	tw_dir=$tw_out/$1
	lab=$("$tw_root/tests/hosts/build.sh" kvm) || return 1
	rm -rf "$tw_dir"
	mkdir -p "$tw_dir"
	if [ "${2:-}" = --trace ]; then
		: > "$cases_tree/tw/trace"
		[ -z "${CASES_ICOUNT:-}" ] || clock=(-icount shift=0,sleep=off -rtc base=2026-01-01,clock=vm)
	fi
	(cd "$cases_tree" && find . | LC_ALL=C sort | cpio -o -H newc --quiet --owner=0:0) |
		cat "$lab/initramfs" - > "$tw_dir/initramfs"
	take_slot
	# Processor and kernel options are those of tool/lab_kvm.c.
	nice -n 5 timeout -k 5 $((900 * TW_SLOW)) qemu-system-x86_64 -machine q35 -accel tcg "${clock[@]}" \
		-cpu max,+svm,-smap,-xsave,la57=off -smp 1 -m 1200M -nodefaults -no-user-config -display none \
		-no-reboot ${CASES_QEMU:-} -chardev "file,id=lab,path=$tw_dir/debugcon" -serial chardev:lab -serial stdio \
		-kernel "$lab/vmlinux" -initrd "$tw_dir/initramfs" \
		-append "quiet panic=-1 tsc=reliable clocksource=tsc no_timer_check mitigations=off random.trust_cpu=on" \
		> "$tw_dir/console" 2> "$tw_dir/qemu.err" < /dev/null
	status=$?
	exec 8>&-
	rm -f "$tw_dir/initramfs"
	return $status
}

# case_text NAME FILE: what that case said in console or debugcon.
case_text() {
	tr -d '\r' < "$tw_dir/$2" | awk -v name="$1" '/^CASE / { on = $2 == name; next } on'
}

# case_pick NAME: let lab.sh's and lib.sh's questions (said, ledger, native, healthy) be about that case.
case_pick() {
	local all=$tw_dir
	tw_dir=$all/$1
	mkdir -p "$tw_dir"
	(tw_dir=$all case_text "$1" console) > "$tw_dir/console"
	(tw_dir=$all case_text "$1" debugcon) > "$tw_dir/debugcon"
	shim_ledger > "$tw_dir/ledger.json"
}
