//! Machine types that deployments use, and others that people are likely to choose.

/// What is known of a machine type.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MachineType {
    /// Its name.
    pub name: &'static str,
    /// Its virtual processors, which EC2's quotas count.
    pub vcpus: u32,
    /// Its memory.
    pub memory_mib: u32,
    /// What it costs on demand in us-east-1, with Linux.
    pub usd_hour: f64,
}

/// Families and sizes: name, processors, GiB, US dollars an hour.
const TYPES: [(&str, u32, f64, f64); 46] = [
    ("t3.micro", 2, 1.0, 0.0104),
    ("t3.small", 2, 2.0, 0.0208),
    ("t3.medium", 2, 4.0, 0.0416),
    ("t3.large", 2, 8.0, 0.0832),
    ("t3.xlarge", 4, 16.0, 0.1664),
    ("t4g.micro", 2, 1.0, 0.0084),
    ("t4g.small", 2, 2.0, 0.0168),
    ("t4g.medium", 2, 4.0, 0.0336),
    ("t4g.large", 2, 8.0, 0.0672),
    ("t4g.xlarge", 4, 16.0, 0.1344),
    ("c7i.large", 2, 4.0, 0.08925),
    ("c7i.xlarge", 4, 8.0, 0.1785),
    ("c7i.2xlarge", 8, 16.0, 0.357),
    ("c7i.4xlarge", 16, 32.0, 0.714),
    ("c7i.8xlarge", 32, 64.0, 1.428),
    ("c7g.large", 2, 4.0, 0.0725),
    ("c7g.xlarge", 4, 8.0, 0.145),
    ("c7g.2xlarge", 8, 16.0, 0.29),
    ("c7g.4xlarge", 16, 32.0, 0.58),
    ("c7g.8xlarge", 32, 64.0, 1.16),
    ("m7i.large", 2, 8.0, 0.1008),
    ("m7i.xlarge", 4, 16.0, 0.2016),
    ("m7i.2xlarge", 8, 32.0, 0.4032),
    ("m7i.4xlarge", 16, 64.0, 0.8064),
    ("m7i.8xlarge", 32, 128.0, 1.6128),
    ("m7g.large", 2, 8.0, 0.0816),
    ("m7g.xlarge", 4, 16.0, 0.1632),
    ("m7g.2xlarge", 8, 32.0, 0.3264),
    ("m7g.4xlarge", 16, 64.0, 0.6528),
    ("m7g.8xlarge", 32, 128.0, 1.3056),
    ("r7i.large", 2, 16.0, 0.1323),
    ("r7i.xlarge", 4, 32.0, 0.2646),
    ("r7i.2xlarge", 8, 64.0, 0.5292),
    ("r7i.4xlarge", 16, 128.0, 1.0584),
    ("r7i.8xlarge", 32, 256.0, 2.1168),
    ("r7i.16xlarge", 64, 512.0, 4.2336),
    ("r7g.large", 2, 16.0, 0.1071),
    ("r7g.xlarge", 4, 32.0, 0.2142),
    ("r7g.2xlarge", 8, 64.0, 0.4284),
    ("r7g.4xlarge", 16, 128.0, 0.8568),
    ("r7g.8xlarge", 32, 256.0, 1.7136),
    ("r7g.16xlarge", 64, 512.0, 3.4272),
    ("m7i-flex.large", 2, 8.0, 0.09576),
    ("m7i-flex.xlarge", 4, 16.0, 0.19152),
    ("c7i-flex.large", 2, 4.0, 0.08479),
    ("c7i-flex.xlarge", 4, 8.0, 0.16958),
];

/// What is known of the machine type `name`.
pub fn machine_type(name: &str) -> Option<MachineType> {
    let (name, vcpus, gib, usd_hour) = TYPES.into_iter().find(|(known, ..)| *known == name)?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "small whole numbers"
    )]
    let memory_mib = (gib * 1024.0) as u32;
    Some(MachineType {
        name,
        vcpus,
        memory_mib,
        usd_hour,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deployment::{Architecture, Size};

    #[test]
    fn the_machines_of_every_size_are_known() {
        for size in Size::ALL {
            for architecture in [Architecture::X86_64, Architecture::Arm64] {
                let types = size.machines(architecture).types;
                for name in [types.peer, types.clickhouse, types.grafana] {
                    assert_eq!(machine_type(&name).map(|known| known.name), Some(&*name));
                }
            }
        }
        assert_eq!(machine_type("x1.huge"), None);
        assert_eq!(
            machine_type("t3.medium").map(|known| known.memory_mib),
            Some(4096)
        );
    }
}
