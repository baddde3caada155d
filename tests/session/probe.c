/*
 * probe.c: runs inside a sandbox and asserts, layer by layer, what is allowed and what is denied.
 * Prints "PASS name" or "FAIL name: why" a line; exits 1 if any failed. Known ways that others
 * were broken carry their reference.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#ifndef SYS_openat2
#define SYS_openat2 437
#endif
#ifndef SYS_io_uring_setup
#define SYS_io_uring_setup 425
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

static int failures;

static void report(bool ok, const char *name, long got, int code)
{
	if (ok) {
		printf("PASS %s\n", name);
		return;
	}
	printf("FAIL %s: returned %ld, errno %d (%s)\n", name, got, code, strerror(code));
	failures++;
}

/* The call must fail; with which errno is the kernel's or our choice. */
static void denied(const char *name, long result)
{
	report(result < 0, name, result, errno);
}

static void denied_with(const char *name, long result, int code)
{
	report(result < 0 && errno == code, name, result, errno);
}

static void allowed(const char *name, long result)
{
	report(result >= 0, name, result, errno);
}

static void truth(const char *name, bool ok)
{
	report(ok, name, 0, 0);
}

static const char *status_field(const char *key)
{
	static char line[256];
	FILE *f = fopen("/proc/self/status", "re");
	size_t len = strlen(key);
	const char *found = "";

	while (f && fgets(line, sizeof(line), f)) {
		if (strncmp(line, key, len) == 0 && line[len] == ':') {
			found = line + len + 1;
			while (*found == ' ' || *found == '\t')
				found++;
			line[strcspn(line, "\n")] = '\0';
			break;
		}
	}
	if (f)
		fclose(f);
	return found;
}

static void identity(void)
{
	struct stat st;
	gid_t groups[64];

	truth("identity: uid 1000", getuid() == 1000 && geteuid() == 1000);
	truth("identity: gid 1000", getgid() == 1000 && getegid() == 1000);
	truth("identity: no supplementary groups", getgroups(64, groups) <= 0);
	truth("identity: host root is nobody here",
	      stat("/proc/version", &st) == 0 && st.st_uid == 65534);
	denied("identity: setuid(0)", setuid(0));
	denied("identity: setgid(0)", setgid(0));
	denied("identity: setuid(1)", setuid(1));
	denied("identity: chown to another", chown("/tmp", 1, 1));
	denied("identity: write uid_map",
	       open("/proc/self/uid_map", O_WRONLY) >= 0 &&
	                       write(open("/proc/self/uid_map", O_WRONLY), "0 0 1", 5) > 0
	               ? 0
	               : (errno = EPERM, -1));
}

static void capabilities(void)
{
	static const char *const sets[] = { "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb" };
	char name[64];

	for (int i = 0; i < 5; i++) {
		snprintf(name, sizeof(name), "capabilities: %s empty", sets[i]);
		truth(name, strcmp(status_field(sets[i]), "0000000000000000") == 0);
	}
	truth("no_new_privs: set", strcmp(status_field("NoNewPrivs"), "1") == 0);
	truth("seccomp: filter mode", strcmp(status_field("Seccomp"), "2") == 0);
}

static int try_write(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return -1;
	close(fd);
	unlink(path);
	return 0;
}

static bool empty_file(const char *path)
{
	char c;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool empty = fd < 0 || read(fd, &c, 1) <= 0;

	if (fd >= 0)
		close(fd);
	return empty;
}

static void mounts(const char *workspace)
{
	denied("mounts: write /usr", try_write("/usr/warder-probe"));
	denied("mounts: write /etc", try_write("/etc/warder-probe"));
	denied("mounts: write /bin", try_write("/bin/warder-probe"));
	allowed("mounts: write /tmp", try_write("/tmp/warder-probe"));
	allowed("mounts: write home", try_write("/home/agent/warder-probe"));
	if (strcmp(workspace, "ro") == 0)
		denied("mounts: workspace is read-only", try_write("/workspace/warder-probe"));
	else
		allowed("mounts: workspace is writable", try_write("/workspace/warder-probe"));
	denied("mounts: no /etc/shadow", access("/etc/shadow", F_OK));
	denied("mounts: no /root", access("/root/.", F_OK));
	denied("mounts: no docker socket", access("/var/run/docker.sock", F_OK));
	denied("mounts: /sys not writable", try_write("/sys/warder-probe"));
	denied("mounts: /proc/sys not writable", open("/proc/sys/kernel/hostname", O_WRONLY));
	denied("mounts: /proc/sysrq-trigger", open("/proc/sysrq-trigger", O_WRONLY));
	truth("mounts: /proc/kcore masked", empty_file("/proc/kcore"));
	truth("mounts: /proc/keys masked", empty_file("/proc/keys"));
	truth("mounts: /proc/timer_list masked", empty_file("/proc/timer_list"));
	truth("mounts: /proc/interrupts masked", empty_file("/proc/interrupts"));
	denied("mounts: mknod of a device", mknod("/tmp/sda", S_IFBLK | 0600, 8 << 8));
	denied("mounts: mount", mount("none", "/tmp", "tmpfs", 0, NULL));
	denied("mounts: remount rw", mount(NULL, "/usr", NULL, MS_REMOUNT | MS_BIND, NULL));
	denied("mounts: umount", umount2("/proc/keys", MNT_DETACH));
	denied("mounts: chroot", chroot("/tmp"));
	denied("mounts: pivot_root", syscall(SYS_pivot_root, "/tmp", "/tmp"));
	denied("mounts: open_tree", syscall(428, AT_FDCWD, "/usr", 1));
	denied("mounts: fsopen", syscall(430, "tmpfs", 0));
	allowed("mounts: /dev/null works", open("/dev/null", O_RDWR | O_CLOEXEC));
	denied("mounts: no /dev/mem", access("/dev/mem", F_OK));
	denied("mounts: no /dev/kmsg", access("/dev/kmsg", F_OK));
}

