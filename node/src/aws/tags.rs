//! What has a tag: EC2's and Auto Scaling's things by their own interfaces, the others by Resource Groups'.
//!
//! The first two know at once what was made; Resource Groups hears of it after a while.

use aurora_pulumi::engine::Tagged;
use serde::{Deserialize, Serialize};

use super::Aws;
use super::auto_scaling::Members;
use super::ec2::{Set, literally};
use super::error::AwsError;
use super::service::{AUTO_SCALING, EC2, TAGGING};

/// What somebody who looks for it by hand sees.
const NAME: &str = "Name";
/// What Secrets Manager adds to a secret's name in its ARN: `-` and six characters.
const SECRET_SUFFIX: usize = 7;
/// Pages of an answer; an account that has more with one tag is not ours.
const MAX_PAGES: usize = 100;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct TagsPage {
    tag_set: Set<Ec2Tag>,
    next_token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ec2Tag {
    resource_id: String,
    key: String,
    #[serde(default)]
    value: String,
}

#[derive(Debug, Deserialize)]
struct GroupTagsAnswer {
    #[serde(rename = "DescribeTagsResult")]
    result: GroupTags,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GroupTags {
    tags: Members<GroupTag>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GroupTag {
    resource_id: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct GetResources<'a> {
    tag_filters: [TagFilter<'a>; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    pagination_token: Option<&'a str>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct TagFilter<'a> {
    key: &'a str,
    values: [&'a str; 1],
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ResourcesPage {
    #[serde(default)]
    pagination_token: String,
    #[serde(default)]
    resource_tag_mapping_list: Vec<Mapping>,
}

#[derive(Debug, Deserialize)]
struct Mapping {
    #[serde(rename = "ResourceARN")]
    arn: String,
    #[serde(rename = "Tags", default)]
    tags: Vec<Tag>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tag {
    key: String,
    value: String,
}

impl Aws {
    /// All of this region that has the tag. What was deleted lately may still be among it.
    pub async fn tagged(&self, key: &str, value: &str) -> Result<Vec<Tagged>, AwsError> {
        let mut all = self.tagged_in_ec2(key, value).await?;
        all.extend(self.tagged_groups(key, value).await?);
        all.extend(self.tagged_elsewhere(key, value).await?);
        Ok(all)
    }

    async fn tagged_in_ec2(&self, key: &str, value: &str) -> Result<Vec<Tagged>, AwsError> {
        let ours = self.ec2_tags(key, Some(value)).await?;
        let names = self.ec2_tags(NAME, None).await?;
        let name_of = |id: &str| names.iter().find(|tag| tag.resource_id == id);
        Ok(ours
            .into_iter()
            .filter_map(|tag| {
                Some(Tagged {
                    kind: format!("ec2:{}", ec2_kind(&tag.resource_id)?),
                    names: name_of(&tag.resource_id)
                        .map(|name| name.value.clone())
                        .into_iter()
                        .collect(),
                    id: tag.resource_id,
                })
            })
            .collect())
    }

    async fn ec2_tags(&self, key: &str, value: Option<&str>) -> Result<Vec<Ec2Tag>, AwsError> {
        let mut tags = Vec::new();
        let mut token: Option<String> = None;
        let value = value.map(literally);
        for _ in 0..MAX_PAGES {
            let mut form = vec![("Filter.1.Name", "key"), ("Filter.1.Value.1", key)];
            if let Some(value) = &value {
                form.extend([("Filter.2.Name", "value"), ("Filter.2.Value.1", value)]);
            }
            form.extend(token.as_deref().map(|token| ("NextToken", token)));
            let page: TagsPage = self.query(&EC2, "DescribeTags", &form).await?;
            tags.extend(page.tag_set.item.into_iter().filter(|tag| tag.key == key));
            token = page.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                break;
            }
        }
        Ok(tags)
    }

    async fn tagged_groups(&self, key: &str, value: &str) -> Result<Vec<Tagged>, AwsError> {
        let form = [
            ("Filters.member.1.Name", "key"),
            ("Filters.member.1.Values.member.1", key),
            ("Filters.member.2.Name", "value"),
            ("Filters.member.2.Values.member.1", value),
        ];
        let answer: GroupTagsAnswer = self.query(&AUTO_SCALING, "DescribeTags", &form).await?;
        let groups = answer.result.tags.member.into_iter();
        Ok(groups
            .map(|tag| Tagged {
                kind: "autoscaling:auto-scaling-group".to_owned(),
                names: vec![tag.resource_id.clone()],
                id: tag.resource_id,
            })
            .collect())
    }

    async fn tagged_elsewhere(&self, key: &str, value: &str) -> Result<Vec<Tagged>, AwsError> {
        let mut found = Vec::new();
        let mut token = String::new();
        for _ in 0..MAX_PAGES {
            let question = GetResources {
                tag_filters: [TagFilter { key, values: [value] }],
                pagination_token: Some(token.as_str()).filter(|token| !token.is_empty()),
            };
            let page: ResourcesPage = self.json(&TAGGING, "GetResources", &question).await?;
            let resources = page.resource_tag_mapping_list.iter();
            found.extend(resources.filter_map(Mapping::resource));
            token = page.pagination_token;
            if token.is_empty() {
                break;
            }
        }
        Ok(found)
    }
}

/// What an id of EC2 is of, as ARNs call it; nothing for kinds that nobody here makes.
fn ec2_kind(id: &str) -> Option<&'static str> {
    let (prefix, _) = id.split_once('-')?;
    Some(match prefix {
        "eipalloc" => "elastic-ip",
        "i" => "instance",
        "igw" => "internet-gateway",
        "lt" => "launch-template",
        "nat" => "natgateway",
        "rtb" => "route-table",
        "sg" => "security-group",
        "subnet" => "subnet",
        "vol" => "volume",
        "vpc" => "vpc",
        "vpce" => "vpc-endpoint",
        _ => return None,
    })
}

impl Mapping {
    /// What it is; nothing for what EC2 is asked about itself, and for kinds that nobody here makes.
    fn resource(&self) -> Option<Tagged> {
        let mut parts = self.arn.splitn(6, ':').skip(2);
        let service = parts.next()?;
        let rest = parts.nth(2)?;
        let whole = self.arn.as_str();
        let (kind, id, own) = match service {
            "kms" => ("key", rest.strip_prefix("key/")?, None),
            "acm" => ("certificate", whole, None),
            "sns" => ("topic", whole, Some(rest)),
            "s3" => ("bucket", rest, Some(rest)),
            "logs" => {
                let name = rest.strip_prefix("log-group:")?.trim_end_matches(":*");
                ("log-group", name, Some(name))
            }
            "secretsmanager" => {
                let name = rest.strip_prefix("secret:")?;
                (
                    "secret",
                    whole,
                    name.get(..name.len().checked_sub(SECRET_SUFFIX)?),
                )
            }
            "elasticloadbalancing" => {
                let parts: Vec<&str> = rest.split('/').collect();
                match parts[..] {
                    ["loadbalancer", _, name, _] => ("loadbalancer", whole, Some(name)),
                    ["targetgroup", name, _] => ("targetgroup", whole, Some(name)),
                    _ => return None,
                }
            }
            _ => return None,
        };
        let tag = self.tags.iter().find(|tag| tag.key == NAME);
        Some(Tagged {
            kind: format!("{service}:{kind}"),
            id: id.to_owned(),
            names: own
                .into_iter()
                .chain(tag.map(|tag| tag.value.as_str()))
                .map(str::to_owned)
                .collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn understood(arn: &str) -> Option<(String, String, Vec<String>)> {
        let mapping = Mapping {
            arn: arn.to_owned(),
            tags: vec![Tag {
                key: NAME.to_owned(),
                value: "tag".to_owned(),
            }],
        };
        mapping
            .resource()
            .map(|resource| (resource.kind, resource.id, resource.names))
    }

    #[test]
    fn arns_are_taken_apart() {
        let balancer = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/aurora-prod-edge/50dc6c495c0c9188";
        let secret = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:aurora/prod/admin-token-AbCdEf";
        for (arn, kind, id, own) in [
            (
                "arn:aws:kms:eu-west-1:123456789012:key/1234-ab",
                "kms:key",
                "1234-ab",
                None,
            ),
            (
                "arn:aws:s3:::aurora-prod-backups",
                "s3:bucket",
                "aurora-prod-backups",
                Some("aurora-prod-backups"),
            ),
            (
                "arn:aws:logs:eu-west-1:123456789012:log-group:/aurora/prod/peers:*",
                "logs:log-group",
                "/aurora/prod/peers",
                Some("/aurora/prod/peers"),
            ),
            (
                balancer,
                "elasticloadbalancing:loadbalancer",
                balancer,
                Some("aurora-prod-edge"),
            ),
            (
                secret,
                "secretsmanager:secret",
                secret,
                Some("aurora/prod/admin-token"),
            ),
        ] {
            let names = own.into_iter().chain(["tag"]).map(str::to_owned).collect();
            assert_eq!(
                understood(arn),
                Some((kind.to_owned(), id.to_owned(), names)),
                "{arn}"
            );
        }
        for arn in [
            "",
            "arn:aws:s3",
            "arn:aws:ec2:eu-west-1:123456789012:vpc/vpc-1",
            "arn:aws:secretsmanager:eu-west-1:1:secret:x",
            "arn:aws:elasticloadbalancing:eu-west-1:1:listener/app/x/1/2",
        ] {
            assert!(
                understood(arn).is_none_or(|(_, _, names)| names == ["tag"]),
                "{arn}"
            );
        }
    }
}
