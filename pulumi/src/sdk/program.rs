//! What a program declares.

use std::collections::BTreeMap;
use std::fmt;

use super::graph::{self, ProgramError};
use super::input::Input;

/// The type of the stack itself, which every other resource is a child of.
pub(super) const STACK_TYPE: &str = "pulumi:pulumi:Stack";
/// How types of providers begin.
const PROVIDER_PREFIX: &str = "pulumi:providers:";

/// Declarations, in the order in which they were made, and what the stack exports.
#[derive(Debug, Default)]
pub struct Program {
    declarations: Vec<Declaration>,
    exports: BTreeMap<String, Input>,
    provider: Option<Resource>,
}

/// One declaration.
#[derive(Debug)]
pub struct Declaration {
    /// What it is.
    pub kind: Kind,
    /// Its type, such as `aws:ec2/vpc:Vpc`, or the function's token.
    pub token: String,
    /// Its name in the program, unique among those of its type.
    pub name: String,
    /// What it is made with.
    pub inputs: BTreeMap<String, Input>,
    /// How the engine is to treat it.
    pub options: Options,
}

/// What a declaration is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Made by a provider.
    Resource,
    /// A group of resources, nothing by itself.
    Component,
    /// Asked of a provider, makes nothing.
    Function,
}

/// A declared resource or component.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Resource(pub(super) usize);

/// A declared call of a provider's function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Function(usize);

/// What a declaration brings: its id, its URN, or one of its outputs.
#[derive(Clone, PartialEq, Eq)]
pub struct Reference {
    pub(super) of: usize,
    pub(super) what: What,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    Id,
    /// An output, and the way into it.
    Output(String, Vec<Step>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Field(String),
    Element(usize),
}

/// How the engine is to treat a resource.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The component that it belongs to; the stack when not set.
    pub parent: Option<Resource>,
    /// What must be there before it, and is deleted after it, besides what its inputs refer to.
    pub depends_on: Vec<Resource>,
    /// It is not deleted before this is taken back.
    pub protect: bool,
    /// Paths of inputs whose changes are not carried out.
    pub ignore_changes: Vec<String>,
    /// Paths of inputs whose changes need a new resource.
    pub replace_on_changes: Vec<String>,
    /// When it is replaced, the old one goes first.
    pub delete_before_replace: bool,
    /// Deleting it only forgets it.
    pub retain_on_delete: bool,
    /// Outputs that are secrets although the provider does not say so.
    pub secret_outputs: Vec<String>,
    /// Names that it had before.
    pub former_names: Vec<String>,
    /// How long the provider may take.
    pub timeouts: Timeouts,
}

/// How long a provider may take, such as `30m`; its own choice when not set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Timeouts {
    /// To make it.
    pub create: Option<String>,
    /// To change it.
    pub update: Option<String>,
    /// To delete it.
    pub delete: Option<String>,
}

impl Options {
    /// As part of a component.
    pub fn child_of(parent: Resource) -> Self {
        Self {
            parent: Some(parent),
            ..Self::default()
        }
    }

    /// After others.
    #[must_use]
    pub fn after(mut self, others: impl IntoIterator<Item = Resource>) -> Self {
        self.depends_on.extend(others);
        self
    }

    /// Not to be deleted.
    #[must_use]
    pub fn protected(mut self, protect: bool) -> Self {
        self.protect = protect;
        self
    }

    /// Whose changes of `paths` are not carried out.
    #[must_use]
    pub fn ignoring(mut self, paths: impl IntoIterator<Item = &'static str>) -> Self {
        self.ignore_changes.extend(paths.into_iter().map(str::to_owned));
        self
    }

    /// Replaced by deleting the old one first.
    #[must_use]
    pub fn deleted_before_replaced(mut self) -> Self {
        self.delete_before_replace = true;
        self
    }
}

impl Resource {
    /// The id that its provider gave it.
    pub fn id(self) -> Reference {
        Reference {
            of: self.0,
            what: What::Id,
        }
    }

    /// One of its outputs.
    pub fn output(self, name: &str) -> Reference {
        output_of(self.0, name)
    }
}

impl Function {
    /// One field of its result.
    pub fn output(self, name: &str) -> Reference {
        output_of(self.0, name)
    }
}

