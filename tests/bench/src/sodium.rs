//! The few functions of libsodium that ours are compared with. Loaded when it runs, so that nothing of
//! it is linked.
#![allow(unsafe_code, reason = "a C library, by dlopen(3)")]

use std::ffi::{CStr, c_char, c_int, c_uchar, c_ulonglong, c_void};

const LIBRARY: &CStr = c"libsodium.so.23";

type Init = unsafe extern "C" fn() -> c_int;
type RandomBytes = unsafe extern "C" fn(*mut c_void, usize);
type KeyPair = unsafe extern "C" fn(*mut c_uchar, *mut c_uchar) -> c_int;
type Boxing = unsafe extern "C" fn(
    *mut c_uchar,
    *const c_uchar,
    c_ulonglong,
    *const c_uchar,
    *const c_uchar,
    *const c_uchar,
) -> c_int;
type Sign = unsafe extern "C" fn(
    *mut c_uchar,
    *mut c_ulonglong,
    *const c_uchar,
    c_ulonglong,
    *const c_uchar,
) -> c_int;
type Verify =
    unsafe extern "C" fn(*const c_uchar, *const c_uchar, c_ulonglong, *const c_uchar) -> c_int;

/// What is measured.
#[derive(Debug)]
pub(crate) struct Sodium {
    random: RandomBytes,
    box_pair: KeyPair,
    seal: Boxing,
    open: Boxing,
    sign_pair: KeyPair,
    sign: Sign,
    verify: Verify,
}

/// A pair of X25519.
#[derive(Debug)]
pub(crate) struct BoxKeys {
    public: [u8; 32],
    secret: [u8; 32],
}

/// A pair of Ed25519.
#[derive(Debug)]
pub(crate) struct SignKeys {
    public: [u8; 32],
    secret: [u8; 64],
}

/// The names and types are those of libsodium's headers (sodium/crypto_box.h, crypto_sign.h).
macro_rules! function {
    ($library:expr, $name:literal, $type:ty) => {{
        // SAFETY: the library is loaded, the name ends with a zero.
        let found = unsafe { libc::dlsym($library, ($name as &CStr).as_ptr()) };
        assert!(!found.is_null(), "libsodium has no {:?}", $name);
        // SAFETY: a function of this name has this type.
        unsafe { std::mem::transmute::<*mut c_void, $type>(found) }
    }};
}

impl Sodium {
    pub(crate) fn load() -> Self {
        // SAFETY: the name ends with a zero; the library stays loaded.
        let library = unsafe { libc::dlopen(LIBRARY.as_ptr(), libc::RTLD_NOW) };
        assert!(!library.is_null(), "libsodium is missing: {}", last_error());
        let init = function!(library, c"sodium_init", Init);
        // SAFETY: may be called at any time.
        assert!(unsafe { init() } >= 0, "libsodium begins");
        Self {
            random: function!(library, c"randombytes_buf", RandomBytes),
            box_pair: function!(library, c"crypto_box_keypair", KeyPair),
            seal: function!(library, c"crypto_box_easy", Boxing),
            open: function!(library, c"crypto_box_open_easy", Boxing),
            sign_pair: function!(library, c"crypto_sign_keypair", KeyPair),
            sign: function!(library, c"crypto_sign_detached", Sign),
            verify: function!(library, c"crypto_sign_verify_detached", Verify),
        }
    }

    pub(crate) fn box_keys(&self) -> BoxKeys {
        let (mut public, mut secret) = ([0; 32], [0; 32]);
        // SAFETY: both have the size of a key.
        let made = unsafe { (self.box_pair)(public.as_mut_ptr(), secret.as_mut_ptr()) };
        assert_eq!(made, 0);
        BoxKeys { public, secret }
    }

    /// To oneself: the same work as to somebody else.
    pub(crate) fn seal(&self, body: &[u8], keys: &BoxKeys) -> ([u8; 24], Vec<u8>) {
        let mut nonce = [0; 24];
        // SAFETY: the size is that of the buffer.
        unsafe { (self.random)(nonce.as_mut_ptr().cast(), nonce.len()) };
        let mut boxed = vec![0; body.len() + 16];
        // SAFETY: the box is 16 bytes longer than the body; nonce and keys have their sizes.
        let sealed = unsafe {
            (self.seal)(
                boxed.as_mut_ptr(),
                body.as_ptr(),
                body.len() as c_ulonglong,
                nonce.as_ptr(),
                keys.public.as_ptr(),
                keys.secret.as_ptr(),
            )
        };
        assert_eq!(sealed, 0);
        (nonce, boxed)
    }

    pub(crate) fn open(&self, nonce: &[u8; 24], boxed: &[u8], keys: &BoxKeys) -> bool {
        let mut body = vec![0; boxed.len() - 16];
        // SAFETY: the body is 16 bytes shorter than the box; nonce and keys have their sizes.
        let opened = unsafe {
            (self.open)(
                body.as_mut_ptr(),
                boxed.as_ptr(),
                boxed.len() as c_ulonglong,
                nonce.as_ptr(),
                keys.public.as_ptr(),
                keys.secret.as_ptr(),
            )
        };
        opened == 0
    }

    pub(crate) fn sign_keys(&self) -> SignKeys {
        let (mut public, mut secret) = ([0; 32], [0; 64]);
        // SAFETY: both have the size of their key.
        let made = unsafe { (self.sign_pair)(public.as_mut_ptr(), secret.as_mut_ptr()) };
        assert_eq!(made, 0);
        SignKeys { public, secret }
    }

    pub(crate) fn sign(&self, message: &[u8], keys: &SignKeys) -> [u8; 64] {
        let mut signature = [0; 64];
        // SAFETY: the signature has its size; no length is wanted back.
        let signed = unsafe {
            (self.sign)(
                signature.as_mut_ptr(),
                std::ptr::null_mut(),
                message.as_ptr(),
                message.len() as c_ulonglong,
                keys.secret.as_ptr(),
            )
        };
        assert_eq!(signed, 0);
        signature
    }

    pub(crate) fn verify(&self, message: &[u8], signature: &[u8; 64], keys: &SignKeys) -> bool {
        // SAFETY: signature and key have their sizes.
        let verified = unsafe {
            (self.verify)(
                signature.as_ptr(),
                message.as_ptr(),
                message.len() as c_ulonglong,
                keys.public.as_ptr(),
            )
        };
        verified == 0
    }
}

fn last_error() -> String {
    // SAFETY: takes nothing.
    let text: *const c_char = unsafe { libc::dlerror() };
    if text.is_null() {
        return "no reason given".to_owned();
    }
    // SAFETY: a text that ends with a zero, until the next call.
    unsafe { CStr::from_ptr(text) }
        .to_string_lossy()
        .into_owned()
}
