/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* SynIC: SINTs, messages in slots and in the queue, event flags, the test device's connections. */
#include "hyperv_test.h"

#define SINT   5
#define VECTOR 0x51

static void setup(void)
{
	boot(2, "full");
	introduce();
	synic_on(0);
	synic_on(1);
	wr(0, HV_MSR_SINT0 + SINT, VECTOR);
	wr(1, HV_MSR_SINT0 + SINT, VECTOR | HV_SINT_AUTO_EOI);
}

static struct hv_message message(uint8_t text)
{
	struct hv_message m = { .type = 1, .payload_size = 8 };

	m.payload[0] = text;
	return m;
}

static enum hv_status post(unsigned int cpu, uint8_t text)
{
	struct hv_message m = message(text);

	return hv_message_post(&hv_vps[0], &hv_vps[cpu], SINT, &m);
}

START_TEST(registers)
{
	boot(1, "full");
	ck_assert_uint_eq(rd(0, HV_MSR_SVERSION), 1);
	ck_assert_int_eq(wr(0, HV_MSR_SVERSION, 1), NESTED_GP);
	ck_assert_uint_eq(rd(0, HV_MSR_EOM), 0);
	for (uint32_t i = 0; i < 16; i++) {
		ck_assert_uint_eq(rd(0, HV_MSR_SINT0 + i), HV_SINT_MASKED);
		ck_assert_int_eq(wr(0, HV_MSR_SINT0 + i, 15), NESTED_GP);
		ck_assert_int_eq(wr(0, HV_MSR_SINT0 + i, 15 | HV_SINT_MASKED), NESTED_DONE);
		ck_assert_int_eq(wr(0, HV_MSR_SINT0 + i, 0x30), NESTED_DONE);
		ck_assert_uint_eq(rd(0, HV_MSR_SINT0 + i), 0x30);
	}
	boot(1, "full-polling");
	ck_assert_int_eq(wr(0, HV_MSR_SINT0, 0x30 | HV_SINT_POLLING), NESTED_GP);
}
END_TEST

START_TEST(off_takes_nothing)
{
	boot(1, "full");
	ck_assert_int_eq(post(0, 1), HV_INVALID_SYNIC_STATE);
	wr(0, HV_MSR_SCONTROL, 1);
	ck_assert_int_eq(post(0, 1), HV_INVALID_SYNIC_STATE);
	ck_assert_int_eq(hv_event_signal(&hv_vps[0], &hv_vps[0], SINT, 7), HV_INVALID_SYNIC_STATE);
}
END_TEST

START_TEST(message_arrives)
{
	ck_assert_int_eq(post(0, 'a'), HV_SUCCESS);
	ck_assert_uint_eq(slot_of(0, SINT)->type, 1);
	ck_assert_uint_eq(slot_of(0, SINT)->payload[0], 'a');
	ck_assert_uint_eq(slot_of(0, SINT)->flags, 0);
	ck_assert_uint_eq(mock_apic[0][VECTOR], 1);
	ck_assert_uint_eq(slot_of(0, SINT + 1)->type, 0);
}
END_TEST

START_TEST(busy_slot_and_eom)
{
	for (unsigned int i = 0; i <= HV_QUEUE; i++)
		ck_assert_int_eq(post(0, (uint8_t)('a' + i)), HV_SUCCESS);
	ck_assert_int_eq(post(0, 'z'), HV_INSUFFICIENT_BUFFERS);
	ck_assert_uint_eq(mock_apic[0][VECTOR], 1);
	for (unsigned int i = 0; i <= HV_QUEUE; i++) {
		ck_assert_uint_eq(slot_of(0, SINT)->payload[0], 'a' + i);
		/* Pending as long as another one waits. */
		ck_assert_uint_eq(slot_of(0, SINT)->flags, i < HV_QUEUE);
		ck_assert_uint_eq(mock_apic[0][VECTOR], i + 1);
		wr(0, HV_MSR_EOM, 0); /* slot still busy: nothing moves */
		ck_assert_uint_eq(slot_of(0, SINT)->payload[0], 'a' + i);
		slot_of(0, SINT)->type = 0;
		i % 2 ? wr(0, HV_MSR_EOM, 0) : wr(0, HV_MSR_EOI, 0);
	}
	ck_assert_uint_eq(slot_of(0, SINT)->type, 0);
}
END_TEST

