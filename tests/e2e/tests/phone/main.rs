//! Approvers at their phones with aisudo's own app: the real sudo, the real daemon, and the real page in
//! a real Chromium. Nothing but the phone's answers lets a command run here.

mod attacks;
mod browser;
mod host;
mod pushes;
mod stories;
