/*
 * replay.c: runs a fuzz harness over files instead of a fuzzer's inputs, with any compiler: `make
 * test` replays the corpus this way. Each argument is a file. Exit status 1 when one cannot be
 * read; a crash is the harness's answer.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/fd.h"

enum { INPUT_MAX = 16 * 1024 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The harness gets a copy of the exact size, so that a sanitizer sees any read past the end. */
static int replay(const char *path)
{
	CLEANUP_FREE char *text = NULL;
	CLEANUP_FREE uint8_t *data = NULL;
	struct error err = ERROR_INIT;
	size_t len;

	if (fd_read_file(AT_FDCWD, path, INPUT_MAX, &text, &len, &err) < 0) {
		fprintf(stderr, "replay: %s\n", err.text);
		return -1;
	}
	data = malloc(len > 0 ? len : 1);
	if (!data)
		return -1;
	memcpy(data, text, len);
	LLVMFuzzerTestOneInput(data, len);
	return 0;
}

int main(int argc, char **argv)
{
	int status = 0;

	for (int i = 1; i < argc; i++) {
		if (replay(argv[i]) < 0)
			status = 1;
	}
	printf("replayed %d\n", argc - 1);
	return status;
}
