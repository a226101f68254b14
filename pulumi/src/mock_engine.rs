//! A stand-in of Pulumi's engine for unit tests: it takes every registration, and answers as a provider might.
//!
//! The real engine, with a provider of ours, is in `chaos-tests/tests/deploy`.

use std::collections::BTreeMap;
use std::sync::Arc;

use prost_types::value::Kind as WireKind;
use prost_types::{ListValue, Struct};
use pulumi_gestalt_proto::pulumi::pulumirpc::engine_server::{Engine as EngineService, EngineServer};
use pulumi_gestalt_proto::pulumi::pulumirpc::resource_monitor_server::{
    ResourceMonitor, ResourceMonitorServer,
};
use pulumi_gestalt_proto::pulumi::pulumirpc::{
    CallResponse, Callback, GetRootResourceRequest, GetRootResourceResponse, InvokeResponse, LogRequest,
    ReadResourceRequest, ReadResourceResponse, RegisterErrorHookRequest, RegisterPackageRequest,
    RegisterPackageResponse, RegisterResourceHookRequest, RegisterResourceOutputsRequest,
    RegisterResourceRequest, RegisterResourceResponse, RequirePulumiVersionRequest,
    RequirePulumiVersionResponse, ResourceCallRequest, ResourceInvokeRequest, Result as Outcome,
    SetRootResourceRequest, SetRootResourceResponse, StartDebuggingRequest, SupportsFeatureRequest,
    SupportsFeatureResponse,
};
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use tonic::{Request, Response, Status};

use crate::schema;
use crate::sdk::{Engine, Program, RunError, RunSettings, Value, run};

/// What an engine was told.
#[derive(Debug, Default)]
pub(crate) struct Recorded {
    /// By type and name.
    pub(crate) registrations: BTreeMap<(String, String), RegisterResourceRequest>,
    pub(crate) invocations: Vec<String>,
    pub(crate) outputs: BTreeMap<String, BTreeMap<String, Value>>,
}

impl Recorded {
    /// The first registration with this name.
    pub(crate) fn registration(&self, name: &str) -> &RegisterResourceRequest {
        let mut all = self.registrations.iter();
        let found = all.find(|((_, of), _)| of == name);
        found
            .map(|(_, request)| request)
            .unwrap_or_else(|| panic!("{name} was not registered"))
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.registrations.keys().any(|(_, of)| of == name)
    }
}

/// How it answers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Behaviour {
    /// Whether ids and outputs are known.
    pub(crate) dry_run: bool,
    /// The resource that cannot be made.
    pub(crate) failing: Option<String>,
}

#[derive(Clone)]
struct Mock {
    behaviour: Behaviour,
    recorded: Arc<Mutex<Recorded>>,
}

/// Runs `program`, and says what the engine was told.
pub(crate) async fn record(program: &Program, behaviour: Behaviour) -> (Recorded, Result<(), RunError>) {
    let mock = Mock {
        behaviour: behaviour.clone(),
        recorded: Arc::default(),
    };
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port of loopback");
    let address = listener.local_addr().expect("it is bound").to_string();
    let served = tonic::transport::Server::builder()
        .add_service(ResourceMonitorServer::new(mock.clone()))
        .add_service(EngineServer::new(mock.clone()))
        .serve_with_incoming(tonic::transport::server::TcpIncoming::from(listener).with_nodelay(Some(true)));
    let task = tokio::spawn(served);
    let engine = Engine::connect(&address, &address).await.expect("it listens");
    let settings = RunSettings {
        project: "aurora".to_owned(),
        stack: "test".to_owned(),
        dry_run: behaviour.dry_run,
        versions: BTreeMap::from([("aws".to_owned(), schema::AWS_VERSION.to_owned())]),
    };
    let result = run(program, &engine, &settings).await;
    task.abort();
    let recorded = std::mem::take(&mut *mock.recorded.lock().await);
    (recorded, result)
}

fn text(text: String) -> prost_types::Value {
    prost_types::Value {
        kind: Some(WireKind::StringValue(text)),
    }
}

fn texts(all: &[&str]) -> prost_types::Value {
    prost_types::Value {
        kind: Some(WireKind::ListValue(ListValue {
            values: all.iter().map(|one| text((*one).to_owned())).collect(),
        })),
    }
}

/// What AWS wants to see in the zones of a certificate's two names.
fn proofs() -> prost_types::Value {
    let proof = |name: &str| {
        let field = |key: &str, value: String| (key.to_owned(), Value::Text(value));
        Value::Map(BTreeMap::from([
            field("resourceRecordName", format!("_proof.{name}")),
            field("resourceRecordType", "CNAME".to_owned()),
            field("resourceRecordValue", format!("_proof-of-{name}")),
        ]))
    };
    Value::List(vec![proof("web"), proof("grafana")]).to_wire()
}

