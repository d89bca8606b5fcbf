//! What may lie, or is too long to be seen.

use aisudo_core::{raw::Raw, sudo_argv::Mode};

use super::{MODES, case, changed, raws};
use crate::{
    form::RequestCase,
    sample::{TEXTS, all_fields, sample},
    texts,
};

/// a17: each field may lie.
pub(super) fn hostile() -> Vec<RequestCase> {
    let mut cases = Vec::new();
    for field in 0..TEXTS {
        let mut fields = vec!["plain".to_owned(); TEXTS];
        fields[field] = "\u{202e}x \u{430}pt\n    as    root".to_owned();
        cases.push(case(
            &format!("a17 field {field} lies"),
            &all_fields(&fields, Mode::Run, true),
        ));
    }
    let texts: Vec<String> = texts::TEXTS
        .iter()
        .filter_map(|text| String::from_utf8(text.to_vec()).ok())
        .collect();
    for (index, mode) in MODES.into_iter().enumerate() {
        for readable in [true, false] {
            // Different ones in each field, and each time.
            let fields: Vec<String> = texts
                .iter()
                .cycle()
                .skip(index * 14)
                .take(TEXTS)
                .cloned()
                .collect();
            let request = all_fields(&fields, mode, readable);
            cases.push(case(
                &format!("a17 all fields lie, {mode:?}, {readable}"),
                &request,
            ));
        }
    }
    let bytes = changed(&[], |request| {
        let argv: Vec<Raw> = texts::TEXTS
            .iter()
            .filter(|text| !text.contains(&0))
            .map(|text| Raw(text.to_vec()))
            .collect();
        request.call.as_mut().unwrap().argv.clone_from(&argv);
        request.sudo.argv = argv;
        let bad = || Raw(b"/\xe2\x80\xff ".to_vec());
        request.host.name = bad();
        request.requester.name = bad();
        request.cwd = bad();
        request.reason = Some(bad());
        request.tty = Some(bad());
        request.parents[0].name = bad();
    });
    cases.push(case("a17 bytes that are no text", &bytes));
    cases
}

/// a18: nothing is cut.
pub(super) fn long() -> Vec<RequestCase> {
    let words = |count: usize, letters: usize| vec!["w".repeat(letters); count];
    let mut cases: Vec<RequestCase> =
        [(40, 1), (41, 1), (1, 1000), (1, 1001), (2000, 3), (2, 3000)]
            .into_iter()
            .map(|(count, letters)| {
                let words = words(count, letters);
                let words: Vec<&str> = words.iter().map(String::as_str).collect();
                let name = format!("a18 {count} words of {letters} letters");
                case(
                    &name,
                    &changed(&[], |request| {
                        let call = request.call.as_mut().unwrap();
                        call.argv = raws(&words);
                        request.sudo.argv.extend(raws(&words));
                    }),
                )
            })
            .collect();
    let tail = format!("-y{}; rm -rf /", " ".repeat(5000));
    cases.push(case("a18 a tail behind blanks", &sample(&["apt", &tail])));
    cases
}
