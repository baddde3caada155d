/*
 * attack_inside.c: what an agent that means harm tries from inside, beyond probe.c: privileges
 * through files, the kernel's counters and clocks, its own cgroup, pid 1, memory that nobody
 * counts. Prints "PASS name" or "FAIL name: why" a line; exits 1 if any failed.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/fs.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

static int failures;

static void truth(const char *name, bool ok)
{
	if (ok) {
		printf("PASS %s\n", name);
		return;
	}
	printf("FAIL %s: errno %d (%s)\n", name, errno, strerror(errno));
	failures++;
}

static void denied(const char *name, long result)
{
	truth(name, result < 0);
}

static void allowed(const char *name, long result)
{
	truth(name, result >= 0);
}

static bool text_has(const char *path, const char *part)
{
	static char text[65536];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	return strstr(text, part) != NULL;
}

/* ---- privileges by way of files ---- */

static void privileges_of_files(void)
{
	struct vfs_cap_data v2 = { .magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE };
	struct vfs_ns_cap_data v3 = { .magic_etc = VFS_CAP_REVISION_3 | VFS_CAP_FLAGS_EFFECTIVE };
	int flags = FS_IMMUTABLE_FL;
	int fd = open("/workspace/.attack", O_RDWR | O_CREAT | O_CLOEXEC, 0755);
	int tmp;

	v2.data[0].permitted = v3.data[0].permitted = 1U << CAP_SETUID;
	denied("files: capabilities, version 2",
	       fsetxattr(fd, "security.capability", &v2, sizeof(v2), 0));
	denied("files: capabilities, version 3",
	       fsetxattr(fd, "security.capability", &v3, sizeof(v3), 0));
	denied("files: trusted attributes", fsetxattr(fd, "trusted.x", "x", 1, 0));
	denied("files: immutable", ioctl(fd, FS_IOC_SETFLAGS, &flags));
	denied("files: chown to another", fchown(fd, 0, 0));
	denied("files: setuid by fchmodat2",
	       syscall(452, AT_FDCWD, "/workspace/.attack", 04755, 0));
	tmp = open("/workspace", O_TMPFILE | O_RDWR | O_CLOEXEC, 06755);
	denied("files: setuid by O_TMPFILE", tmp);
	denied("files: a setgid directory", mkdir("/workspace/.attack-dir", 02777));
	denied("files: a character device",
	       mknod("/workspace/.attack-null", S_IFCHR | 0666, 0x103));
	denied("files: by handle", syscall(SYS_open_by_handle_at, AT_FDCWD, &v2, O_RDONLY));
	close(fd);
	unlink("/workspace/.attack");
}

/* Runs a setuid program of the host's: it must run as the agent. */
static void setuid_programs(void)
{
	static const char *const programs[] = { "/usr/bin/passwd", "/usr/bin/su", "/usr/bin/mount",
		                                NULL };
	struct stat st;

	for (const char *const *p = programs; *p; p++) {
		int status = 0, out[2];
		char line[64] = "";
		pid_t pid;

		if (stat(*p, &st) < 0 || !(st.st_mode & S_ISUID) || pipe(out) < 0)
			continue;
		pid = fork();
		if (pid == 0) {
			dup2(out[1], 1);
			dup2(out[1], 2);
			execl(*p, *p, "--version", NULL);
			_exit(1);
		}
		close(out[1]);
		/* it waits for its output to be read or has ended: either way its ids are there to
		 * be seen */
		snprintf(line, sizeof(line), "/proc/%d/status", pid);
		truth("setuid programs: run as the agent",
		      !text_has(line, "Uid:\t1000\t0") && !text_has(line, "Uid:\t0"));
		close(out[0]);
		waitpid(pid, &status, 0);
		return;
	}
	printf("SKIP setuid programs: none on this machine\n");
}

/* ---- the machine ---- */

static void machine(void)
{
	struct timespec now;
	struct timex tx = { .modes = ADJ_TICK, .tick = 10000 };
	struct sched_param rt = { .sched_priority = 1 };
	static const char *const settings[] = {
		"/proc/sys/kernel/core_pattern",
		"/proc/sys/kernel/hostname",
		"/proc/sys/net/ipv4/ip_forward",
		"/proc/sys/user/max_user_namespaces",
		"/proc/sys/user/max_inotify_instances",
		"/proc/sys/fs/binfmt_misc/register",
		"/proc/irq/0/smp_affinity",
		"/proc/bus/pci",
		"/sys/kernel/uevent_helper",
		"/sys/fs/cgroup/cgroup.procs",
	};

	clock_gettime(CLOCK_REALTIME, &now);
	denied("machine: set the clock", clock_settime(CLOCK_REALTIME, &now));
	denied("machine: adjust the clock", adjtimex(&tx));
	denied("machine: host name", sethostname("x", 1));
	denied("machine: real-time scheduling", sched_setscheduler(0, SCHED_FIFO, &rt));
	errno = 0;
	denied("machine: higher priority", setpriority(PRIO_PROCESS, 0, -10));
	denied("machine: real-time input and output", syscall(SYS_ioprio_set, 1, 0, 1 << 13));
	denied("machine: the kernel's log", syscall(SYS_syslog, 3, &now, 8));
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		denied(settings[i], open(settings[i], O_WRONLY | O_CLOEXEC));
	denied("machine: oom_score_adj cannot be lowered", ({
		       int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
		       fd < 0 ? -1 : write(fd, "-500", 4);
	       }));
	truth("machine: no cgroup file system", !text_has("/proc/self/mountinfo", " - cgroup"));
	truth("machine: no sysfs", !text_has("/proc/self/mountinfo", " - sysfs"));
	truth("machine: its cgroup is the root of what it sees",
	      text_has("/proc/self/cgroup", ":/\n") && !text_has("/proc/self/cgroup", "warder"));
}

