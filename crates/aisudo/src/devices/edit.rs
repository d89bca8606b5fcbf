//! `approvers.toml` with other devices in it.

use aisudo_core::{
    approvers::{APPROVERS_VERSION, Approver, Approvers, Device},
    config::Config,
    device::{DeviceKey, KeyId, PasskeyAlgorithm},
    raw::hex,
};
use toml_edit::{Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table, value};

use crate::root::edit::{
    CANNOT_BE_CHANGED, accept, approver, approvers, checked, integer, parse, set,
};

/// `aisudo.toml` with "app" among what the gate accepts.
pub(super) fn with_app_accepted(text: &str) -> Result<String, String> {
    let mut document = parse(text)?;
    accept(document.as_table_mut(), "app");
    let text = document.to_string();
    Config::parse(&text)?;
    Ok(text)
}

/// This name with one more device. An empty text is no file.
pub(super) fn with_device(text: &str, name: &str, device: &Device) -> Result<String, String> {
    let mut document = approvers(text)?;
    let one = approver(&mut document, name)?;
    let devices = one
        .entry("device")
        .or_insert(Item::ArrayOfTables(ArrayOfTables::new()))
        .as_array_of_tables_mut()
        .ok_or(NO_TABLES)?;
    devices.push(table(device)?);

    let mut expected = read(text)?;
    let all = &mut expected.approvers;
    match all.iter_mut().find(|one| one.name == name) {
        Some(one) => one.devices.push(device.clone()),
        None => all.push(Approver {
            name: name.to_owned(),
            signal: None,
            devices: vec![device.clone()],
        }),
    }
    expect(&document, &expected)
}

/// Without this device; without the name that had it, if that was all of it.
pub(super) fn without_device(text: &str, key: KeyId) -> Result<String, String> {
    let mut document = parse(text)?;
    let mut expected = read(text)?;
    let place = Place::of(&expected, key)?;
    let all = tables(&mut document)?;
    let one = all.get_mut(place.approver).ok_or(NO_TABLES)?;
    let devices = devices(one)?;
    devices.remove(place.device);
    if devices.is_empty() {
        one.remove("device");
    }
    if one.iter().all(|(key, _)| key == "name") {
        all.remove(place.approver);
    }

    for one in &mut expected.approvers {
        one.devices.retain(|device| device.key.id() != key);
    }
    expected
        .approvers
        .retain(|one| one.signal.is_some() || !one.devices.is_empty());
    expect(&document, &expected)
}

/// With another label for this device.
pub(super) fn with_label(text: &str, key: KeyId, label: &str) -> Result<String, String> {
    let mut document = parse(text)?;
    let mut expected = read(text)?;
    let place = Place::of(&expected, key)?;
    let all = tables(&mut document)?;
    let one = all.get_mut(place.approver).ok_or(NO_TABLES)?;
    let device = devices(one)?.get_mut(place.device).ok_or(NO_TABLES)?;
    set(device, "label", label);

    let all = expected.approvers.iter_mut();
    for device in all.flat_map(|one| &mut one.devices) {
        if device.key.id() == key {
            label.clone_into(&mut device.label);
        }
    }
    expect(&document, &expected)
}

const NO_TABLES: &str = "the devices are no list of tables; write each as [[approver.device]], see docs/configuration.md";

/// Where a device stands.
struct Place {
    approver: usize,
    device: usize,
}

impl Place {
    fn of(approvers: &Approvers, key: KeyId) -> Result<Self, String> {
        let all = approvers.approvers.iter().enumerate();
        all.filter_map(|(approver, one)| {
            let device = one.devices.iter().position(|other| other.key.id() == key)?;
            Some(Self { approver, device })
        })
        .next()
        .ok_or_else(|| format!("the device {key} is not there any more; see: aisudo devices"))
    }
}

fn tables(document: &mut DocumentMut) -> Result<&mut ArrayOfTables, String> {
    let all = document.get_mut("approver");
    Ok(all
        .and_then(Item::as_array_of_tables_mut)
        .ok_or(NO_TABLES)?)
}

