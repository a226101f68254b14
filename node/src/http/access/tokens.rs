//! The tokens that are known.

use sha2::{Digest, Sha256};

use super::Role;

/// Most tokens; each is looked at with every request.
const MAX_TOKENS: usize = 1_000;
/// Longest name.
const MAX_NAME_BYTES: usize = 64;
/// Who everybody is where there are no tokens.
pub(super) const LOCAL: &str = "local";

/// A token and whose it is.
#[derive(Clone)]
pub struct AccessToken {
    /// Who bears it, for the history and the log: letters, digits and `.`, `_`, `-`, `@`.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// The token itself.
    pub secret: String,
}

impl std::fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccessToken")
            .field("name", &self.name)
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}

/// Why tokens cannot be used. No token is ever shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// A name that could be mistaken for something else.
    #[error("{0:?} cannot be the name of a token: use up to 64 letters, digits and . _ - @, and not `local`")]
    Name(String),
    /// Two tokens of one name.
    #[error("there are two tokens called {0:?}; give each a name of its own")]
    SameName(String),
    /// Two names of one token: nobody could tell who it was.
    #[error("the tokens called {0:?} and {1:?} are the same; give each of them one of its own")]
    SameToken(String, String),
    /// A token that everybody has.
    #[error(
        "the token called {0:?} is empty, or has white space around it; make one with: openssl rand -hex 32"
    )]
    Blank(String),
    /// More than can be looked at with every request.
    #[error("there are {0} tokens; at most {MAX_TOKENS} are possible")]
    TooMany(usize),
}

/// SHA-256 of a token. Whoever reads it out of memory or learns by time how much of it was right has nothing that
/// gets them in.
pub(super) type TokenHash = [u8; 32];

/// Somebody who is known.
pub(super) struct Bearer {
    pub(super) name: String,
    pub(super) role: Role,
    pub(super) hash: TokenHash,
}

/// Everybody who is known.
pub(super) struct TokenTable(Vec<Bearer>);

impl std::fmt::Debug for TokenTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(|bearer| &bearer.name))
            .finish()
    }
}

impl TokenTable {
    pub(super) fn new(tokens: &[AccessToken]) -> Result<Self, TokenError> {
        if tokens.len() > MAX_TOKENS {
            return Err(TokenError::TooMany(tokens.len()));
        }
        let mut bearers: Vec<Bearer> = Vec::new();
        for token in tokens {
            if !is_name(&token.name) {
                return Err(TokenError::Name(token.name.clone()));
            }
            if token.secret.is_empty() || token.secret.trim() != token.secret {
                return Err(TokenError::Blank(token.name.clone()));
            }
            let hash = hash(&token.secret);
            for other in &bearers {
                if other.name == token.name {
                    return Err(TokenError::SameName(other.name.clone()));
                }
                if other.hash == hash {
                    return Err(TokenError::SameToken(other.name.clone(), token.name.clone()));
                }
            }
            bearers.push(Bearer {
                name: token.name.clone(),
                role: token.role,
                hash,
            });
        }
        Ok(Self(bearers))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whose token this is. All are looked at, each to its end, whichever it is.
    pub(super) fn bearer(&self, token: &str) -> Option<&Bearer> {
        let given = hash(token);
        let mut found = None;
        for bearer in &self.0 {
            if is_same(&given, &bearer.hash) {
                found = Some(bearer);
            }
        }
        found
    }

    /// Who is called so, if their token is still the one with this hash.
    pub(super) fn named(&self, name: &str, hash: &[u8]) -> Option<&Bearer> {
        let named = self.0.iter().find(|bearer| bearer.name == name)?;
        is_same(hash, &named.hash).then_some(named)
    }
}

fn is_name(name: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'@');
    (1..=MAX_NAME_BYTES).contains(&name.len()) && name.bytes().all(is_allowed) && name != LOCAL
}

fn hash(token: &str) -> TokenHash {
    Sha256::digest(token.as_bytes()).into()
}

/// Compares without telling by its duration where the first difference is.
fn is_same(given: &[u8], wanted: &[u8]) -> bool {
    let differences = given.iter().zip(wanted).fold(0, |all, (a, b)| all | (a ^ b));
    given.len() == wanted.len() && differences == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(name: &str, secret: &str) -> AccessToken {
        AccessToken {
            name: name.to_owned(),
            role: Role::Viewer,
            secret: secret.to_owned(),
        }
    }

    #[test]
    fn only_the_whole_token_is_its_bearer() {
        let table = TokenTable::new(&[token("a", "first-secret"), token("b", "second-secret")]).unwrap();
        assert_eq!(table.bearer("second-secret").unwrap().name, "b");
        for wrong in [
            "",
            "a",
            "first-secre",
            "first-secret ",
            "First-secret",
            "first-secretsecond-secret",
        ] {
            assert!(table.bearer(wrong).is_none(), "{wrong:?}");
        }
    }

    #[test]
    fn somebody_whose_token_was_changed_or_taken_away_is_known_no_more() {
        let before = TokenTable::new(&[token("a", "old"), token("b", "same")]).unwrap();
        let after = TokenTable::new(&[token("a", "new"), token("c", "same")]).unwrap();
        for bearer in &before.0 {
            assert!(before.named(&bearer.name, &bearer.hash).is_some());
            assert!(
                after.named(&bearer.name, &bearer.hash).is_none(),
                "{}",
                bearer.name
            );
            assert!(before.named(&bearer.name, &bearer.hash[..16]).is_none());
            assert!(before.named(&bearer.name, &[]).is_none());
        }
    }

    #[test]
    fn mistakes_are_named_and_no_token_is_shown() {
        let refused = |tokens: &[AccessToken]| TokenTable::new(tokens).unwrap_err();
        for name in ["", "local", "a b", "a\n", "ä", &"n".repeat(65)] {
            assert_eq!(refused(&[token(name, "s")]), TokenError::Name(name.to_owned()));
        }
        assert_eq!(refused(&[token("a", "")]), TokenError::Blank("a".to_owned()));
        assert_eq!(refused(&[token("a", "s\n")]), TokenError::Blank("a".to_owned()));
        assert_eq!(
            refused(&[token("a", "s"), token("a", "t")]),
            TokenError::SameName("a".to_owned())
        );
        let same = refused(&[token("a", "hunter2"), token("b", "hunter2")]);
        assert_eq!(same, TokenError::SameToken("a".to_owned(), "b".to_owned()));
        let shown = format!(
            "{same} {:?} {:?}",
            token("a", "hunter2"),
            TokenTable::new(&[token("a", "hunter2")])
        );
        assert!(!shown.contains("hunter2"), "{shown}");
        let many: Vec<AccessToken> = (0..=MAX_TOKENS)
            .map(|n| token(&format!("t{n}"), &format!("s{n}")))
            .collect();
        assert_eq!(refused(&many), TokenError::TooMany(MAX_TOKENS + 1));
    }
}
