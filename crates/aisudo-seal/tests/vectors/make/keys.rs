//! Public keys that nobody must use.

use aisudo_core::raw::Hex32;

use crate::form::RefusedKey;

pub(super) fn refused_keys() -> Vec<RefusedKey> {
    let number = |low: u8, rest: u8, high: u8| {
        let mut bytes = [rest; 32];
        bytes[0] = low;
        bytes[31] = high;
        Hex32(bytes)
    };
    [
        ("0", number(0, 0, 0)),
        ("1", number(1, 0, 0)),
        (
            "a point of order 8",
            "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"
                .parse()
                .unwrap(),
        ),
        (
            "the other point of order 8",
            "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"
                .parse()
                .unwrap(),
        ),
        ("p - 1", number(0xec, 0xff, 0x7f)),
        ("p, a second form of 0", number(0xed, 0xff, 0x7f)),
        (
            "p + 9, a second form of the base point",
            number(0xf6, 0xff, 0x7f),
        ),
        ("the base point with the highest bit", number(9, 0, 0x80)),
    ]
    .map(|(name, public)| RefusedKey {
        name: name.to_owned(),
        public,
    })
    .into()
}
