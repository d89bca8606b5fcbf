/*
 * What a module meets in OpenPAM, for a test on Linux: its numbers (security/pam_constants.h), its policy
 * files (pam.conf(5) as macOS and FreeBSD have it) and how it goes through a chain. Written from the
 * manual pages and from what an OpenPAM was seen to do; it is no OpenPAM, and nothing is installed.
 *
 * It is called libpam.so.0, because that is the name by which the module asks for a PAM library on Linux.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "openpam.h"

enum facility { AUTH, ACCOUNT, SESSION, PASSWORD, FACILITIES };
static const char *const FACILITY[FACILITIES] = {"auth", "account", "session", "password"};

enum flag { REQUIRED, REQUISITE, SUFFICIENT, BINDING, OPTIONAL, FLAGS };
static const char *const FLAG[FLAGS] = {"required", "requisite", "sufficient", "binding", "optional"};

typedef int (*entry_point)(pam_handle_t *, int, int, const char **);

struct line {
	enum flag flag;
	void *module;
	int count;
	const char *words[16];
	struct line *next;
};

struct data {
	char *name;
	void *value;
	void (*cleanup)(pam_handle_t *, void *, int);
	struct data *next;
};

struct pam_handle {
	const void *items[PAM_NUM_ITEMS];
	struct line *chains[FACILITIES];
	struct data *data;
	/* A module is running: no second chain may begin. */
	int busy;
};

static int complain(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	fprintf(stderr, "openpam: ");
	vfprintf(stderr, format, arguments);
	fprintf(stderr, "\n");
	va_end(arguments);
	return PAM_SYSTEM_ERR;
}

/* The file and all directories above it are root's, and nobody else can write them. */
static int trusted(const char *path)
{
	char part[512];
	struct stat status;
	snprintf(part, sizeof part, "%s", path);
	for (;;) {
		if (stat(part, &status) != 0)
			return 0;
		if (status.st_uid != 0 || (status.st_mode & 022) != 0) {
			complain("%s can be written by others", part);
			errno = EPERM;
			return 0;
		}
		char *slash = strrchr(part, '/');
		if (slash == NULL || strcmp(part, "/") == 0)
			return 1;
		slash[slash == part ? 1 : 0] = '\0';
	}
}

/* `NAME.2` comes before `NAME`. */
static void *load(const char *name)
{
	char path[512];
	snprintf(path, sizeof path, "%s.2", name);
	if (!trusted(path)) {
		if (errno != ENOENT || !trusted(name))
			return NULL;
		snprintf(path, sizeof path, "%s", name);
	}
	void *module = dlopen(path, RTLD_NOW);
	if (module == NULL)
		complain("%s", dlerror());
	return module;
}

static int find(const char *const *names, int count, const char *name)
{
	for (int at = 0; at < count; at++)
		if (strcmp(names[at], name) == 0)
			return at;
	return -1;
}

/* Adds the lines of a service to the chains, or to one of them. */
static int read_policy(pam_handle_t *handle, const char *service, int only)
{
	char path[512], text[1024];
	snprintf(path, sizeof path, "/etc/pam.d/%s", service);
	FILE *file = fopen(path, "r");
	if (file == NULL)
		return complain("there is no policy for %s", service);
	int result = PAM_SUCCESS;
	while (result == PAM_SUCCESS && fgets(text, sizeof text, file) != NULL) {
		char *rest = NULL;
		text[strcspn(text, "#\n")] = '\0';
		char *word = strtok_r(text, " \t", &rest);
		if (word == NULL)
			continue;
		int facility = find(FACILITY, FACILITIES, word);
		char *flag = strtok_r(NULL, " \t", &rest);
		char *module = strtok_r(NULL, " \t", &rest);
		if (facility < 0 || flag == NULL || module == NULL) {
			result = complain("%s: not understood: %s", path, word);
			break;
		}
		if (only >= 0 && facility != only)
			continue;
		if (strcmp(flag, "include") == 0) {
			result = read_policy(handle, module, facility);
			continue;
		}
		int kind = find(FLAG, FLAGS, flag);
		if (kind < 0) {
			result = complain("%s: not understood: %s", path, flag);
			break;
		}
		struct line *line = calloc(1, sizeof *line);
		line->flag = kind;
		line->module = load(module);
		/* A module that cannot be loaded makes the whole service unusable. */
		if (line->module == NULL)
			result = complain("%s: %s cannot be loaded", path, module);
		while ((word = strtok_r(NULL, " \t", &rest)) != NULL && line->count < 15)
			line->words[line->count++] = strdup(word);
		struct line **end = &handle->chains[facility];
		while (*end != NULL)
			end = &(*end)->next;
		*end = line;
	}
	fclose(file);
	return result;
}