fn devices(one: &mut Table) -> Result<&mut ArrayOfTables, String> {
    let all = one.get_mut("device");
    Ok(all
        .and_then(Item::as_array_of_tables_mut)
        .ok_or(NO_TABLES)?)
}

/// The text, if it says what it should: where a table belongs depends on the lines above it.
fn expect(document: &DocumentMut, expected: &Approvers) -> Result<String, String> {
    let text = checked(document)?;
    if Approvers::parse(&text)? == *expected {
        Ok(text)
    } else {
        Err(CANNOT_BE_CHANGED.to_owned())
    }
}

fn read(text: &str) -> Result<Approvers, String> {
    match text.trim() {
        "" => Ok(Approvers {
            version: APPROVERS_VERSION,
            approvers: Vec::new(),
        }),
        _ => Approvers::parse(text),
    }
}

fn table(device: &Device) -> Result<Table, String> {
    let mut table = Table::new();
    table.insert("label", value(&device.label));
    table.insert("key", value(key(&device.key)));
    table.insert("seal", value(hex(&device.seal.0)));
    table.insert("since_ms", value(integer(device.since_ms)?));
    Ok(table)
}

fn key(key: &DeviceKey) -> InlineTable {
    let mut table = InlineTable::new();
    match key {
        DeviceKey::Ed25519 { public } => {
            table.insert("kind", "ed25519".into());
            table.insert("public", hex(&public.0).into());
        }
        DeviceKey::Passkey {
            algorithm,
            public,
            rp_id,
            origins,
        } => {
            let algorithm = match algorithm {
                PasskeyAlgorithm::Es256 => "es256",
                PasskeyAlgorithm::EdDsa => "eddsa",
            };
            table.insert("kind", "passkey".into());
            table.insert("algorithm", algorithm.into());
            table.insert("public", hex(&public.0).into());
            table.insert("rp_id", rp_id.as_str().into());
            table.insert("origins", origins.iter().collect::<Array>().into());
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use aisudo_core::{device::HexBytes, raw::Hex32};

    use super::*;

    fn phone(byte: u8) -> Device {
        Device {
            label: format!("phone {byte}"),
            key: DeviceKey::Ed25519 {
                public: Hex32([byte; 32]),
            },
            seal: Hex32([byte + 100; 32]),
            since_ms: 7,
        }
    }

    fn tablet() -> Device {
        Device {
            label: "tab \"x\"\u{1b}".to_owned(),
            key: DeviceKey::Passkey {
                algorithm: PasskeyAlgorithm::Es256,
                public: HexBytes(vec![4; 65]),
                rp_id: "box.example".to_owned(),
                origins: vec!["https://box.example:8443".to_owned()],
            },
            seal: Hex32([9; 32]),
            since_ms: 8,
        }
    }

    fn devices_of(text: &str) -> Vec<(String, Device)> {
        let approvers = Approvers::parse(text).unwrap();
        let all = approvers.devices();
        all.map(|(name, device)| (name.to_owned(), device.clone()))
            .collect()
    }

    /// `owner` with an account and a device, and `other` behind.
    fn noted() -> String {
        format!(
            "# Ours.\nversion = 1\n\n[[approver]] # me\nname = \"owner\"\n\n[approver.signal]\naci = \"11111111-2222-4333-8444-555555555555\"\nidentity = \"05{}\"\nsince_ms = 7\n\n# The blue one.\n[[approver.device]]\nlabel = \"phone 1\" # for now\nkey = {{ kind = \"ed25519\", public = \"{}\" }}\nseal = \"{}\"\nsince_ms = 7\n\n[[approver]]\nname = \"other\"\n",
            "ab".repeat(32),
            "01".repeat(32),
            "65".repeat(32)
        )
    }

    #[test]
    fn a_first_device_makes_the_file() {
        let text = with_device("", "owner", &phone(1)).unwrap();
        assert_eq!(
            text,
            format!(
                "# Who may approve from afar. Written by `aisudo pair` and `aisudo signal`.\nversion = 1\n\n[[approver]]\nname = \"owner\"\n\n[[approver.device]]\nlabel = \"phone 1\"\nkey = {{ kind = \"ed25519\", public = \"{}\" }}\nseal = \"{}\"\nsince_ms = 7\n",
                "01".repeat(32),
                "65".repeat(32)
            )
        );
        assert_eq!(devices_of(&text), [("owner".to_owned(), phone(1))]);
    }

    #[test]
    fn devices_are_added_where_they_belong_and_all_else_stays() {
        let text = with_device(&noted(), "owner", &tablet()).unwrap();
        let text = with_device(&text, "other", &phone(2)).unwrap();
        let text = with_device(&text, "third", &phone(3)).unwrap();
        let owner = |device| ("owner".to_owned(), device);
        assert_eq!(
            devices_of(&text),
            [
                owner(phone(1)),
                owner(tablet()),
                ("other".to_owned(), phone(2)),
                ("third".to_owned(), phone(3)),
            ]
        );
        assert!(text.starts_with(&noted().replace("[[approver]]\nname = \"other\"\n", "")));
        // And gone again, each leaves what was there before.
        let mut text = text;
        for device in [phone(3), phone(2), tablet()] {
            text = without_device(&text, device.key.id()).unwrap();
        }
        // Of the other there was nothing but a name.
        let without_other = noted().replace("\n[[approver]]\nname = \"other\"\n", "");
        assert_eq!(text, without_other);
        let text = without_device(&text, phone(1).key.id()).unwrap();
        let approvers = Approvers::parse(&text).unwrap();
        assert_eq!(approvers.on_signal().count(), 1);
        assert_eq!(approvers.devices().count(), 0);
    }

    #[test]
    fn a_label_is_changed_and_its_comment_stays() {
        let key = phone(1).key.id();
        assert_eq!(
            with_label(&noted(), key, "blue").unwrap(),
            noted().replace("label = \"phone 1\"", "label = \"blue\"")
        );
        assert!(with_label(&noted(), key, "").is_err());
        let error = with_label(&noted(), phone(2).key.id(), "blue").unwrap_err();
        assert!(error.ends_with("is not there any more; see: aisudo devices"));
    }

    #[test]
    fn what_the_gate_would_refuse_is_not_written() {
        let mut same_key = phone(2);
        same_key.key = phone(1).key;
        let mut same_seal = phone(2);
        same_seal.seal = phone(1).seal;
        for (name, device, expected) in [
            ("other", same_key, "stands twice"),
            ("other", same_seal, "two devices have the same seal"),
            ("a\u{1b}", phone(2), "the name must be"),
        ] {
            let error = with_device(&noted(), name, &device).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }

    /// Root may write lists in one line; this program does not rewrite them.
    #[test]
    fn a_list_of_another_form_is_refused_by_name() {
        let inline = format!(
            "version = 1\n[[approver]]\nname = \"owner\"\ndevice = [{{ label = \"a\", key = {{ kind = \"ed25519\", public = \"{}\" }}, seal = \"{}\", since_ms = 7 }}]\n",
            "01".repeat(32),
            "65".repeat(32)
        );
        let key = phone(1).key.id();
        for error in [
            with_device(&inline, "owner", &phone(2)).unwrap_err(),
            without_device(&inline, key).unwrap_err(),
            with_label(&inline, key, "b").unwrap_err(),
        ] {
            assert!(
                error.contains("write each as [[approver.device]]"),
                "{error}"
            );
        }
        let error = with_device("version = 1\napprover = []\n", "owner", &phone(1)).unwrap_err();
        assert!(error.contains("write each as [[approver]]"), "{error}");
    }

    #[test]
    fn the_gate_accepts_phones_beside_what_it_accepted() {
        let before = "version = 1\n[gate]\naccept = [\"terminal\"] # for now\n";
        let after = before.replace("[\"terminal\"]", "[\"terminal\", \"app\"]");
        assert_eq!(with_app_accepted(before).unwrap(), after);
        assert_eq!(with_app_accepted(&after).unwrap(), after);
    }
}
