/*
 * test_mounts_attacks.c: ways to get more of the host than was granted: a source swapped between
 * the audit and the mount, a mount point behind a symlink, hidden files, files of others, too much
 * to look at.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/mount.h>
#include <sys/un.h>

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

static bool refused(int r, int code)
{
	return r < 0 && errno == code;
}

static bool readable(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char c;
	bool ok = fd >= 0 && read(fd, &c, 1) == 1;

	fd_close(&fd);
	return ok;
}

/* ---- swapped between the audit and the mount ---- */

static void swap_project(struct box *b)
{
	assert_int_equal(rename(b->project, box_path(b, "moved")), 0);
	assert_int_equal(symlink(box_path(b, "secret"), b->project), 0);
}

static void swap_for_directory(struct box *b)
{
	assert_int_equal(rename(b->project, box_path(b, "moved")), 0);
	assert_int_equal(rename(box_path(b, "secret"), b->project), 0);
}

static void check_is_project(struct box *b)
{
	(void)b;
	EXPECT(access("/workspace/mine", F_OK) == 0);
	EXPECT(access("/workspace/key", F_OK) < 0);
}

static void swapped_source(void)
{
	void (*const swaps[])(struct box *) = { swap_project, swap_for_directory };

	for (int i = 0; i < 2; i++) {
		struct box b;

		box_open(&b);
		box_mkdir(box_path(&b, "secret"), 0755);
		box_write(box_path(&b, "secret/key"), "k", 0644);
		box_write(box_path(&b, "project/mine"), "m", 0644);
		b.meanwhile = swaps[i];
		/* Root mounts the very object that was audited; without privileges the change is
		 * seen. */
		assert_int_equal(box_run(&b, check_is_project), b.l.root_mode ? 0 : -ESTALE);
		if (!b.l.root_mode)
			assert_string_equal(b.what, "mount /workspace");
		box_close(&b);
	}
}
BOTH(swapped_source)

/* ---- mount points (CVE-2026-87766) ---- */

static void nothing(struct box *b)
{
	(void)b;
}

static void link_parent(struct box *b)
{
	assert_int_equal(rmdir(box_path(b, "project/sub/point")), 0);
	assert_int_equal(rmdir(box_path(b, "project/sub")), 0);
	assert_int_equal(symlink("../outside", box_path(b, "project/sub")), 0);
}

static void remove_point(struct box *b)
{
	assert_int_equal(rmdir(box_path(b, "project/sub/point")), 0);
}

static void symlinked_mount_point(void)
{
	struct box b;

	box_open(&b);
	struct policy_mount pm = { .source = strdup(box_path(&b, "data")),
		                   .target = strdup("/workspace/sub/point"),
		                   .writable = true };

	b.policy.filesystem.mounts = &pm;
	b.policy.filesystem.n_mounts = 1;
	box_mkdir(pm.source, 0755);
	box_mkdir(box_path(&b, "outside"), 0777);
	assert_int_equal(symlink("../outside", box_path(&b, "project/sub")), 0);
	assert_true(box_prepare(&b) < 0);
	layer_mounts.release(&b.l);
	/* A directory at the audit, a symlink when the child comes. */
	assert_int_equal(unlink(box_path(&b, "project/sub")), 0);
	box_mkdir(box_path(&b, "project/sub"), 0755);
	box_mkdir(box_path(&b, "project/sub/point"), 0755);
	/* Gone when the child comes: it is not made again. */
	b.meanwhile = remove_point;
	assert_int_equal(box_run(&b, nothing), -ENOENT);
	assert_int_equal(access(box_path(&b, "project/sub/point"), F_OK), -1);
	layer_mounts.release(&b.l);
	box_mkdir(box_path(&b, "project/sub/point"), 0755);
	b.meanwhile = link_parent;
	assert_int_equal(box_run(&b, nothing), -ELOOP);
	assert_string_equal(b.what, "mount /workspace/sub/point");
	/* Nothing was made on the host: the directory is empty, so it can be removed. */
	assert_int_equal(rmdir(box_path(&b, "outside")), 0);
	box_close(&b);
	free(pm.source);
	free(pm.target);
}
BOTH(symlinked_mount_point)

