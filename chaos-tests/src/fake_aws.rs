//! A stand-in of Pulumi's aws provider: the real engine talks to it as to the real one, and nothing leaves the machine.
//!
//! It remembers what was made ([`World`]) and behaves like AWS where that matters to a deployment: what others refer to cannot
//! be deleted, what is not there cannot be referred to, some changes need a replacement, names that are taken are refused. Each
//! operation can be made to fail, or to stand still. What it does not do is check values; what it was given can be
//! ([`World::everything`]).
//!
//! The engine finds it by `PULUMI_DEBUG_PROVIDERS=aws:PORT`.

mod ec2;
mod provider;
mod world;

use std::sync::Arc;

use anyhow::Result;
use parking_lot::Mutex;
use pulumi_gestalt_proto::pulumi::pulumirpc::resource_provider_server::ResourceProviderServer;
use tokio::net::TcpListener;

pub use world::{Done, Fault, World};

/// A provider that serves until it is dropped.
#[derive(Debug)]
pub struct FakeAws {
    port: u16,
    world: Arc<Mutex<World>>,
    task: tokio::task::JoinHandle<()>,
}

impl FakeAws {
    /// Begins to serve an empty account.
    pub async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let world = Arc::new(Mutex::new(World::default()));
        let provider = provider::Provider::new(world.clone());
        let incoming = tonic::transport::server::TcpIncoming::from(listener).with_nodelay(Some(true));
        let service = ResourceProviderServer::new(provider);
        let task = tokio::spawn(async move {
            let server = tonic::transport::Server::builder().add_service(service);
            if let Err(error) = server.serve_with_incoming(incoming).await {
                eprintln!("the stand-in of AWS has ended: {error}");
            }
        });
        Ok(Self { port, world, task })
    }

    /// What tells the engine about it.
    pub fn variable(&self) -> (&'static str, String) {
        ("PULUMI_DEBUG_PROVIDERS", format!("aws:{}", self.port))
    }

    /// Where EC2 knows what `emulator` knows, and the machines that are there. It ends with the test.
    pub async fn ec2_before(&self, emulator: &str) -> Result<String> {
        ec2::serve(self.world.clone(), emulator.to_owned()).await
    }

    /// The account.
    pub fn world(&self) -> parking_lot::MutexGuard<'_, World> {
        self.world.lock()
    }
}

impl Drop for FakeAws {
    fn drop(&mut self) {
        self.task.abort();
    }
}
