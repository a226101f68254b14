use super::{matrix, program_of, recorded, urn};
use crate::schema;

const GROUP: (&str, &str) = ("aws:autoscaling/group:Group", "peers");
const INSTANCE: &str = "aws:ec2/instance:Instance";

#[test]
fn the_provider_takes_every_declaration() {
    for (kind, deployment) in matrix() {
        let program = program_of(&deployment);
        program.check().unwrap();
        assert_eq!(schema::aws().mistakes(&program), Vec::<String>::new(), "{kind}");
    }
}

/// What depends on something is there later, and goes earlier.
#[tokio::test]
async fn a_teardown_takes_away_first_what_needs_the_rest() {
    for (kind, deployment) in matrix() {
        let recorded = recorded(&deployment).await;
        let goes_before = |(token, name): (&str, &str), other: (&str, &str)| {
            let before = recorded
                .dependencies(token, name)
                .contains(&urn(other.0, other.1));
            assert!(before, "{kind}: {name} must go before {}", other.1);
        };
        // Nodes drain while the database, the ways out and their rights are there.
        for other in [
            (INSTANCE, "clickhouse"),
            ("aws:ec2/volumeAttachment:VolumeAttachment", "data"),
            ("aws:route53/record:Record", "clickhouse-private"),
            ("aws:ec2/natGateway:NatGateway", "nat-0"),
            ("aws:ec2/route:Route", "private-0"),
            ("aws:ec2/route:Route", "public"),
            ("aws:ec2/internetGateway:InternetGateway", "internet"),
            ("aws:ec2/subnet:Subnet", "private-1"),
            ("aws:iam/rolePolicy:RolePolicy", "peers"),
            ("aws:iam/instanceProfile:InstanceProfile", "peers"),
            ("aws:secretsmanager/secretVersion:SecretVersion", "cluster-key"),
            ("aws:s3/bucketObjectv2:BucketObjectv2", "program"),
            ("aws:cloudwatch/logGroup:LogGroup", "peers"),
            ("aws:lb/targetGroup:TargetGroup", "peers"),
            ("aws:lb/listener:Listener", "https"),
            ("aws:ec2/securityGroup:SecurityGroup", "peers-firewall"),
            // Rules are what nothing else needs.
            (
                "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
                "to-peers-anywhere",
            ),
            (
                "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
                "from-clickhouse-peers",
            ),
        ] {
            goes_before(GROUP, other);
        }
        let database = (INSTANCE, "clickhouse");
        goes_before(database, ("aws:iam/rolePolicy:RolePolicy", "clickhouse"));
        goes_before(database, ("aws:ec2/route:Route", "private-0"));
        goes_before(
            database,
            (
                "aws:secretsmanager/secretVersion:SecretVersion",
                "clickhouse-writer",
            ),
        );
        goes_before(
            ("aws:ec2/volumeAttachment:VolumeAttachment", "data"),
            ("aws:ebs/volume:Volume", "data"),
        );
        goes_before(("aws:ec2/volumeAttachment:VolumeAttachment", "data"), database);
        goes_before(
            ("aws:lb/listener:Listener", "https"),
            ("aws:lb/loadBalancer:LoadBalancer", "edge"),
        );
        if deployment.grafana.enabled {
            goes_before((INSTANCE, "grafana"), database);
        }
        // What is kept needs nothing that goes.
        for kept in [
            ("aws:ebs/volume:Volume", "data"),
            ("aws:s3/bucket:Bucket", "backups"),
        ] {
            for needed in recorded.dependencies(kept.0, kept.1) {
                let (token, name) = needed
                    .trim_start_matches("urn:pulumi:test::aurora::")
                    .rsplit_once("::")
                    .unwrap();
                assert!(
                    recorded.is_protected(token, name),
                    "{kind}: {kept:?} needs {needed}, which is not kept"
                );
            }
        }
    }
}

#[tokio::test]
async fn names_have_room() {
    for (kind, deployment) in matrix() {
        let recorded = recorded(&deployment).await;
        for (token, key, most) in [
            ("aws:lb/loadBalancer:LoadBalancer", "name", 32),
            ("aws:lb/targetGroup:TargetGroup", "name", 32),
            ("aws:iam/role:Role", "name", 64),
            ("aws:s3/bucket:Bucket", "bucket", 63),
            ("aws:autoscaling/group:Group", "name", 255),
        ] {
            let all = recorded.of(token);
            assert!(!all.is_empty(), "{kind}: {token}");
            for (name, inputs) in all {
                let length = inputs[key].as_text().unwrap().len();
                assert!(length <= most, "{kind}: {token} {name} has a name of {length}");
            }
        }
    }
}
