//! The few calls and numbers of libpam that the module needs, by hand. `tests/` holds a check
//! against the real header.
#![allow(unsafe_code, reason = "the boundary to libpam")]

use std::{
    ffi::{CStr, c_char, c_int, c_void},
    marker::PhantomData,
    ptr,
};

use aisudo_gate::{Kept, PamHost};

/// `PAM_SUCCESS`, the same in Linux-PAM and OpenPAM.
pub(crate) const PAM_SUCCESS: c_int = 0;
/// `PAM_IGNORE`, the same in both.
pub(crate) const PAM_IGNORE: c_int = 25;
/// `PAM_ABORT`, the same in both.
pub(crate) const PAM_ABORT: c_int = 26;
/// `PAM_SERVICE`, the same in both.
const PAM_SERVICE: c_int = 1;
/// `PAM_RUSER`, the same in both.
const PAM_RUSER: c_int = 8;

/// The name under which the phases share what they know.
const KEPT: &CStr = c"aisudo.verdict";

/// `pam_handle_t`: opaque.
#[repr(C)]
#[derive(Debug)]
pub struct RawHandle {
    _opaque: [u8; 0],
    _not_ours: PhantomData<*mut u8>,
}

unsafe extern "C" {
    /// pam_get_item(3)
    fn pam_get_item(handle: *const RawHandle, item: c_int, value: *mut *const c_void) -> c_int;
    /// pam_get_data(3)
    fn pam_get_data(
        handle: *const RawHandle,
        name: *const c_char,
        value: *mut *const c_void,
    ) -> c_int;
    /// pam_set_data(3)
    fn pam_set_data(
        handle: *mut RawHandle,
        name: *const c_char,
        value: *mut c_void,
        cleanup: Option<extern "C" fn(*mut RawHandle, *mut c_void, c_int)>,
    ) -> c_int;
}

/// One PAM transaction.
#[derive(Debug)]
pub(crate) struct Handle {
    raw: *mut RawHandle,
}

impl Handle {
    /// Of the handle that libpam gave to the entry point.
    pub(crate) fn new(raw: *mut RawHandle) -> Self {
        Self { raw }
    }

    fn item(&self, item: c_int) -> Option<Vec<u8>> {
        let mut value = ptr::null();
        // SAFETY: the handle is libpam's own, for the time of this call; `value` lives on this stack.
        let result = unsafe { pam_get_item(self.raw, item, &raw mut value) };
        if result != PAM_SUCCESS || value.is_null() {
            return None;
        }
        // SAFETY: the items asked for are C strings, which libpam keeps until they are set again.
        Some(unsafe { CStr::from_ptr(value.cast()) }.to_bytes().to_vec())
    }
}

impl PamHost for Handle {
    fn service(&self) -> Vec<u8> {
        self.item(PAM_SERVICE).unwrap_or_default()
    }

    fn remote_user(&self) -> Option<Vec<u8>> {
        self.item(PAM_RUSER)
    }

    fn recall(&self) -> Option<Kept> {
        let mut value = ptr::null();
        // SAFETY: as in `item`; the name is a C string.
        let result = unsafe { pam_get_data(self.raw, KEPT.as_ptr(), &raw mut value) };
        if result != PAM_SUCCESS || value.is_null() {
            return None;
        }
        // SAFETY: only `remember` stores under this name, and what it stores is a `Kept` that lives
        // until libpam calls `forget`.
        Some(unsafe { &*value.cast::<Kept>() }.clone())
    }

    fn remember(&mut self, kept: Kept) {
        let value = Box::into_raw(Box::new(kept)).cast();
        // SAFETY: libpam takes the pointer, and gives it back once to `forget`.
        let result = unsafe { pam_set_data(self.raw, KEPT.as_ptr(), value, Some(forget)) };
        if result != PAM_SUCCESS {
            forget(self.raw, value, result);
        }
    }
}

/// libpam's call when the data is replaced or the transaction ends.
extern "C" fn forget(_handle: *mut RawHandle, value: *mut c_void, _status: c_int) {
    if !value.is_null() {
        // SAFETY: it came from `Box::into_raw` in `remember`, and libpam gives it back once.
        drop(unsafe { Box::from_raw(value.cast::<Kept>()) });
    }
}

/// The words behind the module's name in the PAM file.
pub(crate) fn arguments(count: c_int, words: *const *const c_char) -> Vec<Vec<u8>> {
    let count = usize::try_from(count).unwrap_or(0);
    if words.is_null() {
        return Vec::new();
    }
    (0..count)
        .map_while(|index| {
            // SAFETY: libpam passes `count` pointers.
            let slot = unsafe { words.add(index) };
            // SAFETY: as above.
            let word = unsafe { *slot };
            // SAFETY: each is a C string, or null, which ends the list.
            (!word.is_null()).then(|| unsafe { CStr::from_ptr(word) }.to_bytes().to_vec())
        })
        .collect()
}
