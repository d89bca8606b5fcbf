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
