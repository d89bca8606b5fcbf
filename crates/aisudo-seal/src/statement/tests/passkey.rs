use super::*;

/// The same key as a plain one and as a passkey: neither stands for the other.
#[test]
fn a_plain_signature_is_no_assertion() {
    let DeviceKey::Ed25519 { public } = Ed25519::from_seed(&[7; 32]).key() else {
        panic!()
    };
    assert_eq!(passkey(PasskeyAlgorithm::EdDsa).key().public(), public.0);
    let bytes = statement().to_bytes().unwrap();
    let Proof::Ed25519 { signature } = Ed25519::from_seed(&[7; 32]).sign(&bytes) else {
        panic!()
    };
    let dressed = Proof::Passkey {
        authenticator_data: Base64(Passkey::authenticator_data(RP, 5)),
        client_data_json: Base64(Passkey::client_data_json(&bytes, ORIGIN).into_bytes()),
        signature,
    };
    let key = passkey(PasskeyAlgorithm::EdDsa).key();
    assert_eq!(verify(&statement(), &dressed, &key), Err(Why::Signature));
}

/// An assertion in which one thing is not as it should be, though signed.
#[test]
fn each_part_of_an_assertion_is_looked_at() {
    let message = statement().to_bytes().unwrap();
    let json = Passkey::client_data_json(&message, ORIGIN);
    let other = Passkey::client_data_json(b"something else", ORIGIN);
    let data = |flags| Passkey::authenticator_data(RP, flags);
    let with = |from: &str, to: &str| {
        assert!(json.contains(from), "{from}");
        json.replace(from, to)
    };
    let cases = [
        (data(5), json.clone(), Ok(())),
        (data(0x1d), json.clone(), Ok(())),
        (data(5), with(",\"crossOrigin\":false", ""), Ok(())),
        (data(5), with("{", "{\"later\":[1],"), Ok(())),
        (data(4), json.clone(), Err(Why::UserPresence)),
        (data(1), json.clone(), Err(Why::UserVerification)),
        (
            Passkey::authenticator_data("example", 5),
            json.clone(),
            Err(Why::RelyingParty),
        ),
        (
            data(5)[..36].to_vec(),
            json.clone(),
            Err(Why::AuthenticatorData),
        ),
        (
            [&data(5)[..], &[0; 988]].concat(),
            json.clone(),
            Err(Why::AuthenticatorData),
        ),
        (data(5), other, Err(Why::Challenge)),
        (
            data(5),
            with("webauthn.get", "webauthn.create"),
            Err(Why::ClientDataType),
        ),
        (data(5), with(ORIGIN, "https://h.example"), Err(Why::Origin)),
        (
            data(5),
            with(ORIGIN, "https://h.example:8443/"),
            Err(Why::Origin),
        ),
        (
            data(5),
            with(ORIGIN, "http://h.example:8443"),
            Err(Why::Origin),
        ),
        (data(5), with("false", "true"), Err(Why::CrossOrigin)),
        (data(5), with("false", "null"), Err(Why::ClientData)),
        (
            data(5),
            with("false", "false,\"topOrigin\":\"https://h.example:8443\""),
            Err(Why::CrossOrigin),
        ),
        (
            data(5),
            with("}", ",\"challenge\":\"AA\"}"),
            Err(Why::ClientData),
        ),
        (data(5), with("}", ""), Err(Why::ClientData)),
        (data(5), with("}", "}{}"), Err(Why::ClientData)),
        (
            data(5),
            with("{", &format!("{{\"x\":\"{}\",", "y".repeat(4096))),
            Err(Why::ClientData),
        ),
    ];
    for algorithm in [PasskeyAlgorithm::Es256, PasskeyAlgorithm::EdDsa] {
        let passkey = passkey(algorithm);
        for (data, json, expected) in &cases {
            let proof = passkey.sign_parts(data.clone(), json.clone().into_bytes());
            assert_eq!(
                verify(&statement(), &proof, &passkey.key()),
                *expected,
                "{json}"
            );
        }
    }
}

