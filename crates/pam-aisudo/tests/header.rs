//! What `src/pam.rs` writes by hand, against the real header (`libpam0g-dev`).

mod compiler;

const CHECK: &str = r#"
#include <security/pam_modules.h>
_Static_assert(PAM_SUCCESS == 0, "PAM_SUCCESS");
_Static_assert(PAM_IGNORE == 25, "PAM_IGNORE");
_Static_assert(PAM_ABORT == 26, "PAM_ABORT");
_Static_assert(PAM_SERVICE == 1, "PAM_SERVICE");
_Static_assert(PAM_RUSER == 8, "PAM_RUSER");
int (*get_item)(const pam_handle_t *, int, const void **) = pam_get_item;
int (*get_data)(const pam_handle_t *, const char *, const void **) = pam_get_data;
int (*set_data)(pam_handle_t *, const char *, void *, void (*)(pam_handle_t *, void *, int)) = pam_set_data;
int (*authenticate)(pam_handle_t *, int, int, const char **) = pam_sm_authenticate;
int (*account)(pam_handle_t *, int, int, const char **) = pam_sm_acct_mgmt;
"#;

#[test]
fn the_numbers_and_calls_are_those_of_the_header() {
    compiler::accepts(CHECK, "is libpam0g-dev installed?");
}
