/*
 * policies.c: a named policy checked as a launch would check it.
 */
#include "core/api/policies.h"

#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/policy/profile.h"

static const char *home_directory(void)
{
	const char *home = getenv("HOME");
	const struct passwd *pw;

	if (home && home[0] == '/')
		return home;
	pw = getpwuid(geteuid());
	return pw ? pw->pw_dir : NULL;
}

static int check_profile(const struct policy *p, struct error *err)
{
	struct profile_machine machine = profile_this_machine();
	struct profile *profile = NULL;
	int r = profile_load(p->seccomp.profile, &machine, &profile, err);

	profile_free(profile);
	return r;
}

int policies_check(const char *ref, struct policy **ret, struct error *err)
{
	CLEANUP_POLICY struct policy *p = NULL;
	int r = policy_load(ref, home_directory(), &p, err);

	if (r == 0)
		r = policy_enforceable(p, err);
	if (r == 0)
		r = check_profile(p, err);
	if (r < 0)
		return r;
	*ret = p;
	p = NULL;
	return 0;
}
