/*
 * What macOS's sudo does with PAM, as far as a module sees it: the ids of a setuid program, `auth`, then the
 * command. `account` only if STUB_ACCOUNT is set: on macOS it never reaches a module of ours.
 *
 * Started by root as: sudo WORDS... (the words are for the module to read). Says what came of it.
 */
#define _GNU_SOURCE
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "openpam.h"

int openpam_cleanups(void);

static int no_conversation(int count, const void **messages, void **answers, void *data)
{
	(void)count, (void)messages, (void)answers, (void)data;
	printf("conversation\n");
	return PAM_SYSTEM_ERR;
}

int main(void)
{
	const gid_t agent = 7001;
	struct pam_conv conversation = {no_conversation, NULL};
	pam_handle_t *handle = NULL;
	setvbuf(stdout, NULL, _IONBF, 0);
	if (setgroups(1, &agent) != 0 || setresgid(agent, agent, agent) != 0 || setresuid(7001, 0, 0) != 0)
		return 2;
	int result = pam_start("sudo", "agent", &conversation, &handle);
	printf("start %d\n", result);
	if (result == PAM_SUCCESS) {
		pam_set_item(handle, PAM_RUSER, "agent");
		result = pam_authenticate(handle, PAM_SILENT);
		printf("auth %d\n", result);
	}
	if (result == PAM_SUCCESS && getenv("STUB_ACCOUNT") != NULL) {
		result = pam_acct_mgmt(handle, PAM_SILENT);
		printf("account %d\n", result);
	}
	if (result == PAM_SUCCESS)
		printf("the command runs\n");
	pam_end(handle, result);
	printf("given back %d\n", openpam_cleanups());
	return result == PAM_SUCCESS ? 0 : 1;
}
