//! Passwords, keys and a certificate of a deployment, made once.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rand::TryRng;
use rand::rngs::SysRng;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};

use crate::stacks::{OwnCertificate, SecretKey};

/// How many random bytes are in each.
const BYTES: usize = 32;
/// Browsers take certificates of at most this age from nobody but one's own; it is renewed long before.
const CERTIFICATE_DAYS: i64 = 825;

/// A new value of a secret.
pub(super) fn generate(key: SecretKey) -> std::io::Result<String> {
    match key {
        SecretKey::ClusterKey => Ok(STANDARD.encode(random_bytes()?)),
        _ => password(),
    }
}

/// A new password: a text that needs no quoting anywhere.
pub(super) fn password() -> std::io::Result<String> {
    Ok(URL_SAFE_NO_PAD.encode(random_bytes()?))
}

fn random_bytes() -> std::io::Result<[u8; BYTES]> {
    let mut bytes = [0; BYTES];
    SysRng.try_fill_bytes(&mut bytes).map_err(std::io::Error::other)?;
    Ok(bytes)
}

/// A certificate that a load balancer shows when there is no name to get a real one for.
pub(super) fn sign_certificate(deployment: &str, region: &str) -> Result<OwnCertificate, rcgen::Error> {
    // Names of load balancers end like this; which one it will be is not known yet.
    let name = format!("*.{region}.elb.amazonaws.com");
    let mut params = CertificateParams::new([name])?;
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, format!("Aurora {deployment}"));
    params.distinguished_name = subject;
    let now = time::OffsetDateTime::now_utc();
    params.not_before = now - time::Duration::days(1);
    params.not_after = now + time::Duration::days(CERTIFICATE_DAYS);
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    Ok(OwnCertificate {
        certificate: certificate.pem(),
        private_key: key.serialize_pem(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_secrets_are_the_same() {
        let all: std::collections::BTreeSet<String> = SecretKey::ALL
            .iter()
            .chain(&SecretKey::ALL)
            .map(|key| generate(*key).unwrap())
            .collect();
        assert_eq!(all.len(), 2 * SecretKey::ALL.len());
        assert_eq!(
            STANDARD
                .decode(generate(SecretKey::ClusterKey).unwrap())
                .unwrap()
                .len(),
            BYTES
        );
    }

    #[test]
    fn a_certificate_is_signed() {
        let own = sign_certificate("prod", "eu-central-1").unwrap();
        assert!(own.certificate.starts_with("-----BEGIN CERTIFICATE-----"));
        assert!(own.private_key.contains("PRIVATE KEY"));
    }
}
