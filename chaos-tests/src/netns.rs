//! A network of a test's own, whose links can be cut: one network namespace for each node, all on one bridge.
//!
//! ```text
//!            this machine: Kafka, ClickHouse behind toxiproxy, the test
//!                 │ host()
//!     ────────── bridge ──────────
//!        │          │          │
//!     member 0   member 1   member 2      each with rules (nftables) about what it hears
//! ```
//!
//! What nodes need from outside listens on [`Network::host`]: toxiproxy can, and stands in front of Kafka (whose
//! proxied listeners then advertise that address, see [`KafkaOptions`](crate::kafka::KafkaOptions)) and of
//! ClickHouse, which itself binds loopback only. The test reaches every member at its address.
//!
//! It takes the right to make namespaces, and the packages iproute2 and nftables; without them
//! [`Network::new`] fails and says so. Everything goes when the network is dropped. What a run that was killed
//! has left carries that run's process id in its name, and goes when the next network is made.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::{env, process, thread};

use anyhow::{Context, Result, anyhow, bail, ensure};
use nix::sched::{CloneFlags, setns};
use serde::{Deserialize, Serialize};

const NEEDS: &str = "tests of network faults make network namespaces: run them as root (in a container with \
                     CAP_SYS_ADMIN and CAP_NET_ADMIN), and install the packages iproute2 and nftables";
/// The names of namespaces and of interfaces begin so, before the process id. An interface's may have 15 bytes.
const NAMESPACE: &str = "aurora-";
const INTERFACE: &str = "aur";
/// Networks are `10.213.N.0/24`.
const NET: [u8; 2] = [10, 213];
const MAX_MEMBERS: usize = 200;

/// Something wrong between members. What they say to [`Network::host`] and hear from it passes all the same, except
/// with [`NetworkFault::CutOff`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum NetworkFault {
    /// Nobody of one group hears anybody of the other.
    Split {
        /// One group.
        left: Vec<usize>,
        /// The other.
        right: Vec<usize>,
    },
    /// `to` does not hear `from`, which hears it.
    OneWay {
        /// Who is not heard.
        from: usize,
        /// Who does not hear.
        to: usize,
    },
    /// Each packet from one member to another is lost with this probability.
    Loss {
        /// In percent.
        percent: u8,
    },
    /// A member hears nobody and nobody hears it, this machine included.
    CutOff {
        /// Who.
        member: usize,
    },
}

/// A fault that acts, to be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NetworkFaultId(u64);

/// A network. Dropping it removes all of it; what runs in it should have ended before.
#[derive(Debug)]
pub struct Network {
    bridge: String,
    host: Ipv4Addr,
    members: Vec<Member>,
    faults: Mutex<Faults>,
}

#[derive(Debug, Default)]
struct Faults {
    next: u64,
    active: BTreeMap<u64, NetworkFault>,
}

/// A network namespace with one address.
#[derive(Debug, Clone)]
pub struct Member {
    namespace: String,
    address: Ipv4Addr,
}

impl Member {
    /// Its address.
    pub fn address(&self) -> Ipv4Addr {
        self.address
    }

    /// The file that stands for the namespace.
    pub fn namespace_path(&self) -> PathBuf {
        Path::new("/run/netns").join(&self.namespace)
    }

    /// Gives it a further address, which nobody but itself reaches.
    pub fn add_address(&self, address: &str) -> Result<()> {
        ip(&["-n", &self.namespace, "addr", "replace", address, "dev", "lo"]).map(drop)
    }

    /// A socket of this process that listens in the namespace.
    pub fn listen(&self, address: SocketAddr) -> Result<TcpListener> {
        let namespace = File::open(self.namespace_path())
            .with_context(|| format!("there is no namespace {}", self.namespace))?;
        // A socket stays in the namespace of the thread that made it; this thread makes no other, and ends.
        let listening = thread::spawn(move || -> Result<TcpListener> {
            setns(namespace, CloneFlags::CLONE_NEWNET).context(NEEDS)?;
            TcpListener::bind(address).with_context(|| format!("cannot listen on {address}"))
        });
        listening
            .join()
            .map_err(|_| anyhow!("the thread that listens panicked"))?
    }

