//! Total access to a record's JSON: nothing here fails on a shape that nobody foresaw.

use serde_json::Value;

/// A field by its name in camel case, or in Pascal case as EC2's API spells it; null counts as absent.
pub(super) fn field<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    let object = value.as_object()?;
    let named = |name: &str| object.get(name).filter(|value| !value.is_null());
    named(name).or_else(|| named(&pascal_case(name)))
}

fn pascal_case(camel_case: &str) -> String {
    let mut letters = camel_case.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

/// A field that is a text with something in it.
pub(super) fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    field(value, name).and_then(Value::as_str).filter(|text| !text.trim().is_empty())
}

/// A field that is an identifier of the wanted kind; anything else counts as absent.
pub(super) fn id<T: std::str::FromStr>(value: &Value, name: &str) -> Option<T> {
    text(value, name)?.parse().ok()
}

/// Whether a field is `true`, as a boolean or as a text.
pub(super) fn is_true(value: &Value, name: &str) -> bool {
    is_boolean(value, name, true)
}

/// Whether a field is `false`, as a boolean or as a text. An absent field is not.
pub(super) fn is_false(value: &Value, name: &str) -> bool {
    is_boolean(value, name, false)
}

fn is_boolean(value: &Value, name: &str, wanted: bool) -> bool {
    field(value, name).is_some_and(|found| match found {
        Value::Bool(found) => *found == wanted,
        Value::String(found) => found.eq_ignore_ascii_case(if wanted { "true" } else { "false" }),
        Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_) => false,
    })
}

/// A whole number, as a number or as a text.
pub(super) fn number(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| number.to_string().strip_suffix(".0")?.parse().ok()),
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The elements of a list in any of CloudTrail's spellings: `{"items": [...]}`, `{"items": {...}}`, `[...]`, one
/// element as an object of its own, and `{}`, null or absent for an empty one. `None`: this is no list.
pub(super) fn items(value: Option<&Value>) -> Option<Vec<&Value>> {
    match value {
        None | Some(Value::Null) => Some(Vec::new()),
        Some(Value::Array(list)) => Some(list.iter().collect()),
        Some(whole @ Value::Object(object)) => match object.get("items").or_else(|| object.get("Items")) {
            Some(Value::Null) => Some(Vec::new()),
            Some(Value::Array(list)) => Some(list.iter().collect()),
            Some(Value::Object(one)) if one.is_empty() => Some(Vec::new()),
            Some(one @ Value::Object(_)) => Some(vec![one]),
            Some(Value::Bool(_) | Value::Number(_) | Value::String(_)) => None,
            None if object.is_empty() => Some(Vec::new()),
            None => Some(vec![whole]),
        },
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_)) => None,
    }
}

/// Whether there is nothing in a value: null, `{}`, `[]` or an empty text.
pub(super) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(object) => object.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}
