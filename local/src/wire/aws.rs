//! What AWS's protocols have in common: who signed a call, and form parameters with numbered lists.

use std::collections::BTreeMap;

use axum::http::HeaderMap;

/// What a call's headers say about its credentials. The signature itself is not verified: nothing here is secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The access key.
    pub access_key_id: String,
    /// The region that the call was signed for.
    pub region: String,
    /// The service that the call was signed for.
    pub service: String,
    /// `X-Amz-Security-Token`, of a session.
    pub token: Option<String>,
}

impl Credentials {
    /// Reads the credential scope of Signature Version 4:
    /// `AWS4-HMAC-SHA256 Credential=KEY/20261120/us-east-1/ec2/aws4_request, SignedHeaders=..., Signature=...`.
    /// None where the header is missing or has another form.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let header = headers.get("authorization")?.to_str().ok()?;
        let fields = header.strip_prefix("AWS4-HMAC-SHA256 ")?;
        let scope = fields.split(',').find_map(|field| field.trim().strip_prefix("Credential="))?;
        let [access_key_id, _day, region, service, "aws4_request"] = scope.split('/').collect::<Vec<_>>()[..] else {
            return None;
        };
        let token = headers.get("x-amz-security-token").and_then(|token| token.to_str().ok());
        Some(Self {
            access_key_id: access_key_id.to_owned(),
            region: region.to_owned(),
            service: service.to_owned(),
            token: token.map(str::to_owned),
        })
    }
}

/// The parameters of a call in the query protocols.
#[derive(Clone, Debug, Default)]
pub struct Form(BTreeMap<String, String>);

impl Form {
    /// Decodes `application/x-www-form-urlencoded`; of a parameter sent twice the last one counts.
    ///
    /// # Errors
    /// The body is no form.
    pub fn parse(body: &[u8]) -> Result<Self, serde_urlencoded::de::Error> {
        serde_urlencoded::from_bytes(body).map(Self)
    }

    /// A parameter.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// A parameter, owned.
    #[must_use]
    pub fn owned(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }

    /// The members of a list, each as the prefix of its fields (`IpPermissions.2`), in the order of their numbers.
    #[must_use]
    pub fn members(&self, list: &str) -> Vec<String> {
        let start = format!("{list}.");
        let mut numbers: Vec<u32> =
            self.0.keys().filter_map(|key| key.strip_prefix(&start)?.split('.').next()?.parse().ok()).collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers.into_iter().map(|number| format!("{start}{number}")).collect()
    }

    /// A list of plain values.
    #[must_use]
    pub fn texts(&self, list: &str) -> Vec<String> {
        self.members(list).iter().filter_map(|member| self.owned(member)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_credential_scope_tells_key_and_region() {
        let mut headers = HeaderMap::new();
        let value =
            "AWS4-HMAC-SHA256 Credential=ASIAX/20261120/eu-west-1/ec2/aws4_request, SignedHeaders=host, Signature=0";
        headers.insert("authorization", value.parse().unwrap());
        headers.insert("x-amz-security-token", "tok".parse().unwrap());
        let credentials = Credentials::of(&headers).unwrap();
        assert_eq!((credentials.access_key_id.as_str(), credentials.region.as_str()), ("ASIAX", "eu-west-1"));
        assert_eq!(credentials.token.as_deref(), Some("tok"));

        headers.insert("authorization", "Bearer x".parse().unwrap());
        assert_eq!(Credentials::of(&headers), None);
    }

    #[test]
    fn members_come_in_the_order_of_their_numbers() {
        let form = Form::parse(b"L.10.A=j&L.2.A=b&L.2.B=%2F&L.1.A=a&L.x=1&Other=1").unwrap();
        assert_eq!(form.members("L"), ["L.1", "L.2", "L.10"]);
        assert_eq!(form.text("L.2.B"), Some("/"));
        assert_eq!(Form::parse(b"V.2=b&V.1=a").unwrap().texts("V"), ["a", "b"]);
    }
}
