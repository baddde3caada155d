/*
 * environment_secrets.c: variables judged by name and by value. Names are judged by their words
 * (GIT_AUTHOR_NAME has no AUTH in it), values by the marks that issuers give their tokens and by
 * how random they are.
 */
#include "core/layers/environment_secrets.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* A whole word of a name, between underscores. */
static const char *const secret_words[] = {
	"TOKEN",      "TOKENS",      "SECRET",     "SECRETS",  "PASSWORD", "PASSWORDS",
	"PASSWD",     "PASS",        "PASSPHRASE", "PASSCODE", "KEY",      "KEYS",
	"CREDENTIAL", "CREDENTIALS", "CREDS",      "CRED",     "AUTH",     "AUTHORIZATION",
	"COOKIE",     "COOKIES",     "JWT",        "BEARER",   "PAT",      "PRIVATE",
	"SESSIONID",  "APIKEYS",     "OTP",        "PIN",      "DSN",
};

/* Anywhere in a name: long enough not to be part of something harmless. */
static const char *const secret_parts[] = { "TOKEN",  "SECRET", "PASSWORD",
	                                    "PASSWD", "APIKEY", "CREDENTIAL" };

static const char *const secret_names[] = { "MYSQL_PWD", "SSH_AUTH_SOCK", "DATABASE_URL",
	                                    "SSHPASS" };

static const struct {
	const char *prefix, *why;
} marks[] = {
	{ "ghp_", "value: a GitHub token" },
	{ "gho_", "value: a GitHub token" },
	{ "ghu_", "value: a GitHub token" },
	{ "ghs_", "value: a GitHub token" },
	{ "ghr_", "value: a GitHub token" },
	{ "github_pat_", "value: a GitHub token" },
	{ "glpat-", "value: a GitLab token" },
	{ "sk-", "value: an API key" },
	{ "sk_live_", "value: a Stripe key" },
	{ "rk_live_", "value: a Stripe key" },
	{ "AKIA", "value: an AWS key" },
	{ "ASIA", "value: an AWS key" },
	{ "xoxb-", "value: a Slack token" },
	{ "xoxp-", "value: a Slack token" },
	{ "xoxa-", "value: a Slack token" },
	{ "xoxr-", "value: a Slack token" },
	{ "xoxs-", "value: a Slack token" },
	{ "xapp-", "value: a Slack token" },
	{ "npm_", "value: an npm token" },
	{ "pypi-", "value: a PyPI token" },
	{ "AIza", "value: a Google key" },
	{ "ya29.", "value: a Google token" },
	{ "hf_", "value: a Hugging Face token" },
	{ "dop_v1_", "value: a DigitalOcean token" },
	{ "SG.", "value: a SendGrid key" },
	{ "Bearer ", "value: a bearer token" },
	{ "Basic ", "value: an authorization header" },
};

static const char *const dangerous_names[] = {
	"BASH_ENV",
	"ENV",
	"SHELLOPTS",
	"BASHOPTS",
	"PS4",
	"PROMPT_COMMAND",
	"IFS",
	"CDPATH",
	"GLOBIGNORE",
	"PYTHONSTARTUP",
	"PYTHONPATH",
	"PYTHONHOME",
	"PYTHONINSPECT",
	"PERL5LIB",
	"PERL5OPT",
	"PERL5DB",
	"RUBYLIB",
	"RUBYOPT",
	"NODE_OPTIONS",
	"NODE_PATH",
	"JAVA_TOOL_OPTIONS",
	"_JAVA_OPTIONS",
	"JDK_JAVA_OPTIONS",
	"GCONV_PATH",
	"LOCPATH",
	"NLSPATH",
	"HOSTALIASES",
	"RES_OPTIONS",
	"LOCALDOMAIN",
	"GLIBC_TUNABLES",
	"GETCONF_DIR",
	"GIT_SSH",
	"GIT_SSH_COMMAND",
	"GIT_EXTERNAL_DIFF",
	"GIT_ASKPASS",
	"SSH_ASKPASS",
	"GIT_EXEC_PATH",
	"DBUS_SESSION_BUS_ADDRESS",
	"DOCKER_HOST",
	"XAUTHORITY",
};

