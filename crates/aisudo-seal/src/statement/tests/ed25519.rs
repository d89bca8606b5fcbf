use super::*;

/// The order of the group, little-endian: RFC 8032, section 5.1.
const L: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

#[test]
fn an_ed25519_signature_has_no_second_form() {
    let signer = Ed25519::from_seed(&[7; 32]);
    let mut signed = signer.answer(statement()).unwrap();
    let Proof::Ed25519 { signature } = &mut signed.proof else {
        panic!()
    };
    let mut carry = 0;
    for (byte, more) in signature.0[32..].iter_mut().zip(L) {
        let sum = u16::from(*byte) + u16::from(more) + carry;
        *byte = u8::try_from(sum & 255).unwrap();
        carry = sum >> 8;
    }
    assert_eq!(signed.verify([&signer.key()]), Err(Why::Signature));
    for length in [0, 63, 65] {
        signed.proof = Proof::Ed25519 {
            signature: Base64(vec![0; length]),
        };
        assert_eq!(signed.verify([&signer.key()]), Err(Why::SignatureForm));
    }
}

/// With such a key, R = A and s = 0 is a signature for anything.
#[test]
fn a_key_of_small_order_is_refused() {
    let mut identity = [0; 32];
    identity[0] = 1;
    let key = DeviceKey::Ed25519 {
        public: Hex32(identity),
    };
    let proof = Proof::Ed25519 {
        signature: Base64([identity, [0; 32]].concat()),
    };
    assert_eq!(check_key(&key), Err(Why::Key));
    assert_eq!(verify(&statement(), &proof, &key), Err(Why::Key));
}

/// y and y + 2²⁵⁵ − 19 are one point to the decoder.
#[test]
fn a_key_has_one_form() {
    let mut strong = 0;
    for low in 0xed..=0xff {
        for last in [0x7f, 0xff] {
            let mut public = [0xff; 32];
            public[0] = low;
            public[31] = last;
            let key = DeviceKey::Ed25519 {
                public: Hex32(public),
            };
            assert_eq!(check_key(&key), Err(Why::Key), "{key:?}");
            let decoded = ed25519_dalek::VerifyingKey::from_bytes(&public);
            strong += usize::from(decoded.is_ok_and(|key| !key.is_weak()));
        }
    }
    assert!(strong > 0, "only the form is wrong with some of them");
}

/// Its owner can make such a signature, but only lax verifiers take it.
#[test]
fn a_signature_with_a_point_of_small_order_is_refused() {
    use curve25519_dalek::Scalar;
    use ed25519_dalek::{Signature, SigningKey, Verifier};
    use sha2::{Digest, Sha512};

    let owner = SigningKey::from_bytes(&[7; 32]);
    let public = owner.verifying_key();
    let message = statement().to_bytes().unwrap();
    let mut identity = [0; 32];
    identity[0] = 1;
    let hash = Sha512::digest([&identity[..], public.as_bytes(), &message].concat());
    let s = Scalar::from_bytes_mod_order_wide(&hash.into()) * owner.to_scalar();
    let bytes = [identity, s.to_bytes()].concat();
    let signature = Signature::from_slice(&bytes).unwrap();
    public.verify(&message, &signature).unwrap();
    let key = Ed25519::from_seed(&[7; 32]).key();
    let proof = Proof::Ed25519 {
        signature: Base64(bytes),
    };
    assert_eq!(verify(&statement(), &proof, &key), Err(Why::Signature));
}
