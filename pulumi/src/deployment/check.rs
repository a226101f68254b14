//! What can be found wrong with a description without asking AWS.

use super::Deployment;

/// Most nodes: what gossip is made for.
const MAX_NODES: u16 = 100;
/// Most networks that may reach the load balancer: each takes up to three of the sixty rules that a security group has.
const MAX_ALLOWED: usize = 20;
/// Why a deployment cannot be as described.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDeployment {
    /// The name would be refused by some AWS service.
    #[error(
        "the name {0:?} must be 3 to 20 lowercase letters, digits and hyphens, and begin and end with a letter or digit"
    )]
    Name(String),
    /// There is no such region.
    #[error("{0:?} does not look like an AWS region, such as eu-central-1")]
    Region(String),
    /// A part of AWS with addresses of its own that machines are not told of.
    #[error(
        "{0} is in AWS's European Sovereign Cloud, which Aurora does not deploy to yet: choose another region"
    )]
    Partition(String),
    /// No node, or more than gossip is made for.
    #[error("{0} nodes: choose 1 to {MAX_NODES}; to have none, use `aurora destroy`, which keeps the data")]
    Nodes(u16),
    /// `max_nodes` below `nodes`.
    #[error("`max_nodes` under [scaling] is {max}, below the {nodes} nodes there are at least")]
    MaxNodes {
        /// What it is.
        max: u16,
        /// What it has to be at least.
        nodes: u16,
    },
    /// A number that makes no sense.
    #[error("`{key}` is {value}; it must be from {least} to {most}")]
    Range {
        /// Which one, with its section.
        key: &'static str,
        /// What it is.
        value: u32,
        /// From here.
        least: u32,
        /// To here.
        most: u32,
    },
    /// Addresses that a network of AWS cannot have.
    #[error(
        "`cidr` under [network] is {0}: a network of AWS takes a private range of /16 to /22, such as 10.90.0.0/16"
    )]
    Cidr(String),
    /// A text that is not what it should be.
    #[error("`{key}` is {value:?}: {expected}")]
    Text {
        /// Which one, with its section.
        key: &'static str,
        /// What it is.
        value: String,
        /// What it should be.
        expected: &'static str,
    },
    /// A zone without a name in it.
    #[error("`hosted_zone` under [edge] is set, and `domain` is not: say which name in it is the web app's")]
    ZoneWithoutDomain,
    /// A name without a way to a certificate.
    #[error(
        "`domain` under [edge] needs a certificate: name the Route 53 zone that it is in (`hosted_zone`), \
         or a certificate of ACM for it (`certificate`)"
    )]
    NoCertificate,
    /// A part of AWS where the image is not.
    #[error("Debian's images are not found by themselves in {0}: name one of yours (`image`)")]
    NoImage(String),
    /// Zones that are counted and named, and not alike.
    #[error("`zones` under [network] is {zones}, and `zone_names` has {named}: leave one of them out")]
    ZonesAndNames {
        /// How many there are to be.
        zones: u8,
        /// How many are named.
        named: usize,
    },
    /// More than a firewall of AWS has room for.
    #[error(
        "`allow` under [edge] has {0} entries; a firewall of AWS has room for {MAX_ALLOWED}: join some to a larger network"
    )]
    TooManyAllowed(usize),
    /// Both a zone to make a certificate in, and one that is there.
    #[error("`certificate` under [edge] is set without a `domain`: say which name it is for")]
    CertificateWithoutDomain,
}

type Check = Result<(), InvalidDeployment>;

impl Deployment {
    /// Checks what can be checked without asking AWS.
    pub fn check(&self) -> Check {
        check_name(&self.name)?;
        check_region(&self.region)?;
        self.check_numbers()?;
        self.check_edge()?;
        self.check_texts()
    }