    /// The same command, run in the namespace. `ip` becomes the program in place: process id, signals and the end
    /// with the parent, which [`Process`](crate::process::Process) sees to, stay as they are.
    pub fn command(&self, command: &Command) -> Command {
        let mut inside = Command::new("ip");
        inside
            .args(["netns", "exec", &self.namespace])
            .arg(command.get_program())
            .args(command.get_args());
        for (variable, value) in command.get_envs() {
            match value {
                Some(value) => inside.env(variable, value),
                None => inside.env_remove(variable),
            };
        }
        if let Some(directory) = command.get_current_dir() {
            inside.current_dir(directory);
        }
        inside
    }
}

impl Network {
    /// Makes a network with so many members.
    pub fn new(members: usize) -> Result<Self> {
        static NETWORKS: AtomicU32 = AtomicU32::new(0);
        ensure!(
            (1..=MAX_MEMBERS).contains(&members),
            "a network of {members} members"
        );
        // Who looks for a free subnet must be alone, in all processes.
        let _lock = lock()?;
        remove_leftovers()?;
        let number = NETWORKS.fetch_add(1, Ordering::Relaxed);
        let subnet = free_subnet(&ip(&["-o", "-4", "addr", "show"])?)?;
        let address = |last: usize| -> Result<Ipv4Addr> {
            Ok(Ipv4Addr::new(NET[0], NET[1], subnet, u8::try_from(last)?))
        };
        // From here on, being dropped removes what there is so far.
        let mut network = Self {
            bridge: format!("{INTERFACE}{}b{number}", process::id()),
            host: address(1)?,
            members: Vec::new(),
            faults: Mutex::default(),
        };
        ip(&["link", "add", &network.bridge, "type", "bridge"])?;
        ip(&[
            "addr",
            "add",
            &format!("{}/24", network.host),
            "dev",
            &network.bridge,
        ])?;
        ip(&["link", "set", &network.bridge, "up"])?;
        for index in 0..members {
            let member = Member {
                namespace: format!("{NAMESPACE}{}-{number}-{index}", process::id()),
                address: address(index + 2)?,
            };
            network.members.push(member.clone());
            network.connect(&member)?;
        }
        Ok(network)
    }

    fn connect(&self, member: &Member) -> Result<()> {
        static LINKS: AtomicU32 = AtomicU32::new(0);
        let namespace = member.namespace.as_str();
        let link = LINKS.fetch_add(1, Ordering::Relaxed);
        let link = format!("{INTERFACE}{}v{link}", process::id());
        ip(&["netns", "add", namespace])?;
        ip(&[
            "link", "add", &link, "type", "veth", "peer", "name", "eth0", "netns", namespace,
        ])?;
        ip(&["link", "set", &link, "master", &self.bridge, "up"])?;
        let address = format!("{}/24", member.address);
        ip(&["-n", namespace, "addr", "add", &address, "dev", "eth0"])?;
        ip(&["-n", namespace, "link", "set", "eth0", "up"])?;
        ip(&["-n", namespace, "link", "set", "lo", "up"]).map(drop)
    }

    /// The address of this machine, as members see it. What they need has to listen on it.
    pub fn host(&self) -> Ipv4Addr {
        self.host
    }

    /// The members.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// Adds a fault, on top of those that act already.
    pub fn add(&self, fault: NetworkFault) -> Result<NetworkFaultId> {
        let named: Vec<usize> = match &fault {
            NetworkFault::Split { left, right } => left.iter().chain(right).copied().collect(),
            NetworkFault::OneWay { from, to } => vec![*from, *to],
            NetworkFault::CutOff { member } => vec![*member],
            NetworkFault::Loss { .. } => Vec::new(),
        };
        if let Some(stranger) = named.iter().find(|index| **index >= self.members.len()) {
            bail!("there is no member {stranger} for {fault:?}");
        }
        let mut faults = self.lock_faults();
        let id = faults.next;
        faults.next += 1;
        faults.active.insert(id, fault);
        self.apply(&faults)?;
        Ok(NetworkFaultId(id))
    }

