/*
 * probe.c: `warder __probe`: every layer tried for real on this machine, as JSON on stdout, for
 * `warder doctor`.
 */
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/json.h"
#include "core/layers/cgroup.h"
#include "core/layers/layer.h"
#include "core/session/entry.h"

static void put_machine(struct json_writer *w)
{
	struct cgroup_world world = { .why = "" };
	struct utsname u = { .release = "" };

	(void)uname(&u);
	(void)cgroup_world(&world);
	json_put_object(w, "machine");
	json_put_string(w, "kernel", u.release);
	json_put_string(w, "architecture", u.machine);
	json_put_string(w, "mode", geteuid() == 0 ? "root" : "rootless");
	json_put_string(w, "cgroup", world.v2 ? "v2" : world.v1 ? "v1" : "none");
	json_put_bool(w, "cgroup_kill", world.v2_kill);
	json_put_bool(w, "cgroup_delegated", world.delegated);
	json_put_end(w, '}');
}

int probe_main(void)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	struct json_writer w = json_writer(&b);

	json_put_object(&w, NULL);
	json_put_array(&w, "layers");
	for (int i = 0; i < LAYER_COUNT; i++) {
		struct probe_result res = { .detail = "" };

		(void)layers_probe((enum layer_id)i, &res);
		json_put_object(&w, NULL);
		json_put_string(&w, "name", layer_names[i]);
		json_put_string(&w, "status", layer_state_names[res.state]);
		json_put_string(&w, "detail", res.detail);
		json_put_string(&w, "remedy", res.remedy);
		json_put_end(&w, '}');
	}
	json_put_end(&w, ']');
	put_machine(&w);
	json_put_end(&w, '}');
	buf_addc(&b, '\n');
	return b.failed || fd_write_all(STDOUT_FILENO, b.data, b.len) < 0 ? 1 : 0;
}
