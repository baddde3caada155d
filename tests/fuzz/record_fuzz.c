/*
 * record_fuzz.c: libFuzzer entry for session.json. Any bytes are refused with a reason or become a
 * record whose printed form is read back to the same, and which `ps --json` can show.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/api/sessions.h"
#include "core/base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_view(const struct session_record *r)
{
	static struct session_view v;
	struct buf out = BUF_INIT;
	struct json_writer w = json_writer(&out);
	struct json *doc = NULL;

	snprintf(v.id, sizeof(v.id), "%s", r->id);
	v.record = r;
	v.state = r->state;
	session_view_print(&v, &w, NULL);
	if (json_parse("ps", buf_str(&out), out.len, &doc, NULL) < 0)
		abort();
	json_free(doc);
	buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct session_record *r = NULL, *again = NULL;
	struct buf first = BUF_INIT, second = BUF_INIT;
	struct error err = ERROR_INIT;

	if (session_record_parse("session.json", (const char *)data, size, &r, &err) < 0) {
		if (r || err.code <= 0 || !err.text[0])
			abort();
		return 0;
	}
	check_view(r);
	session_record_print(r, &first);
	if (session_record_parse("session.json", buf_str(&first), first.len, &again, NULL) < 0)
		abort();
	session_record_print(again, &second);
	if (first.len != second.len || memcmp(first.data, second.data, first.len) != 0)
		abort();
	session_record_free(r);
	session_record_free(again);
	buf_free(&first);
	buf_free(&second);
	return 0;
}
