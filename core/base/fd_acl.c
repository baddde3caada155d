/*
 * fd_acl.c: access for one more user, as a POSIX ACL written straight into its extended attribute
 * (acl(5); linux/posix_acl_xattr.h gives the layout, little-endian). Entries that are there stay.
 */
#include <endian.h>
#include <errno.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "core/base/fd.h"

enum { ENTRIES_MAX = 64 };

#define NO_ID ((unsigned int)ACL_UNDEFINED_ID)

static const char attribute[] = "system.posix_acl_access";

struct acl {
	struct posix_acl_xattr_header header;
	struct posix_acl_xattr_entry entries[ENTRIES_MAX];
};

static struct posix_acl_xattr_entry entry(unsigned int tag, unsigned int perm, unsigned int id)
{
	return (struct posix_acl_xattr_entry){
		.e_tag = htole16((uint16_t)tag),
		.e_perm = htole16((uint16_t)perm),
		.e_id = htole32(id),
	};
}

/* The ACL that is there, or the one that the mode stands for. Returns its entries or -errno. */
static int read_acl(int fd, mode_t mode, struct acl *acl)
{
	ssize_t n = fgetxattr(fd, attribute, acl, sizeof(*acl));

	if (n < 0 && errno != ENODATA)
		return errno == ERANGE ? -E2BIG : -errno;
	if (n < 0) {
		acl->header.a_version = htole32(POSIX_ACL_XATTR_VERSION);
		acl->entries[0] = entry(ACL_USER_OBJ, (mode >> 6) & 7, NO_ID);
		acl->entries[1] = entry(ACL_GROUP_OBJ, (mode >> 3) & 7, NO_ID);
		acl->entries[2] = entry(ACL_OTHER, mode & 7, NO_ID);
		return 3;
	}
	if ((size_t)n < sizeof(acl->header) ||
	    le32toh(acl->header.a_version) != POSIX_ACL_XATTR_VERSION)
		return -EINVAL;
	return (int)(((size_t)n - sizeof(acl->header)) / sizeof(acl->entries[0]));
}

/* Adds the entry, or its permissions to the one with the same tag and id. Returns the new count.
 * The kernel wants entries ordered by tag, whose values ascend in the wanted order. */
static int add_entry(struct acl *acl, int count, struct posix_acl_xattr_entry new)
{
	int at = 0;

	while (at < count && le16toh(acl->entries[at].e_tag) < le16toh(new.e_tag))
		at++;
	for (int i = at; i < count && acl->entries[i].e_tag == new.e_tag; i++) {
		if (acl->entries[i].e_id == new.e_id) {
			acl->entries[i].e_perm |= new.e_perm;
			return count;
		}
	}
	if (count == ENTRIES_MAX)
		return -E2BIG;
	memmove(&acl->entries[at + 1], &acl->entries[at],
	        (size_t)(count - at) * sizeof(acl->entries[0]));
	acl->entries[at] = new;
	return count + 1;
}

static bool masked(unsigned int tag)
{
	return tag == ACL_USER || tag == ACL_GROUP_OBJ || tag == ACL_GROUP;
}

/* The mask must let through what the named entries give; it is the union of them all. */
static int set_mask(struct acl *acl, int count)
{
	unsigned int mask = 0;

	for (int i = 0; i < count; i++) {
		if (masked(le16toh(acl->entries[i].e_tag)))
			mask |= le16toh(acl->entries[i].e_perm);
	}
	return add_entry(acl, count, entry(ACL_MASK, mask, NO_ID));
}

int fd_grant_read(int fd, uid_t uid, gid_t gid)
{
	struct acl acl;
	struct stat st;
	unsigned int perm;
	int count;

	if (fstat(fd, &st) < 0)
		return -errno;
	perm = S_ISDIR(st.st_mode) ? ACL_READ | ACL_EXECUTE : ACL_READ;
	count = read_acl(fd, st.st_mode, &acl);
	if (count >= 0 && uid != (uid_t)-1)
		count = add_entry(&acl, count, entry(ACL_USER, perm, uid));
	if (count >= 0 && gid != (gid_t)-1)
		count = add_entry(&acl, count, entry(ACL_GROUP, perm, gid));
	if (count >= 0)
		count = set_mask(&acl, count);
	if (count < 0)
		return count;
	if (fsetxattr(fd, attribute, &acl,
	              sizeof(acl.header) + (size_t)count * sizeof(acl.entries[0]), 0) < 0)
		return -errno;
	return 0;
}
