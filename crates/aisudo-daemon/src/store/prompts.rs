//! Who was asked by which message: so that an answer to a message, and the news of how it ended, find
//! their way also after a restart.

use aisudo_core::evidence::EvidenceKind;
use rusqlite::params;
use uuid::Uuid;

use super::{Store, StoreError, Writing};
use crate::{
    broker::Stored,
    record::{Prompt, PromptForm},
};

/// A message as it is on disk, and what it asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompted {
    /// The message.
    pub prompt: Prompt,
    /// Whether its reader has still to be told what became of it.
    pub open: bool,
    /// The request.
    pub request: Stored,
    /// Its frozen bytes, of an open one.
    pub body: Option<String>,
}

impl Store {
    /// The newest messages of a channel, newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn prompts(&self, channel: EvidenceKind, limit: u32) -> Result<Vec<Prompted>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT address, reference, request, form, open FROM prompts
             WHERE channel = ?1 ORDER BY reference DESC, address, request LIMIT ?2",
        )?;
        let mut rows = statement.query(params![channel.name(), limit])?;
        let mut prompts = Vec::new();
        while let Some(row) = rows.next()? {
            let corrupt = || StoreError::Corrupt("a prompt cannot be read".to_owned());
            let request: Uuid = row.get::<_, String>(2)?.parse().map_err(|_| corrupt())?;
            let prompt = Prompt {
                channel,
                request,
                address: row.get(0)?,
                reference: row.get(1)?,
                form: PromptForm::named(&row.get::<_, String>(3)?).ok_or_else(corrupt)?,
            };
            let open: bool = row.get(4)?;
            let stored = self.find(request)?.ok_or_else(corrupt)?;
            let body = if open { self.body(request)? } else { None };
            prompts.push(Prompted {
                prompt,
                open,
                request: stored,
                body,
            });
        }
        Ok(prompts)
    }
}

impl Writing<'_> {
    pub(super) fn open_prompt(&self, prompt: &Prompt) -> Result<(), StoreError> {
        self.transaction
            .prepare_cached(
                "INSERT OR REPLACE INTO prompts (channel, address, reference, request, form, open)
                 VALUES (?1, ?2, ?3, ?4, ?5, 1)",
            )?
            .execute(params![
                prompt.channel.name(),
                prompt.address,
                prompt.reference,
                prompt.request.to_string(),
                prompt.form.name(),
            ])?;
        Ok(())
    }

    pub(super) fn close_prompt(&self, prompt: &Prompt) -> Result<(), StoreError> {
        self.transaction
            .prepare_cached(
                "UPDATE prompts SET open = 0
                 WHERE channel = ?1 AND address = ?2 AND reference = ?3 AND request = ?4",
            )?
            .execute(params![
                prompt.channel.name(),
                prompt.address,
                prompt.reference,
                prompt.request.to_string(),
            ])?;
        Ok(())
    }
}
