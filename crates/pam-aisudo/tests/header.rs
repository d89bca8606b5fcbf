//! What `src/pam.rs` and `src/plugin.rs` write by hand, against the real headers.

use std::{
    io::Write,
    process::{Command, Stdio},
};

/// Of `libpam0g-dev`.
const PAM: &str = r#"
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

/// Of `sudo` itself.
const SUDO: &str = r#"
#include <stddef.h>
#include <sudo_plugin.h>
_Static_assert(SUDO_APPROVAL_PLUGIN == 4, "SUDO_APPROVAL_PLUGIN");
_Static_assert(SUDO_API_VERSION_MAJOR == 1, "SUDO_API_VERSION_MAJOR");
_Static_assert(SUDO_API_MKVERSION(1, 15) == ((1 << 16) | 15), "SUDO_API_MKVERSION");
_Static_assert(SUDO_CONV_ERROR_MSG == 3, "SUDO_CONV_ERROR_MSG");
_Static_assert(SUDO_CONV_INFO_MSG == 4, "SUDO_CONV_INFO_MSG");
typedef int (*printf_by_hand)(int, const char *, ...);
typedef int (*open_by_hand)(unsigned int, sudo_conv_t, printf_by_hand, char *const[], char *const[], int,
    char *const[], char *const[], char *const[], const char **);
typedef int (*check_by_hand)(char *const[], char *const[], char *const[], const char **);
struct by_hand {
    unsigned int kind, version;
    open_by_hand open;
    void (*close)(void);
    check_by_hand check;
    int (*show_version)(int);
};
_Static_assert(sizeof(struct by_hand) == sizeof(struct approval_plugin), "the struct's size");
#define SAME_PLACE(mine, theirs) \
    _Static_assert(offsetof(struct by_hand, mine) == offsetof(struct approval_plugin, theirs), #theirs)
SAME_PLACE(kind, type);
SAME_PLACE(version, version);
SAME_PLACE(open, open);
SAME_PLACE(close, close);
SAME_PLACE(check, check);
SAME_PLACE(show_version, show_version);
void same_types(struct approval_plugin theirs, struct by_hand *mine) {
    mine->open = theirs.open;
    mine->close = theirs.close;
    mine->check = theirs.check;
    mine->show_version = theirs.show_version;
}
"#;

#[test]
fn the_numbers_the_calls_and_the_plugin_are_those_of_the_headers() {
    for (package, check) in [("libpam0g-dev", PAM), ("sudo", SUDO)] {
        let mut compiler = Command::new("cc")
            .args([
                "-std=c11",
                "-Wall",
                "-Werror",
                "-fsyntax-only",
                "-x",
                "c",
                "-",
            ])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        compiler
            .stdin
            .take()
            .unwrap()
            .write_all(check.as_bytes())
            .unwrap();
        assert!(
            compiler.wait().unwrap().success(),
            "see above; is {package} installed? (cargo xtask setup)"
        );
    }
}
