/*
 * destination.c: one rule of network.allow or network.deny from its text: "host[:port]",
 * "*.suffix[:port]", "address[/len][:port]", "[v6][/len][:port]"; a port may be a range
 * "8000-8100".
 *
 * Hosts are stored in lower case without the trailing dot (RFC 4343, RFC 1034 section 3.1) and must
 * look like host names (RFC 1123 section 2.1, and "_"); a name whose last label is a number is a
 * mistyped address and refused, since resolvers disagree about those (WHATWG URL, "ends in a
 * number"). Addresses are inet_pton(3)'s, never inet_aton's.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/fd.h"
#include "core/base/text.h"
#include "core/policy/policy.h"

enum { HOST_MAX = 253, LABEL_MAX = 63 }; /* RFC 1035 section 2.3.4 */

void policy_destination_free(struct policy_destination *d)
{
	free(d->host);
	free(d->text);
	d->host = d->text = NULL;
}

static bool label_ok(const char *s, size_t len)
{
	if (len == 0 || len > LABEL_MAX || s[0] == '-' || s[len - 1] == '-')
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = s[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-' && c != '_')
			return false;
	}
	return true;
}

/* Whether resolvers may take the last label for the end of an address: all digits, or 0x… */
static bool label_is_number(const char *s, size_t len)
{
	if (len >= 2 && s[0] == '0' && s[1] == 'x')
		return true;
	return strspn(s, "0123456789") >= len;
}

static bool host_ok(const char *host)
{
	const char *label = host;

	if (strlen(host) > HOST_MAX)
		return false;
	for (;;) {
		size_t len = strcspn(label, ".");

		if (!label_ok(label, len))
			return false;
		if (!label[len])
			return !label_is_number(label, len);
		label += len + 1;
	}
}

static int parse_host(const char *text, size_t len, struct policy_destination *d, struct error *err)
{
	CLEANUP_FREE char *host = NULL;

	d->wildcard = len > 2 && text[0] == '*' && text[1] == '.';
	host = d->wildcard ? strndup(text + 2, len - 2) : strndup(text, len);
	if (!host)
		return error_errno(err, ENOMEM, "network destination");

	size_t n = strlen(host);
	if (n > 1 && host[n - 1] == '.')
		host[n - 1] = '\0';
	for (char *c = host; *c; c++) {
		if (*c >= 'A' && *c <= 'Z')
			*c += 'a' - 'A';
	}
	if (!host_ok(host)) {
		error_set(err, EINVAL, "expected a host name, *.suffix or an address, got \"%.*s\"",
		          (int)(len > 64 ? 64 : len), text);
		for (const char *c = host; *c; c++) {
			if ((unsigned char)*c >= 0x80)
				error_hint(err, "write an international name as xn--… (punycode)");
		}
		return -EINVAL;
	}
	d->host = host;
	host = NULL;
	return 0;
}

static bool bits_beyond(const struct policy_destination *d, int width)
{
	for (int bit = d->prefix; bit < width; bit++) {
		if (d->address.s6_addr[bit / 8] & (0x80 >> (bit % 8)))
			return true;
	}
	return false;
}

/* Clears what lies beyond the prefix and prints the range that was probably meant. */
static int refuse_bits(const struct policy_destination *d, int width, const char *text,
                       struct error *err)
{
	struct in6_addr base = d->address;
	char shown[INET6_ADDRSTRLEN];

	for (int bit = d->prefix; bit < width; bit++)
		base.s6_addr[bit / 8] &= (uint8_t) ~(0x80 >> (bit % 8));
	if (!inet_ntop(d->family, &base, shown, sizeof(shown)))
		shown[0] = '\0';
	return error_set(err, EINVAL, "expected %s/%d (no bits beyond the prefix), got \"%.64s\"",
	                 shown, d->prefix, text);
}

/* "address" and "len" (NULL: the whole address). -ENOENT, with no error told, when it is no
 * address at all. */
static int parse_address(const char *address, const char *len, const char *text,
                         struct policy_destination *d, struct error *err)
{
	int64_t prefix;

