//! Words of questions and of names, brought to a form in which they can be compared.

use rust_stemmers::{Algorithm, Stemmer};

use super::vocabulary;

/// What some put before a name in mixed case to say its type (Hungarian notation).
const TYPE_MARKS: [&str; 17] = [
    "tbl", "vw", "dt", "ts", "n", "i", "s", "str", "b", "f", "d", "dc", "dec", "e", "a", "l", "x",
];
/// The mark of a word that owns the next: "depot's".
pub const POSSESSIVE: char = '\'';

/// A word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// In lower case.
    pub text: String,
    /// Its stem: `purchases` and `purchased` have the same.
    pub stem: String,
    /// As it was written.
    pub raw: String,
    /// It was written between quotation marks.
    pub quoted: bool,
    /// Its place in the text, in bytes.
    pub start: usize,
    /// The punctuation that follows it; [`POSSESSIVE`] for the `'s` that was cut off.
    pub stop: Option<char>,
}

impl Word {
    fn new(raw: &str, start: usize, quoted: bool) -> Self {
        let text = raw.to_lowercase();
        // "SKUs", "PCs"
        let plural = raw
            .strip_suffix('s')
            .filter(|code| code.len() > 1 && code.bytes().all(|letter| letter.is_ascii_uppercase()));
        Self {
            stem: plural.map_or_else(|| stem(&text), str::to_lowercase),
            text,
            raw: raw.to_owned(),
            quoted,
            start,
            stop: None,
        }
    }

    /// Its value, when it is a number: `12`, `0.9`, `1,000`, `50k`, `three`.
    pub fn number(&self) -> Option<f64> {
        number(&self.text)
    }

    /// Whether it looks like a verb in the past: `ordered`, `sold`.
    pub fn is_participle(&self) -> bool {
        self.text.ends_with("ed") || vocabulary::PARTICIPLES.contains(&self.text.as_str())
    }

    /// Written in capitals only, as codes are.
    pub fn is_upper(&self) -> bool {
        self.raw.chars().any(char::is_alphabetic) && !self.raw.chars().any(char::is_lowercase)
    }
}

/// The stem of a word in lower case.
pub fn stem(text: &str) -> String {
    if let Some((_, stem)) = vocabulary::IRREGULAR.iter().find(|(word, _)| *word == text) {
        return (*stem).to_owned();
    }
    if text.len() <= 3 || !text.is_ascii() {
        return text
            .strip_suffix('s')
            .filter(|rest| rest.len() >= 3)
            .unwrap_or(text)
            .to_owned();
    }
    Stemmer::create(Algorithm::English).stem(text).into_owned()
}

/// The number that a word says.
pub fn number(text: &str) -> Option<f64> {
    if let Some((_, value)) = vocabulary::NUMBERS.iter().find(|(word, _)| *word == text) {
        return Some(*value);
    }
    if !text.starts_with(|c: char| c.is_ascii_digit() || c == '.' || c == '-') {
        return None;
    }
    let text = text.trim_end_matches('%');
    let (digits, scale) = match text.strip_suffix(['k', 'm']) {
        Some(digits) if text.ends_with('k') => (digits, 1e3),
        Some(digits) => (digits, 1e6),
        None => (text, 1.0),
    };
    digits
        .replace([',', '_'], "")
        .parse::<f64>()
        .ok()
        .map(|value| value * scale)
}