    /// Removes a fault.
    pub fn remove(&self, id: NetworkFaultId) -> Result<()> {
        let mut faults = self.lock_faults();
        faults.active.remove(&id.0).context("no such fault acts")?;
        self.apply(&faults)
    }

    /// Removes all faults.
    pub fn heal(&self) -> Result<()> {
        let mut faults = self.lock_faults();
        faults.active.clear();
        self.apply(&faults)
    }

    fn lock_faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Brings every member's rules up to date, each in one step.
    fn apply(&self, faults: &Faults) -> Result<()> {
        let addresses: Vec<Ipv4Addr> = self.members.iter().map(Member::address).collect();
        for (index, member) in self.members.iter().enumerate() {
            let rules = ruleset(faults.active.values(), index, &addresses);
            let nft = member.command(Command::new("nft").args(["-f", "-"]));
            run(nft, &rules)?;
        }
        Ok(())
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        for member in &self.members {
            // A half-made network has not all of this.
            let _ = ip(&["netns", "del", &member.namespace]);
        }
        let _ = ip(&["link", "del", &self.bridge]);
    }
}

/// The rules of one member, as nft reads them: in place of those it has.
fn ruleset<'a>(
    faults: impl Iterator<Item = &'a NetworkFault>,
    member: usize,
    addresses: &[Ipv4Addr],
) -> String {
    let from = |members: &[usize]| {
        let list: Vec<String> = members
            .iter()
            .map(|index| addresses[*index].to_string())
            .collect();
        format!("ip saddr {{ {} }}", list.join(", "))
    };
    let everybody: Vec<usize> = (0..addresses.len()).collect();
    let (mut hears, mut says) = (String::new(), String::new());
    for fault in faults {
        // Writing to a String cannot fail.
        let _ = match fault {
            NetworkFault::Split { left, right } if left.contains(&member) => {
                writeln!(hears, "    {} drop", from(right))
            }
            NetworkFault::Split { left, right } if right.contains(&member) => {
                writeln!(hears, "    {} drop", from(left))
            }
            NetworkFault::OneWay { from: who, to } if *to == member => {
                writeln!(hears, "    {} drop", from(&[*who]))
            }
            // nft refuses a comparison that is always true.
            NetworkFault::Loss { percent: 100.. } => writeln!(hears, "    {} drop", from(&everybody)),
            NetworkFault::Loss { percent } => {
                writeln!(
                    hears,
                    "    {} numgen random mod 100 < {percent} drop",
                    from(&everybody)
                )
            }
            NetworkFault::CutOff { member: who } if *who == member => {
                let _ = writeln!(hears, "    iifname != \"lo\" drop");
                writeln!(says, "    oifname != \"lo\" drop")
            }
            NetworkFault::Split { .. } | NetworkFault::OneWay { .. } | NetworkFault::CutOff { .. } => Ok(()),
        };
    }
    // Adding the table first makes deleting it right, whether there was one or not.
    format!(
        "add table inet aurora\ndelete table inet aurora\ntable inet aurora {{\n  chain hears {{\n    \
         type filter hook input priority 0; policy accept;\n{hears}  }}\n  chain says {{\n    \
         type filter hook output priority 0; policy accept;\n{says}  }}\n}}\n"
    )
}

fn lock() -> Result<std::fs::File> {
    let path = env::temp_dir().join("aurora-network.lock");
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .with_context(|| format!("cannot open the lock file {}", path.display()))?;
    file.lock()
        .with_context(|| format!("cannot lock {}", path.display()))?;
    Ok(file)
}

/// The third byte of a subnet that no interface has.
fn free_subnet(addresses: &str) -> Result<u8> {
    let is_free = |subnet: &u8| !addresses.contains(&format!(" {}.{}.{subnet}.", NET[0], NET[1]));
    (0..=u8::MAX)
        .find(is_free)
        .context("all subnets for tests are taken")
}

