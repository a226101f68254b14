//! The first bytes of a conversation, by hand: what stands behind a port, and what is wrong with its certificate.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{AlertDescription, CertificateError, ClientConfig, ClientConnection, Error, RootCertStore};

use super::trouble::Trouble;

/// How long each step may take.
const LIMIT: Duration = Duration::from_secs(3);
/// What our question is numbered with, so that the answer can be known.
const CORRELATION: [u8; 4] = *b"Auro";

fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, LIMIT)?;
    stream.set_read_timeout(Some(LIMIT))?;
    stream.set_write_timeout(Some(LIMIT))?;
    Ok(stream)
}

/// What is wrong when nothing is encrypted; `None` if a Kafka answers like that.
pub(super) fn plain(address: SocketAddr) -> Option<Trouble> {
    match first_bytes(address) {
        Ok(Some(answer)) if is_kafka(answer) => None,
        // An alert of TLS.
        Ok(Some([0x15, 0x03, ..])) => Some(Trouble::WantsTls),
        Ok(Some(_)) => Some(Trouble::NotKafka),
        Ok(None) | Err(_) if speaks_tls(address) => Some(Trouble::WantsTls),
        Ok(None) => Some(Trouble::Closed),
        Err(_) => Some(Trouble::Silent),
    }
}

/// Asks which versions of Kafka's protocol are spoken, and returns the beginning of the answer; `None` if the connection
/// was closed before that.
fn first_bytes(address: SocketAddr) -> io::Result<Option<[u8; 8]>> {
    ask(&mut connect(address)?)
}

fn ask(stream: &mut (impl Read + Write)) -> io::Result<Option<[u8; 8]>> {
    // ApiVersions, version 0, from nobody in particular: length, kind, version, correlation, no name.
    let mut question = vec![0, 0, 0, 10, 0, 18, 0, 0];
    question.extend_from_slice(&CORRELATION);
    question.extend_from_slice(&[0xff, 0xff]);
    stream.write_all(&question)?;
    let (mut answer, mut length) = ([0; 8], 0);
    while length < answer.len() {
        match stream.read(&mut answer[length..]) {
            Ok(0) if length == 0 => return Ok(None),
            // Less than Kafka would say, and yet something.
            Ok(0) => return Ok(Some(answer)),
            Ok(count) => length += count,
            Err(error) if was_closed(&error) && length == 0 => return Ok(None),
            Err(_) if length > 0 => return Ok(Some(answer)),
            Err(error) => return Err(error),
        }
    }
    Ok(Some(answer))
}

fn was_closed(error: &io::Error) -> bool {
    let is_of_tls = error.get_ref().is_some_and(|inner| inner.is::<Error>());
    let closed = [
        io::ErrorKind::ConnectionReset,
        io::ErrorKind::UnexpectedEof,
        io::ErrorKind::BrokenPipe,
    ];
    !is_of_tls && closed.contains(&error.kind())
}

fn is_kafka(answer: [u8; 8]) -> bool {
    const LONGEST: u32 = 1 << 20;
    let [a, b, c, d, correlation @ ..] = answer;
    let length = u32::from_be_bytes([a, b, c, d]);
    (4..LONGEST).contains(&length) && correlation == CORRELATION
}

fn speaks_tls(address: SocketAddr) -> bool {
    let outcome = shake_hands(address, "localhost", RootCertStore::empty());
    match outcome {
        Ok(_) => true,
        Err(error) => {
            let error = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
            matches!(
                error,
                Some(Error::InvalidCertificate(_) | Error::AlertReceived(_))
            )
        }
    }
}

