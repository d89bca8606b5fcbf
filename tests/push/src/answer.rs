//! What a push is answered with.

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// With this status.
    Status {
        /// HTTP's.
        status: u16,
        /// More headers.
        headers: Vec<(String, String)>,
        /// For people.
        body: Vec<u8>,
    },
    /// With these bytes, whatever they are; then the connection is closed.
    Raw(Vec<u8>),
    /// Never. The connection stays open.
    Silence,
    /// By closing the connection.
    HangUp,
}

impl Answer {
    /// A status, with nothing else.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self::Status {
            status,
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// With one more header.
    ///
    /// # Panics
    /// It has no headers.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let Self::Status { headers, .. } = &mut self else {
            panic!("{self:?} has no headers");
        };
        headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With a text.
    ///
    /// # Panics
    /// It has no text.
    #[must_use]
    pub fn body(mut self, text: &str) -> Self {
        let Self::Status { body, .. } = &mut self else {
            panic!("{self:?} has no body");
        };
        *body = text.as_bytes().to_vec();
        self
    }
}
