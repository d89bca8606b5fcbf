/* A module that stands where macOS asks for a password: says that it was called, and answers its option. */
#include <stdio.h>
#include <stdlib.h>

#include "openpam.h"

static int answer(int count, const char **words)
{
	printf("password\n");
	return count > 0 ? atoi(words[0]) : PAM_SUCCESS;
}

int pam_sm_authenticate(pam_handle_t *handle, int flags, int count, const char **words)
{
	(void)handle, (void)flags;
	return answer(count, words);
}

int pam_sm_acct_mgmt(pam_handle_t *handle, int flags, int count, const char **words)
{
	(void)handle, (void)flags, (void)count, (void)words;
	return PAM_SUCCESS;
}