START_TEST(queue_is_fair)
{
	struct hv_message m = message('x');

	wr(0, HV_MSR_SINT0 + 6, 0x61);
	post(0, 'a');
	post(0, 'b');
	ck_assert_int_eq(hv_message_post(&hv_vps[0], &hv_vps[0], 6, &m), HV_SUCCESS);
	/* Another SINT's slot is free: no one waits for SINT's. */
	ck_assert_uint_eq(slot_of(0, 6)->payload[0], 'x');
	/* A free slot does not let a later message overtake the queue. */
	slot_of(0, SINT)->type = 0;
	ck_assert_int_eq(post(0, 'c'), HV_SUCCESS);
	hyperv_nested.eoi(&nested_vcpus[0]);
	ck_assert_uint_eq(slot_of(0, SINT)->payload[0], 'b');
}
END_TEST

START_TEST(auto_eoi_bypasses_the_apic)
{
	post(1, 'a'); /* from CPU 0 */
	ck_assert_uint_eq(mock_apic[1][VECTOR], 0);
	ck_assert_uint_eq(mock_nested_kicks[1], 1);
	ck_assert_uint_eq(mock_direct[1][VECTOR], 0);
	hyperv_nested.kicked(&nested_vcpus[1]);
	ck_assert_uint_eq(mock_direct[1][VECTOR], 1);
	hyperv_nested.kicked(&nested_vcpus[1]);
	ck_assert_uint_eq(mock_direct[1][VECTOR], 1);
	hv_event_signal(&hv_vps[1], &hv_vps[1], SINT, 1); /* from itself: no kick */
	ck_assert_uint_eq(mock_direct[1][VECTOR], 2);
	ck_assert_uint_eq(mock_nested_kicks[1], 1);
}
END_TEST

START_TEST(masked_and_polling)
{
	wr(0, HV_MSR_SINT0 + SINT, VECTOR | HV_SINT_MASKED);
	post(0, 'a');
	ck_assert_uint_eq(slot_of(0, SINT)->type, 1);
	ck_assert_uint_eq(mock_apic[0][VECTOR], 0);
	wr(0, HV_MSR_SINT0 + SINT, VECTOR);
	ck_assert_uint_eq(mock_apic[0][VECTOR], 1);
	wr(0, HV_MSR_SINT0 + SINT, VECTOR | HV_SINT_MASKED);
	wr(0, HV_MSR_SINT0 + SINT, VECTOR);
	ck_assert_uint_eq(mock_apic[0][VECTOR], 1); /* told once */
	slot_of(0, SINT)->type = 0;
	wr(0, HV_MSR_SINT0 + SINT, VECTOR | HV_SINT_POLLING);
	post(0, 'b');
	ck_assert_uint_eq(slot_of(0, SINT)->payload[0], 'b');
	ck_assert_uint_eq(mock_apic[0][VECTOR], 1);
}
END_TEST

START_TEST(event_flags_have_edges)
{
	uint8_t *flags = mock_nested_at(SIEF + SINT * 256);

	ck_assert_int_eq(hv_event_signal(&hv_vps[1], &hv_vps[0], SINT, 2047), HV_SUCCESS);
	ck_assert_uint_eq(flags[255], 0x80);
	ck_assert_uint_eq(mock_apic[0][VECTOR], 1);
	hv_event_signal(&hv_vps[1], &hv_vps[0], SINT, 2047);
	ck_assert_uint_eq(mock_apic[0][VECTOR], 1);
	flags[255] = 0;
	hv_event_signal(&hv_vps[1], &hv_vps[0], SINT, 2047);
	ck_assert_uint_eq(mock_apic[0][VECTOR], 2);
}
END_TEST

START_TEST(pages_move_and_reset)
{
	post(0, 'a');
	wr(0, HV_MSR_SIMP, 0x8001); /* moved: keeps the message */
	ck_assert_uint_eq(((struct hv_message *)mock_nested_at(0x8000))[SINT].type, 1);
	ck_assert_uint_eq(slot_of(0, SINT)->type, 0);
	wr(0, HV_MSR_SIMP, 0);
	wr(0, HV_MSR_SIMP, 0x8001); /* new: empty */
	ck_assert_uint_eq(((struct hv_message *)mock_nested_at(0x8000))[SINT].type, 0);
	hyperv_nested.reset(&nested_vcpus[0]);
	ck_assert_uint_eq(rd(0, HV_MSR_SCONTROL), 0);
	ck_assert_uint_eq(rd(0, HV_MSR_SIMP), 0);
	ck_assert_uint_eq(rd(0, HV_MSR_SINT0 + SINT), HV_SINT_MASKED);
	ck_assert_uint_eq(rd(1, HV_MSR_SCONTROL), 1);
}
END_TEST