/// What was signed cannot be changed afterwards, also where the change is harmless.
#[test]
fn an_assertion_is_signed_as_a_whole() {
    for algorithm in [PasskeyAlgorithm::Es256, PasskeyAlgorithm::EdDsa] {
        let passkey = passkey(algorithm);
        let Proof::Passkey {
            authenticator_data,
            client_data_json,
            signature,
        } = passkey.answer(statement()).unwrap().proof
        else {
            panic!()
        };
        let check = |data: &[u8], json: &[u8]| {
            let proof = Proof::Passkey {
                authenticator_data: Base64(data.to_vec()),
                client_data_json: Base64(json.to_vec()),
                signature: signature.clone(),
            };
            verify(&statement(), &proof, &passkey.key())
        };
        assert_eq!(check(&authenticator_data.0, &client_data_json.0), Ok(()));
        let counted = [&authenticator_data.0[..36], &[1]].concat();
        assert_eq!(check(&counted, &client_data_json.0), Err(Why::Signature));
        let blank = [&client_data_json.0[..], b" "].concat();
        assert_eq!(check(&authenticator_data.0, &blank), Err(Why::Signature));
    }
}

#[test]
fn es256_signatures_count_with_either_s() {
    let passkey = passkey(PasskeyAlgorithm::Es256);
    let (mut low, mut high) = (0, 0);
    for at_ms in 0..16 {
        let mut signed = passkey
            .answer(Statement {
                at_ms,
                ..statement()
            })
            .unwrap();
        let Proof::Passkey { signature, .. } = &mut signed.proof else {
            panic!()
        };
        let as_given = p256::ecdsa::Signature::from_der(&signature.0).unwrap();
        if bool::from(as_given.s().is_high()) {
            high += 1;
        } else {
            low += 1;
        }
        let (r, s) = as_given.split_scalars();
        let other = p256::ecdsa::Signature::from_scalars(r, -*s).unwrap();
        assert_eq!(signed.verify([&passkey.key()]), Ok(()));
        let Proof::Passkey { signature, .. } = &mut signed.proof else {
            panic!()
        };
        *signature = Base64(other.to_der().as_bytes().to_vec());
        assert_eq!(signed.verify([&passkey.key()]), Ok(()));
    }
    assert!(low > 0 && high > 0, "both came up");
}

#[test]
fn es256_signatures_and_keys_have_one_encoding() {
    let passkey = passkey(PasskeyAlgorithm::Es256);
    let signed = passkey.answer(statement()).unwrap();
    let Proof::Passkey { signature, .. } = &signed.proof else {
        panic!()
    };
    let der = signature.0.clone();
    let raw = p256::ecdsa::Signature::from_der(&der)
        .unwrap()
        .to_bytes()
        .to_vec();
    for wrong in [
        raw,
        [&der[..], &[0]].concat(),
        [&[0x30, 0x81], &der[1..]].concat(),
        // r = s = 0
        vec![0x30, 6, 2, 1, 0, 2, 1, 0],
        Vec::new(),
    ] {
        let mut signed = signed.clone();
        let Proof::Passkey { signature, .. } = &mut signed.proof else {
            panic!()
        };
        *signature = Base64(wrong);
        assert_eq!(signed.verify([&passkey.key()]), Err(Why::SignatureForm));
    }
    let point = passkey.key().public().to_vec();
    let mut off_curve = point.clone();
    off_curve[64] ^= 1;
    let compressed = [&[2 + (point[64] & 1)], &point[1..33]].concat();
    for wrong in [
        compressed,
        off_curve,
        vec![0],
        point[1..].to_vec(),
        [&[6], &point[1..]].concat(),
    ] {
        let mut key = passkey.key();
        let DeviceKey::Passkey { public, .. } = &mut key else {
            panic!()
        };
        *public = HexBytes(wrong);
        assert_eq!(check_key(&key), Err(Why::Key), "{key:?}");
        assert_eq!(verify(&statement(), &signed.proof, &key), Err(Why::Key));
    }
}
