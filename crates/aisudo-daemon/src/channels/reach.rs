//! Whether somebody can be asked: said by channels, read by those who are about to ask.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use aisudo_core::evidence::EvidenceKind;

use crate::broker::NotReached;

/// Whether somebody can be asked on one channel. Clones are the same.
#[derive(Clone)]
pub struct Reach(How);

#[derive(Clone)]
enum How {
    /// As the channel has said.
    Said(Arc<Mutex<Option<String>>>),
    /// Looked up each time, without waiting.
    LookedUp(Arc<dyn Fn() -> Option<String> + Send + Sync>),
}

impl Reach {
    /// By a look that does not wait, on any thread: why nobody can be asked, in one short phrase.
    #[must_use]
    pub fn looked_up(why_not: impl Fn() -> Option<String> + Send + Sync + 'static) -> Self {
        Self(How::LookedUp(Arc::new(why_not)))
    }

    /// Says that somebody can be asked again, or why nobody can, in one short phrase. One that is looked
    /// up stays so.
    pub fn set(&self, why_not: Option<String>) {
        if let How::Said(said) = &self.0 {
            *said.lock().unwrap_or_else(PoisonError::into_inner) = why_not;
        }
    }

    /// Why nobody can be asked, if so.
    #[must_use]
    pub fn why_not(&self) -> Option<String> {
        match &self.0 {
            How::Said(said) => said.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            How::LookedUp(look) => look(),
        }
    }
}

impl Default for Reach {
    fn default() -> Self {
        Self(How::Said(Arc::default()))
    }
}

impl fmt::Debug for Reach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Reach").field(&self.why_not()).finish()
    }
}

/// The channels, and whether somebody can be asked on each.
#[derive(Clone, Debug)]
pub struct Reachable(Vec<(EvidenceKind, Reach)>);

impl Reachable {
    pub(super) fn new(channels: impl Iterator<Item = (EvidenceKind, Reach)>) -> Self {
        Self(channels.collect())
    }

    /// The channels on which somebody can be asked now, of those whose answers root accepts.
    ///
    /// # Errors
    /// When there is none. The fallback is for channels that are down; where root accepts no channel
    /// that is set up, nothing takes the place of an answer.
    pub fn among(&self, accepted: &[EvidenceKind]) -> Result<Vec<EvidenceKind>, NotReached> {
        let channels = self.0.iter().filter(|(kind, _)| accepted.contains(kind));
        let (mut reached, mut why) = (Vec::new(), Vec::new());
        for (kind, reach) in channels {
            match reach.why_not() {
                None => reached.push(*kind),
                Some(not) => why.push(format!("{}: {not}", kind.name())),
            }
        }
        if !reached.is_empty() {
            return Ok(reached);
        }
        Err(match why.is_empty() {
            true => NotReached {
                why: "root accepts the answers of no channel that is set up".to_owned(),
                fallback: false,
            },
            false => NotReached {
                why: format!("nobody can be asked now ({})", why.join("; ")),
                fallback: true,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_channel_serves_or_the_fallback_applies() {
        let (terminal, signal) = (Reach::default(), Reach::default());
        let both = [
            (EvidenceKind::Terminal, terminal),
            (EvidenceKind::Signal, signal.clone()),
        ];
        let reachable = Reachable::new(both.into_iter());
        let all = [EvidenceKind::Terminal, EvidenceKind::Signal];
        assert_eq!(reachable.among(&all).unwrap(), all);

        signal.set(Some("rate-limited".to_owned()));
        assert_eq!(reachable.among(&all).unwrap(), [EvidenceKind::Terminal]);
        let not = reachable.among(&[EvidenceKind::Signal]).unwrap_err();
        assert!(not.fallback);
        assert_eq!(not.why, "nobody can be asked now (signal: rate-limited)");

        signal.set(None);
        assert!(reachable.among(&[EvidenceKind::Signal]).is_ok());
        let none = reachable.among(&[EvidenceKind::Policy]).unwrap_err();
        assert!(!none.fallback, "root wants no answers");
    }
}
