//! How the file is made.

mod envelopes;
mod keys;
mod pairings;
mod statements;

use aisudo_core::raw::{Hex32, from_hex};
use aisudo_seal::envelope::{Kind, SecretKey, seal};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use self::{
    keys::refused_keys,
    statements::{challenges, refused_statements, signatures, statement, statements},
};
use crate::{
    form::{KeyPair, Vectors},
    proofs::proofs,
};

pub(crate) fn vectors() -> Vectors {
    let mut maker = Maker::new();
    let statements = statements();
    Vectors {
        about: [
            "What crates/aisudo-seal and app/src/seal must both do. Made by",
            "`AISUDO_VECTORS=write cargo test -p aisudo-seal --test vectors`; the keys are for tests only.",
            "Bytes are hexadecimal. host and phone are Alice and Bob of RFC 7748, section 6.1.",
        ]
        .map(str::to_owned)
        .into(),
        x25519: maker
            .keys
            .iter()
            .map(|(name, key)| {
                let pair = KeyPair {
                    secret: Hex32(*key.to_bytes()),
                    public: Hex32(key.public().to_bytes()),
                    id: key.public().id(),
                };
                ((*name).to_owned(), pair)
            })
            .collect(),
        refused_x25519: refused_keys(),
        refused_statements: refused_statements(&statements),
        ed25519: signatures(&statements),
        challenges: challenges(&statements),
        proofs: proofs(&statement(&statements, "a yes")),
        envelopes: maker.envelopes(),
        refused_envelopes: maker.refused_envelopes(),
        pairings: maker.pairings(),
        refused_links: maker.refused_links(),
        statements,
    }
}

struct Maker {
    rng: ChaCha20Rng,
    keys: Vec<(&'static str, SecretKey)>,
}

impl Maker {
    fn new() -> Self {
        let mut rng = ChaCha20Rng::from_seed(*b"aisudo vectors, for tests only!!");
        let key = |text: &str| SecretKey::from_bytes(&from_hex(text).unwrap()).unwrap();
        let keys = vec![
            (
                "host",
                key("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"),
            ),
            (
                "phone",
                key("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"),
            ),
            ("reply", SecretKey::generate(&mut rng)),
            ("stranger", SecretKey::generate(&mut rng)),
        ];
        Self { rng, keys }
    }

    fn key(&self, name: &str) -> &SecretKey {
        let mut keys = self.keys.iter();
        &keys.find(|(known, _)| *known == name).unwrap().1
    }

    fn seal(&mut self, kind: Kind, from: &str, to: &str, body: &[u8]) -> Vec<u8> {
        let mut rng = self.rng.clone();
        let to = *self.key(to).public();
        let sealed = seal(kind, self.key(from), &to, body, &mut rng).unwrap();
        self.rng = rng;
        sealed
    }
}
