//! XML answers of the query protocols: elements and text, nothing else.

use std::fmt::Display;

/// A document, or a part of one.
#[derive(Clone, Debug, Default)]
pub struct Xml(String);

impl Xml {
    /// An empty document.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an element that holds a text.
    pub fn text(&mut self, name: &str, value: impl Display) -> &mut Self {
        self.0.push_str(&format!("<{name}>"));
        for c in value.to_string().chars() {
            match c {
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '&' => self.0.push_str("&amp;"),
                '\r' => self.0.push_str("&#13;"),
                '\n' | '\t' => self.0.push(c),
                other if other.is_control() => {}
                other => self.0.push(other),
            }
        }
        self.0.push_str(&format!("</{name}>"));
        self
    }

    /// Adds an element that holds a text, where there is one.
    pub fn maybe(&mut self, name: &str, value: Option<impl Display>) -> &mut Self {
        if let Some(value) = value {
            self.text(name, value);
        }
        self
    }

    /// Adds an element that holds others. `open` may carry attributes (`Response xmlns="..."`).
    pub fn element(&mut self, open: &str, fill: impl FnOnce(&mut Self)) -> &mut Self {
        self.0.push_str(&format!("<{open}>"));
        fill(self);
        self.0.push_str(&format!("</{}>", open.split(' ').next().unwrap_or_default()));
        self
    }

    /// Adds a list as EC2 writes it: an element with an `item` for each member.
    pub fn items<T>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = T>,
        fill: impl Fn(&mut Self, T),
    ) -> &mut Self {
        self.element(name, |xml| {
            for item in items {
                xml.element("item", |xml| fill(xml, item));
            }
        })
    }

    /// Adds another part.
    pub fn append(&mut self, part: Self) -> &mut Self {
        self.0.push_str(&part.0);
        self
    }

    /// The document with its declaration.
    #[must_use]
    pub fn into_document(self) -> String {
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped() {
        let mut xml = Xml::new();
        xml.element("r a=\"1\"", |xml| {
            xml.text("t", "<a> & \u{1}b").maybe("n", None::<&str>).items("s", [1], |xml, n| {
                xml.text("n", n);
            });
        });
        let body = "<r a=\"1\"><t>&lt;a&gt; &amp; b</t><s><item><n>1</n></item></s></r>";
        assert_eq!(xml.into_document(), format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{body}"));
    }
}
