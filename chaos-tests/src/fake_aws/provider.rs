//! The provider's side of the protocol.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aurora_pulumi::schema;
use parking_lot::Mutex;
use prost_types::value::Kind;
use prost_types::{ListValue, Struct};
use pulumi_gestalt_proto::pulumi::pulumirpc::diff_response::DiffChanges;
use pulumi_gestalt_proto::pulumi::pulumirpc::resource_provider_server::ResourceProvider;
use pulumi_gestalt_proto::pulumi::pulumirpc::{
    CallRequest, CallResponse, CheckRequest, CheckResponse, ConfigureRequest, ConfigureResponse,
    ConstructRequest, ConstructResponse, CreateRequest, CreateResponse, DeleteRequest, DiffRequest,
    DiffResponse, GetMappingRequest, GetMappingResponse, GetMappingsRequest, GetMappingsResponse,
    GetSchemaRequest, GetSchemaResponse, InvokeRequest, InvokeResponse, ParameterizeRequest,
    ParameterizeResponse, PluginAttach, PluginInfo, ProviderHandshakeRequest, ProviderHandshakeResponse,
    ReadRequest, ReadResponse, UpdateRequest, UpdateResponse,
};
use serde_json::{Value, json};
use tonic::{Request, Response, Status};

use super::world::{Fault, World};

/// Whose account it is.
const ACCOUNT: &str = "123456789012";

/// The provider.
#[derive(Debug)]
pub(super) struct Provider {
    world: Arc<Mutex<World>>,
}

impl Provider {
    pub(super) fn new(world: Arc<Mutex<World>>) -> Self {
        Self { world }
    }

    fn region(&self) -> String {
        self.world.lock().region().to_owned()
    }

    /// Fails if it has to. What stands still is done before.
    async fn suffer(
        &self,
        verb: &'static str,
        token: &str,
        name: &str,
        act: impl FnOnce(),
    ) -> Result<(), Status> {
        loop {
            let fault = self.world.lock().fault(verb, token, name);
            match fault {
                Some(Fault::Fails(message)) => return Err(Status::unknown(message)),
                Some(Fault::StandsStill) => {
                    act();
                    return std::future::pending().await;
                }
                Some(Fault::Waits) => tokio::time::sleep(Duration::from_millis(20)).await,
                None => return Ok(()),
            }
        }
    }
}

type Fields = BTreeMap<String, Value>;

fn fields(object: Option<Struct>) -> Fields {
    let object = object.unwrap_or_default();
    object
        .fields
        .into_iter()
        .map(|(key, value)| (key, json_of(value)))
        .collect()
}

fn json_of(value: prost_types::Value) -> Value {
    match value.kind {
        None | Some(Kind::NullValue(_)) => Value::Null,
        Some(Kind::BoolValue(value)) => value.into(),
        Some(Kind::NumberValue(value)) => value.into(),
        Some(Kind::StringValue(text)) => text.into(),
        Some(Kind::ListValue(list)) => list.values.into_iter().map(json_of).collect(),
        Some(Kind::StructValue(object)) => Value::Object(fields(Some(object)).into_iter().collect()),
    }
}

fn wire(value: &Value) -> prost_types::Value {
    let kind = match value {
        Value::Null => Kind::NullValue(0),
        Value::Bool(value) => Kind::BoolValue(*value),
        Value::Number(number) => Kind::NumberValue(number.as_f64().unwrap_or_default()),
        Value::String(text) => Kind::StringValue(text.clone()),
        Value::Array(values) => Kind::ListValue(ListValue {
            values: values.iter().map(wire).collect(),
        }),
        Value::Object(object) => Kind::StructValue(Struct {
            fields: object
                .iter()
                .map(|(key, value)| (key.clone(), wire(value)))
                .collect(),
        }),
    };
    prost_types::Value { kind: Some(kind) }
}

fn object(fields: &Fields) -> Option<Struct> {
    Some(Struct {
        fields: fields
            .iter()
            .map(|(key, value)| (key.clone(), wire(value)))
            .collect(),
    })
}

