//! Who needs whom.

use std::collections::{BTreeMap, BTreeSet};

use super::program::{Kind, Program, Reference};

/// What is wrong with a program, whatever engine it is given to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProgramError {
    /// Two declarations would have the same URN.
    #[error("{token} {name:?} is declared twice")]
    Twice {
        /// Their type.
        token: String,
        /// Their name.
        name: String,
    },
    /// Declarations that wait for each other.
    #[error("these wait for each other: {}", .0.join(", "))]
    Cycle(Vec<String>),
}

/// The edges of a program's graph, each a declaration's number.
#[derive(Debug)]
pub(super) struct Graph {
    /// Of each declaration, what must be there before it can be registered.
    pub(super) needs: Vec<BTreeSet<usize>>,
    /// Of each declaration, the resources that it depends on through `depends_on`.
    stated: Vec<BTreeSet<usize>>,
    /// Of each declaration, the resources that a reference to it stands for: itself, or those a function was asked with.
    stands_for: Vec<BTreeSet<usize>>,
}

impl Graph {
    pub(super) fn of(program: &Program) -> Result<Self, ProgramError> {
        let declarations = program.declarations();
        no_two_of_a_name(program)?;
        let mut graph = Self {
            needs: vec![BTreeSet::new(); declarations.len()],
            stated: vec![BTreeSet::new(); declarations.len()],
            stands_for: vec![BTreeSet::new(); declarations.len()],
        };
        for (index, declaration) in declarations.iter().enumerate() {
            // References point backwards, so what they stand for is known already.
            let mut referred = BTreeSet::new();
            declaration.references(&mut |_, reference| {
                referred.insert(reference.of);
            });
            graph.stands_for[index] = match declaration.kind {
                Kind::Function => union(referred.iter().map(|of| &graph.stands_for[*of])),
                _ => BTreeSet::from([index]),
            };
            for resource in &declaration.options.depends_on {
                graph.stated[index].extend(members(program, resource.0));
            }
            let needs = &mut graph.needs[index];
            needs.extend(referred);
            needs.extend(&graph.stated[index]);
            needs.extend(declaration.options.parent.map(|parent| parent.0));
            needs.extend(program.provider_of(index));
        }
        graph.no_cycle(program)?;
        Ok(graph)
    }

    /// The resources that the value of an input comes from.
    pub(super) fn sources(&self, references: impl IntoIterator<Item = usize>) -> BTreeSet<usize> {
        union(references.into_iter().map(|of| &self.stands_for[of]))
    }

    /// The resources that `index` depends on, for each of its inputs and in all.
    pub(super) fn dependencies(&self, program: &Program, index: usize) -> Dependencies {
        let declaration = &program.declarations()[index];
        let mut of_inputs: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
        for (key, input) in &declaration.inputs {
            let mut referred = Vec::new();
            input.references(&mut |reference: &Reference| referred.push(reference.of));
            of_inputs.insert(key.clone(), self.sources(referred));
        }
        let all = union(of_inputs.values().chain([&self.stated[index]]));
        Dependencies { all, of_inputs }
    }

    /// Kahn's algorithm: what is left when nothing can be taken any more waits for itself.
    fn no_cycle(&self, program: &Program) -> Result<(), ProgramError> {
        let mut missing: Vec<usize> = self.needs.iter().map(BTreeSet::len).collect();
        let mut ready: Vec<usize> = (0..missing.len()).filter(|index| missing[*index] == 0).collect();
        let needed_by = self.needed_by();
        while let Some(index) = ready.pop() {
            for other in &needed_by[index] {
                missing[*other] -= 1;
                if missing[*other] == 0 {
                    ready.push(*other);
                }
            }
        }
        let left = (0..missing.len()).filter(|index| missing[*index] > 0);
        let left: Vec<String> = left
            .map(|index| program.declarations()[index].name.clone())
            .collect();
        if left.is_empty() {
            Ok(())
        } else {
            Err(ProgramError::Cycle(left))
        }
    }

    /// The edges the other way round.
    pub(super) fn needed_by(&self) -> Vec<Vec<usize>> {
        let mut needed_by = vec![Vec::new(); self.needs.len()];
        for (index, needs) in self.needs.iter().enumerate() {
            for need in needs {
                needed_by[*need].push(index);
            }
        }
        needed_by
    }
}

/// What a declaration depends on, in the engine's sense: what is deleted after it.
#[derive(Debug)]
pub(super) struct Dependencies {
    pub(super) all: BTreeSet<usize>,
    pub(super) of_inputs: BTreeMap<String, BTreeSet<usize>>,
}

fn union<'a>(sets: impl IntoIterator<Item = &'a BTreeSet<usize>>) -> BTreeSet<usize> {
    sets.into_iter().flatten().copied().collect()
}

/// A resource, and all that belong to it if it is a component: to depend on a component is to depend on its members.
fn members(program: &Program, root: usize) -> BTreeSet<usize> {
    let mut members = BTreeSet::from([root]);
    // Children are declared after their parents.
    for (index, declaration) in program.declarations().iter().enumerate().skip(root) {
        if declaration
            .options
            .parent
            .is_some_and(|parent| members.contains(&parent.0))
        {
            members.insert(index);
        }
    }
    members
}

fn no_two_of_a_name(program: &Program) -> Result<(), ProgramError> {
    let mut seen = BTreeSet::new();
    for declaration in program.declarations() {
        let is_first = seen.insert((&declaration.token, &declaration.name));
        if !is_first && declaration.kind != Kind::Function {
            return Err(ProgramError::Twice {
                token: declaration.token.clone(),
                name: declaration.name.clone(),
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::{Options, inputs};
    use super::*;

    #[test]
    fn depending_on_a_component_is_depending_on_its_members() {
        let mut program = Program::new();
        let network = program.component("c", "network", Options::default());
        let zone = program.component("c", "zone", Options::child_of(network));
        let subnet = program.resource("t", "subnet", inputs! {}, Options::child_of(zone));
        let question = program.function("f", "of the subnet", inputs! { "id" => subnet.id() });
        let other = program.resource("t", "other", inputs! {}, Options::default());
        let answer = question.output("answer");
        let options = Options::default().after([network]);
        let machine = program.resource(
            "t",
            "machine",
            inputs! { "a" => answer, "b" => other.id() },
            options,
        );

        let graph = Graph::of(&program).unwrap();
        let dependencies = graph.dependencies(&program, machine.0);
        assert_eq!(
            dependencies.all,
            BTreeSet::from([network.0, zone.0, subnet.0, other.0])
        );
        assert_eq!(dependencies.of_inputs["a"], BTreeSet::from([subnet.0]));
        assert_eq!(dependencies.of_inputs["b"], BTreeSet::from([other.0]));
    }

    #[test]
    fn what_waits_for_itself_is_found() {
        let mut program = Program::new();
        let group = program.component("c", "group", Options::default());
        let first = program.resource("t", "first", inputs! {}, Options::default().after([group]));
        program.resource(
            "t",
            "member",
            inputs! { "id" => first.id() },
            Options::child_of(group),
        );
        let cycle = program.check().unwrap_err();
        assert_eq!(
            cycle,
            ProgramError::Cycle(vec!["first".to_owned(), "member".to_owned()])
        );
    }

    #[test]
    fn two_of_a_name_are_refused() {
        let mut program = Program::new();
        program.resource("t", "same", inputs! {}, Options::default());
        program.resource("u", "same", inputs! {}, Options::default());
        assert_eq!(program.check(), Ok(()));
        program.resource("t", "same", inputs! {}, Options::default());
        assert!(matches!(program.check(), Err(ProgramError::Twice { .. })));
    }
}
