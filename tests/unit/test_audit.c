/*
 * test_audit.c: what may be handed to an agent, by `warder audit` and before every launch: each
 * kind of refusal, the way round it, and that ordinary things pass.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "mounts_box.h"

/* Audits one -v; the finding for it in *ret. Returns what a launch would. */
static int audit_one(struct box *b, const char *source, struct audit_finding *ret)
{
	struct policy_mount pm = { .source = strdup(source), .target = strdup("/data") };
	struct audit a = { .findings = NULL };
	int r;

	b->policy.filesystem.mounts = &pm;
	b->policy.filesystem.n_mounts = 1;
	assert_int_equal(mounts_audit(&b->l, &a, &b->err), 0);
	assert_int_equal(a.n, 2); /* the project and this one */
	*ret = a.findings[1];
	audit_free(&a);
	b->err = ERROR_INIT;
	b->l.audit_only = true;
	r = box_prepare(b);
	layer_mounts.release(&b->l);
	b->policy.filesystem.n_mounts = 0;
	free(pm.source);
	free(pm.target);
	return r;
}

static void assert_refused(struct box *b, const char *source, const char *reason)
{
	struct audit_finding f;
	char hint[600];
	int r = audit_one(b, source, &f);

	if (r == 0 || !strstr(b->err.text, reason))
		print_error("%s: %d \"%s\", expected \"%s\"\n", source, r, b->err.text, reason);
	assert_int_equal(r, -EPERM);
	assert_int_equal(f.verdict, AUDIT_REFUSED);
	assert_non_null(strstr(f.reason, reason));
	assert_non_null(strstr(b->err.text, "refused: "));
	assert_non_null(strstr(b->err.text, reason));
	snprintf(hint, sizeof(hint), "--allow-risky %s", f.subject);
	assert_non_null(strstr(b->err.hint, hint));
}

static void assert_passes(struct box *b, const char *source)
{
	struct audit_finding f;
	int r = audit_one(b, source, &f);

	if (r != 0)
		print_error("%s: %s\n", source, b->err.text);
	assert_int_equal(r, 0);
	assert_int_equal(f.verdict, AUDIT_OK);
}

static void places(void **state)
{
	static const struct {
		const char *path, *why;
	} cases[] = {
		{ "/", "the whole machine" },
		{ "/home", "home director" },
		{ "/root", "home directory" },
		{ "/etc", "configuration" },
		{ "/proc", "kernel" },
		{ "/proc/sys", "kernel" },
		{ "/sys", "kernel" },
		{ "/sys/kernel", "kernel" },
		{ "/dev", "devices" },
		{ "/dev/null", "a device node" },
		{ "/run", "daemons" },
		{ "/var/run", "daemons" },
		{ "/boot", "boot" },
		{ "/usr/../etc", "configuration" },
		{ "/etc/shadow", "credentials" },
		{ "//etc///", "configuration" },
	};
	struct box b;

	(void)state;
	if (geteuid() != 0)
		print_message(
			"as an ordinary user /root and /etc/shadow are closed in other words\n");
	box_open(&b);
	b.l.owner_uid = geteuid();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (geteuid() == 0)
			assert_refused(&b, cases[i].path, cases[i].why);
	}
	assert_passes(&b, "/usr/share");
	assert_passes(&b, "/etc/ssl/certs");
	box_close(&b);
}

static void credentials(void **state)
{
	static const char *const directories[] = {
		".ssh",   ".aws",     ".gnupg",          ".kube", ".docker",
		".azure", ".mozilla", ".password-store", NULL
	};
	struct box b;

	(void)state;
	box_open(&b);
	for (const char *const *p = directories; *p; p++) {
		char path[256];

		snprintf(path, sizeof(path), "%s/%s", b.home, *p);
		box_mkdir(path, 0700);
		assert_refused(&b, path, *p);
		strcat(path, "/below");
		box_mkdir(path, 0700);
		assert_refused(&b, path, *p);
	}
	box_mkdir(box_path(&b, "home/alice/.config"), 0755);
	assert_passes(&b, box_path(&b, "home/alice/.config"));
	box_mkdir(box_path(&b, "home/alice/.config/gcloud"), 0755);
	assert_refused(&b, box_path(&b, "home/alice/.config/gcloud"), ".config/gcloud");
	assert_refused(&b, box_path(&b, "home/alice/.config"), ".config/gcloud");
	assert_refused(&b, "~/.ssh", "holds credentials (.ssh)");
	box_write(box_path(&b, "home/alice/.netrc"), "machine x", 0600);
	assert_refused(&b, box_path(&b, "home/alice/.netrc"), ".netrc");
	/* By another name: a link, a copy of the directory elsewhere, a directory that has one. */
	assert_int_equal(symlink(box_path(&b, "home/alice/.ssh"), box_path(&b, "innocent")), 0);
	assert_refused(&b, box_path(&b, "innocent"), ".ssh");
	box_mkdir(box_path(&b, "other"), 0755);
	box_mkdir(box_path(&b, "other/.aws"), 0755);
	assert_refused(&b, box_path(&b, "other"), ".aws");
	box_close(&b);
}

