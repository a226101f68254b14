//! AWS as moto emulates it: instances that do not exist, Auto Scaling groups of them, secrets, figures, logs, and who may
//! see them.
//!
//! It speaks the real protocols, and checks signatures and policies once [`Moto::enforce_policies`] says so. What it
//! does not do is throttle, and its instances run at once.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use reqwest::Url;
use serde_json::{Value, json};

use crate::api::http_client;
use crate::cached_tool::python;
use crate::process::{Process, free_port};
use crate::sandbox::{Sandbox, eventually};

/// The region that everything is in.
pub const REGION: &str = "eu-west-1";

const REQUIREMENTS: &str = include_str!("../moto-requirements.txt");
/// It reads the descriptions of all services and of some thousand images.
const READY_TIMEOUT: Duration = Duration::from_secs(60);
/// One of the images that moto knows.
const IMAGE: &str = "ami-12c6146b";
/// The subnet's zone.
const ZONE: &str = "eu-west-1a";

/// A running moto. Dropping it kills it, and everything in it is gone.
#[derive(Debug)]
pub struct Moto {
    process: Process,
    http: reqwest::Client,
    endpoint: String,
}

/// Who may do nothing until a policy is given, see [`Moto::user`].
#[derive(Debug, Clone)]
pub struct AccessKey {
    /// The public half.
    pub id: String,
    /// The other half.
    pub secret: String,
}

/// A Python that has moto, and with it the descriptions that AWS publishes of its interfaces.
pub async fn interpreter() -> Result<PathBuf> {
    python("moto", REQUIREMENTS).await
}

impl Moto {
    /// Starts one, and waits until it answers. The first call on a machine installs it.
    pub async fn start(sandbox: &Sandbox) -> Result<Self> {
        Self::start_at(sandbox, free_port()?).await
    }

    /// The same at a port of loopback that was chosen before.
    pub async fn start_at(sandbox: &Sandbox, port: u16) -> Result<Self> {
        let mut command = Command::new(interpreter().await?);
        command
            .args(["-m", "moto.server", "-H", "127.0.0.1", "-p", &port.to_string()])
            .current_dir(sandbox.directory());
        let moto = Self {
            process: Process::spawn(sandbox.directory(), "moto", command)?,
            http: http_client()?,
            endpoint: format!("http://127.0.0.1:{port}"),
        };
        eventually("moto to answer", READY_TIMEOUT, async || {
            let process = &moto.process;
            ensure!(process.is_running(), "it has ended:\n{}", process.log_tail(10));
            let answer = moto
                .http
                .get(format!("{}/moto-api/data.json", moto.endpoint))
                .send();
            anyhow::Ok(answer.await?.status().is_success())
        })
        .await?;
        Ok(moto)
    }

    /// What `AWS_ENDPOINT_URL` is to be.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// What nodes have to have in their environment to take this for AWS, and themselves for `key`'s owner.
    pub fn variables(endpoint: &str, key: &AccessKey) -> Vec<(String, String)> {
        let variables = [
            ("AWS_ENDPOINT_URL", endpoint),
            ("AWS_REGION", REGION),
            ("AWS_ACCESS_KEY_ID", &key.id),
            ("AWS_SECRET_ACCESS_KEY", &key.secret),
            // Whatever the machine is that runs the test, its role is nobody's business.
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ];
        variables
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec()
    }

    /// Runs an instance with this private address and tag; its id.
    pub async fn run_instance(&self, address: Ipv4Addr, (key, value): (&str, &str)) -> Result<String> {
        let address = address.to_string();
        let parameters = [
            ("ImageId", IMAGE),
            ("MinCount", "1"),
            ("MaxCount", "1"),
            ("PrivateIpAddress", &address),
            ("TagSpecification.1.ResourceType", "instance"),
            ("TagSpecification.1.Tag.1.Key", key),
            ("TagSpecification.1.Tag.1.Value", value),
        ];
        let answer = self.ec2("RunInstances", &parameters).await?;
        only(&answer, "instanceId")
    }

