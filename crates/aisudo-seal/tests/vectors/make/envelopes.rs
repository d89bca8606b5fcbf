//! Envelopes that open, and envelopes that do not.

use aisudo_core::{device::HexBytes, raw::Hex32};
use aisudo_seal::envelope::Kind;
use crypto_box::aead::AeadInPlace;
use sha2::{Digest, Sha256};

use super::Maker;
use crate::form::{EnvelopeCase, RefusedEnvelope};

/// Longer envelopes are in the file by their hash.
const LONGEST_SHOWN: usize = 2048;

impl Maker {
    pub(super) fn envelopes(&mut self) -> Vec<EnvelopeCase> {
        let room = |size: usize| size - 94;
        [
            (
                "a request",
                Kind::Request,
                "host",
                "phone",
                &b"{\"argv\":[\"id\"]}"[..],
                1,
            ),
            ("an empty body", Kind::Receipt, "host", "phone", b"", 1),
            (
                "a receipt from the phone",
                Kind::Receipt,
                "phone",
                "host",
                b"shown",
                1,
            ),
            (
                "a decision, to a reply key",
                Kind::Decision,
                "phone",
                "reply",
                b"yes",
                1,
            ),
            (
                "a step of pairing",
                Kind::Pairing,
                "phone",
                "host",
                b"step",
                1,
            ),
            (
                "an update with any bytes",
                Kind::Update,
                "host",
                "phone",
                b"\0\xff\xfe\x80",
                1,
            ),
            (
                "512 bytes, full",
                Kind::Request,
                "host",
                "phone",
                b"a",
                room(512),
            ),
            (
                "one byte more than 512",
                Kind::Request,
                "host",
                "phone",
                b"a",
                room(512) + 1,
            ),
            (
                "a web push, full",
                Kind::Request,
                "host",
                "phone",
                b"b",
                room(3900),
            ),
            (
                "one byte more than a web push",
                Kind::Request,
                "host",
                "phone",
                b"b",
                room(3900) + 1,
            ),
            (
                "32 KiB, full",
                Kind::Request,
                "host",
                "phone",
                b"c",
                room(32_768),
            ),
            (
                "the longest",
                Kind::Update,
                "phone",
                "host",
                b"d",
                room(524_288),
            ),
        ]
        .map(|(name, kind, from, to, body, repeated)| {
            let sealed = self.seal(kind, from, to, &body.repeat(repeated));
            EnvelopeCase {
                name: name.to_owned(),
                kind: kind.name().to_owned(),
                from: from.to_owned(),
                to: to.to_owned(),
                nonce: HexBytes(sealed[18..42].to_vec()),
                body: HexBytes(body.to_vec()),
                repeated,
                size: sealed.len(),
                sealed_sha256: Hex32(Sha256::digest(&sealed).into()),
                sealed: (sealed.len() <= LONGEST_SHOWN).then_some(HexBytes(sealed)),
            }
        })
        .into()
    }