/// What a resource says of itself: its inputs, and what AWS makes up.
fn outputs(region: &str, token: &str, id: &str, inputs: &Fields) -> Fields {
    let mut outputs = inputs.clone();
    // Who looks at an account and a region finds them here.
    if schema::aws().has_output(token, "arn") {
        let service = token.split([':', '/']).nth(1).unwrap_or_default();
        let arn = format!("arn:aws:{service}:{region}:{ACCOUNT}:{id}");
        outputs.insert("arn".to_owned(), arn.into());
    }
    for (output, value) in schema::aws().made_up_outputs(token, id) {
        if let Some(value) = value.to_json() {
            outputs.entry(output).or_insert(value);
        }
    }
    // An address says nothing of the machine that has it.
    outputs
        .entry("privateIp".to_owned())
        .and_modify(|address| *address = "10.90.128.7".into());
    if token == "aws:acm/certificate:Certificate" {
        let proof = |name: &str| {
            json!({
                "resourceRecordName": format!("_{name}"), "resourceRecordType": "CNAME", "resourceRecordValue": format!("{id}-{name}"),
            })
        };
        outputs.insert(
            "domainValidationOptions".to_owned(),
            json!([proof("web"), proof("grafana")]),
        );
    }
    outputs
}

#[tonic::async_trait]
impl ResourceProvider for Provider {
    async fn configure(
        &self,
        request: Request<ConfigureRequest>,
    ) -> Result<Response<ConfigureResponse>, Status> {
        if let Some(Value::String(region)) = fields(request.into_inner().args).remove("region") {
            self.world.lock().set_region(region);
        }
        Ok(Response::new(ConfigureResponse {
            // Secrets come in the clear, as to most providers; the engine marks them again.
            accept_secrets: false,
            supports_preview: true,
            ..ConfigureResponse::default()
        }))
    }

    async fn check(&self, request: Request<CheckRequest>) -> Result<Response<CheckResponse>, Status> {
        Ok(Response::new(CheckResponse {
            inputs: request.into_inner().news,
            failures: Vec::new(),
        }))
    }

