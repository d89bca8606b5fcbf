//! Those who should not decide, and what should not be shown.
