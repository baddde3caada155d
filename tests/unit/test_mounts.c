/*
 * test_mounts.c: the new root entered for real, as root for a user and as an ordinary user: what is
 * there, what is not, what is read-only, masked, writable; who owns on the host what the agent
 * makes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>

#include "mounts_box.h"

#define BOTH(name)                                                                                 \
	static void name##_root(void **state)                                                      \
	{                                                                                          \
		(void)state;                                                                       \
		box_as_root(name);                                                                 \
	}                                                                                          \
	static void name##_user(void **state)                                                      \
	{                                                                                          \
		(void)state;                                                                       \
		box_as_user(name);                                                                 \
	}

static bool absent(const char *path)
{
	return access(path, F_OK) < 0 && errno == ENOENT;
}

static bool refused(int r, int code)
{
	return r < 0 && errno == code;
}

static bool file_says(const char *path, const char *part)
{
	static char text[65536];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	fd_close(&fd);
	if (n < 0)
		return false;
	text[n] = '\0';
	return part ? strstr(text, part) != NULL : n == 0;
}

static int new_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	if (fd < 0)
		return -1;
	close(fd);
	return 0;
}

/* ---- the root ---- */

static void check_root(struct box *b)
{
	struct stat st;

	(void)b;
	EXPECT(getuid() == AGENT_UID && getgid() == AGENT_GID);
	EXPECT(access("/usr/bin/env", X_OK) == 0 && access("/bin/sh", X_OK) == 0);
	EXPECT(refused(new_file("/usr/x"), EROFS));
	EXPECT(refused(new_file("/x"), EROFS));
	EXPECT(refused(new_file("/etc/x"), EROFS));
	EXPECT(refused(new_file("/dev/x"), EROFS));
	EXPECT(file_says("/etc/passwd", "agent:x:1000:1000:"));
	EXPECT(file_says("/etc/group", "agent:x:1000:"));
	EXPECT(file_says("/etc/hosts", "localhost box\n"));
	EXPECT(file_says("/etc/resolv.conf", "nameserver 127.0.0.1\n"));
	EXPECT(absent("/etc/shadow") && absent("/etc/ssh") && absent("/etc/sudoers"));
	EXPECT(absent("/root") && absent("/boot") && absent("/sys") && absent("/srv") &&
	       absent("/mnt"));
	EXPECT(absent("/home/alice") && stat("/home/agent", &st) == 0);
	EXPECT(st.st_uid == AGENT_UID && (st.st_mode & 07777) == 0700);
	EXPECT(new_file("/home/agent/x") == 0 && new_file("/tmp/x") == 0 &&
	       new_file("/run/x") == 0);
	EXPECT(stat("/tmp", &st) == 0 && (st.st_mode & 07777) == 01777);
	EXPECT(stat("/var/tmp/x", &st) == 0);
}

static void the_root(void)
{
	struct box b;

	box_open(&b);
	assert_int_equal(box_run(&b, check_root), 0);
	assert_int_equal(b.l.status[LAYER_MOUNTS].state, LAYER_ENFORCED);
	box_close(&b);
}
BOTH(the_root)

/* Every mount is nosuid; all but single device nodes and devpts are nodev; only what should be is
 * writable. */
static void check_flags(struct box *b)
{
	static const char *const writable[] = { "/workspace", "/tmp",     "/home/agent", "/run",
		                                "/dev/shm",   "/dev/pts", "/proc",       NULL };
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char line[4096], point[1024], flags[1024];
	int n = 0;

	(void)b;
	EXPECT(f != NULL);
	while (fgets(line, sizeof(line), f)) {
		bool device, may_write = false;

		EXPECT(sscanf(line, "%*s %*s %*s %*s %1023s %1023s", point, flags) == 2);
		device = strncmp(point, "/dev/", 5) == 0 && strcmp(point, "/dev/shm") != 0;
		may_write = device;
		for (const char *const *p = writable; *p; p++)
			may_write |= strcmp(point, *p) == 0;
		EXPECT(strstr(flags, "nosuid"));
		EXPECT(device || strstr(flags, "nodev") || strncmp(point, "/proc/", 6) == 0);
		EXPECT(may_write || strncmp(flags, "ro", 2) == 0);
		n++;
	}
	fclose(f);
	EXPECT(n > 10);
}

