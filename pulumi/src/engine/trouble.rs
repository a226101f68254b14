//! What went wrong, from what `pulumi` says: its exit code is 255 for nearly everything.

use std::path::PathBuf;

use super::command::Said;
use super::state::PendingOperation;
use crate::machines::InvalidMachine;

/// Why something could not be done to a deployment.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// There is no `pulumi`.
    #[error(
        "the program `{}` cannot be run ({source}). Aurora deploys through Pulumi: install it \
         (https://www.pulumi.com/docs/install/), or say where it is with --pulumi or AURORA_PULUMI",
        path.display()
    )]
    NoPulumi {
        /// What was tried.
        path: PathBuf,
        /// Why it cannot be run.
        source: std::io::Error,
    },
    /// It is too old or too new, or something else.
    #[error(
        "this Pulumi says that its version is {0:?}; Aurora works with 3.150.0 and later ones of 3. Install one, or say where \
         it is with --pulumi or AURORA_PULUMI"
    )]
    Version(String),
    /// The deployment is not there.
    #[error(
        "there is no deployment {0:?} in this state; `aurora deploy` makes it. Is `backend` under [state] the right one?"
    )]
    NoStack(String),
    /// Somebody else is at it, or was cut off.
    #[error(
        "somebody is changing this deployment, or was cut off while doing so: {0}\n\
         If nobody is, `aurora deploy --unlock` takes the lock away"
    )]
    Locked(String),
    /// The state's secrets cannot be read.
    #[error(
        "the secrets of this deployment cannot be read: the passphrase is not the one that they were written with. \
         Set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE, or bring back the file {}",
        .0.display()
    )]
    Passphrase(PathBuf),
    /// The state is where several people can get at it, and its secrets would be encrypted with what only one has.
    #[error(
        "the state is at {0}, and what its secrets are encrypted with has to be there for everybody who deploys: set `secrets_provider` \
         under [state], such as \"awskms://alias/NAME?region=REGION\" with a key that is there, or share a passphrase in \
         PULUMI_CONFIG_PASSPHRASE"
    )]
    NoSharedKey(String),
    /// An earlier run was cut off while it made something.
    #[error("{}", pending(.0))]
    Pending(Vec<PendingOperation>),
    /// AWS does not know who we are, or does not let us.
    #[error(
        "AWS takes no credentials: {0}\nSet AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (`aws configure`, `aws sso login`)"
    )]
    Credentials(String),
    /// The state cannot be reached.
    #[error("the state at {backend} cannot be reached: {reason}")]
    Backend {
        /// Where it is.
        backend: String,
        /// Why.
        reason: String,
    },
    /// The aws provider could not be fetched.
    #[error(
        "Pulumi could not get its aws provider {version}: {reason}\nIt is downloaded once, from Pulumi's own host"
    )]
    Plugin {
        /// Which one.
        version: &'static str,
        /// Why.
        reason: String,
    },
    /// Some resources could not be made, changed or deleted.
    #[error("{}", failures(.0))]
    Resources(Vec<ResourceFailure>),
    /// It was told to stop; what had failed until then.
    #[error("{}", interrupted(.0))]
    Interrupted(Vec<ResourceFailure>),
    /// What machines would be told is wrong.
    #[error(transparent)]
    Machine(#[from] InvalidMachine),
    /// What Pulumi answers is not what it should be.
    #[error("{what} of Pulumi cannot be understood: {reason}")]
    Answer {
        /// Which answer.
        what: &'static str,
        /// Why.
        reason: String,
    },
    /// Something else that `pulumi` said.
    #[error("pulumi: {0}")]
    Other(String),
    /// A file or a process of this machine.
    #[error("on this machine: {0}")]
    Io(#[from] std::io::Error),
}

/// A resource that failed, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceFailure {
    /// Its name; empty when it is about none.
    pub name: String,
    /// What the provider said.
    pub message: String,
}

fn failures(all: &[ResourceFailure]) -> String {
    let mut text = String::from(
        "not everything could be done; what was done is kept, and the next run goes on from here:",
    );
    for ResourceFailure { name, message } in all {
        text.push_str("\n  ");
        if !name.is_empty() {
            text.push_str(name);
            text.push_str(": ");
        }
        text.push_str(message.trim());
        if let Some(hint) = hint(message) {
            text.push_str("\n    → ");
            text.push_str(hint);
        }
    }
    text
}

/// What to do about what AWS often says.
fn hint(message: &str) -> Option<&'static str> {
    let says = |text: &str| message.contains(text);
    if says("VcpuLimitExceeded") || says("LimitExceeded") || says("QuotaExceeded") {
        return Some(
            "a quota of the account is used up: ask for more in AWS's Service Quotas, or choose a smaller `size`",
        );
    }
    if says("InsufficientInstanceCapacity") || says("Unsupported: Your requested instance type") {
        return Some(
            "AWS has none of these machines there now: choose another `machine`, or try again later",
        );
    }
    if says("UnauthorizedOperation") || says("AccessDenied") || says("is not authorized to perform") {
        return Some("the credentials lack this right: docs/aws.md lists what deploying needs");
    }
    if says("ExpiredToken") || says("RequestExpired") {
        return Some("the credentials have expired: get new ones, and run the command again");
    }
    if says("AlreadyExists")
        || says("EntityAlreadyExists")
        || says("BucketAlreadyOwnedByYou")
        || says("already exists")
    {
        return Some(
            "it is there already, and not known to be this deployment's: of another deployment of this name in the account (choose another \
             `name`), or what a run that was cut off has left (delete it by hand)",
        );
    }
    None
}

