//! Which device root means.

use aisudo_core::approvers::{Approvers, Device};

use super::safe;

/// The fewest digits of a key that name a device.
const FEWEST_DIGITS: usize = 4;

/// The one of this label, or of a key that begins so.
pub(super) fn find<'a>(
    approvers: &'a Approvers,
    which: &str,
) -> Result<(&'a str, &'a Device), String> {
    let is_key = |device: &Device| device.key.id().to_string() == which;
    // A whole key is meant as one, whatever others are called.
    if let Some(found) = approvers.devices().find(|(_, device)| is_key(device)) {
        return Ok(found);
    }
    let begins_key = |device: &Device| {
        which.len() >= FEWEST_DIGITS && device.key.id().to_string().starts_with(which)
    };
    let fits = |device: &Device| device.label == which || begins_key(device);
    let found: Vec<_> = approvers
        .devices()
        .filter(|(_, device)| fits(device))
        .collect();
    match found.as_slice() {
        [one] => Ok(*one),
        [] => Err(format!(
            "there is no device {}; see: aisudo devices",
            safe(which)
        )),
        several => {
            let named = several.iter().map(|(name, device)| {
                let (label, name) = (safe(&device.label), safe(name));
                format!("{} ({label} of {name})", device.key.id())
            });
            Err(format!(
                "{} names several devices; give the key of one: {}",
                safe(which),
                named.collect::<Vec<_>>().join(", ")
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use aisudo_core::{approvers::Approver, device::DeviceKey, raw::Hex32};

    use super::*;

    fn device(byte: u8, label: &str) -> Device {
        Device {
            label: label.to_owned(),
            key: DeviceKey::Ed25519 {
                public: Hex32([byte; 32]),
            },
            seal: Hex32([byte; 32]),
            since_ms: 7,
        }
    }

    fn approvers(devices: Vec<Device>) -> Approvers {
        let one = Approver {
            name: "owner".to_owned(),
            signal: None,
            devices,
        };
        Approvers {
            version: 1,
            approvers: vec![one],
        }
    }

    /// `printf '\1%.0s' $(seq 32) | sha256sum` begins with 72cd6e8422c407fb, with \2 it is
    /// 75877bb41d393b5f.
    #[test]
    fn a_device_is_named_by_its_label_or_a_beginning_of_its_key() {
        let all = approvers(vec![device(1, "blue"), device(2, "red")]);
        for (which, label) in [
            ("blue", "blue"),
            ("72cd", "blue"),
            ("72cd6e8422c407fb", "blue"),
            ("75877bb", "red"),
        ] {
            let (name, found) = find(&all, which).unwrap();
            assert_eq!((name, found.label.as_str()), ("owner", label), "{which}");
        }
        for wrong in ["", "72c", "72cd6e8422c407fb0", "BLUE", "blu"] {
            assert!(
                find(&all, wrong)
                    .unwrap_err()
                    .starts_with("there is no device")
            );
        }
    }

    #[test]
    fn a_name_of_several_is_refused_and_a_whole_key_is_none() {
        let all = approvers(vec![
            device(1, "blue"),
            device(2, "blue"),
            device(3, "72cd"),
        ]);
        assert_eq!(
            find(&all, "blue").unwrap_err(),
            "blue names several devices; give the key of one: 72cd6e8422c407fb (blue of owner), 75877bb41d393b5f (blue of owner)"
        );
        assert!(find(&all, "72cd").unwrap_err().contains("names several"));
        // Somebody calls their phone by another's key.
        let all = approvers(vec![device(2, "72cd6e8422c407fb"), device(1, "blue")]);
        assert_eq!(find(&all, "72cd6e8422c407fb").unwrap().1.label, "blue");
    }
}