    fn check_numbers(&self) -> Check {
        let nodes = self.nodes();
        for count in [Some(nodes), self.scaling.max_nodes].into_iter().flatten() {
            if !(1..=MAX_NODES).contains(&count) {
                return Err(InvalidDeployment::Nodes(count));
            }
        }
        if let Some(max) = self.scaling.max_nodes.filter(|max| *max < nodes) {
            return Err(InvalidDeployment::MaxNodes { max, nodes });
        }
        let scaling = &self.scaling;
        within("cpu_percent under [scaling]", scaling.cpu_percent.into(), 10, 90)?;
        within(
            "catch_up_seconds under [scaling]",
            scaling.catch_up_seconds.into(),
            30,
            36_000,
        )?;
        self.check_zones()?;
        within(
            "volume_gib under [clickhouse]",
            self.machines().storage.size_gib,
            10,
            16_384,
        )?;
        within(
            "keep_days under [backups]",
            self.backups.keep_days.into(),
            8,
            3_650,
        )?;
        for restore in &self.clickhouse.restores {
            let last = u32::from(self.machines().zones) - 1;
            within("zone under [[clickhouse.restores]]", restore.zone.into(), 0, last)?;
            let expected = "\"latest\", or a name such as 20261127T030000Z-full";
            matches(
                "backup under [[clickhouse.restores]]",
                Some(&restore.backup),
                is_backup,
                expected,
            )?;
        }
        let cidr = self.network.cidr;
        if !(16..=22).contains(&cidr.prefix_len()) || !cidr.addr().is_private() || cidr.trunc() != cidr {
            return Err(InvalidDeployment::Cidr(cidr.to_string()));
        }
        Ok(())
    }

    fn check_zones(&self) -> Check {
        let network = &self.network;
        if let Some(names) = &network.zone_names {
            let is_here = |name: &str| {
                let zone = name.strip_prefix(self.region.as_str());
                zone.is_some_and(|zone| zone.len() == 1 && zone.bytes().all(|byte| byte.is_ascii_lowercase()))
            };
            for name in names {
                let expected = "zones of the deployment's region, each once, such as eu-central-1a";
                let is_once = |name: &str| names.iter().filter(|other| *other == name).count() == 1;
                let is_right = |name: &str| is_here(name) && is_once(name);
                matches("zone_names under [network]", Some(name), is_right, expected)?;
            }
            if let Some(zones) = network.zones.filter(|zones| usize::from(*zones) != names.len()) {
                return Err(InvalidDeployment::ZonesAndNames {
                    zones,
                    named: names.len(),
                });
            }
        }
        within("zones under [network]", self.machines().zones.into(), 2, 3)
    }

    fn check_edge(&self) -> Check {
        let edge = &self.edge;
        match (&edge.domain, &edge.hosted_zone, &edge.certificate) {
            (None, Some(_), _) => return Err(InvalidDeployment::ZoneWithoutDomain),
            (None, None, Some(_)) => return Err(InvalidDeployment::CertificateWithoutDomain),
            (Some(_), None, None) => return Err(InvalidDeployment::NoCertificate),
            _ => {}
        }
        if edge.allow.len() > MAX_ALLOWED {
            return Err(InvalidDeployment::TooManyAllowed(edge.allow.len()));
        }
        // Nobody could use it, and whoever has nothing else would be locked out.
        let version_6 = edge.allow.iter().find(|network| network.addr().is_ipv6());
        let version_6 = version_6.map(ToString::to_string);
        let expected = "the load balancer has addresses of IPv4 only";
        matches("allow under [edge]", version_6.as_deref(), |_| false, expected)?;
        let domain = "a domain name in lowercase, such as aurora.example.com";
        for (key, name) in [
            ("domain under [edge]", &edge.domain),
            ("hosted_zone under [edge]", &edge.hosted_zone),
        ] {
            matches(key, name.as_deref(), is_domain, domain)?;
        }
        if let (Some(domain), Some(zone)) = (&edge.domain, &edge.hosted_zone) {
            let is_within = domain == zone
                || domain
                    .strip_suffix(zone.as_str())
                    .is_some_and(|rest| rest.ends_with('.'));
            let expected = "it must be a name in `hosted_zone`";
            matches("domain under [edge]", Some(domain), |_| is_within, expected)?;
        }
        let certificate = edge.certificate.as_deref();
        let expected = "the ARN of a certificate of ACM, in the deployment's region";
        let is_here = |arn: &str| {
            let mut parts = arn.split(':').skip(2);
            parts.next() == Some("acm") && parts.next() == Some(&self.region) && arn.contains(":certificate/")
        };
        matches("certificate under [edge]", certificate, is_here, expected)
    }

