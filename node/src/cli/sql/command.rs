//! What can be said on the prompt besides SQL.

/// A command, which begins with a backslash.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Command<'a> {
    /// `\q`
    Quit,
    /// `\?`
    Help,
    /// `\d`
    Tables,
    /// `\d TABLE`
    Table(&'a str),
    /// `\format`, `\format NAME`
    Format(Option<&'a str>),
    /// `\param`
    Params,
    /// `\param NAME=VALUE`
    SetParam(&'a str, &'a str),
    /// `\param NAME`
    ForgetParam(&'a str),
    /// Something else.
    Unknown(&'a str),
}

/// What `\?` says.
pub(super) const HELP: &str = r"Statements end with ; and may go over several lines.
  \d                 tables; \d TABLE its columns
  \format NAME       how rows are shown: table, json, jsonlines, csv
  \param NAME=VALUE  a value for {NAME:Type} in statements; \param shows all, \param NAME forgets one
  \q                 leave, as Ctrl-D does
Ctrl-C ends a statement that runs, or clears the line. Tab completes names; the arrows and Ctrl-R find what was
said before. What begins with a blank is not remembered. Times are in UTC.";

impl<'a> Command<'a> {
    /// The command in a line, if it is one.
    pub(super) fn of(line: &'a str) -> Option<Self> {
        let whole = line.trim();
        let line = whole.trim_end_matches(';').trim_end();
        if ["exit", "quit"]
            .iter()
            .any(|word| line.eq_ignore_ascii_case(word))
        {
            return Some(Self::Quit);
        }
        let command = line.strip_prefix('\\')?;
        let (name, rest) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
        let rest = rest.trim();
        Some(match (name, rest) {
            ("q", "") => Self::Quit,
            ("?" | "h" | "help", "") => Self::Help,
            ("d", "") => Self::Tables,
            ("d", table) => Self::Table(table),
            ("format", "") => Self::Format(None),
            ("format", name) => Self::Format(Some(name)),
            ("param", "") => Self::Params,
            // A semicolon at its end is the value's.
            ("param", param) => match (param.split_once('='), whole.split_once('=')) {
                (Some((name, _)), Some((_, value))) => Self::SetParam(name.trim(), value.trim()),
                _ => Self::ForgetParam(param),
            },
            _ => Self::Unknown(command),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read_with_or_without_their_semicolon() {
        let of = |line| Command::of(line);
        for quit in [r"\q", r" \q; ", "exit", "QUIT;"] {
            assert_eq!(of(quit), Some(Command::Quit), "{quit}");
        }
        assert_eq!(of(r"\d"), Some(Command::Tables));
        assert_eq!(of(r"\d  events.orders ;"), Some(Command::Table("events.orders")));
        assert_eq!(of(r"\format csv"), Some(Command::Format(Some("csv"))));
        assert_eq!(of(r"\format"), Some(Command::Format(None)));
        assert_eq!(of(r"\param"), Some(Command::Params));
        assert_eq!(of(r"\param c = a b=c"), Some(Command::SetParam("c", "a b=c")));
        assert_eq!(of(r"\param c="), Some(Command::SetParam("c", "")));
        assert_eq!(of(r"\param c=a;; "), Some(Command::SetParam("c", "a;;")));
        assert_eq!(of(r"\param c=;"), Some(Command::SetParam("c", ";")));
        assert_eq!(of(r"\param c;"), Some(Command::ForgetParam("c")));
        assert_eq!(of(r"\param c"), Some(Command::ForgetParam("c")));
        assert_eq!(of(r"\?"), Some(Command::Help));
        assert_eq!(of(r"\drop"), Some(Command::Unknown("drop")));
        assert_eq!(of(r"\q now"), Some(Command::Unknown("q now")));
        assert_eq!(of("SELECT 1"), None);
        assert_eq!(of("exit the shop"), None);
    }
}
