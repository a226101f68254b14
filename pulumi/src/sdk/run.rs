//! Carries a program to the engine.
//!
//! Every declaration is registered as soon as all that it needs is there, so that what does not wait for each other is
//! made side by side. The dependencies that the engine is told are those of the program: a teardown goes the other way
//! round, and needs them exactly.

use std::collections::BTreeMap;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use pulumi_gestalt_proto::pulumi::pulumirpc::{
    Alias, RegisterResourceRequest, RegisterResourceResponse, Result as Outcome,
    alias::{self, Spec},
    register_resource_request::{CustomTimeouts, PropertyDependencies},
};
use tonic::{Code, Status};

use super::graph::{Dependencies, Graph, ProgramError};
use super::monitor::{Engine, InvokeError};
use super::program::{Declaration, Kind, Program, Reference, STACK_TYPE, Step, Timeouts, What};
use super::value::{UNKNOWN, Value, WireError, from_struct, to_struct};

/// What a run is about.
#[derive(Debug, Clone, Default)]
pub struct RunSettings {
    /// The project's name.
    pub project: String,
    /// The stack's name.
    pub stack: String,
    /// Whether this is a preview.
    pub dry_run: bool,
    /// Versions of providers, by package.
    pub versions: BTreeMap<String, String>,
}

/// Why a program could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// It is wrong as such.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// The engine refused a declaration, or a provider a question.
    #[error("{token} {name:?}: {reason}")]
    Refused {
        /// Its type.
        token: String,
        /// Its name.
        name: String,
        /// Why.
        reason: String,
    },
    /// A resource could not be made or changed. The engine has said why, to whoever runs it.
    #[error("{name:?} could not be made; the reason is in the engine's own messages")]
    Failed {
        /// The resource's name.
        name: String,
    },
    /// The stack's exports could not be worked out.
    #[error("the export {name:?}: {reason}")]
    Export {
        /// Its name.
        name: String,
        /// Why.
        reason: String,
    },
    /// The engine could not be told what belongs to the stack as such.
    #[error("the engine: {}", .0.message())]
    Engine(#[from] Status),
}

impl RunError {
    /// Whether whoever runs the engine knows the reason already.
    pub fn is_said_already(&self) -> bool {
        matches!(self, Self::Failed { .. })
    }

    /// This one, unless an earlier one says more: what fails because something else has says less than that.
    fn or_earlier(self, earlier: Option<Self>) -> Self {
        match earlier {
            Some(earlier) if !earlier.is_said_already() => earlier,
            _ => self,
        }
    }
}

/// What a declaration brought.
#[derive(Debug, Clone, Default)]
struct Brought {
    urn: String,
    /// Empty when it is not known yet, or when there is none.
    id: String,
    outputs: BTreeMap<String, Value>,
    /// Set when nothing of it is known: a question that could not be asked in a preview.
    unknown: bool,
}

/// Registers all that `program` declares.
pub async fn run(program: &Program, engine: &Engine, settings: &RunSettings) -> Result<(), RunError> {
    let graph = Graph::of(program)?;
    let stack = register_stack(engine, settings).await?;
    let run = Run {
        program,
        graph: &graph,
        engine,
        settings,
        stack: &stack,
    };
    let brought = run.all().await?;
    for (declaration, brought) in program.declarations().iter().zip(&brought) {
        if declaration.kind == Kind::Component {
            engine.register_outputs(&brought.urn, &BTreeMap::new()).await?;
        }
    }
    let look = |reference: &Reference| look_up(reference, &brought, settings.dry_run);
    let mut exports = BTreeMap::new();
    for (name, input) in program.exports() {
        let value = input.resolve(&look).map_err(|reason| RunError::Export {
            name: name.clone(),
            reason,
        })?;
        exports.insert(name.clone(), value);
    }
    Ok(engine.register_outputs(&stack, &exports).await?)
}

/// Registers the stack as the root of all resources; its URN.
async fn register_stack(engine: &Engine, settings: &RunSettings) -> Result<String, RunError> {
    let request = RegisterResourceRequest {
        r#type: STACK_TYPE.to_owned(),
        name: format!("{}-{}", settings.project, settings.stack),
        ..RegisterResourceRequest::default()
    };
    let urn = engine.register(request).await?.urn;
    engine.set_root(&urn).await?;
    Ok(urn)
}

struct Run<'a> {
    program: &'a Program,
    graph: &'a Graph,
    engine: &'a Engine,
    settings: &'a RunSettings,
    stack: &'a str,
}

