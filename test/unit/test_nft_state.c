/*-------------------------------------------------------------------------
 *
 * test_nft_state.c
 *	  The state of a plan's NFT: written, read, and with another number.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "spell_draft.h"
#include "tap.h"

static void test_state(void);

int
main(void)
{
	test_state();
	return done();
}

static void
test_state(void)
{
	static const char *const wanted = "a7" "667469636b6572" "6154" "646e616d65" "614e" "6b6465736372697074696f6e" "6144"
		"65696d616765" "6149" "6a696d6167655f68617368" "6148" "6375726c" "6155" "6972656d61696e696e67" "00";
	CbNftState	state = {text_span("T"), text_span("N"), text_span("D"), text_span("I"), text_span("H"), text_span("U"), 0};
	uint8_t		buffer[200];
	uint8_t		other[200];
	char		hex[401] = "";
	CbWriter	w = cb_writer(buffer, sizeof(buffer));
	CbWriter	w2 = cb_writer(other, sizeof(other));
	CbCborWriter cbor = cb_cbor_writer(&w);
	CbCborWriter cbor2 = cb_cbor_writer(&w2);
	CbSpan		written;
	CbSpan		replaced;
	uint64_t	remaining = 1;

	cb_nft_state_write(&state, &cbor);
	cb_hex_encode(w.data, w.len, hex);
	is_str(hex, wanted, "a state with all fields, and zero that remains");
	written.data = buffer;
	written.len = w.len;
	ok(cb_nft_remaining(written, &remaining) && remaining == 0, "zero is read as zero");
	ok(cb_nft_state_replace(written, UINT64_MAX, &cbor2), "another number is put in");
	replaced.data = other;
	replaced.len = w2.len;
	ok(cb_nft_remaining(replaced, &remaining) && remaining == UINT64_MAX, "and read");
	ok(cb_nft_same_but_remaining(written, replaced), "nothing else is different");
	other[9] = 'X';
	ok(!cb_nft_same_but_remaining(written, replaced), "another ticker is");
	ok(!cb_nft_same_but_remaining(text_span("\xa2" "iremaining\x05" "aa\x01"), text_span("\xa2" "iremaining\x06" "aa\x02")),
	   "so is another field behind the number");
	ok(!cb_nft_remaining(text_span("\x05"), &remaining), "a number is no state");
	ok(!cb_nft_remaining(text_span("\xa1" "itemaining\x05"), &remaining), "nor is a map without what remains");
	ok(!cb_nft_remaining(text_span("\xa1" "iremaining\x20"), &remaining), "nor one with less than nothing");
	ok(!cb_nft_state_replace(text_span("\xa1" "iremaining\xf6"), 0, &cbor2), "null is not replaced");
}