fn output_of(of: usize, name: &str) -> Reference {
    Reference {
        of,
        what: What::Output(name.to_owned(), Vec::new()),
    }
}

impl Reference {
    /// An element of a list in it.
    #[must_use]
    pub fn element(self, index: usize) -> Self {
        self.step(Step::Element(index))
    }

    /// A field of an object in it.
    #[must_use]
    pub fn field(self, name: &str) -> Self {
        self.step(Step::Field(name.to_owned()))
    }

    fn step(mut self, step: Step) -> Self {
        if let What::Output(_, steps) = &mut self.what {
            steps.push(step);
        }
        self
    }

    /// The output's name; nothing for an id.
    pub fn output_name(&self) -> Option<&str> {
        match &self.what {
            What::Id => None,
            What::Output(name, _) => Some(name),
        }
    }

    /// The number of the declaration that brings it, in the program's order.
    pub fn declaration(&self) -> usize {
        self.of
    }
}

impl fmt::Debug for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.what {
            What::Id => write!(f, "#{}.id", self.of),
            What::Output(name, steps) => {
                write!(f, "#{}.{name}", self.of)?;
                steps.iter().try_for_each(|step| match step {
                    Step::Field(name) => write!(f, ".{name}"),
                    Step::Element(index) => write!(f, "[{index}]"),
                })
            }
        }
    }
}

impl Program {
    /// One that declares nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Declares a resource.
    pub fn resource(
        &mut self,
        token: &str,
        name: &str,
        inputs: BTreeMap<String, Input>,
        options: Options,
    ) -> Resource {
        Resource(self.declare(Kind::Resource, token, name, inputs, options))
    }

    /// Declares a component, which other resources can be children of.
    pub fn component(&mut self, token: &str, name: &str, options: Options) -> Resource {
        Resource(self.declare(Kind::Component, token, name, BTreeMap::new(), options))
    }

    /// Declares a question to a provider. `name` is for people only.
    pub fn function(&mut self, token: &str, name: &str, arguments: BTreeMap<String, Input>) -> Function {
        Function(self.declare(Kind::Function, token, name, arguments, Options::default()))
    }

    /// Declares the provider of `package`, which all that follows of this package is made by.
    pub fn provider(&mut self, package: &str, inputs: BTreeMap<String, Input>) -> Resource {
        let provider = self.resource(
            &format!("{PROVIDER_PREFIX}{package}"),
            package,
            inputs,
            Options::default(),
        );
        self.provider = Some(provider);
        provider
    }

    /// What the stack says of itself under `name`.
    pub fn export(&mut self, name: &str, value: impl Into<Input>) {
        self.exports.insert(name.to_owned(), value.into());
    }

    fn declare(
        &mut self,
        kind: Kind,
        token: &str,
        name: &str,
        inputs: BTreeMap<String, Input>,
        options: Options,
    ) -> usize {
        self.declarations.push(Declaration {
            kind,
            token: token.to_owned(),
            name: name.to_owned(),
            inputs,
            options,
        });
        self.declarations.len() - 1
    }

    /// All declarations, in the order in which they were made.
    pub fn declarations(&self) -> &[Declaration] {
        &self.declarations
    }

    /// What the stack exports.
    pub fn exports(&self) -> &BTreeMap<String, Input> {
        &self.exports
    }

    /// The provider of the declaration `index`: the one declared before it for its package.
    pub(super) fn provider_of(&self, index: usize) -> Option<usize> {
        let Resource(provider) = self.provider?;
        let package = self.declarations[provider].token.strip_prefix(PROVIDER_PREFIX)?;
        let is_of_package = self.declarations[index].token.split(':').next() == Some(package);
        (provider < index && is_of_package).then_some(provider)
    }

    /// Checks it as such: names, and that nothing waits for itself.
    pub fn check(&self) -> Result<(), ProgramError> {
        graph::Graph::of(self).map(drop)
    }
}

impl Declaration {
    /// Calls `visit` with each reference in its inputs, and the input's name.
    pub fn references<'a>(&'a self, visit: &mut impl FnMut(&'a str, &'a Reference)) {
        for (key, input) in &self.inputs {
            input.references(&mut |reference| visit(key, reference));
        }
    }
}