    fn check_texts(&self) -> Check {
        let machine = "a machine type of EC2, such as c7i.large";
        let own = [
            ("machine under [scaling]", &self.scaling.machine),
            ("machine under [clickhouse]", &self.clickhouse.machine),
            ("machine under [grafana]", &self.grafana.machine),
        ];
        for (key, own) in own {
            matches(key, own.as_deref(), is_machine_type, machine)?;
        }
        let is_elsewhere = ["cn-", "us-gov-"]
            .iter()
            .any(|part| self.region.starts_with(part));
        if is_elsewhere && self.image.is_none() {
            return Err(InvalidDeployment::NoImage(self.region.clone()));
        }
        let is_image = |image: &str| {
            image
                .strip_prefix("ami-")
                .is_some_and(|id| is_hex(id) && id.len() >= 8)
        };
        matches(
            "image",
            self.image.as_deref(),
            is_image,
            "a machine image of EC2, such as ami-0123456789abcdef0",
        )?;
        let is_email = |email: &str| {
            let no_space = !email.contains(|c: char| c.is_whitespace() || c.is_control());
            no_space
                && email
                    .split_once('@')
                    .is_some_and(|(name, host)| !name.is_empty() && host.contains('.'))
        };
        matches(
            "email under [alarms]",
            self.alarms.email.as_deref(),
            is_email,
            "an address, such as ops@example.com",
        )?;
        let is_backend = |url: &str| url.starts_with("s3://") || url.starts_with("file://");
        matches(
            "backend under [state]",
            self.state.backend.as_deref(),
            is_backend,
            "s3://BUCKET or file://FOLDER",
        )?;
        let is_kms = |url: &str| url.starts_with("awskms://");
        let expected = "awskms://KEY, such as awskms://alias/aurora?region=eu-central-1";
        matches(
            "secrets_provider under [state]",
            self.state.secrets_provider.as_deref(),
            is_kms,
            expected,
        )
    }
}

/// A deployment's name.
pub(crate) fn check_name(name: &str) -> Check {
    let edges = [name.bytes().next(), name.bytes().last()];
    let has_edges = edges
        .iter()
        .all(|edge| edge.is_some_and(|byte| byte.is_ascii_alphanumeric()));
    if (3..=20).contains(&name.len()) && is_lowercase(name) && has_edges {
        return Ok(());
    }
    Err(InvalidDeployment::Name(name.to_owned()))
}

/// A region's name.
pub(crate) fn check_region(region: &str) -> Check {
    if region.starts_with("eusc-") {
        return Err(InvalidDeployment::Partition(region.to_owned()));
    }
    let ends_with_digit = region.ends_with(|last: char| last.is_ascii_digit());
    if is_lowercase(region) && (3..=4).contains(&region.split('-').count()) && ends_with_digit {
        return Ok(());
    }
    Err(InvalidDeployment::Region(region.to_owned()))
}

fn within(key: &'static str, value: u32, least: u32, most: u32) -> Check {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(InvalidDeployment::Range {
        key,
        value,
        least,
        most,
    })
}

fn matches(
    key: &'static str,
    text: Option<&str>,
    is_right: impl Fn(&str) -> bool,
    expected: &'static str,
) -> Check {
    match text {
        Some(text) if !is_right(text) => Err(InvalidDeployment::Text {
            key,
            value: text.to_owned(),
            expected,
        }),
        _ => Ok(()),
    }
}

