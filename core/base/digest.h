/*
 * digest.h: SHA-256 (FIPS 180-4, by nettle) and random identifiers. The only door to nettle.
 */
#ifndef WARDER_BASE_DIGEST_H
#define WARDER_BASE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

enum { DIGEST_SIZE = 32, DIGEST_HEX = 65 };

struct digest_part {
	const void *data;
	size_t len;
};

/* SHA-256 over the parts in order, as lower-case hex with a NUL. */
void digest_hex(const struct digest_part *parts, int n, char ret[DIGEST_HEX]);

/* getrandom(2), never short. 0 or -errno. */
int random_bytes(void *out, size_t len);
/* A random (version 4, RFC 9562) UUID: 36 characters and a NUL. */
int random_uuid(char ret[37]);

#endif