static void network(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(80) };
	struct if_nameindex *names = if_nameindex();
	socklen_t len = sizeof(a);
	int s, c, n = 0;

	for (struct if_nameindex *i = names; i && i->if_name; i++)
		n++;
	truth("network: one interface, lo", n == 1 && strcmp(names[0].if_name, "lo") == 0);
	inet_pton(AF_INET, "192.0.2.1", &a.sin_addr);
	s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	allowed("network: a TCP socket", s);
	denied("network: no route out", connect(s, (struct sockaddr *)&a, sizeof(a)));
	close(s);
	s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	a = (struct sockaddr_in){ .sin_family = AF_INET,
		                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	allowed("network: bind on loopback", bind(s, (struct sockaddr *)&a, sizeof(a)));
	allowed("network: listen", listen(s, 1));
	getsockname(s, (struct sockaddr *)&a, &len);
	c = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	allowed("network: loopback connects", connect(c, (struct sockaddr *)&a, sizeof(a)));
	close(c);
	close(s);
	denied("network: packet socket", socket(AF_PACKET, SOCK_RAW, 0));
	denied("network: raw socket", socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
}

static long x32_getpid(void)
{
	return syscall(SYS_getpid | 0x40000000);
}

#if defined(__x86_64__)
static long int80_getpid(void)
{
	long ret;

	__asm__ volatile("int $0x80" : "=a"(ret) : "a"(20L) : "memory", "r8", "r9", "r10", "r11");
	if (ret < 0 && ret > -4096) {
		errno = (int)-ret;
		return -1;
	}
	return ret;
}
#endif

/* In a child: the filter may kill instead of refusing. */
static void denied_or_killed(const char *name, long (*call)(void))
{
	int status = 0;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0)
		_exit(call() < 0 ? 0 : 42);
	waitpid(pid, &status, 0);
	truth(name, !(WIFEXITED(status) && WEXITSTATUS(status) == 42));
}

static void seccomp(void)
{
	char c = 'x';
	char stack[8192];
	struct {
		uint64_t flags, mode, resolve;
	} how = { O_RDONLY, 0, 0 };
	int fd;

	/* bubblewrap #142 (CVE-2017-5226), #150 (CVE-2019-10063) */
	denied_with("seccomp: TIOCSTI", ioctl(0, TIOCSTI, &c), EPERM);
	denied_with("seccomp: TIOCSTI with high bits",
	            syscall(SYS_ioctl, 0, TIOCSTI | (1UL << 32), &c), EPERM);
	denied_with("seccomp: TIOCLINUX", ioctl(0, 0x541C, &c), EPERM);
	denied_with("seccomp: TIOCLINUX with high bits",
	            syscall(SYS_ioctl, 0, 0x541CUL | (1UL << 40), &c), EPERM);
#if defined(__x86_64__)
	/* agentsh audit C2 */
	denied_or_killed("seccomp: x32 calls", x32_getpid);
	denied_or_killed("seccomp: i386 int 0x80", int80_getpid);
#endif
	/* birdcage #32 */
	denied_with("seccomp: io_uring_setup", syscall(SYS_io_uring_setup, 8, stack), ENOSYS);
	denied("seccomp: AF_VSOCK", socket(40, SOCK_STREAM, 0));
	denied("seccomp: AF_VSOCK with high bits",
	       syscall(SYS_socket, 40UL | (1UL << 32), SOCK_STREAM, 0));
	denied("seccomp: AF_ALG", socket(38, SOCK_SEQPACKET, 0));
	denied("seccomp: AF_BLUETOOTH", socket(31, SOCK_RAW, 0));
	denied("seccomp: ptrace", ptrace(PTRACE_TRACEME, 0, NULL, NULL));
	denied("seccomp: unshare user namespace", unshare(CLONE_NEWUSER));
	denied("seccomp: clone user namespace",
	       syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL));
	denied_with("seccomp: clone3 falls back", syscall(SYS_clone3, stack, 64), ENOSYS);
	denied("seccomp: setns", setns(0, CLONE_NEWNS));
	denied("seccomp: bpf", syscall(SYS_bpf, 0, stack, 64));
	denied("seccomp: perf_event_open", syscall(SYS_perf_event_open, stack, 0, -1, -1, 0));
	denied("seccomp: userfaultfd", syscall(SYS_userfaultfd, 0));
	denied("seccomp: keyctl", syscall(SYS_keyctl, 0, -3, 0, 0, 0));
	denied("seccomp: add_key", syscall(SYS_add_key, "user", "a", "b", 1, -3));
	denied("seccomp: kexec_load", syscall(SYS_kexec_load, 0, 0, NULL, 0));
	denied("seccomp: init_module", syscall(SYS_init_module, NULL, 0, ""));
	denied("seccomp: reboot", syscall(SYS_reboot, 0, 0, 0, NULL));
	denied("seccomp: swapon", syscall(SYS_swapon, "/tmp/x", 0));