/* ---- hidden files ---- */

static char hide_env[] = "**/.env", hide_key[] = "**/id_rsa*", hide_config[] = "config/*.key",
	    hide_vault[] = "vault";
static char *hide_patterns[] = { hide_env, hide_key, hide_config, hide_vault, NULL };

static void check_hidden(struct box *b)
{
	(void)b;
	EXPECT(refused(open("/workspace/.env", O_RDONLY), EACCES));
	EXPECT(refused(open("/workspace/a/b/id_rsa", O_RDONLY), EACCES));
	EXPECT(refused(open("/workspace/config/x.key", O_RDONLY), EACCES));
	EXPECT(refused(open("/workspace/a/linked", O_RDONLY), EACCES));
	EXPECT(refused(open("/workspace/vault", O_RDONLY), EACCES));
	EXPECT(refused(open("/workspace/vault/key", O_RDONLY), EACCES));
	EXPECT(readable("/workspace/config/other"));
	EXPECT(readable("/workspace/env"));
	EXPECT(refused(chmod("/workspace/.env", 0644), EROFS));
	EXPECT(refused(unlink("/workspace/.env"), EBUSY));
	EXPECT(refused(rename("/workspace/.env", "/workspace/now"), EBUSY));
	EXPECT(umount2("/workspace/.env", MNT_DETACH) < 0);
	EXPECT(access("/.masked-file", F_OK) < 0 && access("/.masked-directory", F_OK) < 0);
	/* A parent may move; the mask goes along. */
	EXPECT(rename("/workspace/a", "/workspace/z") == 0);
	EXPECT(refused(open("/workspace/z/b/id_rsa", O_RDONLY), EACCES));
}

static void hidden_files(void)
{
	struct stat st;
	struct box b;

	box_open(&b);
	b.policy.filesystem.hide = hide_patterns;
	box_write(box_path(&b, "project/.env"), "SECRET=1", 0644);
	box_write(box_path(&b, "project/env"), "x", 0644);
	box_mkdir(box_path(&b, "project/a"), 0755);
	box_mkdir(box_path(&b, "project/a/b"), 0755);
	box_write(box_path(&b, "project/a/b/id_rsa"), "key", 0600);
	box_write(box_path(&b, "project/a/linked"), "SECRET=2", 0644);
	assert_int_equal(symlink("../linked", box_path(&b, "project/a/b/.env")), 0);
	box_mkdir(box_path(&b, "project/config"), 0755);
	box_write(box_path(&b, "project/config/x.key"), "key", 0644);
	box_write(box_path(&b, "project/config/other"), "x", 0644);
	box_mkdir(box_path(&b, "project/vault"), 0755);
	box_write(box_path(&b, "project/vault/key"), "key", 0644);
	/* Links that lead out, to nowhere, or round in circles stop nothing. */
	assert_int_equal(symlink("/etc/passwd", box_path(&b, "project/config/.env")), 0);
	assert_int_equal(symlink("gone", box_path(&b, "project/config/id_rsa")), 0);
	assert_int_equal(symlink(".", box_path(&b, "project/config/loop")), 0);
	assert_int_equal(box_run(&b, check_hidden), 0);
	assert_non_null(strstr(buf_str(&b.l.notices), "hide a/b/id_rsa: "));
	/* On the host all is as it was, and nothing new. */
	assert_int_equal(stat(box_path(&b, "project/.env"), &st), 0);
	assert_int_equal(st.st_size, 8);
	assert_int_equal(st.st_mode & 0777, 0644);
	assert_int_equal(stat(box_path(&b, "project/config/gone"), &st), -1);
	box_close(&b);
}
BOTH(hidden_files)