int pam_start(const char *service, const char *user, const struct pam_conv *conversation, pam_handle_t **out)
{
	pam_handle_t *handle = calloc(1, sizeof *handle);
	handle->items[PAM_SERVICE] = strdup(service);
	handle->items[PAM_USER] = strdup(user);
	handle->items[PAM_CONV] = conversation;
	int result = read_policy(handle, service, -1);
	for (int facility = 0; result == PAM_SUCCESS && facility < FACILITIES; facility++)
		if (handle->chains[facility] == NULL)
			result = read_policy(handle, "other", facility);
	*out = handle;
	return result;
}

static int cleanups;

int pam_end(pam_handle_t *handle, int status)
{
	while (handle->data != NULL) {
		struct data *data = handle->data;
		handle->data = data->next;
		if (data->cleanup != NULL) {
			cleanups++;
			data->cleanup(handle, data->value, status);
		}
		free(data->name);
		free(data);
	}
	free(handle);
	return PAM_SUCCESS;
}

/* For the test alone: how many values of modules were given back. */
int openpam_cleanups(void)
{
	return cleanups;
}

int pam_get_item(const pam_handle_t *handle, int item, const void **value)
{
	if (item < 1 || item >= PAM_NUM_ITEMS)
		return PAM_SYMBOL_ERR;
	*value = handle->items[item];
	return PAM_SUCCESS;
}

int pam_set_item(pam_handle_t *handle, int item, const void *value)
{
	if (item < 1 || item >= PAM_NUM_ITEMS)
		return PAM_SYMBOL_ERR;
	handle->items[item] = value == NULL ? NULL : strdup(value);
	return PAM_SUCCESS;
}

int pam_get_data(const pam_handle_t *handle, const char *name, const void **value)
{
	for (struct data *data = handle->data; data != NULL; data = data->next)
		if (strcmp(data->name, name) == 0) {
			*value = data->value;
			return PAM_SUCCESS;
		}
	return PAM_NO_MODULE_DATA;
}

int pam_set_data(pam_handle_t *handle, const char *name, void *value,
    void (*cleanup)(pam_handle_t *, void *, int))
{
	struct data *data;
	for (data = handle->data; data != NULL; data = data->next)
		if (strcmp(data->name, name) == 0)
			break;
	if (data == NULL) {
		data = calloc(1, sizeof *data);
		data->name = strdup(name);
		data->next = handle->data;
		handle->data = data;
	} else if (data->cleanup != NULL) {
		cleanups++;
		data->cleanup(handle, data->value, PAM_SUCCESS);
	}
	data->value = value;
	data->cleanup = cleanup;
	return PAM_SUCCESS;
}

/* Goes through a chain. */
static int dispatch(pam_handle_t *handle, enum facility facility, const char *function, int flags)
{
	int error = PAM_SUCCESS, failed = 0, succeeded = 0;
	if (handle->busy)
		return PAM_ABORT;
	for (struct line *line = handle->chains[facility]; line != NULL; line = line->next) {
		entry_point call = (entry_point)dlsym(line->module, function);
		int result = PAM_SYSTEM_ERR;
		if (call != NULL) {
			handle->busy = 1;
			result = call(handle, flags, line->count, line->words);
			handle->busy = 0;
		}
		if (result == PAM_IGNORE)
			continue;
		if (result == PAM_SUCCESS) {
			succeeded++;
			int ends = line->flag == SUFFICIENT || line->flag == BINDING;
			if (ends && !failed && strcmp(function, "pam_sm_setcred") != 0)
				break;
			continue;
		}
		/* The first error, or that of the first line that must not fail. */
		if (error == PAM_SUCCESS)
			error = result;
		if ((line->flag == REQUIRED || line->flag == BINDING) && !failed) {
			failed = 1;
			error = result;
		}
		/* Only this flag ends a chain by a failure: after `binding` the others still run, for nothing. */
		if (line->flag == REQUISITE) {
			failed = 1;
			break;
		}
	}
	if (!failed && error != PAM_NEW_AUTHTOK_REQD)
		error = PAM_SUCCESS;
	return error == PAM_SUCCESS && succeeded == 0 ? PAM_SYSTEM_ERR : error;
}

int pam_authenticate(pam_handle_t *handle, int flags)
{
	return dispatch(handle, AUTH, "pam_sm_authenticate", flags);
}

int pam_setcred(pam_handle_t *handle, int flags)
{
	return dispatch(handle, AUTH, "pam_sm_setcred", flags);
}

int pam_acct_mgmt(pam_handle_t *handle, int flags)
{
	return dispatch(handle, ACCOUNT, "pam_sm_acct_mgmt", flags);
}
