//! A text of SQL in tokens, as far as it takes to see where statements end and what a word stands in.
//!
//! The same rules as ClickHouse's own lexer: quotes with backslashes and doubled, typographic ones, heredocs, and
//! three kinds of comments.

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// White space.
    Blank,
    /// A comment, of a line or of several.
    Comment,
    /// Letters, digits and underscores.
    Word,
    /// Something in quotes of any kind.
    Quoted,
    /// What ends a statement.
    Semicolon,
    /// Any other character.
    Other,
}

/// A piece of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    pub(super) text: &'a str,
    /// Whether what it has opened is not closed: it reaches to the end of the text, and would go on.
    pub(super) is_open: bool,
}

impl Token<'_> {
    /// Whether it says something.
    pub(super) fn counts(&self) -> bool {
        !matches!(self.kind, Kind::Blank | Kind::Comment)
    }
}

/// The tokens of a text; put together they are the text.
pub(super) fn tokens(text: &str) -> impl Iterator<Item = Token<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let token = first(rest)?;
        rest = &rest[token.text.len()..];
        Some(token)
    })
}

fn first(text: &str) -> Option<Token<'_>> {
    let start = text.chars().next()?;
    let (kind, length) = match start {
        c if c.is_whitespace() => (Kind::Blank, while_all(text, char::is_whitespace)),
        ';' => (Kind::Semicolon, Some(1)),
        '\'' | '"' | '`' => (Kind::Quoted, quoted(text, start)),
        '‘' => (Kind::Quoted, up_to(text, start.len_utf8(), "’")),
        '“' => (Kind::Quoted, up_to(text, start.len_utf8(), "”")),
        '-' if text.starts_with("--") => (Kind::Comment, up_to(text, 2, "\n")),
        '#' if text.starts_with("# ") || text.starts_with("#!") => (Kind::Comment, up_to(text, 2, "\n")),
        '/' if text.starts_with("/*") => (Kind::Comment, up_to(text, 2, "*/")),
        '$' => match heredoc(text) {
            Some(length) => (Kind::Quoted, length),
            None => (Kind::Other, Some(1)),
        },
        c if is_word(c) => (Kind::Word, while_all(text, is_word)),
        other => (Kind::Other, Some(other.len_utf8())),
    };
    Some(Token {
        kind,
        text: &text[..length.unwrap_or(text.len())],
        is_open: length.is_none(),
    })
}

/// Whether names that need no quotes can have it in them.
pub(super) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn while_all(text: &str, test: impl Fn(char) -> bool) -> Option<usize> {
    Some(text.find(|c| !test(c)).unwrap_or(text.len()))
}

/// Where what begins with `skip` bytes has ended, with its end; nothing when it has none.
fn up_to(text: &str, skip: usize, end: &str) -> Option<usize> {
    let found = text[skip..].find(end)?;
    Some(skip + found + end.len())
}

/// A quote in it has a backslash before it, or another quote, which begins a token of its own: that comes to the same.
fn quoted(text: &str, quote: char) -> Option<usize> {
    let mut characters = text.char_indices().skip(1);
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => drop(characters.next()),
            c if c == quote => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// `$name$ … $name$`, where the name may be empty. The outer nothing is for what is none.
fn heredoc(text: &str) -> Option<Option<usize>> {
    let name = while_all(&text[1..], |c| c.is_ascii_alphanumeric() || c == '_')?;
    let mark = text.get(..name + 2).filter(|mark| mark.ends_with('$'))?;
    Some(up_to(text, mark.len(), mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<(Kind, &str)> {
        let all: Vec<Token<'_>> = tokens(text).collect();
        assert_eq!(all.iter().map(|token| token.text).collect::<String>(), text);
        let closed = all.iter().filter(|token| token.counts());
        closed.map(|token| (token.kind, token.text)).collect()
    }

    fn is_open(text: &str) -> bool {
        tokens(text).last().is_some_and(|token| token.is_open)
    }

    #[test]
    fn tokens_are_those_of_clickhouse() {
        use Kind::{Other, Quoted, Semicolon, Word};
        assert_eq!(
            kinds("SELECT a.`b;c`, 'it''s;' -- no;\n/* ; */ FROM t1;"),
            [
                (Word, "SELECT"),
                (Word, "a"),
                (Other, "."),
                (Quoted, "`b;c`"),
                (Other, ","),
                (Quoted, "'it'"),
                (Quoted, "'s;'"),
                (Word, "FROM"),
                (Word, "t1"),
                (Semicolon, ";"),
            ]
        );
        assert_eq!(
            kinds(r"'a\'b;' 'c\\';"),
            [(Quoted, r"'a\'b;'"), (Quoted, r"'c\\'"), (Semicolon, ";")]
        );
        assert_eq!(kinds("$$ ; ' $$;").len(), 2);
        assert_eq!(kinds("$tag$ $$ ; $tag$;").len(), 2);
        assert_eq!(kinds("“a;b” ‘c;d’").len(), 2);
        assert_eq!(kinds("# a; b\n1").len(), 1);
        assert_eq!(kinds("#! a; b\n1").len(), 1);
        assert_eq!(kinds("a #b; c").len(), 5, "no comment");
        assert_eq!(kinds("1 - -1").len(), 4, "no comment");
        assert_eq!(kinds("größe_2").len(), 1);
    }

    #[test]
    fn what_is_not_closed_is_known() {
        for open in [
            "'a", "'a\\'", "'\\", "\"a;", "`", "/* a *", "/*/", "-- a", "#!", "$$ a", "$x$ $$", "‘a'",
        ] {
            assert!(is_open(open), "{open}");
        }
        for closed in ["", "'a'", "/**/", "-- a\n", "$", "$x", "$1.5", "a$b", "\\"] {
            assert!(!is_open(closed), "{closed}");
        }
    }
}
