//! The engine's side, as far as a program needs it.

use std::collections::BTreeMap;
use std::time::Duration;

use pulumi_gestalt_proto::pulumi::pulumirpc::{
    RegisterResourceOutputsRequest, RegisterResourceRequest, RegisterResourceResponse, ResourceInvokeRequest,
    SetRootResourceRequest, engine_client::EngineClient, resource_monitor_client::ResourceMonitorClient,
};
use tonic::Status;
use tonic::transport::{Channel, Endpoint};

use super::value::{Value, from_struct, to_struct};

/// How long it may take to reach the engine, which is on this machine.
const CONNECT_LIMIT: Duration = Duration::from_secs(20);
/// Most bytes of one message from the engine.
const MAX_MESSAGE_BYTES: usize = 64 << 20;

/// A connection to the engine that runs a program. Clones share it.
#[derive(Debug, Clone)]
pub struct Engine {
    monitor: ResourceMonitorClient<Channel>,
    engine: EngineClient<Channel>,
}

impl Engine {
    /// Connects to a resource monitor and an engine, both `HOST:PORT`.
    pub async fn connect(monitor: &str, engine: &str) -> Result<Self, tonic::transport::Error> {
        let channel = async |address: &str| {
            let endpoint = Endpoint::from_shared(format!("http://{address}"))?;
            endpoint.connect_timeout(CONNECT_LIMIT).connect().await
        };
        let monitor = ResourceMonitorClient::new(channel(monitor).await?);
        Ok(Self {
            monitor: monitor.max_decoding_message_size(MAX_MESSAGE_BYTES),
            engine: EngineClient::new(channel(engine).await?),
        })
    }

    pub(super) async fn register(
        &self,
        request: RegisterResourceRequest,
    ) -> Result<RegisterResourceResponse, Status> {
        Ok(self
            .monitor
            .clone()
            .register_resource(request)
            .await?
            .into_inner())
    }

    /// Makes `urn` the one that all resources without a parent belong to.
    pub(super) async fn set_root(&self, urn: &str) -> Result<(), Status> {
        let request = SetRootResourceRequest { urn: urn.to_owned() };
        self.engine.clone().set_root_resource(request).await.map(drop)
    }

    pub(super) async fn register_outputs(
        &self,
        urn: &str,
        outputs: &BTreeMap<String, Value>,
    ) -> Result<(), Status> {
        let request = RegisterResourceOutputsRequest {
            urn: urn.to_owned(),
            outputs: Some(to_struct(outputs)),
        };
        self.monitor
            .clone()
            .register_resource_outputs(request)
            .await
            .map(drop)
    }

    /// Asks a provider. The error is a status, or what the provider found wrong with the arguments.
    pub(super) async fn invoke(
        &self,
        token: &str,
        arguments: &BTreeMap<String, Value>,
        provider: &str,
        version: &str,
    ) -> Result<BTreeMap<String, Value>, InvokeError> {
        let request = ResourceInvokeRequest {
            tok: token.to_owned(),
            args: Some(to_struct(arguments)),
            provider: provider.to_owned(),
            version: version.to_owned(),
            ..ResourceInvokeRequest::default()
        };
        let response = self.monitor.clone().invoke(request).await?.into_inner();
        if let Some(failure) = response.failures.first() {
            return Err(InvokeError::Arguments(format!(
                "{}: {}",
                failure.property, failure.reason
            )));
        }
        Ok(from_struct(&response.r#return.unwrap_or_default())?)
    }
}

/// Why a question to a provider was not answered.
#[derive(Debug, thiserror::Error)]
pub(super) enum InvokeError {
    #[error("{}", .0.message())]
    Status(#[from] Status),
    #[error("{0}")]
    Arguments(String),
    #[error(transparent)]
    Wire(#[from] super::WireError),
}
