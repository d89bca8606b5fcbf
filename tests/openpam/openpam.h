/* The numbers of OpenPAM's security/pam_constants.h that matter here, and the calls. */
#ifndef OPENPAM_H
#define OPENPAM_H

enum {
	PAM_SUCCESS = 0,
	PAM_SYMBOL_ERR = 2,
	PAM_SYSTEM_ERR = 4,
	PAM_PERM_DENIED = 7,
	PAM_AUTH_ERR = 9,
	PAM_NEW_AUTHTOK_REQD = 10,
	PAM_NO_MODULE_DATA = 24,
	PAM_IGNORE = 25,
	PAM_ABORT = 26
};

enum {
	PAM_SERVICE = 1,
	PAM_USER = 2,
	PAM_TTY = 3,
	PAM_RHOST = 4,
	PAM_CONV = 5,
	PAM_RUSER = 8,
	PAM_NUM_ITEMS = 14
};

/* As FreeBSD and macOS have it. */
#define PAM_SILENT (-0x7fffffff - 1)

typedef struct pam_handle pam_handle_t;

struct pam_conv {
	int (*conv)(int, const void **, void **, void *);
	void *appdata_ptr;
};

int pam_start(const char *, const char *, const struct pam_conv *, pam_handle_t **);
int pam_end(pam_handle_t *, int);
int pam_authenticate(pam_handle_t *, int);
int pam_setcred(pam_handle_t *, int);
int pam_acct_mgmt(pam_handle_t *, int);
int pam_get_item(const pam_handle_t *, int, const void **);
int pam_set_item(pam_handle_t *, int, const void *);
int pam_get_data(const pam_handle_t *, const char *, const void **);
int pam_set_data(pam_handle_t *, const char *, void *, void (*)(pam_handle_t *, void *, int));

#endif