#[tonic::async_trait]
impl ResourceMonitor for Mock {
    async fn register_resource(
        &self,
        request: Request<RegisterResourceRequest>,
    ) -> Result<Response<RegisterResourceResponse>, Status> {
        let request = request.into_inner();
        let mut recorded = self.recorded.lock().await;
        let urn = format!("urn:pulumi:test::aurora::{}::{}", request.r#type, request.name);
        let mut object = request.object.clone().unwrap_or_default();
        let name = request.name.clone();
        let id = match request.r#type.as_str() {
            _ if !request.custom || self.behaviour.dry_run => String::new(),
            // Machines look closely at what they are told.
            "aws:ebs/volume:Volume" => "vol-0123456789abcdef0".to_owned(),
            _ => format!("{name}-id"),
        };
        if !self.behaviour.dry_run {
            for (output, value) in schema::aws().made_up_outputs(&request.r#type, &name) {
                object.fields.entry(output).or_insert_with(|| value.to_wire());
            }
            if request.r#type == "aws:acm/certificate:Certificate" {
                object
                    .fields
                    .insert("domainValidationOptions".to_owned(), proofs());
            }
        }
        let result = match &self.behaviour.failing {
            Some(failing) if *failing == name => Outcome::Fail,
            _ => Outcome::Success,
        };
        recorded
            .registrations
            .insert((request.r#type.clone(), name), request);
        Ok(Response::new(RegisterResourceResponse {
            urn,
            id,
            object: Some(object),
            result: result.into(),
            ..RegisterResourceResponse::default()
        }))
    }

    async fn invoke(
        &self,
        request: Request<ResourceInvokeRequest>,
    ) -> Result<Response<InvokeResponse>, Status> {
        let ResourceInvokeRequest { tok, .. } = request.into_inner();
        self.recorded.lock().await.invocations.push(tok.clone());
        let fields = match tok.split(':').nth(1) {
            Some("index/getAvailabilityZones") => vec![(
                "names",
                texts(&["eu-central-1a", "eu-central-1b", "eu-central-1c"]),
            )],
            Some("index/getCallerIdentity") => vec![("accountId", text("123456789012".to_owned()))],
            Some("index/getPartition") => vec![("partition", text("aws".to_owned()))],
            Some("ec2/getAmi") => vec![("id", text("ami-0123456789abcdef0".to_owned()))],
            Some("route53/getZone") => vec![("zoneId", text("Z0123456789".to_owned()))],
            _ => return Err(Status::not_found(format!("no function {tok}"))),
        };
        let fields = fields.into_iter().map(|(key, value)| (key.to_owned(), value));
        Ok(Response::new(InvokeResponse {
            r#return: Some(Struct {
                fields: fields.collect(),
            }),
            failures: Vec::new(),
        }))
    }

    async fn register_resource_outputs(
        &self,
        request: Request<RegisterResourceOutputsRequest>,
    ) -> Result<Response<()>, Status> {
        let RegisterResourceOutputsRequest { urn, outputs } = request.into_inner();
        let outputs = prost_types::Value {
            kind: Some(WireKind::StructValue(outputs.unwrap_or_default())),
        };
        let Ok(Value::Map(outputs)) = Value::from_wire(&outputs) else {
            return Err(Status::invalid_argument("outputs that are no object"));
        };
        self.recorded.lock().await.outputs.insert(urn, outputs);
        Ok(Response::new(()))
    }

    async fn supports_feature(
        &self,
        _: Request<SupportsFeatureRequest>,
    ) -> Result<Response<SupportsFeatureResponse>, Status> {
        Err(not_asked())
    }

    async fn call(&self, _: Request<ResourceCallRequest>) -> Result<Response<CallResponse>, Status> {
        Err(not_asked())
    }

    async fn read_resource(
        &self,
        _: Request<ReadResourceRequest>,
    ) -> Result<Response<ReadResourceResponse>, Status> {
        Err(not_asked())
    }

    async fn register_stack_transform(&self, _: Request<Callback>) -> Result<Response<()>, Status> {
        Err(not_asked())
    }

    async fn register_stack_invoke_transform(&self, _: Request<Callback>) -> Result<Response<()>, Status> {
        Err(not_asked())
    }

    async fn register_resource_hook(
        &self,
        _: Request<RegisterResourceHookRequest>,
    ) -> Result<Response<()>, Status> {
        Err(not_asked())
    }

    async fn register_error_hook(
        &self,
        _: Request<RegisterErrorHookRequest>,
    ) -> Result<Response<()>, Status> {
        Err(not_asked())
    }

    async fn register_package(
        &self,
        _: Request<RegisterPackageRequest>,
    ) -> Result<Response<RegisterPackageResponse>, Status> {
        Err(not_asked())
    }

    async fn signal_and_wait_for_shutdown(&self, _: Request<()>) -> Result<Response<()>, Status> {
        Err(not_asked())
    }
}

/// The SDK calls nothing else.
fn not_asked() -> Status {
    Status::unimplemented("not part of this stand-in")
}

#[tonic::async_trait]
impl EngineService for Mock {
    async fn log(&self, _: Request<LogRequest>) -> Result<Response<()>, Status> {
        Ok(Response::new(()))
    }

    async fn get_root_resource(
        &self,
        _: Request<GetRootResourceRequest>,
    ) -> Result<Response<GetRootResourceResponse>, Status> {
        Err(not_asked())
    }

    async fn set_root_resource(
        &self,
        _: Request<SetRootResourceRequest>,
    ) -> Result<Response<SetRootResourceResponse>, Status> {
        Ok(Response::new(SetRootResourceResponse {}))
    }

    async fn start_debugging(&self, _: Request<StartDebuggingRequest>) -> Result<Response<()>, Status> {
        Err(not_asked())
    }

    async fn require_pulumi_version(
        &self,
        _: Request<RequirePulumiVersionRequest>,
    ) -> Result<Response<RequirePulumiVersionResponse>, Status> {
        Err(not_asked())
    }
}
