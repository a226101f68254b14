//! Roles of machines, with what each may do and nothing else.

use super::Layout;
use crate::sdk::{Input, Options, Resource, inputs, list, map};

/// One statement of a policy.
#[derive(Debug)]
pub(super) struct Statement {
    actions: Vec<Input>,
    resources: Vec<Input>,
    condition: Input,
}

impl Statement {
    /// The right to `actions` on `resources`.
    pub(super) fn allow<const N: usize>(
        actions: [&str; N],
        resources: impl IntoIterator<Item = Input>,
    ) -> Self {
        Self {
            actions: actions.into_iter().map(Input::from).collect(),
            resources: resources.into_iter().collect(),
            condition: Input::NOTHING,
        }
    }

    /// The same, if `key` has this value in the request.
    pub(super) fn when(mut self, key: &str, value: impl Into<Input>) -> Self {
        self.condition = map! { "StringEquals" => map! { key => value.into() } };
        self
    }

    fn document(self) -> Input {
        let mut statement = inputs! {
            "Effect" => "Allow", "Action" => Input::List(self.actions), "Resource" => Input::List(self.resources),
        };
        // A policy's null would be refused.
        if !self.condition.is_nothing() {
            statement.insert("Condition".to_owned(), self.condition);
        }
        Input::Map(statement)
    }
}

/// The rights that every machine of a role has: its own logs and metrics.
pub(super) fn reporting(layout: &Layout<'_>, role: &str) -> Vec<Statement> {
    let deployment = layout.deployment();
    let group = format!("log-group:/aurora/{}/{role}:*", deployment.name);
    let group = layout.account.arn("logs", &deployment.region, &group);
    vec![
        Statement::allow(["logs:CreateLogStream", "logs:PutLogEvents"], [group]),
        // CloudWatch has no resources to name here; its namespace is one.
        Statement::allow(["cloudwatch:PutMetricData"], ["*".into()]).when("cloudwatch:namespace", "Aurora"),
    ]
}

/// The instance profile of machines of `role`, which may do `statements`. What depends on it depends on its rights too.
pub(super) fn profile(
    layout: &mut Layout<'_>,
    parent: Resource,
    role: &str,
    statements: Vec<Statement>,
) -> Resource {
    let name = layout.deployment().named(role);
    let trust = map! {
        "Version" => "2012-10-17",
        "Statement" => list![map! {
            "Effect" => "Allow", "Action" => "sts:AssumeRole", "Principal" => map! { "Service" => "ec2.amazonaws.com" },
        }],
    };
    let inputs = inputs! {
        // IAM knows no regions: the same name in two of them would be one role.
        "name" => format!("{name}-{}", layout.deployment().region),
        "assumeRolePolicy" => Input::json(trust),
        "description" => format!("What {role} machines of Aurora may do"),
    };
    let resource = layout
        .program
        .resource("aws:iam/role:Role", role, inputs, Options::child_of(parent));
    let statements = statements.into_iter().map(Statement::document).collect();
    let policy = Input::json(map! { "Version" => "2012-10-17", "Statement" => Input::List(statements) });
    let inputs = inputs! { "role" => resource.id(), "name" => "aurora", "policy" => policy };
    let rights = layout.program.resource(
        "aws:iam/rolePolicy:RolePolicy",
        role,
        inputs,
        Options::child_of(parent),
    );
    let inputs = inputs! {
        "name" => format!("{name}-{}", layout.deployment().region), "role" => resource.output("name"),
    };
    let options = Options::child_of(parent).after([rights]);
    layout
        .program
        .resource("aws:iam/instanceProfile:InstanceProfile", role, inputs, options)
}