    async fn diff(&self, request: Request<DiffRequest>) -> Result<Response<DiffResponse>, Status> {
        let DiffRequest {
            r#type,
            old_inputs,
            news,
            ignore_changes,
            ..
        } = request.into_inner();
        let (old, new) = (fields(old_inputs), fields(news));
        let (diffs, replaces) = World::differences(&r#type, &old, &new);
        let heeded = |key: &String| !ignore_changes.contains(key);
        let diffs: Vec<String> = diffs.into_iter().filter(heeded).collect();
        let changes = if diffs.is_empty() {
            DiffChanges::DiffNone
        } else {
            DiffChanges::DiffSome
        };
        Ok(Response::new(DiffResponse {
            replaces: replaces.into_iter().filter(heeded).collect(),
            diffs,
            changes: changes.into(),
            ..DiffResponse::default()
        }))
    }

    async fn create(&self, request: Request<CreateRequest>) -> Result<Response<CreateResponse>, Status> {
        let CreateRequest {
            r#type,
            name,
            properties,
            preview,
            ..
        } = request.into_inner();
        if preview {
            return Ok(Response::new(CreateResponse {
                properties,
                ..CreateResponse::default()
            }));
        }
        let inputs = fields(properties);
        let made = || {
            // What nobody hears of is there all the same.
            let _ = self.world.lock().create(&r#type, &name, inputs.clone());
        };
        self.suffer("create", &r#type, &name, made).await?;
        let id = self
            .world
            .lock()
            .create(&r#type, &name, inputs.clone())
            .map_err(Status::unknown)?;
        Ok(Response::new(CreateResponse {
            properties: object(&outputs(&self.region(), &r#type, &id, &inputs)),
            id,
            ..CreateResponse::default()
        }))
    }

    async fn update(&self, request: Request<UpdateRequest>) -> Result<Response<UpdateResponse>, Status> {
        let UpdateRequest {
            id,
            r#type,
            name,
            news,
            preview,
            ..
        } = request.into_inner();
        let inputs = fields(news);
        if !preview {
            self.suffer("update", &r#type, &name, || {}).await?;
            self.world
                .lock()
                .update(&id, inputs.clone())
                .map_err(Status::unknown)?;
        }
        Ok(Response::new(UpdateResponse {
            properties: object(&outputs(&self.region(), &r#type, &id, &inputs)),
            ..UpdateResponse::default()
        }))
    }

    async fn read(&self, request: Request<ReadRequest>) -> Result<Response<ReadResponse>, Status> {
        let ReadRequest { id, r#type, .. } = request.into_inner();
        // An empty id says that it is gone.
        let Some(inputs) = self.world.lock().inputs_of(&id) else {
            return Ok(Response::new(ReadResponse::default()));
        };
        Ok(Response::new(ReadResponse {
            properties: object(&outputs(&self.region(), &r#type, &id, &inputs)),
            inputs: object(&inputs),
            id,
            ..ReadResponse::default()
        }))
    }

    async fn delete(&self, request: Request<DeleteRequest>) -> Result<Response<()>, Status> {
        let DeleteRequest { id, r#type, name, .. } = request.into_inner();
        self.suffer("delete", &r#type, &name, || {}).await?;
        self.world.lock().delete(&id).map_err(Status::unknown)?;
        Ok(Response::new(()))
    }

    async fn invoke(&self, request: Request<InvokeRequest>) -> Result<Response<InvokeResponse>, Status> {
        let answer = match request.into_inner().tok.as_str() {
            "aws:index/getAvailabilityZones:getAvailabilityZones" => {
                let region = self.region();
                let names = ["a", "b", "c"].map(|zone| format!("{region}{zone}"));
                json!({ "names": names })
            }
            "aws:index/getCallerIdentity:getCallerIdentity" => json!({ "accountId": ACCOUNT }),
            "aws:index/getPartition:getPartition" => json!({ "partition": "aws" }),
            "aws:ec2/getAmi:getAmi" => json!({ "id": "ami-0123456789abcdef0" }),
            "aws:route53/getZone:getZone" => json!({ "zoneId": "Z0123456789" }),
            other => return Err(Status::not_found(format!("no function {other}"))),
        };
        let Value::Object(answer) = answer else {
            return Err(Status::internal("an answer that is no object"));
        };
        Ok(Response::new(InvokeResponse {
            r#return: object(&answer.into_iter().collect()),
            failures: Vec::new(),
        }))
    }

    async fn get_plugin_info(&self, _: Request<()>) -> Result<Response<PluginInfo>, Status> {
        Ok(Response::new(PluginInfo {
            version: schema::AWS_VERSION.to_owned(),
        }))
    }

    async fn attach(&self, _: Request<PluginAttach>) -> Result<Response<()>, Status> {
        Ok(Response::new(()))
    }

    async fn cancel(&self, _: Request<()>) -> Result<Response<()>, Status> {
        Ok(Response::new(()))
    }

    async fn handshake(
        &self,
        _: Request<ProviderHandshakeRequest>,
    ) -> Result<Response<ProviderHandshakeResponse>, Status> {
        Err(not_asked())
    }

    async fn parameterize(
        &self,
        _: Request<ParameterizeRequest>,
    ) -> Result<Response<ParameterizeResponse>, Status> {
        Err(not_asked())
    }

    async fn get_schema(&self, _: Request<GetSchemaRequest>) -> Result<Response<GetSchemaResponse>, Status> {
        Err(not_asked())
    }

    async fn check_config(&self, _: Request<CheckRequest>) -> Result<Response<CheckResponse>, Status> {
        Err(not_asked())
    }

    async fn diff_config(&self, _: Request<DiffRequest>) -> Result<Response<DiffResponse>, Status> {
        Err(not_asked())
    }

    async fn call(&self, _: Request<CallRequest>) -> Result<Response<CallResponse>, Status> {
        Err(not_asked())
    }

    async fn construct(&self, _: Request<ConstructRequest>) -> Result<Response<ConstructResponse>, Status> {
        Err(not_asked())
    }

    async fn get_mapping(
        &self,
        _: Request<GetMappingRequest>,
    ) -> Result<Response<GetMappingResponse>, Status> {
        Err(not_asked())
    }

    async fn get_mappings(
        &self,
        _: Request<GetMappingsRequest>,
    ) -> Result<Response<GetMappingsResponse>, Status> {
        Err(not_asked())
    }
}

/// The engine does without these.
fn not_asked() -> Status {
    Status::unimplemented("not part of this stand-in")
}
