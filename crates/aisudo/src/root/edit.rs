//! Changing root's files. What root wrote beside it stays: comments, order, blanks.

use aisudo_core::approvers::{APPROVERS_VERSION, Approvers};
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, TableLike, Value, value};

/// What a new `approvers.toml` begins with.
const HEADER: &str =
    "# Who may approve from afar. Written by `aisudo pair` and `aisudo signal`.\nversion = 1\n";
const _: () = assert!(APPROVERS_VERSION == 1);

/// The file reads otherwise than was written.
pub(crate) const CANNOT_BE_CHANGED: &str =
    "the file cannot be changed by a program; write each approver as docs/configuration.md has it";

/// Adds a kind of evidence to what the gate accepts. Where nothing is written, all are accepted.
pub(crate) fn accept(config: &mut Table, kind: &str) {
    let accept = config
        .get_mut("gate")
        .and_then(|gate| gate.as_table_like_mut()?.get_mut("accept")?.as_array_mut());
    if let Some(accept) = accept
        && !accept.iter().any(|other| other.as_str() == Some(kind))
    {
        accept.push(kind);
    }
}

/// `approvers.toml`; a new one where there was none.
pub(crate) fn approvers(text: &str) -> Result<DocumentMut, String> {
    match text.trim() {
        "" => parse(HEADER),
        _ => parse(text),
    }
}

/// The approver of this name, made if they are not there.
pub(crate) fn approver<'a>(
    document: &'a mut DocumentMut,
    name: &str,
) -> Result<&'a mut Table, String> {
    let all = document
        .entry("approver")
        .or_insert(Item::ArrayOfTables(ArrayOfTables::new()))
        .as_array_of_tables_mut()
        .ok_or("approver is no list of tables; write each as [[approver]]")?;
    let known = all.iter().position(|one| named(one, name));
    let index = match known {
        Some(index) => index,
        None => {
            let mut one = Table::new();
            one.insert("name", value(name));
            all.push(one);
            all.len() - 1
        }
    };
    Ok(all
        .get_mut(index)
        .ok_or("the approver cannot be found; nothing was written")?)
}

pub(crate) fn named(one: &Table, name: &str) -> bool {
    one.get("name").and_then(Item::as_str) == Some(name)
}

pub(crate) fn checked(document: &DocumentMut) -> Result<String, String> {
    let text = document.to_string();
    Approvers::parse(&text)?;
    Ok(text)
}

pub(crate) fn parse(text: &str) -> Result<DocumentMut, String> {
    // Both files were read before, so this does not happen.
    text.parse()
        .map_err(|_| "the file is no TOML any more; nothing was written".to_owned())
}

/// Where the line of a new table goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// It has none.
    NoLine,
    /// Behind the table that it is in.
    Within,
    /// At the end of the file.
    End,
}

/// The table of this name, made if it is not there.
pub(crate) fn table_in<'a>(
    outer: &'a mut dyn TableLike,
    name: &str,
    place: Place,
) -> Result<&'a mut dyn TableLike, String> {
    if !outer.contains_key(name) {
        let mut table = Table::new();
        table.set_implicit(place == Place::NoLine);
        if place == Place::End {
            table.set_position(Some(isize::MAX));
        }
        // Within `{ … }` it becomes an inline one.
        outer.insert(name, Item::Table(table));
    }
    outer
        .get_mut(name)
        .and_then(Item::as_table_like_mut)
        .ok_or_else(|| format!("{name} is no table; write it as one"))
}

/// Sets a value; a comment behind the old one stays.
pub(crate) fn set(table: &mut dyn TableLike, key: &str, new: impl Into<Value>) {
    let mut new = new.into();
    if let Some(old) = table.get(key).and_then(Item::as_value) {
        *new.decor_mut() = old.decor().clone();
    }
    match table.get_mut(key) {
        Some(item) => *item = Item::Value(new),
        None => {
            table.insert(key, Item::Value(new));
        }
    }
}

/// What is false is left out, as by default.
pub(crate) fn set_or_remove(table: &mut dyn TableLike, key: &str, is: bool) {
    if is {
        set(table, key, true);
    } else {
        table.remove(key);
    }
}

pub(crate) fn integer(number: u64) -> Result<i64, String> {
    i64::try_from(number).map_err(|_| "the clock is wrong; set it, and try again".to_owned())
}