impl Run<'_> {
    /// What each declaration brought, in the program's order. After the first failure nothing more is begun, and what
    /// is under way is waited for: the engine knows of it.
    async fn all(&self) -> Result<Vec<Brought>, RunError> {
        let count = self.program.declarations().len();
        let needed_by = self.graph.needed_by();
        let mut missing: Vec<usize> = self.graph.needs.iter().map(|needs| needs.len()).collect();
        let mut brought: Vec<Brought> = vec![Brought::default(); count];
        let mut ready: Vec<usize> = (0..count).filter(|index| missing[*index] == 0).collect();
        let mut under_way = FuturesUnordered::new();
        let mut failure: Option<RunError> = None;
        loop {
            for index in ready.drain(..) {
                match self.begin(index, &brought) {
                    Ok(_) if failure.is_some() => {}
                    Ok(begun) => under_way.push(begun),
                    Err(error) => failure = Some(error.or_earlier(failure)),
                }
            }
            let Some((index, result)) = under_way.next().await else {
                break;
            };
            match result {
                Ok(result) => brought[index] = result,
                Err(error) => {
                    failure = Some(error.or_earlier(failure));
                    continue;
                }
            }
            for other in &needed_by[index] {
                missing[*other] -= 1;
                if missing[*other] == 0 {
                    ready.push(*other);
                }
            }
        }
        failure.map_or(Ok(brought), Err)
    }

    /// One declaration on its way, all that it needs being there.
    fn begin<'s>(
        &'s self,
        index: usize,
        brought: &[Brought],
    ) -> Result<impl Future<Output = (usize, Result<Brought, RunError>)> + use<'s>, RunError> {
        let declaration = &self.program.declarations()[index];
        let look = |reference: &Reference| look_up(reference, brought, self.settings.dry_run);
        let inputs = declaration.inputs.iter().map(|(key, input)| {
            let value = input
                .resolve(&look)
                .map_err(|reason| refused(declaration, &format!("{key}: {reason}")))?;
            Ok((key.clone(), value))
        });
        let inputs: BTreeMap<String, Value> = inputs.collect::<Result<_, RunError>>()?;
        let provider = self
            .program
            .provider_of(index)
            .map(|provider| provider_reference(&brought[provider]));
        let provider = provider.unwrap_or_default();
        let request = match declaration.kind {
            Kind::Function => None,
            _ => Some(self.request(index, &inputs, provider.clone(), brought)),
        };
        Ok(async move {
            let result = match request {
                Some(request) => self.register(declaration, request).await,
                None => self.ask(declaration, inputs, &provider).await,
            };
            (index, result)
        })
    }

    fn request(
        &self,
        index: usize,
        inputs: &BTreeMap<String, Value>,
        provider: String,
        brought: &[Brought],
    ) -> RegisterResourceRequest {
        let declaration = &self.program.declarations()[index];
        let options = &declaration.options;
        let Dependencies { all, of_inputs } = self.graph.dependencies(self.program, index);
        let urns = |indices: &std::collections::BTreeSet<usize>| -> Vec<String> {
            indices.iter().map(|index| brought[*index].urn.clone()).collect()
        };
        let of_inputs = of_inputs
            .iter()
            .filter(|(key, _)| inputs.get(*key) != Some(&Value::Null));
        RegisterResourceRequest {
            r#type: declaration.token.clone(),
            name: declaration.name.clone(),
            parent: options
                .parent
                .map_or(self.stack, |parent| &brought[parent.0].urn)
                .to_owned(),
            custom: declaration.kind == Kind::Resource,
            object: Some(to_struct(inputs)),
            protect: Some(options.protect),
            dependencies: urns(&all),
            property_dependencies: of_inputs
                .map(|(key, sources)| (key.clone(), PropertyDependencies { urns: urns(sources) }))
                .collect(),
            provider,
            version: self.version(&declaration.token),
            delete_before_replace: options.delete_before_replace,
            delete_before_replace_defined: options.delete_before_replace,
            ignore_changes: options.ignore_changes.clone(),
            replace_on_changes: options.replace_on_changes.clone(),
            additional_secret_outputs: options.secret_outputs.clone(),
            retain_on_delete: options.retain_on_delete.then_some(true),
            aliases: options.former_names.iter().map(|name| former(name)).collect(),
            alias_specs: true,
            custom_timeouts: timeouts(&options.timeouts),
            accept_secrets: true,
            supports_partial_values: true,
            supports_result_reporting: true,
            ..RegisterResourceRequest::default()
        }
    }

    async fn register(
        &self,
        declaration: &Declaration,
        request: RegisterResourceRequest,
    ) -> Result<Brought, RunError> {
        let failed = || RunError::Failed {
            name: declaration.name.clone(),
        };
        let response = match self.engine.register(request).await {
            Ok(response) => response,
            // The engine shuts its monitor when a resource has failed: it has told why.
            Err(status) if matches!(status.code(), Code::Unavailable | Code::Cancelled) => {
                return Err(failed());
            }
            Err(status) => return Err(refused(declaration, status.message())),
        };
        if response.result != i32::from(Outcome::Success) {
            return Err(failed());
        }
        let RegisterResourceResponse { urn, id, object, .. } = response;
        let outputs = from_struct(&object.unwrap_or_default());
        let outputs = outputs.map_err(|error: WireError| refused(declaration, &error.to_string()))?;
        Ok(Brought {
            urn,
            id,
            outputs,
            unknown: false,
        })
    }

    async fn ask(
        &self,
        declaration: &Declaration,
        arguments: BTreeMap<String, Value>,
        provider: &str,
    ) -> Result<Brought, RunError> {
        // A provider cannot be asked about what is not there yet.
        if arguments.values().any(Value::has_unknown) {
            return Ok(Brought {
                unknown: true,
                ..Brought::default()
            });
        }
        let version = self.version(&declaration.token);
        match self
            .engine
            .invoke(&declaration.token, &arguments, provider, &version)
            .await
        {
            Ok(outputs) => Ok(Brought {
                outputs,
                ..Brought::default()
            }),
            Err(InvokeError::Status(status)) if status.code() == Code::Cancelled => Err(RunError::Failed {
                name: declaration.name.clone(),
            }),
            Err(error) => Err(refused(declaration, &error.to_string())),
        }
    }

    /// The version of the provider that `token` belongs to.
    fn version(&self, token: &str) -> String {
        let package = match token.split_once("pulumi:providers:") {
            Some((_, package)) => package,
            None => token.split(':').next().unwrap_or_default(),
        };
        self.settings.versions.get(package).cloned().unwrap_or_default()
    }
}

