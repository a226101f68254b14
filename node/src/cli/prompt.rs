//! A prompt at which people type: lines can be edited, completed, and found again in a later session.

use std::fs::DirBuilder;
use std::path::{Path, PathBuf};

use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::FileHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{CompletionType, Config, Context, Editor, Helper};

use super::output;

/// Inputs that are remembered; the oldest go first.
const MAX_REMEMBERED: usize = 1_000;
/// Longest input that is remembered, in bytes.
const MAX_REMEMBERED_BYTES: usize = 16 << 10;

/// What is typed at a prompt.
pub(super) trait Language {
    /// Whether Enter ends the input, or else begins another line of it.
    fn is_complete(&self, text: &str) -> bool;

    /// Where the word before the cursor begins, and what it may become.
    fn complete(&self, text: &str, cursor: usize) -> (usize, Vec<String>);
}

/// What came of asking for input.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Input {
    /// Something was typed.
    Text(String),
    /// Ctrl-C: what was typed is not wanted.
    Cleared,
    /// Ctrl-D, or there is no terminal any more.
    End,
}

/// A prompt.
pub(super) struct Prompt<L: Language> {
    editor: Editor<Speaker<L>, FileHistory>,
    /// Nothing where none is kept.
    history: Option<PathBuf>,
}

impl<L: Language> Prompt<L> {
    /// A prompt with the history of that name. Without a place for it, or when it cannot be read, there is a prompt
    /// all the same.
    pub(super) fn new(language: L, history: &str) -> anyhow::Result<Self> {
        let config = Config::builder()
            .max_history_size(MAX_REMEMBERED)?
            .history_ignore_space(true)
            .completion_type(CompletionType::List)
            .build();
        let mut editor = Editor::with_config(config)?;
        editor.set_helper(Some(Speaker(language)));
        let state = state_directory(std::env::var_os("XDG_STATE_HOME"), std::env::home_dir());
        let mut prompt = Self {
            editor,
            history: state.map(|directory| directory.join(history)),
        };
        if let Err(error) = prompt.load() {
            prompt.forgo(&error);
        }
        Ok(prompt)
    }

    /// What is typed next. Waits in this thread, so others must be there for what goes on meanwhile.
    pub(super) fn read(&mut self, prompt: &str) -> anyhow::Result<Input> {
        let read = tokio::task::block_in_place(|| self.editor.readline(prompt));
        match read {
            Ok(text) => {
                self.remember(&text);
                Ok(Input::Text(text))
            }
            Err(ReadlineError::Interrupted) => Ok(Input::Cleared),
            Err(ReadlineError::Eof) => Ok(Input::End),
            Err(error) => Err(anyhow::Error::from(error).context("the terminal cannot be read")),
        }
    }

    /// What it knows of what is typed.
    pub(super) fn language(&mut self) -> Option<&mut L> {
        self.editor.helper_mut().map(|Speaker(language)| language)
    }

    fn load(&mut self) -> anyhow::Result<()> {
        let Some(path) = &self.history else {
            return Ok(());
        };
        if let Some(directory) = path.parent() {
            make_private(directory)?;
        }
        if path.exists() {
            self.editor.load_history(path)?;
        }
        Ok(())
    }

    /// Written at once: a session may end in any way.
    fn remember(&mut self, text: &str) {
        if text.trim().is_empty() || text.len() > MAX_REMEMBERED_BYTES {
            return;
        }
        let remembered = self
            .editor
            .add_history_entry(text)
            .and_then(|_| match &self.history {
                // It makes the file with the mode 0600.
                Some(path) => self.editor.append_history(path),
                None => Ok(()),
            });
        if let Err(error) = remembered {
            self.forgo(&error.into());
        }
    }

    fn forgo(&mut self, error: &anyhow::Error) {
        if let Some(path) = self.history.take() {
            output::note(&format!("No history is kept in {}: {error:#}", path.display()));
        }
    }
}

/// Where programs keep what is worth keeping and nobody configures, of Aurora.
fn state_directory(xdg: Option<std::ffi::OsString>, home: Option<PathBuf>) -> Option<PathBuf> {
    let xdg = xdg.map(PathBuf::from).filter(|path| path.is_absolute());
    let home = home.filter(|home| home.is_absolute());
    let state = xdg.or_else(|| home.map(|home| home.join(".local/state")))?;
    Some(state.join("aurora"))
}

/// Makes a directory, if it is not there, that nobody else can look into.
fn make_private(directory: &Path) -> std::io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(directory)
}

/// Tells the line editor what a language knows.
struct Speaker<L>(L);

impl<L: Language> Helper for Speaker<L> {}
impl<L: Language> Highlighter for Speaker<L> {}

impl<L: Language> Hinter for Speaker<L> {
    type Hint = String;
}

impl<L: Language> Validator for Speaker<L> {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        Ok(if self.0.is_complete(context.input()) {
            ValidationResult::Valid(None)
        } else {
            ValidationResult::Incomplete
        })
    }
}

impl<L: Language> Completer for Speaker<L> {
    type Candidate = String;

    fn complete(
        &self,
        text: &str,
        cursor: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        Ok(self.0.complete(text, cursor))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_history_is_where_the_users_state_is() {
        let of = |xdg: Option<&str>, home: Option<&str>| {
            state_directory(xdg.map(Into::into), home.map(Into::into)).map(|path| path.display().to_string())
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(of(Some("/state"), Some("/home/a")), some("/state/aurora"));
        assert_eq!(of(None, Some("/home/a")), some("/home/a/.local/state/aurora"));
        // The specification has it that relative ones are ignored.
        assert_eq!(
            of(Some("state"), Some("/home/a")),
            some("/home/a/.local/state/aurora")
        );
        assert_eq!(of(Some(""), None), None);
        assert_eq!(of(None, Some("")), None);
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_sees_the_history() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let made = directory.path().join("state/aurora");
        make_private(&made).unwrap();
        make_private(&made).unwrap();
        let mode = std::fs::metadata(&made).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }
}
