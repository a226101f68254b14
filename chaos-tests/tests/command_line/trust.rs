//! Whom the command line trusts: a load balancer may show a certificate that a deployment has signed itself.

use std::net::Ipv4Addr;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use aurora_chaos_tests::sandbox::Sandbox;
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::{Bench, require_failure};

/// What ends TLS in front of `upstream`, with a certificate for localhost that it has signed itself: its address, and the
/// certificate.
async fn in_front_of(upstream: String) -> Result<(String, String)> {
    let key = rcgen::KeyPair::generate()?;
    let certificate = rcgen::CertificateParams::new(["localhost".to_owned()])?.self_signed(&key)?;
    let private = PrivateKeyDer::try_from(key.serialize_der()).map_err(anyhow::Error::msg)?;
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)?;
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = format!("https://localhost:{}", listener.local_addr()?.port());
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let (acceptor, upstream) = (acceptor.clone(), upstream.clone());
            tokio::spawn(async move {
                // Who does not trust the certificate ends the connection.
                let mut client = acceptor.accept(client).await?;
                let mut node = TcpStream::connect(upstream).await?;
                copy_bidirectional(&mut client, &mut node).await
            });
        }
    });
    Ok((address, certificate.pem()))
}

#[tokio::test]
async fn a_certificate_that_nobody_else_has_signed_is_trusted_by_name() -> Result<()> {
    Sandbox::run("cli-trust", async |sandbox| {
        let bench = Bench::start(sandbox).await?;
        let node = bench
            .node
            .api()
            .base()
            .strip_prefix("http://")
            .context("a node")?;
        let (address, certificate) = in_front_of(node.to_owned()).await?;
        let (own, other, none) = (
            bench.path("own.pem"),
            bench.path("other.pem"),
            bench.path("none.pem"),
        );
        std::fs::write(&own, certificate)?;
        std::fs::write(&other, in_front_of(node.to_owned()).await?.1)?;
        std::fs::write(&none, "no certificate")?;
        let ask = async |ca: Option<&std::path::Path>| {
            let mut command = bench
                .command_to(
                    &address,
                    &["sql", "SELECT count() FROM parcels", "--format", "csv"],
                )
                .await?;
            if let Some(ca) = ca {
                command.env("AURORA_NODE_CA", ca);
            }
            bench.run_with(command, "").await
        };
        require_failure(&ask(None).await?, &["not trusted", "--node-ca"])?;
        require_failure(&ask(Some(&other)).await?, &["not trusted"])?;
        require_failure(&ask(Some(&none)).await?, &["there is no certificate in"])?;
        let counted = ask(Some(&own)).await?;
        ensure!(
            counted.status.success() && String::from_utf8_lossy(&counted.stdout).contains("3000"),
            "{counted:?}"
        );
        Ok(())
    })
    .await
}
