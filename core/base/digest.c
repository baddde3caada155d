/*
 * digest.c: SHA-256 by nettle, and random identifiers from the kernel.
 */
#include "core/base/digest.h"

#include <assert.h>
#include <errno.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <sys/random.h>

static_assert(DIGEST_SIZE == SHA256_DIGEST_SIZE, "digest.h speaks of SHA-256");

void digest_hex(const struct digest_part *parts, int n, char ret[DIGEST_HEX])
{
	static const char hex[] = "0123456789abcdef";
	struct sha256_ctx ctx;
	uint8_t sum[DIGEST_SIZE];

	sha256_init(&ctx);
	for (int i = 0; i < n; i++) {
		if (parts[i].len > 0)
			sha256_update(&ctx, parts[i].len, parts[i].data);
	}
	sha256_digest(&ctx, sizeof(sum), sum);
	for (size_t i = 0; i < sizeof(sum); i++) {
		ret[2 * i] = hex[sum[i] >> 4];
		ret[2 * i + 1] = hex[sum[i] & 15];
	}
	ret[2 * DIGEST_SIZE] = '\0';
}

int random_bytes(void *out, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = getrandom((char *)out + done, len - done, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		done += (size_t)n;
	}
	return 0;
}

int random_uuid(char ret[37])
{
	uint8_t b[16];
	int r = random_bytes(b, sizeof(b));

	if (r < 0)
		return r;
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x40); /* version 4 */
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80); /* the variant of RFC 9562 */
	snprintf(ret, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
	         b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12],
	         b[13], b[14], b[15]);
	return 0;
}
