/*
 * trail_fuzz.c: libFuzzer entry for trails. Any bytes, taken as lines: checking says intact or
 * where not, and what is shown to people holds no control character.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/api/trail_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_shown(const char *line, size_t len)
{
	struct buf out = BUF_INIT;

	trail_format(line, len, &out);
	for (size_t i = 0; i < out.len; i++) {
		if ((unsigned char)out.data[i] < 0x20 || out.data[i] == 0x7f)
			abort();
	}
	buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct trail_check c = { .chain = CHAIN_START };
	const char *at = (const char *)data;
	const char *end = at + size;
	bool whole = true;

	while (at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));

		if (!stop)
			break;
		check_shown(at, (size_t)(stop - at));
		whole = whole && trail_check_line(&c, at, (size_t)(stop - at));
		at = stop + 1;
	}
	if (whole)
		trail_check_end(&c, (size_t)(end - at));
	if (whole != c.verdict.intact || (!whole && !c.verdict.detail[0]))
		abort();
	return 0;
}
