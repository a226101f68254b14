//! Passwords, keys and a certificate of a deployment, made once.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rand::TryRng;
use rand::rngs::SysRng;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};

use crate::stacks::{OwnCertificate, SecretKey};

/// How many random bytes are in each.
const BYTES: usize = 32;
/// Browsers take certificates of at most this age from nobody but one's own.
const CERTIFICATE_DAYS: i64 = 825;
/// One that is good for fewer days than this is signed anew when somebody deploys.
const RENEW_DAYS: i64 = 180;

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

/// Whether a certificate that is good until then, in seconds since 1970, need not be signed anew.
pub(super) fn is_good_for_long(until: Option<&str>) -> bool {
    let renew = time::OffsetDateTime::now_utc() + time::Duration::days(RENEW_DAYS);
    let until: Option<i64> = until.and_then(|until| until.parse().ok());
    until.is_some_and(|until| until > renew.unix_timestamp())
}

/// A certificate that a load balancer shows when there is no name to get a real one for, and until when it is good.
pub(super) fn sign_certificate(
    deployment: &str,
    region: &str,
) -> Result<(OwnCertificate, i64), rcgen::Error> {
    // Names of load balancers end like this; which one it will be is not known yet.
    let name = match region.starts_with("cn-") {
        true => format!("*.{region}.elb.amazonaws.com.cn"),
        false => format!("*.{region}.elb.amazonaws.com"),
    };
    let mut subject = DistinguishedName::new();
    // Load balancers want a name of the domain name system there.
    subject.push(DnType::CommonName, &name);
    subject.push(DnType::OrganizationName, format!("Aurora {deployment}"));
    let mut params = CertificateParams::new([name])?;
    params.distinguished_name = subject;
    let now = time::OffsetDateTime::now_utc();
    params.not_before = now - time::Duration::days(1);
    params.not_after = now + time::Duration::days(CERTIFICATE_DAYS);
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    let own = OwnCertificate {
        certificate: certificate.pem(),
        private_key: key.serialize_pem(),
    };
    Ok((own, params.not_after.unix_timestamp()))
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
        let (own, until) = sign_certificate("prod", "eu-central-1").unwrap();
        assert!(is_good_for_long(Some(&until.to_string())));
        let soon = until - (CERTIFICATE_DAYS - RENEW_DAYS + 1) * 24 * 3600;
        for renewed in [Some(soon.to_string().as_str()), Some("x"), None] {
            assert!(!is_good_for_long(renewed), "{renewed:?}");
        }
        assert!(own.certificate.starts_with("-----BEGIN CERTIFICATE-----"));
        assert!(own.private_key.contains("PRIVATE KEY"));
    }
}