	d->address = (struct in6_addr){ .s6_addr = { 0 } };
	if (inet_pton(AF_INET, address, &d->address) == 1)
		d->family = AF_INET;
	else if (inet_pton(AF_INET6, address, &d->address) == 1)
		d->family = AF_INET6;
	else
		return -ENOENT;

	int width = d->family == AF_INET ? 32 : 128;
	prefix = width;
	if (len && text_parse_int(len, 0, width, &prefix, NULL) < 0)
		return error_set(err, EINVAL, "expected a prefix 0..%d, got \"%.64s\"", width, len);
	d->prefix = (int)prefix;
	if (d->family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&d->address))
		return error_set(err, EINVAL, "expected a plain IPv4 address, got \"%.64s\"", text);
	if (bits_beyond(d, width))
		return refuse_bits(d, width, text, err);
	return 0;
}

static int parse_ports(const char *s, struct policy_destination *d, struct error *err)
{
	char first[8] = "";
	size_t len = strcspn(s, "-");
	int64_t low, high;
	bool ok = len < sizeof(first);

	if (ok)
		memcpy(first, s, len);
	ok = ok && text_parse_int(first, 1, 65535, &low, NULL) == 0;
	high = ok ? low : 0;
	if (ok && s[len] == '-')
		ok = text_parse_int(s + len + 1, low, 65535, &high, NULL) == 0;
	if (!ok)
		return error_set(err, EINVAL, "expected a port 1..65535 or a range, got \"%.64s\"",
		                 s);
	d->port_min = (uint16_t)low;
	d->port_max = (uint16_t)high;
	return 0;
}

/* Where the port's colon is, or NULL. Two colons outside brackets are an IPv6 address without a
 * port. */
static char *port_colon(char *s)
{
	if (s[0] == '[') {
		char *close = strchr(s, ']');

		return close ? strchr(close, ':') : NULL;
	}

	char *colon = strchr(s, ':');
	return colon && !strchr(colon + 1, ':') ? colon : NULL;
}

/* "[2001:db8::]/32" without its brackets: the address alone, *ret_len what follows the slash.
 * False when mangled. */
static bool split_address(char *s, char **ret_address, char **ret_len)
{
	char *slash = strchr(s, '/');

	if (s[0] == '[') {
		char *close = strchr(s, ']');

		if (!close || (close[1] != '\0' && close[1] != '/') || !strchr(s, ':'))
			return false;
		*close = '\0';
		slash = close + 1;
		if (*slash != '/')
			slash = NULL;
		s++;
		if (strchr(s, '/'))
			return false;
	}
	if (slash)
		*slash++ = '\0';
	*ret_address = s;
	*ret_len = slash;
	return true;
}

static int parse(const char *text, char *work, struct policy_destination *d, struct error *err)
{
	char *address = NULL, *len = NULL;
	char *colon = port_colon(work);
	size_t host_len = colon ? (size_t)(colon - work) : strlen(work);
	int r;

	if (colon) {
		*colon = '\0';
		r = parse_ports(colon + 1, d, err);
		if (r < 0)
			return r;
	}
	if (!split_address(work, &address, &len))
		return error_set(err, EINVAL, "expected [IPv6 address]:port, got \"%.64s\"", text);
	r = parse_address(address, len, text, d, err);
	if (r != -ENOENT)
		return r;
	if (len || address != work)
		return error_set(err, EINVAL, "expected an address, got \"%.64s\"", text);
	return parse_host(text, host_len, d, err);
}

int policy_destination_parse(const char *text, struct policy_destination *ret, struct error *err)
{
	struct policy_destination d = { .port_min = 0, .port_max = 65535 };
	CLEANUP_FREE char *work = strdup(text);

	d.text = strdup(text);
	int r = work && d.text ? parse(text, work, &d, err)
	                       : error_errno(err, ENOMEM, "network destination");
	if (r < 0) {
		policy_destination_free(&d);
		return r;
	}
	*ret = d;
	return 0;
}
