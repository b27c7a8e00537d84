//! IAM policies as far as roles and session policies here use them: `Effect`, `Action` and `Resource` with wildcards.

use serde_json::Value;

/// A policy document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    statements: Vec<Statement>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Statement {
    allow: bool,
    actions: Vec<String>,
    resources: Vec<String>,
}

/// A policy document that cannot be read, or that uses what is not evaluated here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadPolicy(String);

impl Policy {
    /// Allows actions on a resource.
    #[must_use]
    pub fn allow(actions: &[&str], resource: &str) -> Self {
        let actions = actions.iter().map(|action| (*action).to_owned()).collect();
        Self { statements: vec![Statement { allow: true, actions, resources: vec![resource.to_owned()] }] }
    }

    /// Reads a policy document.
    ///
    /// # Errors
    /// It is no JSON object with `Version` and `Statement`, or a statement has another element than `Sid`, `Effect`,
    /// `Action` and `Resource`: what is not evaluated must not be thought to hold.
    pub fn parse(text: &str) -> Result<Self, BadPolicy> {
        let bad = |why: &str| BadPolicy(format!("Syntax errors in policy. {why}"));
        let document: Value = serde_json::from_str(text).map_err(|error| bad(&error.to_string()))?;
        if !matches!(document["Version"].as_str(), Some("2012-10-17" | "2008-10-17")) {
            return Err(bad("Version must be 2012-10-17"));
        }
        let statements = match &document["Statement"] {
            Value::Array(statements) => statements.iter().map(statement).collect::<Result<_, _>>()?,
            Value::Object(_) => vec![statement(&document["Statement"])?],
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                return Err(bad("Statement is missing"));
            }
        };
        Ok(Self { statements })
    }

    /// Does the policy allow this action (`ec2:RevokeSecurityGroupIngress`) on this resource (an ARN, or `*`)?
    #[must_use]
    pub fn allows(&self, action: &str, resource: &str) -> bool {
        let hits = |statement: &&Statement| {
            let action = action.to_ascii_lowercase();
            statement.actions.iter().any(|pattern| matches(&pattern.to_ascii_lowercase(), &action))
                && statement.resources.iter().any(|pattern| matches(pattern, resource))
        };
        let mut allowed = false;
        for statement in self.statements.iter().filter(hits) {
            if !statement.allow {
                return false;
            }
            allowed = true;
        }
        allowed
    }
}

fn statement(value: &Value) -> Result<Statement, BadPolicy> {
    let bad = |why: String| BadPolicy(format!("Syntax errors in policy. {why}"));
    let fields = value.as_object().ok_or_else(|| bad("A statement is an object".to_owned()))?;
    let known = ["Sid", "Effect", "Action", "Resource"];
    if let Some(other) = fields.keys().find(|key| !known.contains(&key.as_str())) {
        return Err(bad(format!("{other} is not evaluated here")));
    }
    let allow = match value["Effect"].as_str() {
        Some("Allow") => true,
        Some("Deny") => false,
        Some(_) | None => return Err(bad("Effect must be Allow or Deny".to_owned())),
    };
    let texts = |key: &str| -> Result<Vec<String>, BadPolicy> {
        let texts: Option<Vec<String>> = match &value[key] {
            Value::String(text) => Some(vec![text.clone()]),
            Value::Array(texts) => texts.iter().map(|text| text.as_str().map(str::to_owned)).collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
        };
        texts.filter(|texts| !texts.is_empty()).ok_or_else(|| bad(format!("{key} must be a text or a list of texts")))
    };
    Ok(Statement { allow, actions: texts("Action")?, resources: texts("Resource")? })
}

/// Does a pattern with `*` and `?` match the whole text?
fn matches(pattern: &str, text: &str) -> bool {
    let mut pattern = pattern.chars();
    let mut text = text.chars();
    loop {
        match pattern.next() {
            None => return text.next().is_none(),
            Some('*') => {
                let rest = pattern.as_str();
                let tail = text.as_str();
                return std::iter::once(tail.len())
                    .chain(tail.char_indices().map(|(at, _)| at))
                    .any(|at| matches(rest, tail.get(at..).unwrap_or_default()));
            }
            Some('?') if text.next().is_some() => {}
            Some(expected) if expected != '?' && text.next() == Some(expected) => {}
            Some(_) => return false,
        }
    }
}
