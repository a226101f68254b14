//! User-data: the files of a machine and what is done with them when it starts for the first time, for cloud-init.
//!
//! JSON is YAML, so a serialiser writes what cloud-init reads and nothing has to be quoted by hand. It is packed with gzip,
//! which cloud-init recognises, because EC2 takes 16 KiB.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::{Compression, GzBuilder};
use serde_json::{Value, json};

use super::{InvalidMachine, MachineFile};

/// Bytes that EC2 takes, before they are encoded in base64.
pub const LIMIT: usize = 16 * 1024;

/// What a machine is given when it is launched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserData {
    text: String,
    packed: Vec<u8>,
}

impl UserData {
    /// User-data that writes these files and starts these units.
    pub(crate) fn new(files: &[MachineFile], units: &[&str]) -> Result<Self, InvalidMachine> {
        // Those of a kind beside each other: units have most of their lines in common, and gzip sees 32 KiB at a time.
        let mut files: Vec<&MachineFile> = files.iter().collect();
        files.sort_by_key(|file| file.path.rsplit('.').next());
        let written = files.into_iter().map(|file| {
            json!({ "path": file.path, "permissions": file.mode, "owner": "root:root", "content": file.contents })
        });
        let mut enable = vec!["systemctl", "enable", "--now", "--no-block"];
        enable.extend(units);
        let config = json!({
            "write_files": written.collect::<Vec<Value>>(),
            // The users that units run as, then the units. An image without curl gets it.
            "runcmd": [
                ["sh", "-c", "command -v curl >/dev/null || { apt-get -q update && apt-get -qy install --no-install-recommends curl ca-certificates; }"],
                ["systemd-sysusers"],
                ["systemctl", "daemon-reload"],
                ["systemctl", "restart", "systemd-journald.service"],
                enable,
            ],
            // Nobody logs in.
            "ssh_pwauth": false,
            "disable_root": true,
        });
        let text = format!("#cloud-config\n{config:#}\n");
        let packed = pack(&text);
        if packed.len() > LIMIT {
            return Err(InvalidMachine::TooLarge {
                bytes: packed.len(),
                limit: LIMIT,
            });
        }
        Ok(Self { text, packed })
    }

    /// What cloud-init reads.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What EC2 hands out.
    pub fn packed(&self) -> &[u8] {
        &self.packed
    }

    /// What EC2's API takes.
    pub fn base64(&self) -> String {
        STANDARD.encode(&self.packed)
    }
}

/// The same text gives the same bytes, or every deploy would replace all machines: so no time is in them.
fn pack(text: &str) -> Vec<u8> {
    let mut gzip = GzBuilder::new()
        .mtime(0)
        .operating_system(255)
        .write(Vec::new(), Compression::best());
    // Writing to a Vec cannot fail.
    let _ = gzip.write_all(text.as_bytes());
    gzip.finish().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::GzDecoder;
    use proptest::prelude::*;

    use super::*;

    fn file(contents: &str) -> MachineFile {
        MachineFile::readable("/etc/aurora/x", contents)
    }

    #[test]
    fn it_is_packed_the_same_way_each_time() {
        let one = UserData::new(&[file("a")], &["aurora.service"]).unwrap();
        assert_eq!(one, UserData::new(&[file("a")], &["aurora.service"]).unwrap());
        let mut text = String::new();
        GzDecoder::new(one.packed()).read_to_string(&mut text).unwrap();
        assert_eq!(text, one.text());
        assert_eq!(STANDARD.decode(one.base64()).unwrap(), one.packed());
    }

    #[test]
    fn what_is_too_large_is_refused() {
        // Digits of no pattern, which do not pack well.
        let noise = (0..9_000_u64).map(|n| format!("{:x}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
        let error = UserData::new(&[file(&noise.collect::<String>())], &[]).unwrap_err();
        assert!(matches!(error, InvalidMachine::TooLarge { limit: LIMIT, .. }));
        assert!(error.to_string().contains("aurora streams add"), "{error}");
    }

    proptest! {
        #[test]
        fn contents_stay_contents(contents in "\\PC{0,80}\n?\\PC{0,20}") {
            let data = UserData::new(&[file(&contents)], &[]).unwrap();
            let json: Value = serde_json::from_str(data.text().strip_prefix("#cloud-config\n").unwrap()).unwrap();
            prop_assert_eq!(json["write_files"][0]["content"].as_str(), Some(&*contents));
            prop_assert_eq!(json["write_files"].as_array().unwrap().len(), 1);
        }
    }
}