/// Splits a question into words. Quoted text is one word; `'s` is dropped; numbers keep their points and
/// commas, dates and codes their dashes.
pub fn words(question: &str) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let mut rest = question.char_indices().peekable();
    while let Some(&(start, c)) = rest.peek() {
        if let Some(close) = closing_quote(c)
            && let Some(length) = question[start + c.len_utf8()..].find(close)
            && opens_quote(question, start, length)
        {
            let inner = &question[start + c.len_utf8()..start + c.len_utf8() + length];
            words.push(Word::new(inner.trim(), start, true));
            let end = start + c.len_utf8() + length + close.len_utf8();
            while rest.next_if(|(at, _)| *at < end).is_some() {}
            continue;
        }
        if c.is_alphanumeric() || c == '_' || c == '.' && starts_number(question, start) {
            let end = word_end(question, start);
            let raw = &question[start..end];
            while rest.next_if(|(at, _)| *at < end).is_some() {}
            if let Some((digits, unit)) = number_with_unit(raw) {
                words.push(Word::new(digits, start, false));
                words.push(Word::new(unit, start + digits.len(), false));
                continue;
            }
            if let Some(scaled) = words.last().and_then(|last| scaled(last, raw)) {
                let last_start = words.pop().map_or(start, |last| last.start);
                words.push(Word::new(&scaled, last_start, false));
                continue;
            }
            // "e-bike" is one word.
            if raw.len() == 1
                && raw.bytes().all(|letter| letter.is_ascii_alphabetic())
                && question[end..].starts_with('-')
                && question[end + 1..].starts_with(|c: char| c.is_ascii_alphabetic())
            {
                let whole_end = word_end(question, end + 1);
                let whole = question[start..whole_end].replace('-', "");
                while rest.next_if(|(at, _)| *at < whole_end).is_some() {}
                words.push(Word::new(&whole, start, false));
                continue;
            }
            let owner = raw.strip_suffix("'s").or_else(|| raw.strip_suffix("’s"));
            words.push(Word {
                stop: owner.map(|_| POSSESSIVE),
                ..Word::new(owner.unwrap_or(raw), start, false)
            });
            continue;
        }
        if matches!(c, ',' | ';' | ':' | '?' | '!' | '.' | '(' | ')')
            && let Some(last) = words.last_mut()
        {
            last.stop.get_or_insert(c);
        }
        if matches!(c, '%' | '>' | '<' | '=' | '*' | '+' | '/' | '€' | '$' | '£') {
            words.push(Word::new(&question[start..start + c.len_utf8()], start, false));
        }
        rest.next();
    }
    words
}

/// `24h`, `7d`, `30min`: a number and its unit of time, written together.
fn number_with_unit(raw: &str) -> Option<(&str, &'static str)> {
    let digits = raw.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &raw[digits.len()..] {
        "h" | "hr" | "hrs" => "hours",
        "d" => "days",
        "w" | "wk" | "wks" => "weeks",
        "min" | "mins" => "minutes",
        "s" | "sec" | "secs" => "seconds",
        _ => return None,
    };
    (!digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())).then_some((digits, unit))
}

/// "1.2 million" is one number.
fn scaled(number: &Word, word: &str) -> Option<String> {
    let scale = match word {
        "thousand" => 1e3,
        "million" => 1e6,
        "billion" => 1e9,
        _ => return None,
    };
    let value = number.number().filter(|_| !number.quoted)?;
    Some((value * scale).to_string())
}

fn closing_quote(c: char) -> Option<char> {
    match c {
        '"' | '\'' | '`' => Some(c),
        '“' => Some('”'),
        '‘' => Some('’'),
        '«' => Some('»'),
        _ => None,
    }
}

/// Whether the mark at `start` opens a quotation and is no apostrophe.
fn opens_quote(question: &str, start: usize, length: usize) -> bool {
    let before = question[..start].chars().next_back();
    length > 0 && length < 80 && before.is_none_or(|c| !c.is_alphanumeric())
}

fn starts_number(question: &str, at: usize) -> bool {
    question[at + 1..].starts_with(|c: char| c.is_ascii_digit())
}

fn word_end(question: &str, start: usize) -> usize {
    let text = &question[start..];
    let mut previous = ' ';
    for (at, c) in text.char_indices() {
        let next = text[at + c.len_utf8()..].chars().next().unwrap_or(' ');
        let joins = match c {
            '_' => true,
            '\'' | '’' => previous.is_alphabetic() && next.is_alphabetic(),
            '.' | ',' | ':' => {
                previous.is_ascii_digit() && next.is_ascii_digit()
                    || c == '.' && previous.is_alphanumeric() && next.is_alphabetic() && next.is_lowercase()
                    || at == 0
            }
            '-' => {
                previous.is_ascii_digit() && next.is_ascii_digit()
                    || previous.is_alphanumeric() && next.is_ascii_digit()
            }
            '%' => false,
            c => c.is_alphanumeric(),
        };
        if !joins {
            return start + at;
        }
        previous = c;
    }
    question.len()
}