fn is_lowercase(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn is_domain(name: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && is_lowercase(label)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    // `grafana.` comes before it.
    name.len() <= 240 && name.contains('.') && name.split('.').all(is_label)
}

fn is_backup(name: &str) -> bool {
    crate::machines::check::backup(name).is_ok()
}

fn is_machine_type(name: &str) -> bool {
    let is_part = |part: &str| !part.is_empty() && is_lowercase(part);
    name.split_once('.')
        .is_some_and(|(family, size)| is_part(family) && is_part(size))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(extra: &str) -> Result<(), String> {
        let text = format!("name = \"team-events\"\nregion = \"eu-central-1\"\n{extra}");
        let deployment: Deployment = toml::from_str(&text).map_err(|error| error.to_string())?;
        deployment.check().map_err(|error| error.to_string())
    }

    #[test]
    fn what_aws_would_refuse_is_refused_first() {
        assert_eq!(check(""), Ok(()));
        for name in ["", "ab", "Team", "-team", "team-", "with space", &"x".repeat(21)] {
            let wrong = Deployment::new(name, "eu-central-1");
            assert_eq!(wrong.check(), Err(InvalidDeployment::Name(name.to_owned())));
        }
        for region in ["", "eu-central", "EU-CENTRAL-1", "us_east_1"] {
            let wrong = Deployment::new("prod", region);
            assert_eq!(wrong.check(), Err(InvalidDeployment::Region(region.to_owned())));
        }
        assert_eq!(Deployment::new("prod", "ap-southeast-2").check(), Ok(()));
    }

    #[test]
    fn each_mistake_is_named() {
        for (extra, said) in [
            ("nodes = 0", "0 nodes"),
            ("nodes = 101", "101 nodes"),
            ("nodes = 5\n[scaling]\nmax_nodes = 4", "`max_nodes`"),
            ("[scaling]\nmax_nodes = 400", "400 nodes"),
            ("[scaling]\ncpu_percent = 99", "`cpu_percent"),
            ("[scaling]\nmachine = \"big\"", "`machine under [scaling]`"),
            ("[network]\nzones = 1", "`zones"),
            ("[network]\ncidr = \"10.0.0.0/28\"", "`cidr`"),
            ("[network]\ncidr = \"8.8.0.0/16\"", "`cidr`"),
            ("[network]\ncidr = \"10.0.1.0/16\"", "`cidr`"),
            ("[clickhouse]\nvolume_gib = 1", "`volume_gib"),
            ("[backups]\nkeep_days = 1", "`keep_days"),
            ("image = \"debian\"", "`image`"),
            ("[alarms]\nemail = \"me\"", "`email"),
            ("[state]\nbackend = \"/tmp\"", "`backend"),
            ("[edge]\nhosted_zone = \"example.com\"", "`domain` is not"),
            ("[edge]\ncertificate = \"arn:aws:acm:x\"", "without a `domain`"),
            ("[edge]\ndomain = \"a.example.com\"", "needs a certificate"),
            (
                "[edge]\ndomain = \"A_b\"\nhosted_zone = \"example.com\"",
                "`domain under [edge]`",
            ),
            (
                "[edge]\ndomain = \"a.example.org\"\nhosted_zone = \"example.com\"",
                "a name in `hosted_zone`",
            ),
            (
                "[edge]\ndomain = \"badexample.com\"\nhosted_zone = \"example.com\"",
                "a name in `hosted_zone`",
            ),
            (
                "[edge]\ndomain = \"a.b.c\"\ncertificate = \"arn:aws:acm:us-east-1:1:certificate/x\"",
                "deployment's region",
            ),
            ("[[clickhouse.restores]]\nbackup = \"latest\"\nzone = 2", "`zone"),
            ("[[clickhouse.restores]]\nbackup = \"../x\"", "`backup"),
            ("[network]\nzone_names = [\"eu-central-1a\"]", "zones under"),
            (
                "[network]\nzone_names = [\"eu-central-1a\", \"eu-central-1a\"]",
                "each once",
            ),
            (
                "[network]\nzone_names = [\"eu-west-1a\", \"eu-central-1a\"]",
                "deployment's region",
            ),
            (
                "[network]\nzones = 3\nzone_names = [\"eu-central-1a\", \"eu-central-1b\"]",
                "leave one",
            ),
            ("[edge]\nallow = [\"2001:db8::/32\"]", "IPv4 only"),
            ("[nodes]\nx = 1", "nodes"),
            ("typo = 1", "typo"),
        ] {
            let error = check(extra).unwrap_err();
            assert!(error.contains(said), "{extra}: {error}");
        }
    }

    #[test]
    fn what_is_right_passes() {
        for extra in [
            "nodes = 100",
            "[edge]\ndomain = \"example.com\"\nhosted_zone = \"example.com\"",
            "[edge]\ndomain = \"a.b.c\"\ncertificate = \"arn:aws:acm:eu-central-1:123456789012:certificate/x\"\nallow = [\"10.0.0.0/8\", \"192.0.2.1/32\"]",
            "[[node.connections]]\nname = \"k\"\nbrokers = \"b:9092\"",
            "[clickhouse]\nvolume_gib = 60\n[[clickhouse.restores]]\nbackup = \"latest\"\nzone = 1",
            "[network]\nzone_names = [\"eu-central-1c\", \"eu-central-1a\"]",
            "[scaling]\nmax_nodes = 9\nmachine = \"m7i-flex.large\"",
            "[state]\nbackend = \"s3://bucket/prefix\"\nsecrets_provider = \"awskms://alias/x\"",
        ] {
            assert_eq!(check(extra), Ok(()), "{extra}");
        }
    }
}