    /// Makes an Auto Scaling group and lets it grow to so many instances, one by one.
    pub async fn make_group(&self, name: &str, instances: usize) -> Result<()> {
        let configuration = [
            ("LaunchConfigurationName", name),
            ("ImageId", IMAGE),
            ("InstanceType", "t3.small"),
        ];
        self.auto_scaling("CreateLaunchConfiguration", &configuration)
            .await?;
        let filter = [("Filter.1.Name", "availability-zone"), ("Filter.1.Value.1", ZONE)];
        let subnet = only(&self.ec2("DescribeSubnets", &filter).await?, "subnetId")?;
        let group = [
            ("AutoScalingGroupName", name),
            ("LaunchConfigurationName", name),
            ("MinSize", "0"),
            ("MaxSize", "1000"),
            ("DesiredCapacity", "0"),
            ("VPCZoneIdentifier", &subnet),
        ];
        self.auto_scaling("CreateAutoScalingGroup", &group).await?;
        for capacity in 1..=instances {
            let capacity = capacity.to_string();
            let wanted = [("AutoScalingGroupName", name), ("DesiredCapacity", &*capacity)];
            self.auto_scaling("SetDesiredCapacity", &wanted).await?;
        }
        Ok(())
    }

    /// The ids of the instances that the group has now, as Auto Scaling says.
    pub async fn group(&self, name: &str) -> Result<Vec<String>> {
        let parameters = [("AutoScalingGroupNames.member.1", name)];
        let answer = self
            .auto_scaling("DescribeAutoScalingGroups", &parameters)
            .await?;
        Ok(texts(&answer, "InstanceId"))
    }

    /// Makes a NAT gateway with these tags; its id.
    pub async fn make_gateway(&self, tags: &[(&str, &str)]) -> Result<String> {
        let filter = [("Filter.1.Name", "availability-zone"), ("Filter.1.Value.1", ZONE)];
        let subnet = only(&self.ec2("DescribeSubnets", &filter).await?, "subnetId")?;
        let address = self.ec2("AllocateAddress", &[("Domain", "vpc")]).await?;
        let address = only(&address, "allocationId")?;
        let mut form = vec![
            ("SubnetId".to_owned(), subnet.as_str()),
            ("AllocationId".to_owned(), &address),
            ("TagSpecification.1.ResourceType".to_owned(), "natgateway"),
        ];
        for (number, (key, value)) in (1..).zip(tags) {
            form.push((format!("TagSpecification.1.Tag.{number}.Key"), key));
            form.push((format!("TagSpecification.1.Tag.{number}.Value"), value));
        }
        let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        only(&self.ec2("CreateNatGateway", &form).await?, "natGatewayId")
    }

    /// Ends an instance of a group, which does not replace it.
    pub async fn terminate(&self, instance: &str) -> Result<()> {
        let parameters = [
            ("InstanceId", instance),
            ("ShouldDecrementDesiredCapacity", "true"),
        ];
        self.auto_scaling("TerminateInstanceInAutoScalingGroup", &parameters)
            .await
            .map(drop)
    }

    /// Stops an instance, which keeps its address and tags.
    pub async fn stop(&self, instance: &str) -> Result<()> {
        self.ec2("StopInstances", &[("InstanceId.1", instance)])
            .await
            .map(drop)
    }

    /// The private address of an instance.
    pub async fn address(&self, instance: &str) -> Result<Ipv4Addr> {
        let answer = self
            .ec2("DescribeInstances", &[("InstanceId.1", instance)])
            .await?;
        // An instance's address is said again for each of its network interfaces.
        let addresses = texts(&answer, "privateIpAddress");
        let address = addresses.first().context("it has no address")?;
        address
            .parse()
            .with_context(|| format!("{address} is no address"))
    }

