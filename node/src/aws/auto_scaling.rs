//! Auto Scaling: lifecycle actions, an instance's health, a group and what happened to it.

use serde::Deserialize;

use super::Aws;
use super::error::AwsError;
use super::service::AUTO_SCALING;

/// What Auto Scaling says when nobody waits at a hook.
const NO_ACTION: &str = "No active Lifecycle Action";

/// An instance that waits, or may, at a hook of its group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LifecycleAction {
    /// The group.
    pub group: String,
    /// The hook.
    pub hook: String,
    /// The instance.
    pub instance: String,
}

/// What came of a call about a lifecycle action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActionAnswer {
    /// It counts.
    Taken,
    /// Nobody waits there: it was completed already, or has run out of time, or there is no such hook.
    NobodyWaits,
}

/// A group of machines.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Group {
    /// Its name.
    #[serde(rename = "AutoScalingGroupName")]
    pub name: String,
    /// How many machines it should have.
    pub desired_capacity: u32,
    /// At least.
    pub min_size: u32,
    /// At most.
    pub max_size: u32,
    #[serde(default)]
    instances: Members<GroupInstance>,
    /// Set while it is being deleted.
    pub status: Option<String>,
}

impl Group {
    /// Its machines.
    pub fn instances(&self) -> &[GroupInstance] {
        &self.instances.member
    }
}

/// A machine of a group.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GroupInstance {
    /// Its id.
    #[serde(rename = "InstanceId")]
    pub id: String,
    /// Its zone.
    #[serde(rename = "AvailabilityZone")]
    pub zone: String,
    /// Such as `Pending:Wait`, `InService`, `Terminating:Wait`.
    pub lifecycle_state: String,
    /// `Healthy` or `Unhealthy`.
    pub health_status: String,
    /// Its type.
    pub instance_type: Option<String>,
}

/// Something that a group did.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Activity {
    /// When it began, in ISO 8601.
    pub start_time: String,
    /// Such as `Successful`, `InProgress`, `Failed`.
    pub status_code: String,
    /// What.
    pub description: Option<String>,
    /// Why.
    pub cause: Option<String>,
    /// What went wrong.
    pub status_message: Option<String>,
}

/// How a group replaces its machines by new ones, one after the other.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct InstanceRefresh {
    /// Such as `Pending`, `InProgress`, `Successful`, `Failed`, `Cancelled`.
    pub status: String,
    /// Why it is so.
    pub status_reason: Option<String>,
    /// How much of it is done.
    pub percentage_complete: Option<u8>,
    /// How many machines are still to be replaced.
    pub instances_to_update: Option<u32>,
}

impl InstanceRefresh {
    /// Whether it goes on.
    pub fn is_under_way(&self) -> bool {
        [
            "Pending",
            "InProgress",
            "Cancelling",
            "RollbackInProgress",
            "Baking",
        ]
        .contains(&self.status.as_str())
    }

    /// Whether it has come to its end as it should.
    pub fn is_done(&self) -> bool {
        self.status == "Successful"
    }
}

/// `<X><member>…</member>…</X>`, as Auto Scaling writes lists.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Members<T> {
    #[serde(default = "Vec::new")]
    pub(super) member: Vec<T>,
}

impl<T> Default for Members<T> {
    fn default() -> Self {
        Self { member: Vec::new() }
    }
}

#[derive(Debug, Deserialize)]
struct GroupsAnswer {
    #[serde(rename = "DescribeAutoScalingGroupsResult")]
    result: Groups,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Groups {
    auto_scaling_groups: Members<Group>,
}

#[derive(Debug, Deserialize)]
struct ActivitiesAnswer {
    #[serde(rename = "DescribeScalingActivitiesResult")]
    result: Activities,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Activities {
    activities: Members<Activity>,
}

#[derive(Debug, Deserialize)]
struct RefreshesAnswer {
    #[serde(rename = "DescribeInstanceRefreshesResult")]
    result: Refreshes,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Refreshes {
    #[serde(default)]
    instance_refreshes: Members<InstanceRefresh>,
}

impl Aws {
    /// Lets an instance that waits at a hook go on.
    pub async fn complete_lifecycle_action(
        &self,
        action: &LifecycleAction,
    ) -> Result<ActionAnswer, AwsError> {
        let go_on = [("LifecycleActionResult", "CONTINUE")];
        self.lifecycle("CompleteLifecycleAction", action, &go_on).await
    }

