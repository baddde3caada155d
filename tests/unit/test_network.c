/*
 * test_network.c: the network layer in a real network namespace: loopback works there and nothing
 * else does.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/layers/layer.h"
#include "core/layers/probe.h"

static struct policy policy;

static int try_connect(uint32_t address, int listen_too)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(address) };
	socklen_t len = sizeof(at);
	int server = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);

	if (listen_too && (bind(server, (struct sockaddr *)&at, len) < 0 || listen(server, 1) < 0 ||
	                   getsockname(server, (struct sockaddr *)&at, &len) < 0))
		return errno;
	if (!listen_too)
		at.sin_port = htons(53);
	return connect(client, (struct sockaddr *)&at, len) < 0 ? errno : 0;
}

static int count_interfaces(void)
{
	struct if_nameindex *list = if_nameindex();
	int n = 0;

	while (list && list[n].if_index)
		n++;
	if_freenameindex(list);
	return n;
}

/* Runs fn in a namespace of its own; its result. */
static int in_namespace(int (*fn)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
			_exit(254);
		_exit(fn());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 254) {
		print_message("skipped: no user namespaces here\n");
		skip();
	}
	return WEXITSTATUS(status);
}

static int down_before(void)
{
	return try_connect(INADDR_LOOPBACK, 1);
}

static int up_after(void)
{
	struct launch l = { .policy = &policy };
	struct layer_report report = { .what = "" };

	if (layer_network.enter(&l, &report) < 0)
		return 200;
	if (!*report.what || count_interfaces() != 1)
		return 201;
	return try_connect(INADDR_LOOPBACK, 1);
}

static int nothing_outside(void)
{
	struct launch l = { .policy = &policy };
	struct layer_report report = { .what = "" };

	return layer_network.enter(&l, &report) < 0 ? 200 : try_connect(0x08080808, 0);
}

static void test_loopback(void **state)
{
	(void)state;
	assert_int_not_equal(in_namespace(down_before), 0);
	assert_int_equal(in_namespace(up_after), 0);
}

static void test_nothing_outside(void **state)
{
	(void)state;
	assert_int_equal(in_namespace(nothing_outside), ENETUNREACH);
}

static void test_status(void **state)
{
	struct launch l = { .policy = &policy };

	(void)state;
	policy.network.mode = NETWORK_NONE;
	assert_int_equal(layer_network.prepare(&l, NULL), 0);
	assert_int_equal(l.status[LAYER_NETWORK].state, LAYER_ENFORCED);
	assert_string_equal(l.status[LAYER_NETWORK].reason, "loopback only");
	policy.network.mode = NETWORK_FILTERED;
	assert_int_equal(layer_network.prepare(&l, NULL), 0);
	assert_int_equal(l.status[LAYER_NETWORK].state, LAYER_ENFORCED);
	assert_non_null(strstr(l.status[LAYER_NETWORK].reason, "no egress broker"));
}

static void test_probe(void **state)
{
	struct probe_result p;

	(void)state;
	assert_int_equal(network_probe(&p), 0);
	if (geteuid() == 0)
		assert_int_equal(p.state, LAYER_ENFORCED);
	assert_true(p.detail[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_loopback),
		cmocka_unit_test(test_nothing_outside),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_probe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
