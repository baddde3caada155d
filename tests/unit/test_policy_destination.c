/*
 * Destinations of the network rules: what each text means, and what is refused rather than guessed.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/policy/policy.h"

struct good_case {
	const char *text;
	const char *host;    /* NULL: an address */
	const char *address; /* with family and prefix */
	int family, prefix;
	int port_min, port_max;
	bool wildcard;
};

static void test_accepted(void **state)
{
	static const struct good_case cases[] = {
		{ "github.com:443", "github.com", NULL, 0, 0, 443, 443, false },
		{ "GitHub.COM.", "github.com", NULL, 0, 0, 0, 65535, false },
		{ "localhost:8000-8100", "localhost", NULL, 0, 0, 8000, 8100, false },
		{ "*.example.org:443", "example.org", NULL, 0, 0, 443, 443, true },
		{ "a_b.xn--bcher-kva.example:1", "a_b.xn--bcher-kva.example", NULL, 0, 0, 1, 1,
		  false },
		{ "1and1.example", "1and1.example", NULL, 0, 0, 0, 65535, false },
		{ "10.1.2.3", NULL, "10.1.2.3", AF_INET, 32, 0, 65535, false },
		{ "10.1.2.3:5432", NULL, "10.1.2.3", AF_INET, 32, 5432, 5432, false },
		{ "10.0.0.0/8:65535", NULL, "10.0.0.0", AF_INET, 8, 65535, 65535, false },
		{ "0.0.0.0/0", NULL, "0.0.0.0", AF_INET, 0, 0, 65535, false },
		{ "2001:db8::1", NULL, "2001:db8::1", AF_INET6, 128, 0, 65535, false },
		{ "2001:db8::/33", NULL, "2001:db8::", AF_INET6, 33, 0, 65535, false },
		{ "[2001:db8::1]:22", NULL, "2001:db8::1", AF_INET6, 128, 22, 22, false },
		{ "[2001:db8::]/32:22-23", NULL, "2001:db8::", AF_INET6, 32, 22, 23, false },
		{ "[::]/0", NULL, "::", AF_INET6, 0, 0, 65535, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct good_case *c = &cases[i];
		struct policy_destination d;
		struct error err = ERROR_INIT;
		struct in6_addr want = { .s6_addr = { 0 } };

		if (policy_destination_parse(c->text, &d, &err) < 0)
			fail_msg("%s: %s", c->text, err.text);
		assert_string_equal(d.text, c->text);
		assert_int_equal(d.port_min, c->port_min);
		assert_int_equal(d.port_max, c->port_max);
		assert_int_equal(d.wildcard, c->wildcard);
		if (c->host) {
			assert_string_equal(d.host, c->host);
		} else {
			assert_null(d.host);
			assert_int_equal(d.family, c->family);
			assert_int_equal(d.prefix, c->prefix);
			assert_int_equal(inet_pton(c->family, c->address, &want), 1);
			assert_memory_equal(&d.address, &want, sizeof(want));
		}
		policy_destination_free(&d);
	}
}

static void test_refused(void **state)
{
	static const char *const cases[] = {
		"",
		":",
		":80",
		".",
		"*",
		"*:443",
		"*.",
		"*.*",
		"a.*.b",
		"*a.b",
		"**.a.b",
		"a..b",
		".a",
		"-a.b",
		"a-.b",
		"a b",
		"a.b:",
		"a.b:0",
		"a.b:65536",
		"a.b:x",
		"a.b:80-",
		"a.b:90-80",
		"a.b:-80",
		"a.b:+80",
		"a.b: 80",
		"a.b:80:90",
		"a.b/24",
		"http://a.b",
		"a.b/x",
		"user@a.b",
		"10.1.2.300",
		"10.1.2",
		"1",
		"0x7f.1",
		"0x7f000001",
		"a.0x1",
		"010.1.2.3",
		"10.1.2.3/33",
		"10.1.2.3/",
		"10.1.2.3/-1",
		"10.1.2.3/8",
		"[10.1.2.3]:80",
		"[::1",
		"::1]",
		"[]:1",
		"[::1]80",
		"[::1/128]:1",
		"[a.b]:1",
		"::ffff:10.0.0.1",
		"[::ffff:10.0.0.1]:80",
		"fe80::1%lo",
		"2001:db8::1/32",
		"2001:db8::/129",
		"gr\xc3\xbcn.example",
		"a\n.b",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct policy_destination d = { .text = NULL };
		struct error err = ERROR_INIT;

		if (policy_destination_parse(cases[i], &d, &err) == 0)
			fail_msg("accepted: \"%s\"", cases[i]);
		assert_int_equal(err.code, EINVAL);
		assert_null(d.text);
	}
}

static void test_hints(void **state)
{
	struct policy_destination d;
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(policy_destination_parse("gr\xc3\xbcn.example", &d, &err), -EINVAL);
	assert_non_null(strstr(err.hint, "xn--"));
	assert_int_equal(policy_destination_parse("2001:db8::1/32", &d, &err), -EINVAL);
	assert_string_equal(err.text, "expected 2001:db8::/32 (no bits beyond the prefix), got"
	                              " \"2001:db8::1/32\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_hints),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