static void homes(void **state)
{
	struct box b;

	(void)state;
	box_open(&b);
	assert_refused(&b, b.home, "a home directory (alice's)");
	assert_refused(&b, box_path(&b, "home"), "holds the home directory");
	assert_refused(&b, b.dir, "holds the home directory");
	assert_int_equal(symlink(b.home, box_path(&b, "link")), 0);
	assert_refused(&b, box_path(&b, "link"), "a home directory");
	assert_non_null(strstr(b.err.text, "leads to"));
	box_mkdir(box_path(&b, "home/alice/code"), 0755);
	assert_passes(&b, box_path(&b, "home/alice/code"));
	/* The project is judged alike. */
	b.l.project = b.home;
	assert_int_equal(box_prepare(&b), -EPERM);
	assert_non_null(strstr(b.err.text, "a home directory"));
	layer_mounts.release(&b.l);
	b.l.project = box_path(&b, "home/alice/code");
	assert_int_equal(box_prepare(&b), 0);
	box_close(&b);
}

static void tokens_and_keys(void **state)
{
	struct box b;

	(void)state;
	box_open(&b);
	box_write(box_path(&b, ".npmrc"), "registry=https://registry.example.org\n", 0600);
	assert_passes(&b, box_path(&b, ".npmrc"));
	box_write(box_path(&b, ".npmrc"), "//registry.example.org/:_authToken=abc\n", 0600);
	assert_refused(&b, box_path(&b, ".npmrc"), "a token in .npmrc");
	box_write(box_path(&b, ".pypirc"), "[pypi]\npassword = abc\n", 0600);
	assert_refused(&b, box_path(&b, ".pypirc"), "a token in .pypirc");
	box_write(box_path(&b, "deploy"), "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n", 0600);
	assert_refused(&b, box_path(&b, "deploy"), "a private key");
	box_write(box_path(&b, ".env"), "A=1\n", 0600);
	assert_refused(&b, box_path(&b, ".env"), ".env");
	box_write(box_path(&b, "plain"), "A=1\n", 0600);
	assert_passes(&b, box_path(&b, "plain"));
	/* A directory above the project that holds one. */
	box_mkdir(box_path(&b, "up"), 0755);
	box_mkdir(box_path(&b, "up/project"), 0755);
	b.l.project = strdup(box_path(&b, "up/project"));
	assert_passes(&b, box_path(&b, "up"));
	box_write(box_path(&b, "up/id_rsa"), "x", 0600);
	assert_refused(&b, box_path(&b, "up"), "id_rsa above the project");
	free((char *)(uintptr_t)b.l.project);
	b.l.project = b.project;
	box_close(&b);
}

