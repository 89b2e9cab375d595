# SPDX-License-Identifier: GPL-2.0-only OR MIT
# The Hyper-V conformance guests: each *.c of this folder becomes build/guests/hv/NAME, with the
# library in lib/. Included by the Makefile; tests/system/hyperv-conformance.t runs them.

HVG        := tests/guests/hv
HVG_B      := $(B)/guests/hv
HVG_BINS   := $(patsubst $(HVG)/%.c,$(HVG_B)/%,$(sort $(wildcard $(HVG)/*.c)))
HVG_LIB    := $(patsubst $(HVG)/%,$(HVG_B)/%.o,$(sort $(wildcard $(HVG)/lib/*.c)) $(HVG)/lib/trap.S)
HVG_CFLAGS := -std=gnu11 -g -O2 -MMD -MP -Iinclude -I$(HVG)/lib $(WARN) -Werror -ffreestanding -fno-pie \
	-mno-red-zone -mgeneral-regs-only -fno-stack-protector -fno-asynchronous-unwind-tables \
	-fcf-protection=none -fno-strict-aliasing -fno-tree-loop-distribute-patterns -fno-toplevel-reorder

.PHONY: hyperv-guests
hyperv-guests: $(HVG_BINS)
.SECONDARY: $(HVG_LIB) $(HVG_B)/lib/boot.S.o $(HVG_B)/lib/boot-pvh.S.o $(HVG_BINS:%=%.c.o)

$(HVG_B)/%.c.o: $(HVG)/%.c
	@mkdir -p $(@D)
	$(CC) $(HVG_CFLAGS) -c -o $@ $<
$(HVG_B)/%.S.o: $(HVG)/%.S
	@mkdir -p $(@D)
	$(CC) $(HVG_CFLAGS) -c -o $@ $<
# One of them has no Multiboot header: the shim then starts it by PVH.
$(HVG_B)/lib/boot-pvh.S.o: $(HVG)/lib/boot.S
	@mkdir -p $(@D)
	$(CC) $(HVG_CFLAGS) -DPVH_ONLY -c -o $@ $<
$(HVG_B)/discovery: HVG_BOOT := $(HVG_B)/lib/boot-pvh.S.o
HVG_BOOT := $(HVG_B)/lib/boot.S.o
$(HVG_B)/%: $(HVG_B)/%.c.o $(HVG_LIB) $(HVG_B)/lib/boot.S.o $(HVG_B)/lib/boot-pvh.S.o $(HVG)/lib/guest.lds
	$(CC) -nostdlib -static -no-pie -Wl,--build-id=none,-z,max-page-size=4096,-z,noexecstack \
		-Wl,--no-warn-rwx-segments -T $(HVG)/lib/guest.lds -o $@ $(HVG_BOOT) $(HVG_LIB) $<

# Two of them once more where kernels of that size usually lie: one starts by PVH, one by Multiboot.
HVG_LOW := $(HVG_B)/low/discovery $(HVG_B)/low/clock
hyperv-guests: $(HVG_LOW)
$(HVG_B)/low/discovery: HVG_BOOT := $(HVG_B)/lib/boot-pvh.S.o
$(HVG_LOW): $(HVG_B)/low/%: $(HVG_B)/%.c.o $(HVG_LIB) $(HVG_B)/lib/boot.S.o $(HVG_B)/lib/boot-pvh.S.o $(HVG)/lib/guest.lds
	@mkdir -p $(@D)
	$(CC) -nostdlib -static -no-pie -Wl,--build-id=none,-z,max-page-size=4096,-z,noexecstack \
		-Wl,--no-warn-rwx-segments -Wl,--defsym=guest_base=0x100000 -T $(HVG)/lib/guest.lds \
		-o $@ $(HVG_BOOT) $(HVG_LIB) $<