/// What is wrong with TLS at `address`, whose name is `host`, when the authorities in `ca` are trusted, or those of the
/// system. `None` if a Kafka answers like that.
pub(super) fn encrypted(address: SocketAddr, host: &str, ca: Option<&str>) -> Option<Trouble> {
    let error = match shake_hands(address, host, roots(ca)) {
        Ok(Some(answer)) if is_kafka(answer) => return None,
        Ok(Some(_)) => return Some(Trouble::NotKafka),
        Ok(None) => return Some(Trouble::Closed),
        Err(error) => error,
    };
    if let Some(error) = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
        return of_tls(error);
    }
    match first_bytes(address) {
        Ok(Some(answer)) if is_kafka(answer) => Some(Trouble::NoTls),
        Ok(Some(answer)) if answer[..2] != [0x15, 0x03] => Some(Trouble::NotKafka),
        _ if error.kind() == io::ErrorKind::WouldBlock || error.kind() == io::ErrorKind::TimedOut => {
            Some(Trouble::Silent)
        }
        _ => Some(Trouble::Closed),
    }
}

fn roots(ca: Option<&str>) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    let certificates: Vec<CertificateDer<'static>> = match ca {
        Some(ca) => CertificateDer::pem_slice_iter(ca.as_bytes()).flatten().collect(),
        None => rustls_native_certs::load_native_certs().certs,
    };
    roots.add_parsable_certificates(certificates);
    roots
}

/// Agrees on TLS, and asks as [`first_bytes`] does. In TLS 1.3 a server refuses a certificate that it has not seen only
/// after that.
fn shake_hands(address: SocketAddr, host: &str, roots: RootCertStore) -> io::Result<Option<[u8; 8]>> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
    let mut connection = ClientConnection::new(Arc::new(config), name).map_err(io::Error::other)?;
    let mut stream = connect(address)?;
    while connection.is_handshaking() {
        connection.complete_io(&mut stream)?;
    }
    ask(&mut rustls::Stream::new(&mut connection, &mut stream))
}

fn of_tls(error: &Error) -> Option<Trouble> {
    use AlertDescription as Alert;
    use CertificateError as Certificate;
    Some(match error {
        Error::InvalidCertificate(Certificate::Expired | Certificate::ExpiredContext { .. }) => {
            Trouble::Expired
        }
        Error::InvalidCertificate(Certificate::NotValidYet | Certificate::NotValidYetContext { .. }) => {
            Trouble::NotYetValid
        }
        Error::InvalidCertificate(
            Certificate::NotValidForName | Certificate::NotValidForNameContext { .. },
        ) => Trouble::OtherName,
        Error::InvalidCertificate(_) => Trouble::NotTrusted,
        Error::AlertReceived(
            Alert::CertificateRequired | Alert::BadCertificate | Alert::UnknownCA | Alert::CertificateUnknown,
        ) => Trouble::ClientCertificate { sent: false },
        Error::AlertReceived(
            Alert::HandshakeFailure | Alert::ProtocolVersion | Alert::InsufficientSecurity,
        ) => Trouble::NoCommonTls,
        Error::InvalidMessage(_) => Trouble::NoTls,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    /// A server that reads a little, answers with `answer` and closes, for three connections.
    fn server(answer: &'static [u8]) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for stream in listener.incoming().take(3) {
                let mut stream = stream.unwrap();
                let _ = stream.read(&mut [0; 512]);
                let _ = stream.write_all(answer);
            }
        });
        address
    }

    #[test]
    fn what_stands_behind_a_port_is_known_by_its_first_bytes() {
        assert_eq!(plain(server(b"\0\0\0\x0aAuro\0\0\0\0\0\0")), None);
        assert_eq!(
            plain(server(b"HTTP/1.1 400 Bad Request\r\n\r\nsecret")),
            Some(Trouble::NotKafka)
        );
        assert_eq!(
            plain(server(b"\x15\x03\x03\0\x02\x02\x46")),
            Some(Trouble::WantsTls)
        );
        assert_eq!(plain(server(b"")), Some(Trouble::Closed));
        assert_eq!(
            encrypted(server(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "localhost", None),
            Some(Trouble::NoTls)
        );
        assert_eq!(encrypted(server(b""), "localhost", None), Some(Trouble::Closed));
    }

    #[test]
    fn a_server_that_waits_is_silent() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        assert_eq!(plain(listener.local_addr().unwrap()), Some(Trouble::Silent));
    }
}
