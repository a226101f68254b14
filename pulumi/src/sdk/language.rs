//! The server through which the engine runs a program: `pulumirpc.LanguageRuntime`, as far as it is asked.
//!
//! With `pulumi up --client=HOST:PORT` the engine calls this server instead of starting a plugin, which is what the
//! Automation API's inline programs do as well. The messages are written out by hand, since the protocol's crate leaves
//! them out; their numbers are those of `sdk/proto/pulumi/language.proto`.

use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pulumi_gestalt_proto::pulumi::pulumirpc::{PluginDependency, PluginInfo};
use tokio::net::TcpListener;
use tonic::body::Body;
use tonic::codegen::http;
use tonic::server::{Grpc, NamedService, UnaryService};
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;

/// What the engine asks us to run.
#[derive(Clone, PartialEq, prost::Message)]
pub struct RunRequest {
    /// The project's name.
    #[prost(string, tag = "1")]
    pub project: String,
    /// The stack's name.
    #[prost(string, tag = "2")]
    pub stack: String,
    /// The folder that the project is in.
    #[prost(string, tag = "3")]
    pub pwd: String,
    /// The program's arguments, of which the first is the engine's address.
    #[prost(string, repeated, tag = "5")]
    pub args: Vec<String>,
    /// The stack's configuration, secrets in plain text.
    #[prost(map = "string, string", tag = "6")]
    pub config: HashMap<String, String>,
    /// Whether this is a preview.
    #[prost(bool, tag = "7")]
    pub dry_run: bool,
    /// Where resources are registered.
    #[prost(string, tag = "9")]
    pub monitor_address: String,
    /// Which of the configuration's keys are secret.
    #[prost(string, repeated, tag = "11")]
    pub config_secret_keys: Vec<String>,
}

/// How it went.
#[derive(Clone, PartialEq, prost::Message)]
struct RunResponse {
    #[prost(string, tag = "1")]
    error: String,
    /// The reason has been said already.
    #[prost(bool, tag = "2")]
    bail: bool,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Empty {}

#[derive(Clone, PartialEq, prost::Message)]
struct RequiredPackages {
    #[prost(message, repeated, tag = "1")]
    packages: Vec<PackageDependency>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct PackageDependency {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    kind: String,
    #[prost(string, tag = "3")]
    version: String,
    #[prost(string, tag = "4")]
    server: String,
}

#[derive(Clone, PartialEq, prost::Message)]
struct RequiredPlugins {
    #[prost(message, repeated, tag = "1")]
    plugins: Vec<PluginDependency>,
}

/// How a program ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// All is registered.
    Well,
    /// It failed, and the engine has said why.
    SaidAlready,
    /// It failed for this reason.
    Badly(String),
}

/// A program that an engine can run, again and again.
pub trait RunProgram: Send + Sync + 'static {
    /// Runs it once.
    fn run(&self, request: RunRequest) -> Pin<Box<dyn Future<Output = Ended> + Send + '_>>;
    /// The providers that it needs: versions, by package.
    fn providers(&self) -> BTreeMap<String, String>;
}

/// Serves `program` at a port of loopback until dropped; its address.
#[derive(Debug)]
pub struct LanguageServer {
    address: SocketAddr,
    task: tokio::task::JoinHandle<()>,
}

impl LanguageServer {
    /// Begins to serve.
    pub async fn start(program: Arc<dyn RunProgram>) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let incoming = tonic::transport::server::TcpIncoming::from(listener).with_nodelay(Some(true));
        let service = LanguageRuntime { program };
        let task = tokio::spawn(async move {
            let served = tonic::transport::Server::builder()
                .add_service(service)
                .serve_with_incoming(incoming);
            if let Err(error) = served.await {
                tracing::error!(%error, "the engine cannot reach the program any more");
            }
        });
        Ok(Self { address, task })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for LanguageServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The service as tonic's router takes it.
#[derive(Clone)]
struct LanguageRuntime {
    program: Arc<dyn RunProgram>,
}

impl NamedService for LanguageRuntime {
    const NAME: &'static str = "pulumirpc.LanguageRuntime";
}

type Reply<T> = Pin<Box<dyn Future<Output = Result<Response<T>, Status>> + Send>>;

/// One method: a function from its message to its answer.
struct Method<F>(F);

impl<F, M, R> UnaryService<M> for Method<F>
where
    F: Fn(M) -> Reply<R>,
    M: prost::Message,
    R: prost::Message,
{
    type Response = R;
    type Future = Reply<R>;

    fn call(&mut self, request: Request<M>) -> Self::Future {
        (self.0)(request.into_inner())
    }
}

impl LanguageRuntime {
    async fn answer<M, R, F>(method: F, request: http::Request<Body>) -> http::Response<Body>
    where
        F: Fn(M) -> Reply<R> + Send + Sync,
        M: prost::Message + Default + Send + Sync + 'static,
        R: prost::Message + Default + Send + Sync + 'static,
    {
        Grpc::new(ProstCodec::<R, M>::default())
            .unary(Method(method), request)
            .await
    }

    fn run(&self) -> impl Fn(RunRequest) -> Reply<RunResponse> + Send + Sync + use<> {
        let program = self.program.clone();
        move |request| {
            let program = program.clone();
            Box::pin(async move {
                let (error, bail) = match program.run(request).await {
                    Ended::Well => (String::new(), false),
                    Ended::SaidAlready => (String::new(), true),
                    Ended::Badly(reason) => (reason, false),
                };
                Ok(Response::new(RunResponse { error, bail }))
            })
        }
    }

    fn packages(&self) -> impl Fn(Empty) -> Reply<RequiredPackages> + Send + Sync + use<> {
        let providers = self.program.providers();
        move |_| {
            let packages = providers.iter().map(|(name, version)| PackageDependency {
                name: name.clone(),
                kind: "resource".to_owned(),
                version: version.clone(),
                server: String::new(),
            });
            let packages = packages.collect();
            Box::pin(async move { Ok(Response::new(RequiredPackages { packages })) })
        }
    }

    fn plugins(&self) -> impl Fn(Empty) -> Reply<RequiredPlugins> + Send + Sync + use<> {
        let providers = self.program.providers();
        move |_| {
            let plugins = providers.iter().map(|(name, version)| PluginDependency {
                name: name.clone(),
                kind: "resource".to_owned(),
                version: version.clone(),
                ..PluginDependency::default()
            });
            let plugins = plugins.collect();
            Box::pin(async move { Ok(Response::new(RequiredPlugins { plugins })) })
        }
    }
}

impl tower_service::Service<http::Request<Body>> for LanguageRuntime {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let this = self.clone();
        Box::pin(async move {
            let method = request
                .uri()
                .path()
                .rsplit('/')
                .next()
                .unwrap_or_default()
                .to_owned();
            Ok(match method.as_str() {
                "Run" => Self::answer(this.run(), request).await,
                "GetRequiredPackages" => Self::answer(this.packages(), request).await,
                "GetRequiredPlugins" => Self::answer(this.plugins(), request).await,
                "GetPluginInfo" => Self::answer(plugin_info, request).await,
                _ => Status::unimplemented(format!("{method} is not needed to run a program of Aurora"))
                    .into_http(),
            })
        })
    }
}

fn plugin_info(_: Empty) -> Reply<PluginInfo> {
    let info = PluginInfo {
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    Box::pin(async move { Ok(Response::new(info)) })
}