    /// Makes a user who may do nothing.
    pub async fn user(&self, name: &str) -> Result<AccessKey> {
        let user = [("UserName", name)];
        self.iam("CreateUser", &user).await?;
        let answer = self.iam("CreateAccessKey", &user).await?;
        Ok(AccessKey {
            id: only(&answer, "AccessKeyId")?,
            secret: only(&answer, "SecretAccessKey")?,
        })
    }

    /// Allows a user one action on everything.
    pub async fn allow(&self, user: &str, action: &str) -> Result<()> {
        let policy = json!({
            "Version": "2012-10-17",
            "Statement": [{ "Effect": "Allow", "Action": action, "Resource": "*" }],
        });
        let policy = policy.to_string();
        let parameters = [
            ("UserName", user),
            ("PolicyName", "test"),
            ("PolicyDocument", &policy),
        ];
        self.iam("PutUserPolicy", &parameters).await.map(drop)
    }

    /// From now on, or no longer, who asks has to be known, sign and be allowed to; the other methods here do not.
    pub async fn enforce_policies(&self, enforce: bool) -> Result<()> {
        let unchecked_calls = if enforce { "0" } else { "inf" };
        let url = format!("{}/moto-api/reset-auth", self.endpoint);
        let answer = self.http.post(url).body(unchecked_calls).send().await?;
        ensure!(answer.status().is_success(), "moto answered {}", answer.status());
        Ok(())
    }

    /// EC2's answer, in XML.
    pub async fn ec2(&self, action: &str, parameters: &[(&str, &str)]) -> Result<String> {
        self.ask("ec2", "2016-11-15", action, parameters).await
    }

    /// Auto Scaling's answer, in XML.
    pub async fn auto_scaling(&self, action: &str, parameters: &[(&str, &str)]) -> Result<String> {
        self.ask("autoscaling", "2011-01-01", action, parameters).await
    }

    async fn iam(&self, action: &str, parameters: &[(&str, &str)]) -> Result<String> {
        self.ask("iam", "2010-05-08", action, parameters).await
    }

    /// The answer of a service that speaks JSON: `target` is the prefix and the name of an action.
    pub async fn json(&self, service: &str, target: &str, body: &Value) -> Result<Value> {
        let request = self
            .http
            .post(&self.endpoint)
            .header("Authorization", authorization(service))
            .header("Content-Type", "application/x-amz-json-1.1")
            .header("X-Amz-Target", target)
            .body(body.to_string());
        let answer = request.send().await.context("moto does not answer")?;
        let status = answer.status();
        let text = answer.text().await.context("moto's answer broke off")?;
        ensure!(status.is_success(), "moto answered {status} to {target}: {text}");
        match text.is_empty() {
            true => Ok(Value::Null),
            false => serde_json::from_str(&text).with_context(|| format!("moto answered {text}")),
        }
    }

    /// Makes a bucket of S3.
    pub async fn make_bucket(&self, name: &str) -> Result<()> {
        let request = self
            .http
            .put(format!("{}/{name}", self.endpoint))
            .header("Authorization", authorization("s3"))
            .body(format!(
                "<CreateBucketConfiguration><LocationConstraint>{REGION}</LocationConstraint></CreateBucketConfiguration>"
            ));
        let answer = request.send().await.context("moto does not answer")?;
        let status = answer.status();
        ensure!(
            status.is_success(),
            "moto answered {status}: {}",
            answer.text().await?
        );
        Ok(())
    }

    /// Makes a key of KMS that is known by this alias.
    pub async fn make_key(&self, alias: &str) -> Result<()> {
        let key = self.json("kms", "TrentService.CreateKey", &json!({})).await?;
        let alias = json!({ "AliasName": alias, "TargetKeyId": key["KeyMetadata"]["KeyId"] });
        self.json("kms", "TrentService.CreateAlias", &alias)
            .await
            .map(drop)
    }

