/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* VMI in files: a good ROM passes, each kind of bad header is refused for its own reason; kernels by their strings. */
#include <elf.h>
#include <string.h>

#include "abi/vmi.h"
#include "test_tool.h"

#define SIZE 1024
#define PCIR 160
#define PNP  192
#define LICENSE 240

static uint8_t data[SIZE];
static struct vmi_rom *rom = (struct vmi_rom *)data;

static uint8_t sum(const uint8_t *p, size_t n)
{
	uint8_t s = 0;

	while (n--)
		s = (uint8_t)(s + *p++);
	return s;
}

/* Make the sum right again; byte 33 is reserved in the header. */
static void seal(void)
{
	data[33] = (uint8_t)(data[33] - sum(data, SIZE));
}

static void setup(void)
{
	memset(data, 0, SIZE);
	*rom = (struct vmi_rom){
		.rom_signature = VMI_ROM_SIGNATURE, .blocks = SIZE / 512, .entry = { 0xcb },
		.signature = VMI_SIGNATURE, .api_major = VMI_API_MAJOR, .license_offset = LICENSE,
		.pci_offset = PCIR, .pnp_offset = PNP, .init = { 0xe9 }, .get_reloc = { 0xeb },
	};
	memcpy(data + PCIR, "PCIR\xad\x15\x01\x08", 8);
	data[PCIR + 16] = SIZE / 512;
	memcpy(data + PNP, "$PnP\1\2", 6);
	data[PNP + 9] = (uint8_t)-sum(data + PNP, 32);
	strcpy((char *)data + LICENSE, "GPL v2");
	seal();
}

static const char *problem(void)
{
	return vmi_rom_problem((struct tw_bytes){ data, SIZE });
}

/* After a change and with a right checksum the ROM must be refused with these words. */
static void refused(const char *words)
{
	const char *why;

	seal();
	why = problem();
	ck_assert_msg(why && strstr(why, words), "%s: %s", words, why ? why : "taken");
	setup();
}

START_TEST(a_good_rom)
{
	ck_assert_ptr_null(problem());
	strcpy((char *)data + LICENSE, "GPL");
	seal();
	ck_assert_ptr_null(problem());
	setup();
	rom->pnp_offset = 0;
	seal();
	ck_assert_ptr_null(problem());
}
END_TEST

START_TEST(bad_headers)
{
	data[0] = 0;
	refused("option ROM's signature");
	data[600] = 1;
	ck_assert_ptr_nonnull(strstr(problem(), "sum"));
	setup();
	rom->blocks = 1;
	refused("length in its header");
	rom->blocks = 0;
	refused("length in its header");
	rom->signature++;
	refused("cVmi");
	rom->api_major = 2;
	refused("version");
	rom->init[0] = 0;
	refused("vmi_init");
	rom->get_reloc[0] = 0xcc;
	refused("get_reloc");
	strcpy((char *)data + LICENSE, "GPL v3");
	refused("neither");
	rom->license_offset = 0;
	refused("no licence");
	rom->license_offset = SIZE;
	refused("no licence");
	memset(data + SIZE - 4, 'G', 4);
	rom->license_offset = SIZE - 4;
	refused("no licence"); /* without its end */
	rom->pci_offset = 0;
	refused("PCIR");
	rom->pci_offset = SIZE - 8;
	refused("PCIR");
	data[PCIR + 4] = 0;
	refused("vendor");
	data[PCIR + 16]++;
	refused("different lengths");
	rom->pnp_offset = SIZE - 16;
	refused("$PnP");
	data[PNP + 20]++;
	refused("$PnP structure's checksum");
	ck_assert_ptr_nonnull(vmi_rom_problem((struct tw_bytes){ data, 100 }));
	ck_assert_ptr_nonnull(vmi_rom_problem((struct tw_bytes){ data, 0 }));
	ck_assert_ptr_null(problem());
}
END_TEST

START_TEST(kernels)
{
	struct image image = { .file = { data, SIZE }, .has_elf = true };

	image.elf.machine = EM_386;
	ck_assert_int_eq(vmi_kernel_sign(&image), VMI_NO);
	strcpy((char *)data + SIZE - 10, "vmi-timer");
	ck_assert_int_eq(vmi_kernel_sign(&image), VMI_YES);
	image.elf.machine = EM_X86_64;
	ck_assert_int_eq(vmi_kernel_sign(&image), VMI_NO);
	image.has_elf = false;
	ck_assert_int_eq(vmi_kernel_sign(&image), VMI_NO);
	image.is_bzimage = true;
	ck_assert_int_eq(vmi_kernel_sign(&image), VMI_UNKNOWN);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("vmi");

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, a_good_rom);
	tcase_add_test(t, bad_headers);
	tcase_add_test(t, kernels);
	return run_case("tool vmi", t);
}
