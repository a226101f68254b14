//! Statements one after the other, with `;` between them.

use super::lexer::{Kind, Token, tokens};

/// A text cut into statements.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Statements<'a> {
    /// Those that have ended, without their `;`. What says nothing is left out.
    pub(super) ended: Vec<&'a str>,
    /// What comes after the last `;`, if it says something.
    pub(super) begun: Option<&'a str>,
}

impl<'a> Statements<'a> {
    /// Cuts a text at every `;` that stands in no quotes and no comment.
    pub(super) fn of(text: &'a str) -> Self {
        let mut statements = Self::default();
        let (mut start, mut at, mut says_something) = (0, 0, false);
        for token in tokens(text) {
            if token.kind == Kind::Semicolon {
                if says_something {
                    statements.ended.push(text[start..at].trim());
                }
                start = at + token.text.len();
                says_something = false;
            } else {
                says_something |= token.counts();
            }
            at += token.text.len();
        }
        statements.begun = says_something.then(|| text[start..].trim());
        statements
    }

    /// All of them, as the last one of a file may do without its `;`.
    pub(super) fn all(self) -> Vec<&'a str> {
        self.ended.into_iter().chain(self.begun).collect()
    }
}

/// Whether a text can be run as it is, or else goes on in the next line.
pub(super) fn is_complete(text: &str) -> bool {
    let is_comment_open = tokens(text)
        .last()
        .is_some_and(|last| last.is_open && last.text.starts_with("/*"));
    Statements::of(text).begun.is_none() && !is_comment_open
}

/// Whether a text has a `{name:Type}` parameter of that name.
pub(in crate::cli) fn names_param(text: &str, name: &str) -> bool {
    let counting: Vec<Token<'_>> = tokens(text).filter(Token::counts).collect();
    counting
        .windows(3)
        .any(|three| three[0].text == "{" && three[1].text == name && three[2].text == ":")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_named_in_braces_and_nowhere_else() {
        for named in ["SELECT {c:String}", "SELECT { c : String } -- so"] {
            assert!(names_param(named, "c"), "{named}");
        }
        for other in [
            "SELECT c",
            "SELECT '{c:String}'",
            "-- {c:String}",
            "SELECT {cc:String}",
            "{c",
        ] {
            assert!(!names_param(other, "c"), "{other}");
        }
    }

    #[test]
    fn statements_end_at_semicolons_that_stand_in_nothing() {
        let of = |text| Statements::of(text);
        assert_eq!(of("SELECT 1; SELECT 2 ;").ended, ["SELECT 1", "SELECT 2"]);
        assert_eq!(of("SELECT 1; SELECT 2").begun, Some("SELECT 2"));
        assert_eq!(
            of("SELECT ';', \";\", `;` -- ;\n, /* ; */ 1; x"),
            Statements {
                ended: vec!["SELECT ';', \";\", `;` -- ;\n, /* ; */ 1"],
                begun: Some("x")
            }
        );
        assert_eq!(
            of("SELECT 'it''s;', 'a\\';b';").ended,
            ["SELECT 'it''s;', 'a\\';b'"]
        );
        assert_eq!(
            of("SELECT $$a;b$$; SELECT 2").all(),
            ["SELECT $$a;b$$", "SELECT 2"]
        );
    }

    #[test]
    fn what_says_nothing_is_no_statement() {
        for nothing in ["", " \n", ";", " ; ;; ", "-- a;", "/* ; */;", "# a\n;"] {
            assert_eq!(Statements::of(nothing).all(), Vec::<&str>::new(), "{nothing:?}");
        }
        assert_eq!(
            Statements::of("-- why\nSELECT 1;; -- end\n").all(),
            ["-- why\nSELECT 1"]
        );
    }

    #[test]
    fn a_text_goes_on_until_its_semicolon() {
        for complete in [
            "",
            "SELECT 1;",
            "SELECT 1; -- so",
            "SELECT 1; /* so */\n",
            ";",
            "-- only this",
        ] {
            assert!(is_complete(complete), "{complete:?}");
        }
        for goes_on in [
            "SELECT 1",
            "SELECT 1; SELECT 2",
            "SELECT ';",
            "SELECT 1 -- ;",
            "SELECT 1 /* ;",
            "SELECT `a;",
            "SELECT $$;",
            "/* a",
            "SELECT 1; /* a",
        ] {
            assert!(!is_complete(goes_on), "{goes_on:?}");
        }
    }
}
