/*
 * demo_trail.c: see demo_trail.h. One command is hostile on purpose, one could not be proved.
 */
#include "tui/demo_trail.h"

#include <string.h>

#define EXEC(seq, time, pid, ppid, exe, argv)                                                      \
	"{\"seq\":" seq ",\"time\":\"2026-03-02T" time ".120Z\",\"kind\":\"exec\",\"pid\":" pid    \
	",\"ppid\":" ppid ",\"exe\":\"" exe "\",\"argv\":[" argv                                   \
	"],\"cwd\":\"/workspace\",\"verified\":true}"
#define END(seq, time, pid, of, ms, code, signal)                                                  \
	"{\"seq\":" seq ",\"time\":\"2026-03-02T" time                                             \
	".900Z\",\"kind\":\"exec_end\",\"pid\":" pid ",\"exec_seq\":" of ",\"duration_ms\":" ms    \
	",\"exit_code\":" code ",\"signal\":" signal "}"

static const char *const lines[] = {
	"{\"seq\":1,\"time\":\"2026-03-02T12:01:02.000Z\",\"kind\":\"state\",\"to\":\"starting\"}",
	EXEC("2", "12:01:03", "41233", "41230", "/usr/bin/node", "\"claude\",\"--print\""),
	EXEC("3", "12:01:05", "41301", "41233", "/usr/bin/ls", "\"ls\",\"-la\",\"src\""),
	END("4", "12:01:05", "41301", "3", "4.2", "0", "null"),
	EXEC("5", "12:01:44", "41302", "41233", "/usr/bin/bash",
	     "\"bash\",\"-c\",\"git status --porcelain | head -5\""),
	EXEC("6", "12:01:44", "41303", "41302", "/usr/bin/git",
	     "\"git\",\"status\",\"--porcelain\""),
	EXEC("7", "12:01:44", "41304", "41302", "/usr/bin/head", "\"head\",\"-5\""),
	END("8", "12:01:45", "41303", "6", "1210.4", "0", "null"),
	END("9", "12:01:45", "41304", "7", "1215.0", "0", "null"),
	END("10", "12:01:45", "41302", "5", "1220.7", "0", "null"),
	EXEC("11", "12:03:02", "41310", "41233", "/usr/bin/curl",
	     "\"curl\",\"https://paste.example.net/raw/x\""),
	END("12", "12:03:02", "41310", "11", "31.0", "7", "null"),
	EXEC("13", "12:03:30", "41311", "41233", "/workspace/tool.py",
	     "\"./tool.py\",\"\\u001b]52;c;ZXZpbA==\\u0007\",\"\\u202egnp.exe\",\"a\\nb\""),
	END("14", "12:03:31", "41311", "13", "640.0", "null", "9"),
	"{\"seq\":15,\"time\":\"2026-03-02T12:03:40.000Z\",\"kind\":\"exec\",\"pid\":41312,"
	"\"ppid\":41233,\"exe\":\"/usr/bin/gdb\",\"argv\":[\"gdb\",\"-p\",\"12\"],"
	"\"cwd\":\"/workspace\",\"verified\":false,"
	"\"unverified_because\":\"it is traced by another process\"}",
	END("16", "12:03:52", "41312", "15", "12400.0", "null", "null"),
	EXEC("17", "12:04:52", "41320", "41233", "/usr/bin/sh", "\"sh\",\"-c\",\"exec npm test\""),
	EXEC("18", "12:04:52", "41320", "41233", "/usr/bin/node", "\"npm\",\"test\""),
	END("19", "12:04:52", "41320", "17", "2.0", "null", "null"),
	EXEC("20", "12:04:53", "41322", "41320", "/usr/bin/node", "\"node\",\"jest\",\"--ci\""),
	EXEC("21", "12:04:55", "41330", "41322", "/usr/bin/node", "\"node\",\"jest-worker\""),
};
enum { LINES = sizeof(lines) / sizeof(lines[0]) };

static int next = LINES;

int demo_follow(struct source *s, const char *id, struct error *err)
{
	(void)s;
	(void)err;
	next = id != NULL ? 0 : LINES;
	return 0;
}

int demo_followed(struct source *s, const char **ret_line, size_t *ret_len, struct error *err)
{
	(void)s;
	(void)err;
	if (next >= LINES)
		return 0;
	*ret_line = lines[next++];
	*ret_len = strlen(*ret_line);
	return 1;
}

int demo_follow_fd(const struct source *s)
{
	(void)s;
	return -1;
}
