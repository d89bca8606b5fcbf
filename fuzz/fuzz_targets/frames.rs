//! Whatever comes over the three sockets is read or refused, and what was read is written such
//! that it is read the same.
#![no_main]

use std::fmt::Debug;

use aisudo_core::wire::{
    self, FrameError, FromAgent, FromControl, FromGate, Hello, MAX_FRAME_BYTES, ToAgent, ToControl,
    ToGate, decode, encode, frame_length,
};
use aisudo_fuzz::one_line;
use libfuzzer_sys::fuzz_target;
use serde::{Serialize, de::DeserializeOwned};

fuzz_target!(|bytes: &[u8]| {
    let Some((header, rest)) = bytes.split_first_chunk::<4>() else {
        return;
    };
    match frame_length(*header) {
        Ok(length) => {
            assert!(length <= MAX_FRAME_BYTES);
            // Cut short or run on: the reader takes what the length says, if it is there.
            if let Some(json) = rest.get(..length) {
                every_message(json);
            }
        }
        Err(error) => assert!(matches!(error, FrameError::TooLong(_))),
    }
    every_message(rest);
});

fn every_message(json: &[u8]) {
    message::<Hello>(json);
    message::<FromGate>(json);
    message::<ToGate>(json);
    message::<FromControl>(json);
    message::<ToControl>(json);
    message::<FromAgent>(json);
    message::<ToAgent>(json);
    message::<wire::Row>(json);
}

fn message<T: Serialize + DeserializeOwned + PartialEq + Debug>(json: &[u8]) {
    let message = match decode::<T>(json) {
        Ok(message) => message,
        Err(error) => return one_line(&error.to_string()),
    };
    let frame = match encode(&message) {
        Ok(frame) => frame,
        // Re-written with every escape it can be longer than what came.
        Err(error) => {
            assert!(matches!(error, FrameError::TooLong(_)), "{error}");
            return;
        }
    };
    let (header, json) = frame.split_first_chunk::<4>().expect("a length");
    assert_eq!(frame_length(*header), Ok(json.len()));
    assert_eq!(decode::<T>(json).as_ref(), Ok(&message));
}