static void the_flags(void)
{
	struct box b;

	box_open(&b);
	assert_int_equal(box_run(&b, check_flags), 0);
	box_close(&b);
}
BOTH(the_flags)

static void check_devices(struct box *b)
{
	static const char *const known[] = { "null",   "zero", "full", "random", "urandom",
		                             "tty",    "ptmx", "fd",   "stdin",  "stdout",
		                             "stderr", "pts",  "shm",  NULL };
	DIR *dir = opendir("/dev");
	const struct dirent *e;
	char bytes[4] = { 1, 1, 1, 1 };
	int fd;

	(void)b;
	EXPECT(dir != NULL);
	while ((e = readdir(dir)) != NULL) {
		bool ok = e->d_name[0] == '.';

		for (const char *const *p = known; *p; p++)
			ok |= strcmp(e->d_name, *p) == 0;
		EXPECT(ok);
	}
	closedir(dir);
	fd = open("/dev/null", O_RDWR);
	EXPECT(fd >= 0 && write(fd, "x", 1) == 1);
	close(fd);
	fd = open("/dev/zero", O_RDONLY);
	EXPECT(fd >= 0 && read(fd, bytes, 4) == 4 && bytes[0] == 0 && bytes[3] == 0);
	close(fd);
	fd = open("/dev/full", O_WRONLY);
	EXPECT(fd >= 0 && refused((int)write(fd, "x", 1), ENOSPC));
	close(fd);
	fd = open("/dev/urandom", O_RDONLY);
	EXPECT(fd >= 0 && read(fd, bytes, 4) == 4);
	close(fd);
	EXPECT(refused(mknod("/tmp/disk", S_IFBLK | 0600, makedev(254, 0)), EPERM));
}

static void check_proc(struct box *b)
{
	struct statvfs fs;

	(void)b;
	EXPECT(getpid() == 1);
	EXPECT(absent("/proc/2"));
	EXPECT(file_says("/proc/kcore", NULL) || absent("/proc/kcore"));
	EXPECT(file_says("/proc/timer_list", NULL) || absent("/proc/timer_list"));
	EXPECT(file_says("/proc/keys", NULL) || absent("/proc/keys"));
	EXPECT(file_says("/proc/interrupts", NULL));
	EXPECT(statvfs("/proc/sys", &fs) == 0 && (fs.f_flag & ST_RDONLY));
	EXPECT(statvfs("/proc/irq", &fs) == 0 && (fs.f_flag & ST_RDONLY));
	EXPECT(open("/proc/sys/kernel/hostname", O_WRONLY) < 0);
	/* not in every kernel */
	EXPECT(absent("/proc/sysrq-trigger") ||
	       (statvfs("/proc/sysrq-trigger", &fs) == 0 && (fs.f_flag & ST_RDONLY)));
	EXPECT(absent("/proc/acpi/wakeup") && absent("/proc/scsi/scsi"));
	EXPECT(file_says("/proc/self/status", "Uid:\t1000"));
}

static void devices_and_proc(void)
{
	struct box b;

	box_open(&b);
	assert_int_equal(box_run(&b, check_devices), 0);
	layer_mounts.release(&b.l);
	assert_int_equal(box_run(&b, check_proc), 0);
	box_close(&b);
}
BOTH(devices_and_proc)

/* ---- the workspace ---- */

static void check_workspace(struct box *b)
{
	struct stat st;

	(void)b;
	EXPECT(file_says("/workspace/hello", "host says"));
	EXPECT(stat("/workspace/hello", &st) == 0 && st.st_uid == AGENT_UID &&
	       st.st_gid == AGENT_GID);
	EXPECT(new_file("/workspace/made") == 0);
	EXPECT(mkdir("/workspace/dir", 0755) == 0);
}

static void the_workspace(void)
{
	struct stat st;
	struct box b;

	box_open(&b);
	box_write(box_path(&b, "project/hello"), "host says", 0600);
	assert_int_equal(box_run(&b, check_workspace), 0);
	assert_int_equal(stat(box_path(&b, "project/made"), &st), 0);
	assert_int_equal(st.st_uid, BOX_USER);
	assert_int_equal(st.st_gid, BOX_USER);
	assert_int_equal(stat(box_path(&b, "project/dir"), &st), 0);
	assert_int_equal(st.st_uid, BOX_USER);
	box_close(&b);
}
BOTH(the_workspace)