#ifdef SYS_modify_ldt
	denied("seccomp: modify_ldt", syscall(SYS_modify_ldt, 0, stack, 16));
#endif
	denied_with("seccomp: openat2", syscall(SYS_openat2, AT_FDCWD, "/", &how, sizeof(how)),
	            ENOSYS);
	fd = open("/workspace/.probe-suid", O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
	if (fd < 0)
		fd = open("/tmp/.probe-suid", O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
	denied_with("seccomp: fchmod setuid", fchmod(fd, 04755), EPERM);
	denied_with("seccomp: fchmod setgid", fchmod(fd, 02755), EPERM);
	allowed("seccomp: fchmod plain", fchmod(fd, 0755));
	close(fd);
	denied_with("seccomp: creat setuid", open("/tmp/.probe-suid2", O_WRONLY | O_CREAT, 04755),
	            EPERM);
	denied_with("seccomp: mknod setuid", mknod("/tmp/.probe-suid3", S_IFREG | 06755, 0), EPERM);
	unlink("/workspace/.probe-suid");
	unlink("/tmp/.probe-suid");
	denied("seccomp: second filter with a listener", syscall(SYS_seccomp, 1, 8, stack));
}

static void limits(void)
{
	struct rlimit r;

	truth("limits: open files bounded",
	      getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_max <= 65536);
	r.rlim_cur = r.rlim_max = r.rlim_max + 1;
	denied("limits: raising the hard limit", setrlimit(RLIMIT_NOFILE, &r));
	truth("limits: no core dumps", getrlimit(RLIMIT_CORE, &r) == 0 && r.rlim_max == 0);
	denied("limits: own cgroup files", access("/sys/fs/cgroup/cgroup.procs", W_OK));
}

static void pid1(void)
{
	char link[64];
	int pidfd;

	truth("pid 1: is not the agent", getpid() != 1);
	denied("pid 1: environ is closed", open("/proc/1/environ", O_RDONLY) < 0 ? -1
	                                   : read(open("/proc/1/environ", O_RDONLY), link, 1) > 0
	                                           ? 0
	                                           : -1);
	denied("pid 1: memory is closed", open("/proc/1/mem", O_RDONLY));
	/* bubblewrap #313 (CVE-2019-5736) */
	denied("pid 1: executable is closed", open("/proc/1/exe", O_WRONLY));
	denied("pid 1: executable has no name", readlink("/proc/1/exe", link, sizeof(link)));
	truth("pid 1: descriptors are closed", opendir("/proc/1/fd") == NULL);
	denied("pid 1: root is closed", open("/proc/1/root/etc", O_RDONLY));
	pidfd = (int)syscall(SYS_pidfd_open, 1, 0);
	denied("pid 1: descriptors cannot be taken", syscall(SYS_pidfd_getfd, pidfd, 3, 0));
	kill(1, SIGKILL);
	kill(1, SIGTERM);
	usleep(20000);
	truth("pid 1: cannot be killed from inside", kill(1, 0) == 0);
}

/* runc CVE-2024-21626: nothing inherited that leads out. */
static void descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	struct dirent *e;
	int extra = 0;

	while (d && (e = readdir(d))) {
		int fd = atoi(e->d_name);

		if (fd > 2 && fd != dirfd(d))
			extra++;
	}
	if (d)
		closedir(d);
	truth("descriptors: only 0, 1 and 2", extra == 0);
}

static void text_execution(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
	               -1, 0);

	/* JIT compilers need it: node would not run */
	truth("allowed: memory for a JIT", p != MAP_FAILED);
	allowed("allowed: fork and wait", waitpid(fork() ?: (_exit(0), 0), NULL, 0));
	allowed("allowed: socketpair", socketpair(AF_UNIX, SOCK_STREAM, 0, (int[2]){ 0 }));
}

int main(int argc, char **argv)
{
	const char *workspace = argc > 1 ? argv[1] : "rw";

	setvbuf(stdout, NULL, _IOLBF, 0);
	descriptors();
	identity();
	capabilities();
	mounts(workspace);
	network();
	seccomp();
	limits();
	pid1();
	text_execution();
	return failures ? 1 : 0;
}