    /// Makes a secret of Secrets Manager; its ARN.
    pub async fn make_secret(&self, name: &str, text: &str) -> Result<String> {
        let secret = json!({ "Name": name, "SecretString": text });
        let made = self
            .json("secretsmanager", "secretsmanager.CreateSecret", &secret)
            .await?;
        let arn = made["ARN"].as_str().context("the secret has no ARN")?;
        Ok(arn.to_owned())
    }

    /// Makes an encrypted parameter of the parameter store.
    pub async fn make_parameter(&self, name: &str, text: &str) -> Result<()> {
        let parameter = json!({ "Name": name, "Value": text, "Type": "SecureString" });
        self.json("ssm", "AmazonSSM.PutParameter", &parameter)
            .await
            .map(drop)
    }

    /// The values of a figure of CloudWatch with these dimensions that were published lately.
    pub async fn figures(&self, name: &str, dimensions: &[(&str, &str)]) -> Result<Vec<f64>> {
        // Moto reads times of whole seconds.
        let now = jiff::Timestamp::from_second(jiff::Timestamp::now().as_second())?;
        let hour = jiff::SignedDuration::from_hours(1);
        let (from, to) = ((now - hour).to_string(), (now + hour).to_string());
        let mut form: Vec<(String, &str)> = vec![
            ("Namespace".to_owned(), "Aurora"),
            ("MetricName".to_owned(), name),
            ("Period".to_owned(), "1"),
            ("Statistics.member.1".to_owned(), "Maximum"),
            ("StartTime".to_owned(), &from),
            ("EndTime".to_owned(), &to),
        ];
        for (number, (name, value)) in (1..).zip(dimensions) {
            form.push((format!("Dimensions.member.{number}.Name"), name));
            form.push((format!("Dimensions.member.{number}.Value"), value));
        }
        let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        let answer = self
            .ask("monitoring", "2010-08-01", "GetMetricStatistics", &form)
            .await?;
        let values = texts(&answer, "Maximum");
        let number = |text: &String| text.parse().with_context(|| format!("{text} is no number"));
        values.iter().map(number).collect()
    }

    async fn ask(
        &self,
        service: &str,
        version: &str,
        action: &str,
        parameters: &[(&str, &str)],
    ) -> Result<String> {
        let all = [("Action", action), ("Version", version)];
        let url = Url::parse_with_params(&self.endpoint, all.iter().chain(parameters))?;
        // By the type moto tells one protocol of a service from another.
        let form = "application/x-www-form-urlencoded";
        let request = self.http.get(url).header("Content-Type", form);
        let request = request.header("Authorization", authorization(service));
        let answer = request.send().await.context("moto does not answer")?;
        let status = answer.status();
        let text = answer.text().await.context("moto's answer broke off")?;
        ensure!(status.is_success(), "moto answered {status} to {action}: {text}");
        Ok(text)
    }
}

/// From its scope moto learns which service and region are meant.
fn authorization(service: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential=test/20260101/{REGION}/{service}/aws4_request, \
         SignedHeaders=host, Signature=unchecked"
    )
}

/// All that stands between `<tag>` and `</tag>`, in order. Enough for what moto writes.
pub fn texts(xml: &str, tag: &str) -> Vec<String> {
    let (open, close) = (format!("<{tag}>"), format!("</{tag}>"));
    let parts = xml.split(&open).skip(1);
    parts
        .filter_map(|part| Some(part.split_once(&close)?.0.to_owned()))
        .collect()
}

fn only(xml: &str, tag: &str) -> Result<String> {
    let mut found = texts(xml, tag);
    ensure!(
        found.len() == 1,
        "there are {} of {tag} where one is expected: {xml}",
        found.len()
    );
    found.pop().context("there is one")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_found_between_their_tags() {
        let xml = "<a><id>1</id><other/><id>two</id><id/></a>";
        assert_eq!(texts(xml, "id"), ["1", "two"]);
        assert!(only(xml, "id").is_err() && only(xml, "a").is_ok());
    }
}
