//! The SQL that Lake is asked with: a strict reader of the part of Trino's SELECT that a careful client needs.
//!
//! `SELECT columns FROM event-data-store-id WHERE condition [ORDER BY columns]`, and nothing else. What the real service
//! would also take is refused here on purpose: a statement that passes has no doubtful part.

use std::cmp::Ordering;

use chrono::{DateTime, NaiveDateTime, Utc};

use super::tokens::{Token, tokens};

/// A column of an event data store, spelled as in CloudTrail's record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// `eventID`.
    EventId,
    /// `eventTime`, the only column that is a time.
    EventTime,
    /// `eventSource`.
    EventSource,
    /// `eventName`.
    EventName,
    /// `errorCode`; null where the call succeeded.
    ErrorCode,
    /// `eventJson`: the whole record as JSON text.
    EventJson,
    /// `requestID`.
    RequestId,
    /// `awsRegion`.
    AwsRegion,
    /// `recipientAccountId`.
    RecipientAccountId,
}

const COLUMNS: [Column; 9] = [
    Column::EventId,
    Column::EventTime,
    Column::EventSource,
    Column::EventName,
    Column::ErrorCode,
    Column::EventJson,
    Column::RequestId,
    Column::AwsRegion,
    Column::RecipientAccountId,
];

impl Column {
    /// The column's name; names are case-sensitive.
    pub fn name(self) -> &'static str {
        match self {
            Self::EventId => "eventID",
            Self::EventTime => "eventTime",
            Self::EventSource => "eventSource",
            Self::EventName => "eventName",
            Self::ErrorCode => "errorCode",
            Self::EventJson => "eventJson",
            Self::RequestId => "requestID",
            Self::AwsRegion => "awsRegion",
            Self::RecipientAccountId => "recipientAccountId",
        }
    }
}

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `<>` or `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl Comparison {
    fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::NotEqual => ordering.is_ne(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

/// What a record must satisfy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Every part holds.
    And(Vec<Condition>),
    /// Some part holds.
    Or(Vec<Condition>),
    /// `eventTime` against a time.
    Time(Comparison, DateTime<Utc>),
    /// A text column against a text.
    Text(Column, Comparison, String),
    /// A text column is one of these texts.
    In(Column, Vec<String>),
    /// A text column is one of none of these texts.
    NotIn(Column, Vec<String>),
    /// The column is null.
    IsNull(Column),
    /// The column is not null.
    IsNotNull(Column),
}

/// What the condition needs to know of a record.
pub trait Row {
    /// When the call was made.
    fn time(&self) -> DateTime<Utc>;
    /// The column's value as text; `None` is SQL's null.
    fn text(&self, column: Column) -> Option<String>;
}

impl Condition {
    /// SQL's three-valued answer: `None` is "unknown", which a null operand gives and WHERE leaves out.
    pub fn holds(&self, row: &impl Row) -> Option<bool> {
        match self {
            // One false part decides an AND, one true part an OR; else an unknown part leaves it open.
            Self::And(parts) => decided_by(false, parts, row),
            Self::Or(parts) => decided_by(true, parts, row),
            Self::Time(comparison, time) => Some(comparison.holds(row.time().cmp(time))),
            Self::Text(column, comparison, text) => {
                row.text(*column).map(|value| comparison.holds(value.as_str().cmp(text)))
            }
            Self::In(column, texts) => row.text(*column).map(|value| texts.contains(&value)),
            Self::NotIn(column, texts) => row.text(*column).map(|value| !texts.contains(&value)),
            Self::IsNull(column) => Some(row.text(*column).is_none()),
            Self::IsNotNull(column) => Some(row.text(*column).is_some()),
        }
    }

    /// The earliest and the latest `eventTime` that can satisfy this; `None` where that side is open.
    pub fn span(&self) -> (Option<DateTime<Utc>>, Option<DateTime<Utc>>) {
        match self {
            Self::And(parts) => parts
                .iter()
                .map(Self::span)
                .fold((None, None), |(from, to), part| (from.max(part.0), [to, part.1].into_iter().flatten().min())),
            Self::Or(parts) => parts
                .iter()
                .map(Self::span)
                .reduce(|(from, to), part| {
                    (
                        from.zip(part.0).map(|(left, right)| left.min(right)),
                        to.zip(part.1).map(|(left, right)| left.max(right)),
                    )
                })
                .unwrap_or((None, None)),
            Self::Time(comparison, time) => match comparison {
                Comparison::Equal => (Some(*time), Some(*time)),
                Comparison::NotEqual => (None, None),
                Comparison::Less | Comparison::LessOrEqual => (None, Some(*time)),
                Comparison::Greater | Comparison::GreaterOrEqual => (Some(*time), None),
            },
            Self::Text(..) | Self::In(..) | Self::NotIn(..) | Self::IsNull(..) | Self::IsNotNull(..) => (None, None),
        }
    }
}

fn decided_by(decisive: bool, parts: &[Condition], row: &impl Row) -> Option<bool> {
    let answers: Vec<Option<bool>> = parts.iter().map(|part| part.holds(row)).collect();
    if answers.contains(&Some(decisive)) {
        Some(decisive)
    } else if answers.contains(&None) {
        None
    } else {
        Some(!decisive)
    }
}

/// A direction of ORDER BY.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Smallest first; the default.
    Ascending,
    /// Largest first.
    Descending,
}

/// A statement that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The columns, in the order of the SELECT.
    pub columns: Vec<Column>,
    /// The id of the event data store, as written.
    pub store: String,
    /// The WHERE clause.
    pub condition: Condition,
    /// The ORDER BY clause; empty where there is none.
    pub order: Vec<(Column, Direction)>,
}

impl Statement {
    /// Reads a statement.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence for the caller: anything outside the subset, an unknown column, a time
    /// that is not written as `'2026-11-20 10:00:00'`, an `eventTime` that is not bounded on both sides.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut reader = Reader { tokens: tokens(text)?, at: 0 };
        let statement = reader.statement()?;
        let (from, to) = statement.condition.span();
        if from.is_none() || to.is_none() {
            return Err("eventTime must be bounded on both sides: the bytes scanned are billed".to_owned());
        }
        Ok(statement)
    }
}

struct Reader {
    tokens: Vec<Token>,
    at: usize,
}

impl Reader {
    fn statement(&mut self) -> Result<Statement, String> {
        self.keyword("SELECT")?;
        let columns = self.list(Self::column)?;
        self.keyword("FROM")?;
        let store = self.store()?;
        self.keyword("WHERE")?;
        let condition = self.any_of()?;
        let order = if self.take_keyword("ORDER") {
            self.keyword("BY")?;
            self.list(Self::order)?
        } else {
            Vec::new()
        };
        match self.next() {
            None => Ok(Statement { columns, store, condition, order }),
            Some(token) => Err(format!("mismatched input {token}: expecting the end of the statement")),
        }
    }

    fn any_of(&mut self) -> Result<Condition, String> {
        let mut parts = vec![self.all_of()?];
        while self.take_keyword("OR") {
            parts.push(self.all_of()?);
        }
        Ok(single_or(parts, Condition::Or))
    }

    fn all_of(&mut self) -> Result<Condition, String> {
        let mut parts = vec![self.predicate()?];
        while self.take_keyword("AND") {
            parts.push(self.predicate()?);
        }
        Ok(single_or(parts, Condition::And))
    }

    fn predicate(&mut self) -> Result<Condition, String> {
        if self.take_symbol("(") {
            let inner = self.any_of()?;
            self.symbol(")")?;
            return Ok(inner);
        }
        let column = self.column()?;
        if column == Column::EventJson {
            return Err("eventJson can be selected, not compared".to_owned());
        }
        if self.take_keyword("IS") {
            let negated = self.take_keyword("NOT");
            self.keyword("NULL")?;
            return Ok(if negated { Condition::IsNotNull(column) } else { Condition::IsNull(column) });
        }
        if column == Column::EventTime {
            let comparison = self.comparison()?;
            let text = self.text()?;
            return Ok(Condition::Time(comparison, time(&text)?));
        }
        let negated = self.take_keyword("NOT");
        if negated || self.is_keyword("IN") {
            self.keyword("IN")?;
            self.symbol("(")?;
            let texts = self.list(Self::text)?;
            self.symbol(")")?;
            return Ok(if negated { Condition::NotIn(column, texts) } else { Condition::In(column, texts) });
        }
        Ok(Condition::Text(column, self.comparison()?, self.text()?))
    }

    fn order(&mut self) -> Result<(Column, Direction), String> {
        let column = self.column()?;
        if self.take_keyword("DESC") {
            return Ok((column, Direction::Descending));
        }
        self.take_keyword("ASC");
        Ok((column, Direction::Ascending))
    }

    fn column(&mut self) -> Result<Column, String> {
        match self.next() {
            Some(Token::Word(word)) => COLUMNS
                .into_iter()
                .find(|column| column.name() == word)
                .ok_or_else(|| format!("Column '{word}' cannot be resolved")),
            other => Err(mismatched(other, "a column")),
        }
    }

    fn store(&mut self) -> Result<String, String> {
        match self.next() {
            Some(Token::Word(word)) if uuid::Uuid::try_parse(&word).is_ok() && word.len() == 36 => Ok(word),
            other => Err(mismatched(other, "the event data store's id, unquoted")),
        }
    }

    fn comparison(&mut self) -> Result<Comparison, String> {
        match self.next() {
            Some(Token::Symbol("=")) => Ok(Comparison::Equal),
            Some(Token::Symbol("<>" | "!=")) => Ok(Comparison::NotEqual),
            Some(Token::Symbol("<")) => Ok(Comparison::Less),
            Some(Token::Symbol("<=")) => Ok(Comparison::LessOrEqual),
            Some(Token::Symbol(">")) => Ok(Comparison::Greater),
            Some(Token::Symbol(">=")) => Ok(Comparison::GreaterOrEqual),
            other => Err(mismatched(other, "a comparison")),
        }
    }

    fn text(&mut self) -> Result<String, String> {
        match self.next() {
            Some(Token::Text(text)) => Ok(text),
            other => Err(mismatched(other, "a text in single quotes")),
        }
    }

    fn list<T>(&mut self, one: fn(&mut Self) -> Result<T, String>) -> Result<Vec<T>, String> {
        let mut all = vec![one(self)?];
        while self.take_symbol(",") {
            all.push(one(self)?);
        }
        Ok(all)
    }

    fn keyword(&mut self, keyword: &str) -> Result<(), String> {
        if self.take_keyword(keyword) { Ok(()) } else { Err(mismatched(self.next(), keyword)) }
    }

    fn symbol(&mut self, symbol: &'static str) -> Result<(), String> {
        if self.take_symbol(symbol) { Ok(()) } else { Err(mismatched(self.next(), symbol)) }
    }

    fn is_keyword(&self, keyword: &str) -> bool {
        matches!(self.tokens.get(self.at), Some(Token::Word(word)) if word.eq_ignore_ascii_case(keyword))
    }

    fn take_keyword(&mut self, keyword: &str) -> bool {
        let found = self.is_keyword(keyword);
        self.at += usize::from(found);
        found
    }

    fn take_symbol(&mut self, symbol: &'static str) -> bool {
        let found = self.tokens.get(self.at) == Some(&Token::Symbol(symbol));
        self.at += usize::from(found);
        found
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }
}

fn single_or(mut parts: Vec<Condition>, join: fn(Vec<Condition>) -> Condition) -> Condition {
    match (parts.len(), parts.pop()) {
        (1, Some(only)) => only,
        (_, last) => {
            parts.extend(last);
            join(parts)
        }
    }
}

fn mismatched(found: Option<Token>, expected: &str) -> String {
    match found {
        Some(token) => format!("mismatched input {token}: expecting {expected}"),
        None => format!("the statement ends: expecting {expected}"),
    }
}

fn time(text: &str) -> Result<DateTime<Utc>, String> {
    let format = match text.len() {
        19 => "%Y-%m-%d %H:%M:%S",
        23 => "%Y-%m-%d %H:%M:%S%.3f",
        _ => "",
    };
    NaiveDateTime::parse_from_str(text, format)
        .map(|time| time.and_utc())
        .map_err(|_| format!("'{text}' is not a time: write it as '2026-11-20 10:00:00', in UTC"))
}
