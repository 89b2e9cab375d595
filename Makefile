# SPDX-License-Identifier: GPL-2.0-only OR MIT
# One non-recursive Makefile. Targets: all deps run check bench fuzz install clean (make help).

VERSION := 0.1
B       := build
CC      ?= gcc
CLANG   ?= clang
PREFIX  ?= /usr/local

.PHONY: all deps run check unit unit-build system check-hosts bench fuzz install clean help layers
.DELETE_ON_ERROR:
all: $(B)/twoway.elf $(B)/twoway $(B)/twoway-vmi.rom

help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)

WARN := -Wall -Wextra -Wmissing-prototypes -Wstrict-prototypes -Wno-unused-parameter
COMMON := -std=gnu11 -g -I. -Iinclude -I$(B)/include -DTW_VERSION='"$(VERSION)"' -MMD -MP $(WARN)

# --- sources, by folder: a new file needs no edit here ---------------------------------------
TRANSLATORS  := $(sort $(wildcard translators/*/*.c))
LOADER_IN    := $(sort $(wildcard loader/in/*.c))
LOADER_OUT   := $(sort $(wildcard loader/out/*.c))
LOADER_LIBC  := $(sort $(wildcard loader/libc/*.c))
SHIM_C       := $(sort $(wildcard shim/*.c shim/resident/*.c shim/nested/*.c))
SHIM_S       := $(sort $(wildcard shim/*.S shim/resident/*.S shim/nested/*.S))
# What is neither hardware nor boot and so runs anywhere: shared with the tool and the tests.
PORTABLE     := shim/clock.c shim/format.c
TOOL_C       := $(sort $(wildcard tool/*.c))
UNIT         := $(sort $(wildcard tests/unit/test_*.c))
UNIT_MOCKS   := $(sort $(wildcard tests/unit/mock_*.c))
FUZZERS      := $(sort $(wildcard tests/fuzz/fuzz_*.c))

# --- the shim: free-standing, boot-only libraries from Debian's static packages ----------------
SHIM_CFLAGS := $(COMMON) -include shim/hidden.h -O2 -ffreestanding -fpie -fvisibility=hidden -mno-red-zone \
	-mgeneral-regs-only -fno-stack-protector -fno-asynchronous-unwind-tables \
	-fcf-protection=none -fno-strict-aliasing -fno-common -fno-align-loops -fno-align-jumps
SHIM_LIBS   := -llzma -lz -llz4 -lzstd
OFFSETS     := $(B)/include/asm-offsets.h $(B)/include/nested-offsets.h
SHIM_OBJS   := $(patsubst %,$(B)/shim/%.o,$(SHIM_S) $(SHIM_C) $(filter-out translators/vmi/%,$(TRANSLATORS)) $(LOADER_IN) $(LOADER_OUT) $(LOADER_LIBC))

# Nested mode is small: nothing is aligned in it. It gives away what only resident mode needs; there functions are
# aligned, which costs no page. Loops and jumps are not: that would.
$(filter-out $(B)/shim/shim/resident/% $(B)/shim/translators/xen/guest%,$(SHIM_OBJS)): SHIM_CFLAGS += -fno-align-functions

# What seldom runs is small rather than fast.
COLD := $(addprefix shim/,format ledger end log hypervisor) \
	$(addprefix shim/nested/,apic apic_step apic_guest cpu npt power overlay host_trap svm memory count native) \
	$(addprefix translators/hyperv/guest_,crash connection message profile synic overlay page time testdev) \
	$(addprefix translators/bare/host_,power console rtc cpu ioapic tsc)
$(COLD:%=$(B)/shim/%.c.o): SHIM_CFLAGS += -Os
$(B)/shim/%.c.o: %.c
	@mkdir -p $(@D)
	$(CC) $(SHIM_CFLAGS) -c -o $@ $<
$(B)/shim/%.S.o: %.S $(OFFSETS)
	@mkdir -p $(@D)
	$(CC) $(filter-out -include shim/hidden.h,$(SHIM_CFLAGS)) -D__ASSEMBLY__ -c -o $@ $<
$(B)/include/asm-offsets.h: shim/resident/offsets.c.in
$(B)/include/nested-offsets.h: shim/nested/offsets.c.in
$(OFFSETS):
	@mkdir -p $(@D)
	$(CC) $(SHIM_CFLAGS) -MF $@.d -MT $@ -x c -S -o $@.s $<
	sed -n 's/^->\([A-Z0-9_]*\) \$$*\([-0-9]*\)$$/#define \1 \2/p' $@.s > $@
$(B)/shim/shim/vmi_rom.S.o: SHIM_CFLAGS += -DTW_VMI_ROM='"$(B)/twoway-vmi.rom"'
$(B)/shim/shim/vmi_rom.S.o: $(B)/twoway-vmi.rom
$(B)/shim/shim.lds: shim/shim.lds.in
	@mkdir -p $(@D)
	$(CC) $(filter-out -include shim/hidden.h,$(SHIM_CFLAGS)) -D__ASSEMBLY__ -P -E -x assembler-with-cpp -MF $@.d -MT $@ -o $@ $<
$(B)/twoway.elf: $(B)/shim/shim.lds $(SHIM_OBJS)
	$(CC) -nostdlib -static -no-pie -Wl,--build-id=none,-z,max-page-size=4096,-z,noexecstack \
		-Wl,--no-warn-rwx-segments -Wl,-Map=$(B)/twoway.map -T $< -o $@.debug $(SHIM_OBJS) $(SHIM_LIBS)
	objcopy --strip-debug $@.debug $@

# --- the VMI ROM ---------------------------------------------------------------------------------
include shim/vmi/rom.mk

# --- the same files as an ordinary library: unit tests and fuzzers -----------------------------
HOST_SRCS   := $(TRANSLATORS) $(LOADER_IN) $(LOADER_OUT) $(PORTABLE) shim/hypervisor.c
HOST_CFLAGS := $(COMMON) -O1 -DTW_HOSTED -Itests/unit -fno-strict-aliasing
UNIT_CFLAGS := $(HOST_CFLAGS) -fsanitize=address,undefined -fno-sanitize-recover=undefined
UNIT_OBJS   := $(patsubst %,$(B)/unit/%.o,$(HOST_SRCS) $(UNIT_MOCKS))
UNIT_BINS   := $(patsubst tests/unit/%.c,$(B)/unit/%,$(UNIT))
UNIT_LIBS   := $(shell pkg-config --libs check 2>/dev/null) $(SHIM_LIBS)

$(B)/unit/%.c.o: %.c
	@mkdir -p $(@D)
	$(CC) $(UNIT_CFLAGS) -c -o $@ $<
$(B)/unit/libtwoway.a: $(UNIT_OBJS)
	rm -f $@ && ar rcs $@ $^
$(B)/unit/test_%: tests/unit/test_%.c $(B)/unit/libtwoway.a
	$(CC) $(UNIT_CFLAGS) -o $@ $< $(B)/unit/libtwoway.a $(UNIT_LIBS)

# --- the tool ------------------------------------------------------------------------------------
# libxenctrl's name has Xen's version; the tool opens it when it is there.
XEN_VERSION := $(shell pkg-config --modversion xencontrol 2>/dev/null | cut -d. -f1,2)
TOOL_DEFS   := -D_GNU_SOURCE -DTW_XEN_VERSION='"$(XEN_VERSION)"'
TOOL_CFLAGS := $(COMMON) -O2 -DTW_HOSTED $(TOOL_DEFS)
# Not the Xen domain builder: it writes into a guest's memory.
TOOL_SRCS   := $(TOOL_C) $(filter-out %/xen_pv_build.c,$(LOADER_OUT)) $(PORTABLE)
TOOL_OBJS   := $(patsubst %,$(B)/tool/%.o,$(TOOL_SRCS))
TOOL_LIBS   := -ljansson $(SHIM_LIBS)
$(B)/tool/%.c.o: %.c
	@mkdir -p $(@D)
	$(CC) $(TOOL_CFLAGS) -c -o $@ $<
$(B)/twoway: $(TOOL_OBJS)
	$(CC) -o $@ $^ $(TOOL_LIBS)

# All but main() once more for its unit tests, with the sanitizers.
TOOL_UNIT_OBJS := $(patsubst %,$(B)/unit/%.o,$(filter-out tool/main.c,$(TOOL_C)))
$(TOOL_UNIT_OBJS): UNIT_CFLAGS += $(TOOL_DEFS)
$(B)/unit/libtool.a: $(TOOL_UNIT_OBJS)
	rm -f $@ && ar rcs $@ $^
$(B)/unit/test_tool_%: tests/unit/test_tool_%.c $(B)/unit/libtool.a $(B)/unit/libtwoway.a
	$(CC) $(UNIT_CFLAGS) -D_GNU_SOURCE -o $@ $< $(B)/unit/libtool.a $(B)/unit/libtwoway.a -ljansson $(UNIT_LIBS)

# Those files of the shim's core that touch no hardware; each test brings what it does not want linked.
SHIM_UNIT_OBJS := $(patsubst %,$(B)/unit/%.o,shim/options.c shim/ledger.c shim/memory.c shim/clock_follow.c shim/image.c)
$(B)/unit/libshim.a: $(SHIM_UNIT_OBJS)
	rm -f $@ && ar rcs $@ $^
$(B)/unit/test_shim_%: tests/unit/test_shim_%.c $(B)/unit/libshim.a $(B)/unit/libtwoway.a
	$(CC) $(UNIT_CFLAGS) -o $@ $< $(B)/unit/libshim.a $(B)/unit/libtwoway.a $(UNIT_LIBS)

# The core of nested mode without its instructions, on a machine made of C (svm_machine.h). Its static data
# gets sections of its own, so that the machine can begin anew.
NESTED_C    := $(filter-out shim/nested/cpu_hw.c,$(sort $(wildcard shim/nested/*.c)))
MACHINE_C   := $(sort $(wildcard tests/unit/svm_*.c))
define NESTED_OBJECT
	ld -r -o $@ $(filter %.o,$^)
	objcopy --rename-section .data=nested_data --rename-section .data.rel.local=nested_data \
		--rename-section .bss=nested_bss,alloc,load,data,contents $@
endef
$(B)/unit/nested.o: $(patsubst %,$(B)/unit/%.o,$(NESTED_C))
	$(NESTED_OBJECT)
$(B)/unit/libnested.a: $(B)/unit/nested.o $(patsubst %,$(B)/unit/%.o,$(MACHINE_C))
	rm -f $@ && ar rcs $@ $^
$(B)/unit/test_nested_%: tests/unit/test_nested_%.c $(B)/unit/libnested.a $(B)/unit/libtwoway.a
	$(CC) $(UNIT_CFLAGS) -o $@ $< $(B)/unit/libnested.a $(B)/unit/libtwoway.a $(UNIT_LIBS)

# --- fuzzers ---------------------------------------------------------------------------------------
FUZZ_S      ?= 60
FUZZ_CFLAGS := $(HOST_CFLAGS) -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
FUZZ_OBJS   := $(patsubst %,$(B)/fuzz/%.o,$(HOST_SRCS) $(UNIT_MOCKS))
FUZZ_BINS   := $(patsubst tests/fuzz/%.c,$(B)/fuzz/%,$(FUZZERS))
$(B)/fuzz/%.c.o: %.c
	@mkdir -p $(@D)
	$(CLANG) $(FUZZ_CFLAGS) -c -o $@ $<
$(B)/fuzz/fuzz_%: tests/fuzz/fuzz_%.c $(FUZZ_OBJS)
	$(CLANG) $(FUZZ_CFLAGS) -fsanitize=fuzzer -o $@ $< $(FUZZ_OBJS) $(SHIM_LIBS)
$(B)/fuzz/nested.o: $(patsubst %,$(B)/fuzz/%.o,$(NESTED_C))
	$(NESTED_OBJECT)
# What makes the machine, and is not under test, needs no coverage.
MACHINE_FUZZ := $(patsubst %,$(B)/fuzz/%.o,$(MACHINE_C))
$(MACHINE_FUZZ): FUZZ_CFLAGS += -fno-sanitize=fuzzer-no-link
$(B)/fuzz/libnested.a: $(B)/fuzz/nested.o $(MACHINE_FUZZ)
	rm -f $@ && ar rcs $@ $^
$(B)/fuzz/libtwoway.a: $(FUZZ_OBJS)
	rm -f $@ && ar rcs $@ $^
$(B)/fuzz/fuzz_nested_exit: tests/fuzz/fuzz_nested_exit.c $(B)/fuzz/libnested.a $(B)/fuzz/libtwoway.a
	$(CLANG) $(FUZZ_CFLAGS) -fsanitize=fuzzer -o $@ $< $(B)/fuzz/libnested.a $(B)/fuzz/libtwoway.a $(SHIM_LIBS)

include tests/guests/hv/guests.mk

# --- what people call -----------------------------------------------------------------------------
## make            build the tool and the shim
## make deps       install the Debian packages that building, running and testing need
## make run        an unmodified Debian kernel boots under twoway, to a shell when there is a terminal
## make check      deps, build, unit tests, system tests
## make check-hosts  system tests on real hypervisors, booted inside QEMU
## make bench      ratios of twoway to native, on the same kernel
## make fuzz       run every fuzzer for FUZZ_S seconds in all (60)
## make install    to DESTDIR and PREFIX
## make clean      remove build/

# The packages come first, and make must look for them anew afterwards: hence the second make.
deps:
	@tests/deps.sh

run: deps
	@$(MAKE) --no-print-directory -s -j2 all
	@$(B)/twoway run --smp 2 --mem 1G --ledger - debian

check: deps
	@$(MAKE) --no-print-directory -j2 all layers unit-build
	@$(MAKE) --no-print-directory unit
	@$(MAKE) --no-print-directory system

layers: $(B)/twoway.elf $(B)/twoway-vmi.rom
	@tests/layers.sh $(B)/shim
	@tests/layers.sh $(B)/vmi

unit-build: $(UNIT_BINS)
# One program a suite, two at a time; each runs under a time limit of its own and is heard as a whole.
unit: $(UNIT_BINS)
	@export CK_DEFAULT_TIMEOUT=60; printf '%s\n' $(UNIT_BINS) | xargs -P2 -I{} sh -c 'out=$$(timeout 240 {} 2>&1); \
		status=$$?; echo "$$out"; [ $$status = 0 ] || echo "{}: exit status $$status"; exit $$status'

# Two at a time: each test boots virtual machines, and two CPUs are what a small machine has.
# The longest come first, so that none of them runs alone at the end.
SYSTEM_LONG := tests/system/stress.t tests/system/many-boots.t
system: all hyperv-guests
	@prove $(PROVE_FLAGS) -j2 --timer $(SYSTEM_LONG) $(filter-out $(SYSTEM_LONG),$(sort $(wildcard tests/system/*.t)))

# Real hypervisors, each booted inside QEMU's emulation: slow, so not part of check.
check-hosts: deps
	@$(MAKE) --no-print-directory -j2 all
	@prove $(PROVE_FLAGS) --timer tests/hosts/*.t

bench: deps
	@$(MAKE) --no-print-directory -s -j2 all
	@tests/bench/run.sh

fuzz: $(FUZZ_BINS)
	@for f in $(FUZZ_BINS); do echo $$f; $$f -max_total_time=$$(($(FUZZ_S) / $(words $(FUZZ_BINS)) + 1)) \
		-rss_limit_mb=2048 -artifact_prefix=$(B)/fuzz/ > $$f.log 2>&1 || { tail -40 $$f.log; exit 1; }; \
		tail -1 $$f.log; done

install: all
	install -D -m 755 $(B)/twoway $(DESTDIR)$(PREFIX)/bin/twoway
	install -D -m 644 $(B)/twoway.elf $(DESTDIR)$(PREFIX)/lib/twoway/twoway.elf
	install -D -m 644 $(B)/twoway-vmi.rom $(DESTDIR)$(PREFIX)/lib/twoway/twoway-vmi.rom
	install -d $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/include/twoway
	install -m 644 docs/man/*.1 $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 644 include/twoway/*.h $(DESTDIR)$(PREFIX)/include/twoway
	install -d $(DESTDIR)$(PREFIX)/share/pkgconfig
	sed "s|@PREFIX@|$(PREFIX)|; s|@VERSION@|$(VERSION)|" docs/twoway.pc.in > $(DESTDIR)$(PREFIX)/share/pkgconfig/twoway.pc

clean:
	rm -rf $(B)


-include $(shell find $(B) -name '*.d' 2>/dev/null)