static void too_many_hidden(void)
{
	struct box b;

	box_open(&b);
	b.policy.filesystem.hide = hide_patterns;
	for (int i = 0; i < 129; i++) {
		char name[64];

		snprintf(name, sizeof(name), "project/id_rsa%d", i);
		box_write(box_path(&b, name), "key", 0600);
	}
	assert_int_equal(box_prepare(&b), -EPERM);
	assert_non_null(strstr(b.err.text, "mounts: filesystem.hide: more than 128"));
	assert_non_null(strstr(b.err.hint, "--allow-degraded mounts"));
	layer_mounts.release(&b.l);
	b.l.allow_degraded[LAYER_MOUNTS] = true;
	assert_int_equal(box_run(&b, nothing), 0);
	assert_int_equal(b.l.status[LAYER_MOUNTS].state, LAYER_DEGRADED);
	box_close(&b);
}
BOTH(too_many_hidden)

/* What the walk saw is masked or nothing is started: it may be readable under another name now. */
static void replace_hidden(struct box *b)
{
	box_write(box_path(b, "project/new"), "x", 0644);
	assert_int_equal(rename(box_path(b, "project/.env"), box_path(b, "project/readable")), 0);
	assert_int_equal(rename(box_path(b, "project/new"), box_path(b, "project/.env")), 0);
}

static void move_hidden(struct box *b)
{
	assert_int_equal(rename(box_path(b, "project/a"), box_path(b, "project/b")), 0);
}

static void link_hidden(struct box *b)
{
	assert_int_equal(rename(box_path(b, "project/a"), box_path(b, "project/b")), 0);
	assert_int_equal(symlink("b", box_path(b, "project/a")), 0);
}

static void hidden_file_replaced(void)
{
	void (*const swaps[])(struct box *) = { replace_hidden, move_hidden, link_hidden };

	for (size_t i = 0; i < sizeof(swaps) / sizeof(swaps[0]); i++) {
		struct box b;

		box_open(&b);
		b.policy.filesystem.hide = hide_patterns;
		box_write(box_path(&b, "project/.env"), "SECRET=1", 0644);
		box_mkdir(box_path(&b, "project/a"), 0755);
		box_write(box_path(&b, "project/a/id_rsa"), "key", 0644);
		b.meanwhile = swaps[i];
		assert_int_equal(box_run(&b, nothing), -ESTALE);
		assert_non_null(
			strstr(b.what, i ? "hide /workspace/a/id_rsa" : "hide /workspace/.env"));
		box_close(&b);
	}
}
BOTH(hidden_file_replaced)

/* ---- the host's unix sockets in the project: reached by path, whatever the network namespace ----
 */

static int listen_at(const char *path, int type, bool listens)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	assert_true(s >= 0 && strlen(path) < sizeof(at.sun_path));
	strcpy(at.sun_path, path);
	assert_int_equal(bind(s, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(chmod(path, 0777), 0);
	if (listens)
		assert_int_equal(listen(s, 1), 0);
	return s;
}

static bool reached(const char *path, int type)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool ok;

	strcpy(to.sun_path, path);
	ok = connect(s, (struct sockaddr *)&to, sizeof(to)) == 0;
	fd_close(&s);
	return ok;
}

static void check_sockets(struct box *b)
{
	(void)b;
	EXPECT(!reached("/workspace/stream", SOCK_STREAM));
	EXPECT(!reached("/workspace/datagram", SOCK_DGRAM));
	EXPECT(!reached("/workspace/packets", SOCK_SEQPACKET));
	/* left behind by who is gone: the agent may take its place */
	EXPECT(unlink("/workspace/dead") == 0);
}

static void live_sockets(void)
{
	struct box b;
	int s[3], dead;

	box_open(&b);
	b.policy.filesystem.hide = hide_patterns;
	s[0] = listen_at(box_path(&b, "project/stream"), SOCK_STREAM, true);
	s[1] = listen_at(box_path(&b, "project/datagram"), SOCK_DGRAM, false);
	s[2] = listen_at(box_path(&b, "project/packets"), SOCK_SEQPACKET, true);
	dead = listen_at(box_path(&b, "project/dead"), SOCK_STREAM, true);
	fd_close(&dead);
	if (geteuid() == 0)
		assert_int_equal(chown(box_path(&b, "project/dead"), BOX_USER, BOX_USER), 0);
	assert_int_equal(box_run(&b, check_sockets), 0);
	for (int i = 0; i < 3; i++)
		fd_close(&s[i]);
	box_close(&b);
}
BOTH(live_sockets)