static const char *const dangerous_prefixes[] = { "LD_", "BASH_FUNC_", "GIT_CONFIG", "DYLD_" };

static bool word_is_secret(const char *word, size_t len)
{
	for (size_t i = 0; i < COUNT(secret_words); i++) {
		if (strlen(secret_words[i]) == len && strncasecmp(secret_words[i], word, len) == 0)
			return true;
	}
	return false;
}

static bool name_is_secret(const char *name)
{
	for (size_t i = 0; i < COUNT(secret_names); i++) {
		if (strcasecmp(name, secret_names[i]) == 0)
			return true;
	}
	for (size_t i = 0; i < COUNT(secret_parts); i++) {
		if (strcasestr(name, secret_parts[i]))
			return true;
	}
	for (const char *word = name; *word;) {
		size_t len = strcspn(word, "_-.");

		if (word_is_secret(word, len))
			return true;
		word += len;
		word += strspn(word, "_-.");
	}
	return false;
}

static unsigned distinct_characters(const char *value)
{
	bool seen[256] = { false };
	unsigned n = 0;

	for (; *value; value++) {
		n += !seen[(unsigned char)*value];
		seen[(unsigned char)*value] = true;
	}
	return n;
}

/* 32 or more characters of hexadecimal or base64, as varied as no word and no path is: 32 random
 * hex digits show 14 different ones on average and hardly ever fewer than 9; 32 of base64 show 25
 * and hardly ever fewer than 18. */
static bool value_is_random(const char *value)
{
	size_t len = strlen(value);
	bool lower = false, upper = false, digit = false;

	if (len < 32)
		return false;
	if (strspn(value, "0123456789abcdefABCDEF-") == len)
		return strpbrk(value, "0123456789") && strpbrk(value, "abcdefABCDEF") &&
		       distinct_characters(value) >= 9;
	if (value[0] == '/' || strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	                                     "0123456789+/=_-") != len)
		return false;
	for (const char *c = value; *c; c++) {
		lower |= islower((unsigned char)*c) != 0;
		upper |= isupper((unsigned char)*c) != 0;
		digit |= isdigit((unsigned char)*c) != 0;
	}
	return lower && upper && digit && distinct_characters(value) >= 18;
}

/* scheme://user:password@host */
static bool value_has_password(const char *value)
{
	const char *at, *colon, *rest = strstr(value, "://");

	if (!rest)
		return false;
	rest += 3;
	at = strchr(rest, '@');
	colon = strchr(rest, ':');
	return at && colon && colon < at && (size_t)(at - rest) <= strcspn(rest, "/?#");
}

static const char *value_secret(const char *value)
{
	const char *dot;

	for (size_t i = 0; i < COUNT(marks); i++) {
		size_t n = strlen(marks[i].prefix);

		/* A token has more to it than its mark: "sk-SK" is a language. */
		if (strncmp(value, marks[i].prefix, n) == 0 && strlen(value) >= n + 8)
			return marks[i].why;
	}
	if (strncmp(value, "eyJ", 3) == 0 && (dot = strchr(value, '.')) != NULL &&
	    strchr(dot + 1, '.'))
		return "value: a JSON web token";
	if (strstr(value, "-----BEGIN ") && strstr(value, "PRIVATE KEY"))
		return "value: a private key";
	if (value_has_password(value))
		return "value: a URL with a password";
	return value_is_random(value) ? "value: random as a key" : NULL;
}

const char *secret_in_variable(const char *name, const char *value)
{
	/* An empty variable has nothing to give away. */
	if (!*value)
		return NULL;
	return name_is_secret(name) ? "name" : value_secret(value);
}

bool variable_is_dangerous(const char *name)
{
	for (size_t i = 0; i < COUNT(dangerous_prefixes); i++) {
		if (strncmp(name, dangerous_prefixes[i], strlen(dangerous_prefixes[i])) == 0)
			return true;
	}
	for (size_t i = 0; i < COUNT(dangerous_names); i++) {
		if (strcmp(name, dangerous_names[i]) == 0)
			return true;
	}
	return false;
}