/* ---- what the kernel counts for who made the namespace ---- */

static long setting(const char *path)
{
	char text[32] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(fd);
	return atol(text);
}

static void counters(void)
{
	enum { INSTANCES_MAX = 4096 };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN };
	struct rlimit lock;
	timer_t timer;
	int n = 0, fds[INSTANCES_MAX];

	while (n < INSTANCES_MAX && (fds[n] = inotify_init1(IN_CLOEXEC)) >= 0)
		n++;
	truth("counters: inotify instances are there, and bounded",
	      n >= 8 && n < INSTANCES_MAX && n <= 1000);
	while (n > 0)
		close(fds[--n]);
	while (n < 100000 && timer_create(CLOCK_MONOTONIC, &event, &timer) == 0)
		n++;
	truth("counters: timers are there, and bounded", n >= 64 && n <= 4096);
	truth("counters: no user namespaces", setting("/proc/sys/user/max_user_namespaces") == 0);
	truth("counters: locked memory is bounded",
	      getrlimit(RLIMIT_MEMLOCK, &lock) == 0 && lock.rlim_max <= 1 << 20);
	denied("counters: locking more", mlock(malloc(4 << 20), 4 << 20));
	denied("counters: locking all", mlockall(MCL_CURRENT | MCL_FUTURE));
	denied("counters: fanotify of a mount", fanotify_init(FAN_CLASS_CONTENT, O_RDONLY));
}

/* ---- pid 1 ---- */

static void pid1(void)
{
	static const char *const names[] = { "user", "mnt", "net", "pid", "ipc", "uts", "cgroup" };
	struct iovec here = { .iov_base = &failures, .iov_len = 4 }, there = here;
	int pidfd = (int)syscall(SYS_pidfd_open, 1, 0);
	char path[64];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "/proc/1/ns/%s", names[i]);
		denied(path, open(path, O_RDONLY | O_CLOEXEC));
	}
	denied("pid 1: setns by pidfd", setns(pidfd, CLONE_NEWUTS));
	denied("pid 1: memory", syscall(SYS_process_vm_readv, 1, &here, 1, &there, 1, 0));
	denied("pid 1: maps", open("/proc/1/maps", O_RDONLY | O_CLOEXEC) < 0
	                              ? -1
	                              : (text_has("/proc/1/maps", "warder") ? 0 : -1));
	kill(1, SIGSTOP);
	kill(1, SIGSEGV);
	for (int s = SIGRTMIN; s <= SIGRTMAX; s++)
		kill(1, s);
	usleep(20000);
	truth("pid 1: no signal harms it", text_has("/proc/1/stat", ") S"));
	denied("pid 1: nothing outside has a number here",
	       kill(getppid() == 1 ? 999999 : getppid(), 0));
}

/* ---- terminals and other ways out ---- */

static void terminals(void)
{
	int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC), ldisc = 2;
	char c = 'x';

	allowed("terminals: one of its own", master);
	denied("terminals: input pushed into its own", ioctl(master, TIOCSTI, &c));
	denied("terminals: line discipline", ioctl(master, TIOCSETD, &ldisc));
	denied("terminals: line discipline, high bits",
	       syscall(SYS_ioctl, master, TIOCSETD | 1UL << 35, &ldisc));
	denied("terminals: console", ioctl(master, TIOCCONS, 0));
	denied("terminals: virtual console", open("/dev/tty0", O_RDWR | O_NOCTTY));
	close(master);
}

static void control_socket(void)
{
	static const char *const places[] = { "/run/warder", "/var/lib/warder", "/tmp/warder-0",
		                              "/run/user/0" };
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		denied(places[i], access(places[i], F_OK));
	snprintf(to.sun_path, sizeof(to.sun_path), "/proc/1/root/run/warder");
	denied("control: through pid 1", connect(s, (struct sockaddr *)&to, sizeof(to)));
	for (int fd = 3; fd < 64; fd++) {
		if (fd != s && fcntl(fd, F_GETFD) >= 0)
			truth("control: no descriptor of it", false);
	}
	close(s);
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	control_socket();
	privileges_of_files();
	setuid_programs();
	machine();
	counters();
	pid1();
	terminals();
	printf("end of the attacks\n");
	return failures ? 1 : 0;
}