fn interrupted(failed: &[ResourceFailure]) -> String {
    let stopped = "stopped before the end; what was done stays done, and the same command goes on from here";
    match failed {
        [] => stopped.to_owned(),
        failed => format!("{stopped}. {}", failures(failed)),
    }
}

fn pending(all: &[PendingOperation]) -> String {
    let names = all
        .iter()
        .map(|one| format!("{} {} ({})", one.operation, one.name, one.token));
    format!(
        "an earlier run was cut off in the middle of this: {}. It may be there in AWS without being known, and would be made a \
         second time. Look in the account for what has the tag `aurora` of this deployment, delete what is not known \
         (`aurora status --deployment` lists what is), and run this again with --forget-pending",
        names.collect::<Vec<_>>().join(", ")
    )
}

/// What `said` means.
pub(super) fn understand(
    said: &Said,
    stack: &str,
    backend: &str,
    passphrase: &std::path::Path,
) -> EngineError {
    let text = format!("{}\n{}", said.stderr, said.stdout);
    let line_with = |part: &str| {
        let line = text.lines().find(|line| line.contains(part));
        line.map(|line| line.trim().trim_start_matches("error: ").to_owned())
    };
    if line_with("the stack is currently locked by").is_some() {
        let who = text
            .lines()
            .find(|line| line.contains("created by"))
            .unwrap_or_default();
        return EngineError::Locked(who.trim().to_owned());
    }
    if text.contains("incorrect passphrase") || text.contains("passphrase must be set") {
        return EngineError::Passphrase(passphrase.to_owned());
    }
    if text.contains("no stack named") {
        return EngineError::NoStack(stack.to_owned());
    }
    for credentials in [
        "No valid credential sources found",
        "failed to refresh cached credentials",
        "no EC2 IMDS role found",
        "InvalidClientTokenId",
        "ExpiredToken",
        "unable to validate AWS credentials",
        "get credentials",
    ] {
        if let Some(line) = line_with(credentials) {
            return EngineError::Credentials(line);
        }
    }
    if let Some(reason) = line_with("failed to load checkpoint")
        .or_else(|| line_with("could not open bucket"))
        .or_else(|| line_with("unable to open bucket"))
    {
        return EngineError::Backend {
            backend: backend.to_owned(),
            reason,
        };
    }
    for plugin in [
        "failed to download plugin",
        "Could not automatically download and install",
        "no resource plugin",
    ] {
        if let Some(reason) = line_with(plugin) {
            return EngineError::Plugin {
                version: crate::schema::AWS_VERSION,
                reason,
            };
        }
    }
    let errors: Vec<&str> = said
        .stderr
        .lines()
        .filter(|line| line.trim_start().starts_with("error:"))
        .collect();
    let reason = if errors.is_empty() {
        last_lines(&text)
    } else {
        errors.join("\n")
    };
    EngineError::Other(reason.replace("error: ", ""))
}

fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim_end)
        .filter(|line| !line.is_empty())
        .collect();
    lines[lines.len().saturating_sub(10)..].join("\n")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn understood(stderr: &str) -> String {
        let said = Said {
            success: false,
            stdout: String::new(),
            stderr: stderr.to_owned(),
        };
        understand(&said, "prod", "s3://state", Path::new("/x/passphrase")).to_string()
    }

    #[test]
    fn what_pulumi_says_becomes_what_to_do() {
        for (said, means) in [
            (
                "error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the \
                 lock file with `pulumi cancel`.\n  file:///x/locks/1.json: created by ann@host (pid 7) at 2026-11-27",
                "created by ann@host (pid 7)",
            ),
            ("error: incorrect passphrase", "/x/passphrase"),
            ("error: no stack named 'prod' found", "`aurora deploy` makes it"),
            ("error: No valid credential sources found", "aws configure"),
            (
                "error: unable to open bucket s3://state: NoSuchBucket",
                "s3://state cannot be reached",
            ),
            ("error: failed to download plugin: aws-7.51.1: 403", "7.51.1"),
            ("warning: x\nerror: something else", "pulumi: something else"),
            ("", "pulumi: "),
        ] {
            let text = understood(said);
            assert!(text.contains(means), "{said}: {text}");
        }
    }

    #[test]
    fn what_aws_often_says_has_a_hint() {
        let failure = ResourceFailure {
            name: "peers".to_owned(),
            message: "creating: VcpuLimitExceeded: You have requested more vCPU capacity".to_owned(),
        };
        let text = EngineError::Resources(vec![failure]).to_string();
        assert!(
            text.contains("peers: creating") && text.contains("Service Quotas"),
            "{text}"
        );
    }
}
