//! What `src/plugin.rs` writes by hand, against the real header (`sudo` itself has it, on Debian).

mod compiler;

const CHECK: &str = r#"
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
fn the_plugin_is_laid_out_as_in_the_header() {
    compiler::accepts(CHECK, "is sudo installed, with its header?");
}
