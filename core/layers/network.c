/*
 * network.c: a network namespace with nothing but loopback. clone makes the namespace; the child
 * only brings `lo` up. There is no way out of it: no interface leads anywhere, so every policy's
 * mode is held, the narrow one too. Sources: network_namespaces(7), netdevice(7).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/layers/layer.h"
#include "core/layers/probe.h"

static int network_prepare(struct launch *l, struct error *err)
{
	if (l->policy->network.mode == NETWORK_NONE)
		return layer_settle_status(l, LAYER_NETWORK, LAYER_ENFORCED, err, NULL,
		                           "loopback only");
	return layer_settle_status(
		l, LAYER_NETWORK, LAYER_ENFORCED, err, NULL,
		"filtered: this version has no egress broker, so nothing is reachable");
}

/* System calls only. */
static int loopback_up(void)
{
	struct ifreq req = { .ifr_name = "lo" };
	int r = 0, fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (ioctl(fd, SIOCGIFFLAGS, &req) < 0)
		r = -errno;
	req.ifr_flags |= IFF_UP;
	if (r == 0 && ioctl(fd, SIOCSIFFLAGS, &req) < 0)
		r = -errno;
	fd_close(&fd);
	return r;
}

static int network_enter(const struct launch *l, struct layer_report *report)
{
	(void)l;
	report->what = "bring up loopback";
	return loopback_up();
}

static void network_describe(const struct launch *l, struct layer_rows *rows)
{
	layer_row_add(rows, "mode", "%s", network_names[l->policy->network.mode]);
	layer_row_add(rows, "interfaces", "lo");
	layer_row_add(rows, "reachable", "nothing outside of the session");
}

/* A listener on 127.0.0.1 in a namespace of its own, and a connection to it. */
static int try_loopback(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	int r, server, client;

	if (unshare((geteuid() == 0 ? 0 : CLONE_NEWUSER) | CLONE_NEWNET) < 0)
		return -errno;
	r = loopback_up();
	if (r < 0)
		return r;
	server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (server < 0 || client < 0 || bind(server, (struct sockaddr *)&at, len) < 0 ||
	    listen(server, 1) < 0 || getsockname(server, (struct sockaddr *)&at, &len) < 0 ||
	    connect(client, (struct sockaddr *)&at, len) < 0)
		return -errno;
	return 0;
}

int network_probe(struct probe_result *ret)
{
	int r = probe_child(try_loopback);

	if (r < 0)
		probe_set(ret, LAYER_OFF,
		          "a kernel with CONFIG_NET_NS, and user namespaces for users "
		          "(see identity)",
		          "a network namespace with loopback: %s", strerror(-r));
	else
		probe_set(ret, LAYER_ENFORCED, NULL,
		          "a network namespace made, loopback up and connected to");
	return 0;
}

const struct layer layer_network = {
	.name = "network",
	.why_here = "needs CAP_NET_ADMIN in the session's user namespace; no program of the "
		    "agent's runs yet",
	.prepare = network_prepare,
	.enter = network_enter,
	.describe = network_describe,
};
