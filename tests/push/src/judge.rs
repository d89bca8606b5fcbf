//! Whether a request is a push that is in order (RFC 8030, 8188, 8291, 8292).

use crate::{Answer, Push, browsers::Browsers, http::Request};

/// What every push service takes, and no more.
const MAX_BODY: usize = 4096;

/// The longest topic.
const MAX_TOPIC: usize = 32;

/// What is wrong with a push, and how a push service says so.
pub(crate) struct Mistake {
    pub(crate) status: u16,
    pub(crate) why: String,
}

impl Mistake {
    pub(crate) fn answer(&self) -> Answer {
        Answer::status(self.status).body(&self.why)
    }
}

/// Reads a push to the browser that has this id.
pub(crate) fn judge(
    request: &Request,
    id: &str,
    origin: &str,
    browsers: &Browsers,
) -> Result<Push, Mistake> {
    let mistake = |status: u16, why: &str| {
        let why = why.to_owned();
        Mistake { status, why }
    };
    let demand = |condition: bool, status: u16, why: &str| {
        condition.then_some(()).ok_or_else(|| mistake(status, why))
    };
    demand(request.method == "POST", 405, "not a POST")?;
    let host = origin.strip_prefix("http://");
    demand(request.header("host") == host, 400, "the host is another")?;
    demand(request.body.len() <= MAX_BODY, 413, "the body is too long")?;
    let encoding = request.header("content-encoding");
    demand(encoding == Some("aes128gcm"), 400, "not aes128gcm")?;
    let ttl_s = request.header("ttl").and_then(|ttl| ttl.parse().ok());
    let ttl_s = ttl_s.ok_or_else(|| mistake(400, "no TTL"))?;
    let urgency = optional(request, "urgency").map_err(|why| mistake(400, &why))?;
    let is_known =
        ["very-low", "low", "normal", "high"].contains(&urgency.as_deref().unwrap_or("normal"));
    demand(is_known, 400, "an unknown urgency")?;
    let topic = optional(request, "topic").map_err(|why| mistake(400, &why))?;
    demand(topic.as_deref().is_none_or(is_topic), 400, "not a topic")?;
    let authorization = request.header("authorization");
    let authorization = authorization.ok_or_else(|| mistake(401, "no authorization"))?;
    let (contact, expires_at_s) = browsers
        .verify(id, authorization, origin)
        .map_err(|why| mistake(403, &why))?;
    let payload = browsers
        .decrypt(id, &request.body)
        .map_err(|why| mistake(400, &format!("the browser cannot read it: {why}")))?;
    Ok(Push {
        endpoint: format!("{origin}{}", request.path),
        payload,
        ttl_s,
        urgency,
        topic,
        contact,
        expires_at_s,
        headers: request.headers.clone(),
        body: request.body.clone(),
    })
}

/// A header that may be there once.
fn optional(request: &Request, name: &str) -> Result<Option<String>, String> {
    match request.header(name) {
        Some(value) => Ok(Some(value.to_owned())),
        None if request.has(name) => Err(format!("more than one {name}")),
        None => Ok(None),
    }
}

fn is_topic(topic: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=MAX_TOPIC).contains(&topic.len()) && topic.bytes().all(is_letter)
}