static enum nested_verdict command(uint32_t ctl, uint32_t id, uint32_t vp, uint32_t sint)
{
	uint32_t value = id << 24 | ctl << 16 | vp << 8 | sint;

	return hyperv_nested.port(&nested_vcpus[0], HV_TESTDEV_PORT, 4, true, &value);
}

START_TEST(connections_of_the_test_device)
{
	struct hv_post_message *in = mock_nested_at(INPUT);
	unsigned int warned = mock_log_lines[TW_LOG_WARN];

	*in = (struct hv_post_message){
		.connection = 0x10, .type = 0x12345678, .payload_size = 8, .payload = { 9 }
	};
	ck_assert_int_eq(command(4, 0x10, 0, SINT), NESTED_PASS); /* not without force */
	ck_assert_uint_eq(call(HV_CALL_POST_MESSAGE, INPUT, 0), HV_INVALID_CONNECTION_ID);
	nested_test_device = true;
	command(4, 0x10, 0, SINT);
	command(6, 0x20, 1, SINT);
	ck_assert_uint_eq(call(HV_CALL_POST_MESSAGE, INPUT, 0), 0);
	ck_assert_uint_eq(slot_of(0, SINT)->type, 0x12345678);
	ck_assert_uint_eq(slot_of(0, SINT)->payload[0], 9);
	ck_assert_uint_eq(call(HV_CALL_SIGNAL_EVENT | HV_CONTROL_FAST, 0x20, 0), 0);
	ck_assert_uint_eq(((uint8_t *)mock_nested_at(SIEF + 0x2000 + SINT * 256))[4], 1);
	/* A kind is not the other; a flag that is not the connection's. */
	ck_assert_uint_eq(call(HV_CALL_SIGNAL_EVENT | HV_CONTROL_FAST, 0x10, 0),
			  HV_INVALID_CONNECTION_ID);
	ck_assert_uint_eq(call(HV_CALL_SIGNAL_EVENT | HV_CONTROL_FAST, 1ull << 32 | 0x20, 0),
			  HV_INVALID_PARAMETER);
	in->payload_size = 241;
	ck_assert_uint_eq(call(HV_CALL_POST_MESSAGE, INPUT, 0), HV_INVALID_PARAMETER);
	in->payload_size = 8;
	in->type = HV_MESSAGE_TIMER;
	ck_assert_uint_eq(call(HV_CALL_POST_MESSAGE, INPUT, 0), HV_INVALID_PARAMETER);
	in->type = 0;
	ck_assert_uint_eq(call(HV_CALL_POST_MESSAGE, INPUT, 0), HV_INVALID_PARAMETER);
	in->type = 1;
	/* SINT routes. */
	command(1, 0, 0, SINT);
	mock_apic[0][VECTOR] = 0;
	command(3, 0, 0, SINT);
	ck_assert_uint_eq(mock_apic[0][VECTOR], 1);
	command(2, 0, 0, SINT);
	ck_assert_uint_eq(mock_log_lines[TW_LOG_WARN], warned);
	command(3, 0, 0, SINT);	   /* destroyed */
	command(4, 0x10, 0, SINT); /* there already */
	command(1, 0, 7, SINT);	   /* no such VP */
	command(1, 0, 0, 16);	   /* no such SINT */
	command(99, 0, 0, 0);
	ck_assert_uint_eq(mock_log_lines[TW_LOG_WARN], warned + 5);
	command(5, 0x10, 0, SINT);
	command(7, 0x20, 0, SINT);
	ck_assert_uint_eq(call(HV_CALL_POST_MESSAGE, INPUT, 0), HV_INVALID_CONNECTION_ID);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("hyperv-synic");
	TCase *tc = tcase_create("synic");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, registers);
	tcase_add_test(tc, off_takes_nothing);
	tcase_add_test(tc, message_arrives);
	tcase_add_test(tc, busy_slot_and_eom);
	tcase_add_test(tc, queue_is_fair);
	tcase_add_test(tc, auto_eoi_bypasses_the_apic);
	tcase_add_test(tc, masked_and_polling);
	tcase_add_test(tc, event_flags_have_edges);
	tcase_add_test(tc, pages_move_and_reset);
	tcase_add_test(tc, connections_of_the_test_device);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