/// Removes what runs that were killed have left.
fn remove_leftovers() -> Result<()> {
    static IS_FIRST: AtomicBool = AtomicBool::new(true);
    // What carries our own id before we have made anything is of an earlier process.
    let is_first = IS_FIRST.swap(false, Ordering::Relaxed);
    let is_leftover = |name: &str, prefix: &str| {
        process_of(name, prefix).is_some_and(|id| match id == process::id() {
            true => is_first,
            false => !Path::new(&format!("/proc/{id}")).exists(),
        })
    };
    for line in ip(&["netns", "list"])?.lines() {
        let name = line.split(' ').next().unwrap_or_default();
        if is_leftover(name, NAMESPACE) {
            ip(&["netns", "del", name])?;
        }
    }
    for line in ip(&["-o", "link", "show", "type", "bridge"])?.lines() {
        let name = line.split(": ").nth(1).unwrap_or_default();
        if is_leftover(name, INTERFACE) {
            ip(&["link", "del", name])?;
        }
    }
    Ok(())
}

/// The process id in the name of a namespace or interface of ours.
fn process_of(name: &str, prefix: &str) -> Option<u32> {
    let rest = name.strip_prefix(prefix)?;
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest[..digits].parse().ok()
}

fn ip(arguments: &[&str]) -> Result<String> {
    let mut command = Command::new("ip");
    command.args(arguments);
    run(command, "")
}

/// Runs a command to its end and returns what it prints.
fn run(mut command: Command, input: &str) -> Result<String> {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let spawned = command.spawn();
    let mut child = spawned.with_context(|| format!("cannot run {command:?}; {NEEDS}"))?;
    if let Some(mut stdin) = child.stdin.take() {
        // One that ends without having read says why by itself.
        let _ = stdin.write_all(input.as_bytes());
    }
    let output = child.wait_with_output()?;
    if !output.status.success() {
        let reason = String::from_utf8_lossy(&output.stderr);
        let is_missing = ["ermission", "ermitted", "No such file"]
            .iter()
            .any(|sign| reason.contains(sign));
        let hint = if is_missing {
            format!("; {NEEDS}")
        } else {
            String::new()
        };
        bail!("{command:?} failed: {}{hint}", reason.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_deaf_to_whom_the_faults_say() {
        let addresses: Vec<Ipv4Addr> = (2..5).map(|last| Ipv4Addr::new(10, 213, 0, last)).collect();
        let split = NetworkFault::Split {
            left: vec![0],
            right: vec![1, 2],
        };
        let one_way = NetworkFault::OneWay { from: 2, to: 1 };
        let drops = |faults: &[&NetworkFault], member| {
            let rules = ruleset(faults.iter().copied(), member, &addresses);
            let lines = rules.lines().filter(|line| line.ends_with(" drop"));
            lines.map(|line| line.trim().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(drops(&[&split], 0), ["ip saddr { 10.213.0.3, 10.213.0.4 } drop"]);
        assert_eq!(
            drops(&[&split, &one_way], 1),
            ["ip saddr { 10.213.0.2 } drop", "ip saddr { 10.213.0.4 } drop"]
        );
        assert_eq!(drops(&[&one_way], 2), [""; 0]);
        assert_eq!(drops(&[&NetworkFault::CutOff { member: 1 }], 1).len(), 2);
        let lossy = drops(&[&NetworkFault::Loss { percent: 30 }], 2);
        assert!(lossy[0].ends_with("numgen random mod 100 < 30 drop"), "{lossy:?}");
    }

    #[test]
    fn names_tell_the_process() {
        assert_eq!(process_of("aurora-4194304-0-1", NAMESPACE), Some(4_194_304));
        assert_eq!(process_of("aur77b3", INTERFACE), Some(77));
        assert_eq!(process_of("aurora0", INTERFACE), None);
        assert_eq!(process_of("docker0", INTERFACE), None);
        let longest = format!("{INTERFACE}{}v{}", 4_194_304, 1_000);
        assert!(longest.len() <= 15, "{longest}");
        assert_eq!(free_subnet("4: x inet 10.213.0.1/24 brd").ok(), Some(1));
    }
}