fn refused(declaration: &Declaration, reason: &str) -> RunError {
    RunError::Refused {
        token: declaration.token.clone(),
        name: declaration.name.clone(),
        reason: reason.to_owned(),
    }
}

/// How requests name the provider that is to serve them.
fn provider_reference(Brought { urn, id, .. }: &Brought) -> String {
    let id = if id.is_empty() { UNKNOWN } else { id };
    format!("{urn}::{id}")
}

fn former(name: &str) -> Alias {
    let spec = Spec {
        name: name.to_owned(),
        ..Spec::default()
    };
    Alias {
        alias: Some(alias::Alias::Spec(spec)),
    }
}

fn timeouts(timeouts: &Timeouts) -> Option<CustomTimeouts> {
    let limit = |limit: &Option<String>| limit.clone().unwrap_or_default();
    (*timeouts != Timeouts::default()).then(|| CustomTimeouts {
        create: limit(&timeouts.create),
        update: limit(&timeouts.update),
        delete: limit(&timeouts.delete),
    })
}

/// What `reference` stands for. What a preview has not been told is not known yet; what an update has not been told
/// is not there.
fn look_up(reference: &Reference, brought: &[Brought], dry_run: bool) -> Value {
    let Some(from) = brought.get(reference.of) else {
        return Value::Null;
    };
    let absent = if dry_run || from.unknown {
        Value::Unknown
    } else {
        Value::Null
    };
    match &reference.what {
        What::Id if from.id.is_empty() || from.id == UNKNOWN => absent,
        What::Id => Value::Text(from.id.clone()),
        What::Output(name, steps) => match from.outputs.get(name) {
            Some(value) => walk(value, steps, &absent),
            None => absent,
        },
    }
}

fn walk(value: &Value, steps: &[Step], absent: &Value) -> Value {
    match (value, steps) {
        (value, []) => value.clone(),
        (Value::Secret(value), steps) => walk(value, steps, absent).into_secret(),
        (Value::Unknown, _) => Value::Unknown,
        (Value::Map(fields), [Step::Field(name), rest @ ..]) => match fields.get(name) {
            Some(value) => walk(value, rest, absent),
            None => absent.clone(),
        },
        (Value::List(values), [Step::Element(index), rest @ ..]) => match values.get(*index) {
            Some(value) => walk(value, rest, absent),
            None => absent.clone(),
        },
        _ => absent.clone(),
    }
}