    /// Each differs in one thing from an envelope that opens.
    pub(super) fn refused_envelopes(&mut self) -> Vec<RefusedEnvelope> {
        let good = self.seal(Kind::Request, "host", "phone", b"id");
        let with = |at: usize, to: &[u8]| {
            let mut changed = good.clone();
            changed[at..at + to.len()].copy_from_slice(to);
            changed
        };
        let flipped = |at: usize| with(at, &[good[at] ^ 1]);
        let (host, phone) = (good[2..10].to_vec(), good[10..18].to_vec());
        let mut cases = vec![
            ("nothing", "host", "phone", "length", Vec::new()),
            (
                "a header alone",
                "host",
                "phone",
                "length",
                good[..42].to_vec(),
            ),
            (
                "cut by a byte",
                "host",
                "phone",
                "length",
                good[..511].to_vec(),
            ),
            (
                "a byte more",
                "host",
                "phone",
                "length",
                [&good[..], &[0]].concat(),
            ),
            ("version 0", "host", "phone", "version", with(0, &[0])),
            ("version 2", "host", "phone", "version", with(0, &[2])),
            (
                "version 2 of another size",
                "host",
                "phone",
                "version",
                with(0, &[2])[..100].to_vec(),
            ),
            ("kind 0", "host", "phone", "kind", with(1, &[0])),
            ("kind 6", "host", "phone", "kind", with(1, &[6])),
            ("made an update", "host", "phone", "closed", with(1, &[5])),
            (
                "another sender's name",
                "host",
                "phone",
                "closed",
                flipped(2),
            ),
            (
                "another recipient's name",
                "host",
                "phone",
                "closed",
                flipped(17),
            ),
            ("another nonce", "host", "phone", "closed", flipped(18)),
            ("another tag", "host", "phone", "closed", flipped(42)),
            ("a flipped hash", "host", "phone", "closed", flipped(58)),
            ("a flipped body", "host", "phone", "closed", flipped(94)),
            (
                "a flipped last byte",
                "host",
                "phone",
                "closed",
                flipped(511),
            ),
            (
                "zeros up to the next size",
                "host",
                "phone",
                "closed",
                [&good[..], &[0; 512]].concat(),
            ),
            (
                "for another device",
                "host",
                "stranger",
                "closed",
                good.clone(),
            ),
            (
                "from another host",
                "stranger",
                "phone",
                "closed",
                good.clone(),
            ),
            ("sent back", "phone", "host", "closed", good.clone()),
            (
                "turned round",
                "phone",
                "host",
                "closed",
                with(2, &[phone, host].concat()),
            ),
        ];
        let mut bare = good[..58].to_vec();
        bare.extend(Sha256::digest(&good[..42]));
        bare.extend(b"\0\0\0\x02ok");
        bare.resize(512, 0);
        cases.push(("never sealed", "host", "phone", "closed", bare));
        let content = |at: usize, to: u8| vec![(at, to)];
        for (name, kind, size, changes) in [
            ("a hash of another header", 5, 512, content(0, 0)),
            ("a length that is too short", 5, 512, content(35, 1)),
            ("a length beyond the end", 5, 512, content(34, 2)),
            ("a length beyond memory", 5, 512, content(32, 255)),
            ("a last byte that is not zero", 5, 512, content(453, 1)),
            ("a larger size than needed", 5, 1024, Vec::new()),
            ("a smaller size than pairing has", 4, 512, Vec::new()),
        ] {
            cases.push((
                name,
                "host",
                "phone",
                "closed",
                self.boxed(kind, size, &changes),
            ));
        }
        let to_identity = self.seal(Kind::Decision, "host", "phone", b"yes");
        cases.push((
            "a decision to an identity",
            "host",
            "phone",
            "closed",
            to_identity,
        ));
        let cases = cases.into_iter();
        cases
            .map(|(name, from, to, why, sealed)| RefusedEnvelope {
                name: name.to_owned(),
                from: from.to_owned(),
                to: to.to_owned(),
                why: why.to_owned(),
                sealed: HexBytes(sealed),
            })
            .collect()
    }

    /// The body `ok`, in a content that is then changed, boxed by another implementation.
    fn boxed(&mut self, kind: u8, size: usize, changes: &[(usize, u8)]) -> Vec<u8> {
        let mut sealed = self.seal(Kind::Update, "host", "phone", b"")[..42].to_vec();
        sealed[1] = kind;
        let mut content = Sha256::digest(&sealed).to_vec();
        content.extend(b"\0\0\0\x02ok");
        content.resize(size - 58, 0);
        for (at, to) in changes {
            assert_ne!(content[*at], *to);
            content[*at] = *to;
        }
        let theirs = self.key("phone").public().to_bytes();
        let ours = crypto_box::SecretKey::from(*self.key("host").to_bytes());
        let nonce = sealed[18..42].to_vec();
        let tag = crypto_box::SalsaBox::new(&theirs.into(), &ours)
            .encrypt_in_place_detached(nonce[..].into(), b"", &mut content)
            .unwrap();
        [sealed, tag.to_vec(), content].concat()
    }
}