static void check_read_only(struct box *b)
{
	(void)b;
	EXPECT(file_says("/workspace/hello", "host says"));
	EXPECT(refused(new_file("/workspace/made"), EROFS));
	EXPECT(refused(open("/workspace/hello", O_WRONLY), EROFS));
	EXPECT(refused(chmod("/workspace/hello", 0777), EROFS));
	EXPECT(new_file("/etc/x") == 0); /* read_only is false in this one */
	EXPECT(refused(new_file("/usr/x"), EROFS));
}

static void read_only_workspace(void)
{
	struct box b;

	box_open(&b);
	b.policy.filesystem.workspace = WORKSPACE_RO;
	b.policy.filesystem.read_only = false;
	box_write(box_path(&b, "project/hello"), "host says", 0644);
	assert_int_equal(box_run(&b, check_read_only), 0);
	box_close(&b);
}
BOTH(read_only_workspace)

/* ---- asked mounts ---- */

static void check_asked(struct box *b)
{
	struct statvfs fs;

	(void)b;
	EXPECT(file_says("/home/agent/.gitconfig", "name = alice"));
	EXPECT(refused(open("/home/agent/.gitconfig", O_WRONLY), EROFS));
	EXPECT(new_file("/data/deep/made") == 0);
	EXPECT(new_file("/workspace/vendor/made") == 0);
	EXPECT(statvfs("/tmp", &fs) == 0 && fs.f_blocks * fs.f_frsize == 1 << 20);
	EXPECT(statvfs("/scratch/big", &fs) == 0 && fs.f_blocks * fs.f_frsize == 2 << 20);
	EXPECT(new_file("/scratch/big/x") == 0);
}

static void asked_mounts(void)
{
	struct stat st;
	struct box b;

	box_open(&b);
	struct policy_mount mounts[] = {
		{ .source = strdup(box_path(&b, "vendor")),
		  .target = strdup("/workspace/vendor"),
		  .writable = true },
		{ .source = strdup("~/.gitconfig"), .target = strdup("~/.gitconfig") },
		{ .source = strdup(box_path(&b, "data")),
		  .target = strdup("/data//deep/"),
		  .writable = true },
	};
	struct policy_tmpfs tmpfs[] = { { .target = strdup("/tmp"), .size = 1 << 20 },
		                        { .target = strdup("/scratch/big"), .size = 2 << 20 } };

	b.policy.filesystem.mounts = mounts;
	b.policy.filesystem.n_mounts = 3;
	b.policy.filesystem.tmpfs = tmpfs;
	b.policy.filesystem.n_tmpfs = 2;
	box_write(box_path(&b, "home/alice/.gitconfig"), "name = alice", 0600);
	box_mkdir(box_path(&b, "data"), 0700);
	box_mkdir(box_path(&b, "vendor"), 0700);
	/* The mount point below the workspace is not there: refused, and nothing is made. */
	assert_int_equal(box_prepare(&b), -ENOENT);
	assert_non_null(strstr(b.err.text, "/workspace/vendor"));
	assert_int_equal(stat(box_path(&b, "project/vendor"), &st), -1);
	layer_mounts.release(&b.l);
	/* A file where a directory is wanted. */
	box_write(box_path(&b, "project/vendor"), "", 0644);
	assert_int_equal(box_prepare(&b), -ENOTDIR);
	layer_mounts.release(&b.l);
	assert_int_equal(unlink(box_path(&b, "project/vendor")), 0);
	box_mkdir(box_path(&b, "project/vendor"), 0755);
	assert_int_equal(box_run(&b, check_asked), 0);
	assert_int_equal(stat(box_path(&b, "vendor/made"), &st), 0);
	assert_int_equal(st.st_uid, BOX_USER);
	assert_int_equal(stat(box_path(&b, "project/vendor/made"), &st), -1);
	assert_int_equal(stat(box_path(&b, "data/made"), &st), 0);
	box_close(&b);
	for (int i = 0; i < 3; i++) {
		free(mounts[i].source);
		free(mounts[i].target);
	}
	free(tmpfs[0].target);
	free(tmpfs[1].target);
}
BOTH(asked_mounts)

