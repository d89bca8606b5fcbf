//! What rings when nobody looks.
