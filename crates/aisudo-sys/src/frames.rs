//! Frames over a blocking stream, for programs that say one thing at a time.

use std::io::{self, ErrorKind, Read, Write};

use aisudo_core::wire::{decode, encode, frame_length};
use serde::{Serialize, de::DeserializeOwned};

/// Sends one message. A deadline is the stream's own (`UnixStream::set_write_timeout`).
///
/// # Errors
/// When the stream fails; `InvalidData` when the message is too long for a frame.
pub fn send<T: Serialize>(stream: &mut impl Write, message: &T) -> io::Result<()> {
    stream.write_all(&encode(message).map_err(invalid)?)
}

/// Receives one message; nothing when the other side closed between two of them. A deadline is
/// the stream's own (`UnixStream::set_read_timeout`).
///
/// # Errors
/// When the stream fails or ends within a message; `InvalidData` when it is too long (found out
/// before anything is allocated) or is not one of `T`.
pub fn receive<T: DeserializeOwned>(stream: &mut impl Read) -> io::Result<Option<T>> {
    let Some(header) = header(stream)? else {
        return Ok(None);
    };
    let mut json = vec![0; frame_length(header).map_err(invalid)?];
    stream.read_exact(&mut json)?;
    decode(&json).map(Some).map_err(invalid)
}

/// The four bytes in front; nothing at a clean end.
fn header(stream: &mut impl Read) -> io::Result<Option<[u8; 4]>> {
    let mut header = [0; 4];
    let mut filled = 0;
    while let Some(rest) = header.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match stream.read(rest) {
            Ok(0) if filled == 0 => return Ok(None),
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(count) => filled += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Some(header))
}

fn invalid(error: aisudo_core::wire::FrameError) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, error)
}

#[cfg(test)]
mod tests {
    use aisudo_core::wire::{FromAgent, Hello};

    use super::*;

    #[test]
    fn what_is_sent_is_received_and_the_end_is_seen() {
        let mut bytes = Vec::new();
        send(&mut bytes, &Hello::default()).unwrap();
        send(&mut bytes, &FromAgent::Mine).unwrap();
        let mut stream = bytes.as_slice();
        assert_eq!(
            receive::<Hello>(&mut stream).unwrap(),
            Some(Hello::default())
        );
        assert_eq!(
            receive::<FromAgent>(&mut stream).unwrap(),
            Some(FromAgent::Mine)
        );
        assert_eq!(receive::<FromAgent>(&mut stream).unwrap(), None);
    }

    #[test]
    fn a_cut_or_oversized_frame_is_an_error() {
        let mut bytes = Vec::new();
        send(&mut bytes, &Hello::default()).unwrap();
        for length in 1..bytes.len() {
            let error = receive::<Hello>(&mut &bytes[..length]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::UnexpectedEof, "{length}");
        }
        let error = receive::<Hello>(&mut [0xff_u8; 8].as_slice()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
    }
}