    /// Asks for more time at a hook.
    pub async fn record_lifecycle_heartbeat(
        &self,
        action: &LifecycleAction,
    ) -> Result<ActionAnswer, AwsError> {
        self.lifecycle("RecordLifecycleActionHeartbeat", action, &[])
            .await
    }

    async fn lifecycle(
        &self,
        call: &str,
        action: &LifecycleAction,
        more: &[(&str, &str)],
    ) -> Result<ActionAnswer, AwsError> {
        let form: Vec<(&str, &str)> = [
            ("AutoScalingGroupName", action.group.as_str()),
            ("LifecycleHookName", &action.hook),
            ("InstanceId", &action.instance),
        ]
        .into_iter()
        .chain(more.iter().copied())
        .collect();
        match self.order(&AUTO_SCALING, call, &form).await {
            Ok(()) => Ok(ActionAnswer::Taken),
            Err(AwsError::Rejected { message, .. }) if message.contains(NO_ACTION) => {
                Ok(ActionAnswer::NobodyWaits)
            }
            Err(error) => Err(error),
        }
    }

    /// Has the group replace an instance; at once, or once its time of grace after a start is over.
    pub async fn set_unhealthy(&self, instance: &str, at_once: bool) -> Result<(), AwsError> {
        let form = [
            ("InstanceId", instance),
            ("HealthStatus", "Unhealthy"),
            ("ShouldRespectGracePeriod", if at_once { "false" } else { "true" }),
        ];
        self.order(&AUTO_SCALING, "SetInstanceHealth", &form).await
    }

    /// A group by its name, if it is there.
    pub async fn auto_scaling_group(&self, name: &str) -> Result<Option<Group>, AwsError> {
        let form = [("AutoScalingGroupNames.member.1", name)];
        let answer: GroupsAnswer = self
            .query(&AUTO_SCALING, "DescribeAutoScalingGroups", &form)
            .await?;
        Ok(answer.result.auto_scaling_groups.member.into_iter().next())
    }

    /// What a group did lately, the latest first; at most 100.
    pub async fn scaling_activities(&self, group: &str, at_most: u8) -> Result<Vec<Activity>, AwsError> {
        let at_most = at_most.clamp(1, 100).to_string();
        let form = [("AutoScalingGroupName", group), ("MaxRecords", &at_most)];
        let answer: ActivitiesAnswer = self
            .query(&AUTO_SCALING, "DescribeScalingActivities", &form)
            .await?;
        Ok(answer.result.activities.member)
    }

