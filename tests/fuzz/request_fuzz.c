/*
 * request_fuzz.c: libFuzzer entry for launch requests. Any bytes are refused with a reason or
 * become a request whose printed form is read back to the same.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/wire/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct launch_request *r = NULL, *again = NULL;
	struct buf first = BUF_INIT, second = BUF_INIT;
	struct error err = ERROR_INIT;

	if (launch_request_parse((const char *)data, size, &r, &err) < 0) {
		if (r || err.code <= 0 || !err.text[0])
			abort();
		return 0;
	}
	launch_request_print(r, &first);
	if (launch_request_parse(buf_str(&first), first.len, &again, NULL) < 0)
		abort();
	launch_request_print(again, &second);
	if (first.len != second.len || memcmp(first.data, second.data, first.len) != 0)
		abort();
	launch_request_free(r);
	launch_request_free(again);
	buf_free(&first);
	buf_free(&second);
	return 0;
}
