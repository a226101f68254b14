//! Data is encrypted, and kept.

use super::{matrix, recorded};
use crate::sdk::Value;

#[tokio::test]
async fn everything_is_encrypted() {
    for (kind, deployment) in matrix() {
        let recorded = recorded(&deployment).await;
        let key = Value::from("key.arn");
        for (name, volume) in recorded.of("aws:ebs/volume:Volume") {
            assert_eq!(
                (&volume["encrypted"], &volume["kmsKeyId"]),
                (&Value::Bool(true), &key),
                "{kind}: {name}"
            );
        }
        for (name, machine) in recorded.of("aws:ec2/instance:Instance") {
            assert_eq!(
                machine["rootBlockDevice"].to_json().unwrap()["encrypted"],
                true,
                "{kind}: {name}"
            );
        }
        let template = &recorded.of("aws:ec2/launchTemplate:LaunchTemplate")["peers"];
        assert_eq!(
            template["blockDeviceMappings"].to_json().unwrap()[0]["ebs"]["encrypted"],
            "true",
            "{kind}"
        );
        for (token, property) in [
            ("aws:secretsmanager/secret:Secret", "kmsKeyId"),
            ("aws:cloudwatch/logGroup:LogGroup", "kmsKeyId"),
        ] {
            for (name, resource) in recorded.of(token) {
                assert_eq!(resource[property], key, "{kind}: {token} {name}");
            }
        }
        assert_eq!(
            recorded.of("aws:sns/topic:Topic")["alarms"]["kmsMasterKeyId"],
            "key-id".into(),
            "{kind}"
        );
        let buckets = recorded.of("aws:s3/bucket:Bucket");
        let encryption =
            "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration";
        for token in [
            encryption,
            "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
            "aws:s3/bucketPolicy:BucketPolicy",
            "aws:s3/bucketVersioning:BucketVersioning",
            "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        ] {
            assert!(recorded.of(token).keys().eq(buckets.keys()), "{kind}: {token}");
        }
        let rules = recorded.of(encryption)["backups"]["rules"].to_json().unwrap();
        assert_eq!(
            rules[0]["applyServerSideEncryptionByDefault"]["kmsMasterKeyId"], "key.arn",
            "{kind}"
        );
    }
}

#[tokio::test]
async fn data_is_kept_and_the_rest_is_not() {
    let kept = [
        ("aws:ebs/volume:Volume", "data"),
        ("aws:kms/key:Key", "key"),
        ("aws:s3/bucket:Bucket", "backups"),
        ("aws:s3/bucketPolicy:BucketPolicy", "backups"),
        (
            "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
            "backups",
        ),
        (
            "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
            "backups",
        ),
        ("aws:s3/bucketVersioning:BucketVersioning", "backups"),
        (
            "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
            "backups",
        ),
        ("aws:secretsmanager/secret:Secret", "cluster-key"),
        ("aws:secretsmanager/secretVersion:SecretVersion", "cluster-key"),
    ];
    for (kind, deployment) in matrix() {
        let recorded = recorded(&deployment).await;
        for ((token, name), request) in &recorded.0.registrations {
            let is_kept = kept.contains(&(token, name));
            assert_eq!(request.protect == Some(true), is_kept, "{kind}: {token} {name}");
        }
        // Deleting the bucket of backups by name deletes what is in it; nothing else deletes backups.
        assert_eq!(
            recorded.of("aws:s3/bucket:Bucket")["backups"]["forceDestroy"],
            Value::Bool(true),
            "{kind}"
        );
    }
}

#[tokio::test]
async fn replacing_a_machine_does_not_meet_itself() {
    for (kind, deployment) in matrix() {
        let recorded = recorded(&deployment).await;
        for ((token, name), request) in &recorded.0.registrations {
            let holds_address_or_volume = matches!(
                token.as_str(),
                "aws:ec2/instance:Instance"
                    | "aws:ec2/volumeAttachment:VolumeAttachment"
                    | "aws:lb/targetGroupAttachment:TargetGroupAttachment"
            );
            assert_eq!(
                request.delete_before_replace, holds_address_or_volume,
                "{kind}: {token} {name}"
            );
        }
        let pins_image = deployment.image.is_none();
        for ((token, name), request) in &recorded.0.registrations {
            if token == "aws:ec2/instance:Instance" {
                assert_eq!(
                    request.ignore_changes.contains(&"ami".to_owned()),
                    pins_image,
                    "{kind}: {name}"
                );
                // Another version of Aurora is no reason to replace a database.
                let keeps = request.ignore_changes.contains(&"userDataBase64".to_owned());
                assert!(keeps, "{kind}: {name}");
            }
        }
    }
}

#[tokio::test]
async fn a_group_that_scales_by_itself_keeps_its_number() {
    for (kind, deployment) in matrix() {
        let recorded = recorded(&deployment).await;
        let group =
            &recorded.0.registrations[&("aws:autoscaling/group:Group".to_owned(), "peers".to_owned())];
        let keeps = group.ignore_changes.contains(&"desiredCapacity".to_owned());
        assert_eq!(keeps, deployment.scales_by_itself(), "{kind}");
        let rules = recorded.of("aws:autoscaling/policy:Policy");
        assert_eq!(
            rules.len(),
            if deployment.scales_by_itself() { 2 } else { 0 },
            "{kind}"
        );
        let hooks = recorded.of("aws:autoscaling/lifecycleHook:LifecycleHook");
        assert_eq!(hooks["aurora-terminating"]["defaultResult"], "CONTINUE".into());
        assert_eq!(hooks["aurora-launching"]["defaultResult"], "ABANDON".into());
    }
}

#[tokio::test]
async fn a_restore_has_a_volume_of_its_own_and_the_old_one_stays() {
    let mut deployment = crate::deployment::Deployment::new("prod", "eu-central-1");
    let restore = |backup: &str, zone| crate::deployment::Restore {
        backup: backup.to_owned(),
        zone,
    };
    deployment.clickhouse.restores = vec![restore("latest", 0), restore("20261122T030000Z-full", 1)];
    let recorded = recorded(&deployment).await;
    let volumes = recorded.of("aws:ebs/volume:Volume");
    assert!(volumes.keys().eq(["data", "data-1", "data-2"]));
    // Nobody pays for more of what only lies there.
    for (name, is_used) in [("data", false), ("data-1", false), ("data-2", true)] {
        let ignored = recorded.ignored("aws:ebs/volume:Volume", name);
        assert_eq!(ignored.contains(&"size".to_owned()), !is_used, "{name}");
    }
    let kept = |name: &String| recorded.is_protected("aws:ebs/volume:Volume", name);
    assert!(volumes.keys().all(kept));
    assert_eq!(volumes["data-2"]["availabilityZone"], "eu-central-1b".into());
    assert_eq!(volumes["data"]["availabilityZone"], "eu-central-1a".into());
    // A machine of another name: what the one before it keeps does not hold for it.
    let machines = recorded.of("aws:ec2/instance:Instance");
    assert!(!machines.contains_key("clickhouse"));
    assert_eq!(machines["clickhouse-2"]["subnetId"], "private-1-id".into());
    let attached = recorded.dependencies("aws:ec2/volumeAttachment:VolumeAttachment", "data-2");
    assert!(attached.contains(&super::urn("aws:ebs/volume:Volume", "data-2")));
    assert!(!attached.contains(&super::urn("aws:ebs/volume:Volume", "data-1")));
}
