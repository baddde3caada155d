/*
 * profile_fuzz.c: libFuzzer entry for seccomp profiles. Any bytes are either refused with a reason
 * or become rules that are whole: names and, for each condition, an argument that exists.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "core/policy/profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct profile_machine m = { .arch = "amd64", .kernel_major = 6, .kernel_minor = 1 };
	struct profile *p = NULL;
	struct error err = ERROR_INIT;

	if (profile_parse("f.json", (const char *)data, size, &m, &p, &err) < 0) {
		if (p || err.code <= 0 || !err.text[0])
			abort();
		return 0;
	}
	for (int i = 0; i < p->n_rules; i++) {
		const struct profile_rule *r = &p->rules[i];

		if (!r->names || !r->names[0] || r->errno_ret < 0 || r->errno_ret > 4095)
			abort();
		for (int a = 0; a < r->n_args; a++) {
			if (r->args[a].index > 5 || r->args[a].op > PROFILE_MASKED_EQ)
				abort();
		}
	}
	profile_free(p);
	return 0;
}