/* ---- a host whose mounts are shared, as systemd makes them ---- */

static void mount_meanwhile(struct box *b)
{
	assert_int_equal(mount("none", box_path(b, "project/sub"), "tmpfs", 0, NULL), 0);
}

static void check_own_mounts(struct box *b)
{
	(void)b;
	EXPECT(refused(open("/workspace/.env", O_RDONLY), EACCES));
	EXPECT(access("/workspace/sub/there", F_OK) == 0);
}

static void shared_mounts(void **state)
{
	char text[16] = "";
	struct box b;
	int fd;

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(unshare(CLONE_NEWNS), 0);
	assert_int_equal(mount(NULL, "/", NULL, MS_REC | MS_SHARED, NULL), 0);
	box_open(&b);
	b.policy.filesystem.hide = hide_patterns;
	box_write(box_path(&b, "project/.env"), "SECRET=1", 0644);
	box_mkdir(box_path(&b, "project/sub"), 0755);
	box_write(box_path(&b, "project/sub/there"), "x", 0644);
	b.meanwhile = mount_meanwhile;
	assert_int_equal(box_run(&b, check_own_mounts), 0);
	/* the masks are the session's: on the host the file is as it was */
	fd = open(box_path(&b, "project/.env"), O_RDONLY | O_CLOEXEC);
	assert_int_equal(read(fd, text, sizeof(text)), 8);
	fd_close(&fd);
	assert_int_equal(umount2(box_path(&b, "project/sub"), MNT_DETACH), 0);
	box_close(&b);
	assert_int_equal(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
}

/* ---- root launches for a user: no more than the user may ---- */

static void check_others(struct box *b)
{
	(void)b;
	EXPECT(readable("/others/public"));
	EXPECT(refused(open("/others/private", O_RDONLY), EACCES));
	EXPECT(refused(open("/others/new", O_WRONLY | O_CREAT, 0600), EACCES));
}

static void for_user_no_more(void)
{
	struct box b;

	box_open(&b);
	struct policy_mount pm = { .source = strdup(box_path(&b, "others")),
		                   .target = strdup("/others"),
		                   .writable = true };

	b.policy.filesystem.mounts = &pm;
	b.policy.filesystem.n_mounts = 1;
	box_mkdir(pm.source, 0755);
	box_write(box_path(&b, "others/public"), "x", 0644);
	box_write(box_path(&b, "others/private"), "x", 0600);
	assert_int_equal(chown(box_path(&b, "others/private"), 0, 0), 0);
	assert_int_equal(chown(pm.source, 0, 0), 0);
	assert_int_equal(box_run(&b, check_others), 0);
	assert_non_null(strstr(buf_str(&b.l.notices), "not to alice"));
	layer_mounts.release(&b.l);
	/* Behind a directory that the user may not search. */
	free(pm.source);
	pm.source = strdup(box_path(&b, "closed/public"));
	box_mkdir(box_path(&b, "closed"), 0700);
	assert_int_equal(chown(box_path(&b, "closed"), 0, 0), 0);
	box_write(pm.source, "x", 0644);
	assert_int_equal(box_prepare(&b), -EACCES);
	assert_non_null(strstr(b.err.text, "alice may not reach it"));
	layer_mounts.release(&b.l);
	/* The operator may say so. */
	const char *risky[] = { pm.source, NULL };

	b.l.allow_risky = risky;
	assert_int_equal(box_prepare(&b), 0);
	assert_non_null(strstr(buf_str(&b.l.notices), "risky, allowed"));
	box_close(&b);
	free(pm.source);
	free(pm.target);
}

static void for_user_root(void **state)
{
	(void)state;
	box_as_root(for_user_no_more);
}

static void no_idmap(void)
{
	struct policy_mount pm = { .source = strdup("/sys/kernel"), .target = strdup("/kernel") };
	const char *risky[] = { "/sys/kernel", NULL };
	struct box b;

	box_open(&b);
	b.policy.filesystem.mounts = &pm;
	b.policy.filesystem.n_mounts = 1;
	b.l.allow_risky = risky;
	assert_true(box_prepare(&b) < 0);
	assert_non_null(strstr(b.err.text, "/sys/kernel (sysfs) takes no id-mapped mount"));
	assert_true(b.err.hint[0] != '\0');
	layer_mounts.release(&b.l);
	b.l.host_uid = 0; /* never host root */
	assert_int_equal(box_prepare(&b), -EINVAL);
	box_close(&b);
	free(pm.source);
	free(pm.target);
}

static void no_idmap_root(void **state)
{
	(void)state;
	box_as_root(no_idmap);
}

static void check_left_out(struct box *b)
{
	(void)b;
	EXPECT(access("/workspace/sub", F_OK) == 0 && access("/workspace/sub/inside", F_OK) < 0);
}

static void check_along(struct box *b)
{
	(void)b;
	EXPECT(access("/workspace/sub/inside", F_OK) == 0);
}

static void check_along_read_only(struct box *b)
{
	(void)b;
	EXPECT(access("/workspace/sub/inside", F_OK) == 0);
	EXPECT(refused(open("/workspace/sub/new", O_WRONLY | O_CREAT, 0600), EROFS));
}

/* As the user, in the mount namespace that root made. */
static _Noreturn void below_as_user(struct box *b)
{
	EXPECT(setgroups(0, NULL) == 0);
	EXPECT(setresgid(BOX_USER, BOX_USER, BOX_USER) == 0 &&
	       setresuid(BOX_USER, BOX_USER, BOX_USER) == 0);
	prctl(PR_SET_DUMPABLE, 1);
	b->l.root_mode = false;
	b->l.host_uid = BOX_USER;
	b->l.host_gid = BOX_USER;
	EXPECT(box_run(b, check_along) == 0);
	EXPECT(strstr(buf_str(&b->l.notices), "1 mounts below it") &&
	       strstr(buf_str(&b->l.notices), "come along"));
	layer_mounts.release(&b->l);
	b->policy.filesystem.workspace = WORKSPACE_RO;
	EXPECT(box_run(b, check_along_read_only) == 0);
	_exit(0);
}

/* A mount below the project: left out as root, along without privileges (the kernel locks it); said
 * in both. */
static _Noreturn void below_as_root(void)
{
	struct box b;
	int status;
	pid_t pid;

	box_open(&b);
	box_mkdir(box_path(&b, "project/sub"), 0755);
	EXPECT(unshare(CLONE_NEWNS) == 0);
	EXPECT(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	EXPECT(mount("none", box_path(&b, "project/sub"), "tmpfs", 0, "size=64k,mode=0777") == 0);
	box_write(box_path(&b, "project/sub/inside"), "x", 0644);
	EXPECT(box_run(&b, check_left_out) == 0);
	EXPECT(strstr(buf_str(&b.l.notices), "1 mounts below it") &&
	       strstr(buf_str(&b.l.notices), "left out"));
	layer_mounts.release(&b.l);
	pid = fork();
	if (pid == 0)
		below_as_user(&b);
	EXPECT(waitpid(pid, &status, 0) == pid);
	EXPECT(umount2(box_path(&b, "project/sub"), MNT_DETACH) == 0);
	box_close(&b);
	_exit(status == 0 ? 0 : 1);
}

static void mounts_below(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	if (geteuid() != 0) {
		print_message("skipped: only root mounts something below a project\n");
		return;
	}
	pid = fork();
	if (pid == 0)
		below_as_root();
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(swapped_source_root),
		cmocka_unit_test(swapped_source_user),
		cmocka_unit_test(symlinked_mount_point_root),
		cmocka_unit_test(symlinked_mount_point_user),
		cmocka_unit_test(hidden_files_root),
		cmocka_unit_test(hidden_files_user),
		cmocka_unit_test(too_many_hidden_root),
		cmocka_unit_test(too_many_hidden_user),
		cmocka_unit_test(live_sockets_root),
		cmocka_unit_test(live_sockets_user),
		cmocka_unit_test(shared_mounts),
		cmocka_unit_test(hidden_file_replaced_root),
		cmocka_unit_test(hidden_file_replaced_user),
		cmocka_unit_test(for_user_root),
		cmocka_unit_test(no_idmap_root),
		cmocka_unit_test(mounts_below),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
