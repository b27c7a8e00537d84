//! What an error of DynamoDB means to the flows.

use std::error::Error;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use shared::ports::StoreError;

use crate::aws::Failure;

/// What was asked, of which item.
#[derive(Clone, Copy)]
pub(super) struct Call<'a> {
    /// "load", "commit", ...
    pub(super) doing: &'static str,
    /// The item's key, or which items.
    pub(super) what: &'a str,
}

impl Call<'_> {
    /// The error that the flows see.
    pub(super) fn failed<E>(self, error: &SdkError<E>) -> StoreError
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        match Failure::of(error) {
            Failure::Unavailable { why } => self.unavailable(why),
            Failure::Refused { code, message } => self.refused(format!("{code}: {message}")),
        }
    }

    pub(super) fn unavailable(self, why: impl Into<String>) -> StoreError {
        StoreError::Unavailable { doing: self.doing, what: self.what.to_owned(), why: why.into() }
    }

    pub(super) fn refused(self, why: impl Into<String>) -> StoreError {
        StoreError::Refused { doing: self.doing, what: self.what.to_owned(), why: why.into() }
    }
}