static void refused_targets(void **state)
{
	static const struct {
		const char *target;
		int code;
	} cases[] = {
		{ "/", -EINVAL },           { "/proc", -EINVAL },       { "/proc/sys", -EINVAL },
		{ "/dev/null", -EINVAL },   { "/sys/x", -EINVAL },      { "/usr", -EINVAL },
		{ "/bin/sh", -EINVAL },     { "/etc", -EINVAL },        { "/workspace", -EINVAL },
		{ "/workspace/", -EINVAL }, { "/home", -EINVAL },       { "/a/../usr", -EINVAL },
		{ "relative", -EINVAL },    { "/usr/absent", -ENOENT }, { "/a/./b", -EINVAL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct policy_mount pm = { .target = strdup(cases[i].target) };
		struct box b;
		int r;

		box_open(&b);
		pm.source = strdup(box_path(&b, "data"));
		box_mkdir(pm.source, 0755);
		b.policy.filesystem.mounts = &pm;
		b.policy.filesystem.n_mounts = 1;
		r = box_prepare(&b);
		if (r != cases[i].code)
			print_error("%s: %d %s\n", cases[i].target, r, b.err.text);
		assert_int_equal(r, cases[i].code);
		box_close(&b);
		free(pm.source);
		free(pm.target);
	}
}

/* ---- the terminal ---- */

static void check_terminal(struct box *b)
{
	struct stat console, tty;
	char text[8] = "";

	(void)b;
	EXPECT(setsid() >= 0 || errno == EPERM);
	EXPECT(isatty(0) && strcmp(ttyname(0), "/dev/pts/0") == 0);
	EXPECT(stat("/dev/console", &console) == 0 && stat("/dev/pts/0", &tty) == 0);
	EXPECT(console.st_rdev == tty.st_rdev && S_ISCHR(console.st_mode));
	EXPECT(tty.st_uid == AGENT_UID);
	EXPECT(write(0, "up\n", 3) == 3);
	EXPECT(read(0, text, sizeof(text)) == 5 && memcmp(text, "down\n", 5) == 0);
}

static void answer_terminal(struct box *b)
{
	char text[16] = "";
	size_t got = 0;

	assert_true(b->master >= 0);
	while (got < 4) { /* a terminal may hand out a line in pieces */
		ssize_t n = read(b->master, text + got, sizeof(text) - got);

		assert_true(n > 0);
		got += (size_t)n;
	}
	assert_int_equal(got, 4);
	assert_memory_equal(text, "up\r\n", 4);
	assert_int_equal(write(b->master, "down\n", 5), 5);
}

static void the_terminal(void)
{
	struct box b;

	box_open(&b);
	b.l.tty = true;
	b.entered = answer_terminal;
	assert_int_equal(box_run(&b, check_terminal), 0);
	box_close(&b);
}
BOTH(the_terminal)

/* ---- nothing stays ---- */

static int open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static bool was_open[256];

static void check_descriptors(struct box *b)
{
	(void)b;
	for (int fd = 0; fd < 256; fd++) {
		struct stat st;

		EXPECT(was_open[fd] || fstat(fd, &st) < 0 || S_ISSOCK(st.st_mode));
	}
}

static void nothing_stays(void)
{
	struct box b;
	int before;

	box_open(&b);
	before = open_descriptors();
	for (int fd = 0; fd < 256; fd++)
		was_open[fd] = fcntl(fd, F_GETFD) >= 0;
	assert_int_equal(box_prepare(&b), 0);
	assert_true(open_descriptors() > before);
	assert_int_equal(box_enter(&b, check_descriptors), 0);
	assert_int_equal(open_descriptors(), before);
	layer_mounts.release(&b.l);
	assert_int_equal(box_prepare(&b), 0);
	layer_mounts.release(&b.l);
	assert_int_equal(open_descriptors(), before);
	box_close(&b);
}
BOTH(nothing_stays)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_root_root),
		cmocka_unit_test(the_root_user),
		cmocka_unit_test(the_flags_root),
		cmocka_unit_test(the_flags_user),
		cmocka_unit_test(devices_and_proc_root),
		cmocka_unit_test(devices_and_proc_user),
		cmocka_unit_test(the_workspace_root),
		cmocka_unit_test(the_workspace_user),
		cmocka_unit_test(read_only_workspace_root),
		cmocka_unit_test(read_only_workspace_user),
		cmocka_unit_test(asked_mounts_root),
		cmocka_unit_test(asked_mounts_user),
		cmocka_unit_test(refused_targets),
		cmocka_unit_test(the_terminal_root),
		cmocka_unit_test(the_terminal_user),
		cmocka_unit_test(nothing_stays_root),
		cmocka_unit_test(nothing_stays_user),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
