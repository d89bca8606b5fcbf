//! A frozen request, whoever wrote it, is shown in safe lines.
#![no_main]

use aisudo_core::{
    digest::{code, request_digest},
    render::{self, Label},
    request::Request,
};
use aisudo_fuzz::{harmless, one_line};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &str| {
    let request = match Request::parse(bytes) {
        Ok(request) => request,
        Err(error) => return one_line(&error),
    };
    let again = serde_json::to_string(&request).expect("a request becomes JSON");
    let again: Request = serde_json::from_str(&again).expect("and is read back");
    assert_eq!(again, request);
    assert_eq!(again.fingerprint(), request.fingerprint());

    let digest = request_digest(bytes.as_bytes());
    let view = render::request(
        &request,
        &Label {
            code: &code(&digest, 5),
            digest,
            remaining_ms: Some(request.timeout_ms),
        },
    );
    harmless(&view.title);
    harmless(&view.command);
    view.warnings.iter().for_each(|warning| harmless(warning));
    view.lines.iter().for_each(|line| harmless(&line.value));
    // One line each, a blank one after the title, the warnings and the command, and no other.
    let between = 2 + usize::from(!view.warnings.is_empty());
    let lines = 2 + view.warnings.len() + between + view.lines.len();
    let plain = view.plain();
    assert_eq!(plain.lines().count(), lines, "{plain}");
});