/// The words of a name: `cardNetwork`, `card_network`, `card.network` → card, network.
pub fn name_parts(name: &str) -> Vec<Word> {
    parts(name).iter().map(|part| Word::new(part, 0, false)).collect()
}

/// The words of a name of a table or a column, with abbreviations spelled out (`qty` → quantity), words that are written
/// together taken apart, and without a mark of its type before them (`dtAdopted`, `tblOrders`).
pub fn identifier_words(name: &str) -> Vec<Word> {
    let mut parts = parts(name);
    if parts.len() > 1
        && name.starts_with(&parts[0])
        && TYPE_MARKS.contains(&parts[0].as_str())
        && !name.contains(['_', '.'])
    {
        parts.remove(0);
    }
    parts
        .iter()
        .flat_map(|part| vocabulary::split(part))
        .flat_map(
            |part| match vocabulary::ABBREVIATIONS.iter().find(|(short, _)| *short == part) {
                Some((_, long)) => long.split(' ').map(str::to_owned).collect(),
                None => vec![part.to_owned()],
            },
        )
        .map(|part| Word::new(&part, 0, false))
        .collect()
}

fn parts(name: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    let mut previous = ' ';
    let chars: Vec<char> = name.chars().collect();
    for (at, &c) in chars.iter().enumerate() {
        let next_is_lower = chars.get(at + 1).is_some_and(|next| next.is_lowercase());
        let starts_new = match () {
            () if !c.is_alphanumeric() => {
                previous = ' ';
                continue;
            }
            () if !previous.is_alphanumeric() => true,
            () if c.is_uppercase() => previous.is_lowercase() || next_is_lower && previous.is_uppercase(),
            () => previous.is_ascii_digit() && !c.is_ascii_digit() && next_is_lower,
        };
        if starts_new {
            parts.push(String::new());
        }
        if let Some(last) = parts.last_mut() {
            last.extend(c.to_lowercase());
        }
        previous = c;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(words: &[Word]) -> Vec<&str> {
        words.iter().map(|word| word.text.as_str()).collect()
    }

    #[test]
    fn questions_become_words() {
        assert_eq!(
            texts(&words(
                "What's the user's 95th-percentile of \"Add to Cart\", since 2024-05-01 (0.9, 1,000)?"
            )),
            [
                "what",
                "the",
                "user",
                "95th",
                "percentile",
                "of",
                "add to cart",
                "since",
                "2024-05-01",
                "0.9",
                "1,000"
            ]
        );
        assert_eq!(
            texts(&words("don't 12% of x.y > .5")),
            ["don't", "12", "%", "of", "x.y", ">", ".5"]
        );
        assert!(words("\u{0}'''\"\"“ ’ ").is_empty());
    }

    #[test]
    fn names_become_words() {
        assert_eq!(texts(&identifier_words("cardNetwork")), ["card", "network"]);
        assert_eq!(
            texts(&identifier_words("user.home_addr")),
            ["user", "home", "address"]
        );
        assert_eq!(
            texts(&identifier_words("HTTPStatusCode2")),
            ["http", "status", "code2"]
        );
        assert_eq!(texts(&identifier_words("qty")), ["quantity"]);
    }

    #[test]
    fn words_of_one_family_share_a_stem() {
        for (a, b) in [
            ("purchases", "purchase"),
            ("approval", "approved"),
            ("declined", "declines"),
            ("categories", "category"),
            ("people", "person"),
        ] {
            assert_eq!(stem(a), stem(b), "{a} {b}");
        }
    }

    #[test]
    fn numbers_are_read() {
        for (text, value) in [
            ("12", 12.0),
            ("1,000", 1e3),
            ("50k", 5e4),
            ("three", 3.0),
            (".5", 0.5),
            ("10%", 10.0),
        ] {
            assert_eq!(number(text), Some(value), "{text}");
        }
        assert_eq!(number("k"), None);
    }
}
