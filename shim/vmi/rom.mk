# SPDX-License-Identifier: GPL-2.0-only OR MIT
# The VMI ROM: host sides, clock and guest side of VMI, compiled for i386. build/vmi/full.rom serves by
# code what is as good native, for the tests. No 32-bit libraries are needed.

# The order is the rule (shim/host.c).
VMI_DRIVERS := $(filter $(patsubst translators/%/host.c,%,$(wildcard translators/*/host.c)),xen kvm hyperv vmware)
# Without what a ROM must leave alone (silent.c): console, interrupt controllers, sleep and events are the guest's.
VMI_LEFT    := translators/bare/host_console.c translators/bare/host_ioapic.c translators/bare/host_sleep.c \
	$(addprefix translators/xen/host_,$(addsuffix .c,console cpu event services store timer))
VMI_C       := $(filter-out $(VMI_LEFT),$(sort $(wildcard shim/vmi/*.c translators/vmi/guest*.c translators/bare/host*.c) \
	$(foreach d,$(VMI_DRIVERS),$(wildcard translators/$(d)/host*.c)) shim/clock.c shim/hypervisor.c shim/pam.c))
VMI_S       := $(sort $(wildcard shim/vmi/*.S))
VMI_OBJS    := $(patsubst %,$(B)/vmi/%.o,$(VMI_S) $(VMI_C))
VMI_HEADERS := $(addprefix -isystem /usr/include/,$(shell $(CC) -print-multiarch))
# Compiled as one (LTO), and without what only the shim has: boot-only sections, a ledger.
VMI_CFLAGS  := $(COMMON) $(VMI_HEADERS) -I$(B)/vmi -include shim/hidden.h -m32 -march=i686 -mregparm=3 -mpreferred-stack-boundary=2 -Os -fno-inline-functions-called-once -ffreestanding \
	-fpie -fvisibility=hidden -mgeneral-regs-only -fno-stack-protector -fno-asynchronous-unwind-tables \
	-fcf-protection=none -fno-strict-aliasing -fno-common -ffunction-sections -fdata-sections -DTW_MAX_CPUS=16 -DTW_CLOCK_FIXED -DTW_ALL_RESIDENT -DTW_NO_LEDGER
# But for what the compiler calls, which must still be there when the rest is one.
VMI_LTO      = $(if $(filter shim/vmi/compiler.c,$<),,-flto=1)

$(B)/vmi/vmi-hosts.h: $(wildcard translators/*/host.c)
	@mkdir -p $(@D)
	echo '#define VMI_HOSTS(X) $(patsubst %,X(%),$(VMI_DRIVERS))' > $@
$(B)/vmi/%.c.o: %.c $(B)/vmi/vmi-hosts.h shim/vmi/rom.mk
	@mkdir -p $(@D)
	$(CC) $(VMI_CFLAGS) $(VMI_LTO) -c -o $@ $<
$(B)/vmi/%.S.o: %.S
	@mkdir -p $(@D)
	$(CC) $(filter-out -include shim/hidden.h,$(VMI_CFLAGS)) -D__ASSEMBLY__ -c -o $@ $<
$(B)/vmi/rom.lds: shim/vmi/rom.lds.in shim/vmi/rom.h
	@mkdir -p $(@D)
	$(CC) $(filter-out -include shim/hidden.h,$(VMI_CFLAGS)) -Ui386 -D__ASSEMBLY__ -P -E -x assembler-with-cpp -MF $@.d -MT $@ -o $@ $<

# Link, and fill the checksum.
$(B)/vmi/%.rom: $(B)/vmi/rom.lds $(VMI_OBJS) shim/vmi/seal.sh
	$(CC) $(filter-out -MMD -MP,$(VMI_CFLAGS)) -flto=1 -nostdlib -pie -Wl,-m,elf_i386,--no-dynamic-linker,--gc-sections,--build-id=none \
		-Wl,-z,noexecstack,-z,pack-relative-relocs,--no-warn-rwx-segments \
		-Wl,--defsym,rom_serve_all=$(if $(filter full,$*),1,0),-Map=$@.map -T $< -o $@.elf $(VMI_OBJS)
	shim/vmi/seal.sh $@.elf $@
# Named as targets of their own, objects are no intermediate files, which make would remove.
vmi-objects: $(VMI_OBJS)
.PHONY: vmi-objects
$(B)/twoway-vmi.rom: $(B)/vmi/plain.rom
	cp $< $@
# The same for a PCI device, by its ids: build/vmi/pci-8086-100e.rom.
$(B)/vmi/pci-%.rom: $(B)/twoway-vmi.rom shim/vmi/pci.sh
	shim/vmi/pci.sh $< $* $@

# --- a guest for it: a small kernel of 2006 (tests/guests/vmi) -----------------------------------
VMI_GUEST_C   := $(sort $(wildcard tests/guests/vmi/*.c))
VMI_GUEST     := $(patsubst %,$(B)/vmi/%.o,tests/guests/vmi/start.S $(VMI_GUEST_C))
VMI_GUEST_CFLAGS := $(COMMON) $(VMI_HEADERS) -m32 -march=i686 -mregparm=3 -O1 -ffreestanding -fno-pic -fno-pie -mgeneral-regs-only \
	-fno-stack-protector -fno-asynchronous-unwind-tables -fcf-protection=none -fno-strict-aliasing
$(B)/vmi/tests/%.c.o: tests/%.c
	@mkdir -p $(@D)
	$(CC) $(VMI_GUEST_CFLAGS) -c -o $@ $<
$(B)/vmi/guest.elf: tests/guests/vmi/guest.lds $(VMI_GUEST) $(B)/vmi/shim/vmi/compiler.c.o
	ld -m elf_i386 -static -n -z noexecstack --no-warn-rwx-segments -T $< -o $@ $(filter %.o,$^)
# The same as a bzImage: sectors of setup, then the whole image with its bss.
$(B)/vmi/guest.bzImage: $(B)/vmi/guest.elf $(B)/vmi/tests/guests/vmi/setup.S.o
	objcopy -O binary --set-section-flags .bss=alloc,load,contents $< $@.32
	ld -m elf_i386 -Ttext 0 --oformat binary --defsym paragraphs=$$((($$(stat -c %s $@.32) + 15) / 16)) -e 0 -o $@.setup $(B)/vmi/tests/guests/vmi/setup.S.o
	cat $@.setup $@.32 > $@