    /// The last time that a group replaced its machines, if it ever did.
    pub async fn last_refresh(&self, group: &str) -> Result<Option<InstanceRefresh>, AwsError> {
        let form = [("AutoScalingGroupName", group), ("MaxRecords", "1")];
        let answer: RefreshesAnswer = self
            .query(&AUTO_SCALING, "DescribeInstanceRefreshes", &form)
            .await?;
        Ok(answer.result.instance_refreshes.member.into_iter().next())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::stub::Stub;

    #[tokio::test]
    async fn nobody_at_a_hook_is_no_error() {
        let error = |code: &str, message: &str| {
            format!(
                "<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
            )
        };
        let nobody = error(
            "ValidationError",
            "No active Lifecycle Action found with instance ID i-1",
        );
        let other = error("ValidationError", "1 validation error detected");
        let done = "<CompleteLifecycleActionResponse><CompleteLifecycleActionResult/></CompleteLifecycleActionResponse>";
        let stub = Stub::start(&[(200, done), (400, &nobody), (400, &other)]).await;
        let action = LifecycleAction {
            group: "aurora-prod-peers".to_owned(),
            hook: "aurora-terminating".to_owned(),
            instance: "i-1".to_owned(),
        };
        let taken = stub.aws.complete_lifecycle_action(&action).await;
        assert_eq!(taken, Ok(ActionAnswer::Taken));
        let nobody = stub.aws.complete_lifecycle_action(&action).await;
        assert_eq!(nobody, Ok(ActionAnswer::NobodyWaits));
        let wrong = stub.aws.record_lifecycle_heartbeat(&action).await;
        assert!(matches!(wrong, Err(AwsError::Rejected { .. })), "{wrong:?}");
        let asked = &stub.asked()[0].body;
        assert!(
            asked.contains("LifecycleActionResult=CONTINUE") && asked.contains("InstanceId=i-1"),
            "{asked}"
        );
    }

    #[tokio::test]
    async fn the_last_refresh_is_read() {
        let of = |refreshes: &str| {
            format!(
                "<DescribeInstanceRefreshesResponse><DescribeInstanceRefreshesResult>{refreshes}</DescribeInstanceRefreshesResult>\
                 </DescribeInstanceRefreshesResponse>"
            )
        };
        let under_way = of(
            "<InstanceRefreshes><member><InstanceRefreshId>r</InstanceRefreshId><Status>InProgress</Status>\
             <PercentageComplete>33</PercentageComplete><InstancesToUpdate>2</InstancesToUpdate></member></InstanceRefreshes>",
        );
        let failed = of(
            "<InstanceRefreshes><member><Status>Failed</Status><StatusReason>no room</StatusReason></member>\
             </InstanceRefreshes>",
        );
        let stub = Stub::start(&[(200, &under_way), (200, &failed), (200, &of(""))]).await;
        let refresh = stub.aws.last_refresh("g").await.unwrap().unwrap();
        assert!(refresh.is_under_way() && refresh.percentage_complete == Some(33));
        let refresh = stub.aws.last_refresh("g").await.unwrap().unwrap();
        assert!(!refresh.is_under_way() && !refresh.is_done());
        assert_eq!(stub.aws.last_refresh("g").await, Ok(None));
    }

    #[test]
    fn a_group_is_read_with_its_instances() {
        let xml =
            "<DescribeAutoScalingGroupsResponse xmlns=\"http://autoscaling.amazonaws.com/doc/2011-01-01/\">
          <DescribeAutoScalingGroupsResult><AutoScalingGroups><member>
            <AutoScalingGroupName>aurora-prod-peers</AutoScalingGroupName>
            <MinSize>1</MinSize><MaxSize>6</MaxSize><DesiredCapacity>3</DesiredCapacity>
            <Tags><member><Key>aurora</Key></member></Tags>
            <Instances>
              <member><InstanceId>i-1</InstanceId><AvailabilityZone>eu-west-1a</AvailabilityZone>
                <LifecycleState>Terminating:Wait</LifecycleState><HealthStatus>Healthy</HealthStatus></member>
              <member><InstanceId>i-2</InstanceId><AvailabilityZone>eu-west-1b</AvailabilityZone>
                <LifecycleState>InService</LifecycleState><HealthStatus>Unhealthy</HealthStatus>
                <InstanceType>m7g.large</InstanceType></member>
            </Instances>
          </member></AutoScalingGroups></DescribeAutoScalingGroupsResult>
        </DescribeAutoScalingGroupsResponse>";
        let answer: GroupsAnswer = quick_xml::de::from_str(xml).unwrap();
        let group = &answer.result.auto_scaling_groups.member[0];
        assert_eq!(
            (group.name.as_str(), group.desired_capacity),
            ("aurora-prod-peers", 3)
        );
        let states: Vec<&str> = group
            .instances()
            .iter()
            .map(|instance| instance.lifecycle_state.as_str())
            .collect();
        assert_eq!(states, ["Terminating:Wait", "InService"]);

        let none = "<DescribeAutoScalingGroupsResponse><DescribeAutoScalingGroupsResult><AutoScalingGroups/>\
                    </DescribeAutoScalingGroupsResult></DescribeAutoScalingGroupsResponse>";
        let none: GroupsAnswer = quick_xml::de::from_str(none).unwrap();
        assert!(none.result.auto_scaling_groups.member.is_empty());
    }
}