static void special_files(void **state)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct box b;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	box_open(&b);
	snprintf(at.sun_path, sizeof(at.sun_path), "%s", box_path(&b, "docker.sock"));
	assert_int_equal(bind(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
	assert_refused(&b, box_path(&b, "docker.sock"), "a unix socket");
	assert_int_equal(symlink("docker.sock", box_path(&b, "sock")), 0);
	assert_refused(&b, box_path(&b, "sock"), "a unix socket");
	assert_int_equal(mkfifo(box_path(&b, "fifo"), 0666), 0);
	assert_refused(&b, box_path(&b, "fifo"), "a fifo");
	fd_close(&fd);
	box_close(&b);
}

static void own_state(void **state)
{
	struct box b;

	(void)state;
	box_open(&b);
	box_mkdir(box_path(&b, "state"), 0755);
	box_mkdir(box_path(&b, "state/warder"), 0755);
	b.l.state_dir = strdup(box_path(&b, "state/warder"));
	assert_refused(&b, b.l.state_dir, "warder's own state");
	assert_refused(&b, box_path(&b, "state"), "warder's own state");
	box_mkdir(box_path(&b, "state/warder/sessions"), 0755);
	assert_refused(&b, box_path(&b, "state/warder/sessions"), "warder's own state");
	free((char *)(uintptr_t)b.l.state_dir);
	box_close(&b);
}

static void allowed_when_named(void **state)
{
	struct audit_finding f;
	struct box b;

	(void)state;
	box_open(&b);
	box_mkdir(box_path(&b, "home/alice/.ssh"), 0700);
	const char *risky[] = { strdup(box_path(&b, "home/alice/.ssh/")), NULL };

	b.l.allow_risky = risky;
	assert_int_equal(audit_one(&b, box_path(&b, "home/alice/.ssh"), &f), 0);
	assert_int_equal(f.verdict, AUDIT_RISKY_ALLOWED);
	assert_non_null(
		strstr(buf_str(&b.l.notices), ".ssh: risky, allowed: holds credentials (.ssh)"));
	/* Only that one. */
	box_mkdir(box_path(&b, "home/alice/.aws"), 0700);
	assert_refused(&b, box_path(&b, "home/alice/.aws"), ".aws");
	free((char *)(uintptr_t)risky[0]);
	box_close(&b);
}

static void the_project(void **state)
{
	struct box b;
	int r;

	(void)state;
	box_open(&b);
	box_write(box_path(&b, "file"), "x", 0644);
	b.l.project = box_path(&b, "absent");
	assert_int_equal(box_prepare(&b), -ENOENT);
	assert_non_null(strstr(b.err.text, "absent: no such directory"));
	layer_mounts.release(&b.l);
	b.l.project = box_path(&b, "file");
	assert_int_equal(box_prepare(&b), -ENOTDIR);
	assert_non_null(strstr(b.err.text, "file: not a directory"));
	layer_mounts.release(&b.l);
	b.l.project = b.project;
	if (geteuid() == 0) {
		assert_int_equal(chown(b.project, 0, 0), 0);
		r = box_prepare(&b);
		layer_mounts.release(&b.l);
		assert_int_equal(r, -EPERM);
		assert_non_null(strstr(b.err.text, "not alice's (it belongs to uid 0)"));
		b.l.owner_uid = 0; /* root for itself */
		assert_int_equal(box_prepare(&b), 0);
	}
	box_close(&b);
}

static void unreadable_project_body(void)
{
	struct box b;

	box_open(&b);
	assert_int_equal(chmod(b.project, 0), 0);
	assert_int_equal(box_prepare(&b), -EACCES);
	assert_non_null(strstr(b.err.text, "project: cannot be read"));
	assert_int_equal(chmod(b.project, 0755), 0);
	box_close(&b);
}

static void unreadable_project(void **state)
{
	(void)state;
	box_as_user(unreadable_project_body);
}

/* The same directory under another mount point is still the same directory. */
static void bind_mounted_body(void)
{
	struct box b;

	box_open(&b);
	EXPECT(unshare(CLONE_NEWNS) == 0);
	EXPECT(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	box_mkdir(box_path(&b, "home/alice/.ssh"), 0700);
	box_mkdir(box_path(&b, "fine"), 0755);
	EXPECT(mount(box_path(&b, "home/alice/.ssh"), box_path(&b, "fine"), NULL, MS_BIND, NULL) ==
	       0);
	assert_refused(&b, box_path(&b, "fine"), ".ssh");
	EXPECT(umount2(box_path(&b, "fine"), MNT_DETACH) == 0);
	EXPECT(mount(b.home, box_path(&b, "fine"), NULL, MS_BIND, NULL) == 0);
	assert_refused(&b, box_path(&b, "fine"), "a home directory");
	EXPECT(umount2(box_path(&b, "fine"), MNT_DETACH) == 0);
	EXPECT(mount("proc", box_path(&b, "fine"), "proc", 0, NULL) == 0);
	assert_refused(&b, box_path(&b, "fine"), "the kernel");
	EXPECT(umount2(box_path(&b, "fine"), MNT_DETACH) == 0);
	box_close(&b);
	_exit(0);
}

static void bind_mounted(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	if (geteuid() != 0) {
		print_message("skipped: only root makes bind mounts\n");
		return;
	}
	pid = fork();
	if (pid == 0)
		bind_mounted_body();
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places),
		cmocka_unit_test(credentials),
		cmocka_unit_test(homes),
		cmocka_unit_test(tokens_and_keys),
		cmocka_unit_test(special_files),
		cmocka_unit_test(own_state),
		cmocka_unit_test(allowed_when_named),
		cmocka_unit_test(the_project),
		cmocka_unit_test(unreadable_project),
		cmocka_unit_test(bind_mounted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
