/*
 * policy_fuzz.c: libFuzzer entry for policies. Any bytes are either refused with a reason or become
 * a policy whose printed form loads to the same policy again.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/policy/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_again(const struct policy *p)
{
	struct buf first = BUF_INIT, second = BUF_INIT;
	struct policy *again = NULL;

	policy_print(p, &first);
	if (policy_parse("again.json", buf_str(&first), first.len, NULL, &again, NULL) < 0)
		abort();
	policy_print(again, &second);
	if (strcmp(buf_str(&first), buf_str(&second)) != 0 || strcmp(p->sha256, again->sha256) != 0)
		abort();
	buf_free(&first);
	buf_free(&second);
	policy_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct policy *p = NULL;
	struct error err = ERROR_INIT;

	setenv("WARDER_POLICY_DIR", "/nonexistent", 1);
	if (policy_parse("f.json", (const char *)data, size, "/home/u", &p, &err) < 0) {
		if (p || err.code <= 0 || !err.text[0])
			abort();
		return 0;
	}
	check_again(p);

	struct policy *copy = policy_copy(p);
	policy_free(p);
	if (copy)
		check_again(copy);
	policy_free(copy);
	return 0;
}
