"""Holds what a deployment is made of against AWS's own description of its interfaces, which botocore comes with.

    python values.py REGISTRATIONS

REGISTRATIONS is a JSON file, a list of {"type": ..., "name": ..., "inputs": {...}} as Pulumi's aws provider is given
them. Complains, a line each, of values that are none of AWS's choices, too long, too short, too high, too low or of
another form; of what AWS's documentation alone rules out; and of inputs that neither AWS nor the provider is known to
take. The last line is the number of values that there is a rule for.

The provider calls things mostly as AWS does, and nests them differently: an input is looked up by its own name among
all that its type's calls take, wherever it is in them.
"""

import json
import re
import sys
from functools import cache

from botocore.session import Session

# By type: AWS's service, the calls that the provider makes things of this type with, and what it calls otherwise.
TYPES = {
    "aws:acm/certificate:Certificate": (
        "acm",
        ["RequestCertificate", "ImportCertificate"],
        {"certificateBody": "Certificate"},
    ),
    "aws:autoscaling/group:Group": (
        "autoscaling",
        ["CreateAutoScalingGroup", "StartInstanceRefresh", "EnableMetricsCollection"],
        {
            "name": ["AutoScalingGroupName", "LifecycleHookName"],
            "id": "LaunchTemplateId",
            "enabledMetrics": "Metrics",
            "vpcZoneIdentifiers": "VPCZoneIdentifier",
        },
    ),
    "aws:autoscaling/lifecycleHook:LifecycleHook": (
        "autoscaling",
        ["PutLifecycleHook"],
        {"name": "LifecycleHookName"},
    ),
    "aws:autoscaling/policy:Policy": ("autoscaling", ["PutScalingPolicy"], {"name": ["PolicyName", "Name"]}),
    "aws:cloudwatch/logGroup:LogGroup": (
        "logs",
        ["CreateLogGroup", "PutRetentionPolicy"],
        {"name": "logGroupName"},
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": (
        "cloudwatch",
        ["PutMetricAlarm"],
        {"name": "AlarmName", "metricQueries": "Metrics"},
    ),
    "aws:ebs/volume:Volume": ("ec2", ["CreateVolume"], {"type": "VolumeType"}),
    "aws:ec2/eip:Eip": ("ec2", ["AllocateAddress"], {}),
    "aws:ec2/instance:Instance": (
        "ec2",
        ["RunInstances"],
        {
            "ami": "ImageId",
            "userDataBase64": "UserData",
            "iamInstanceProfile": "Name",
            "vpcSecurityGroupIds": "SecurityGroupIds",
        },
    ),
    "aws:ec2/internetGateway:InternetGateway": ("ec2", ["AttachInternetGateway"], {}),
    "aws:ec2/launchTemplate:LaunchTemplate": (
        "ec2",
        ["CreateLaunchTemplate"],
        {"name": "LaunchTemplateName", "securityGroups": "Groups"},
    ),
    "aws:ec2/natGateway:NatGateway": ("ec2", ["CreateNatGateway"], {}),
    "aws:ec2/route:Route": ("ec2", ["CreateRoute"], {}),
    "aws:ec2/routeTable:RouteTable": ("ec2", ["CreateRouteTable"], {}),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": ("ec2", ["AssociateRouteTable"], {}),
    "aws:ec2/securityGroup:SecurityGroup": ("ec2", ["CreateSecurityGroup"], {"name": "GroupName"}),
    "aws:ec2/subnet:Subnet": (
        "ec2",
        ["CreateSubnet", "ModifySubnetAttribute"],
        {},
    ),
    "aws:ec2/volumeAttachment:VolumeAttachment": ("ec2", ["AttachVolume"], {"deviceName": "Device"}),
    "aws:ec2/vpc:Vpc": ("ec2", ["CreateVpc", "ModifyVpcAttribute"], {}),
    "aws:ec2/vpcEndpoint:VpcEndpoint": ("ec2", ["CreateVpcEndpoint"], {}),
    "aws:iam/instanceProfile:InstanceProfile": (
        "iam",
        ["CreateInstanceProfile", "AddRoleToInstanceProfile"],
        {"name": "InstanceProfileName", "role": "RoleName"},
    ),
    "aws:iam/role:Role": ("iam", ["CreateRole"], {"name": "RoleName", "assumeRolePolicy": "AssumeRolePolicyDocument"}),
    "aws:iam/rolePolicy:RolePolicy": (
        "iam",
        ["PutRolePolicy"],
        {"name": "PolicyName", "policy": "PolicyDocument", "role": "RoleName"},
    ),
    "aws:kms/alias:Alias": ("kms", ["CreateAlias"], {"name": "AliasName"}),
    "aws:kms/key:Key": (
        "kms",
        ["CreateKey", "ScheduleKeyDeletion"],
        {"deletionWindowInDays": "PendingWindowInDays"},
    ),
    "aws:lb/listener:Listener": ("elbv2", ["CreateListener"], {}),
    "aws:lb/listenerRule:ListenerRule": ("elbv2", ["CreateRule"], {}),
    "aws:lb/loadBalancer:LoadBalancer": ("elbv2", ["CreateLoadBalancer"], {"loadBalancerType": "Type"}),
    "aws:lb/targetGroup:TargetGroup": (
        "elbv2",
        ["CreateTargetGroup"],
        {
            "healthyThreshold": "HealthyThresholdCount",
            "unhealthyThreshold": "UnhealthyThresholdCount",
            "interval": "HealthCheckIntervalSeconds",
            "timeout": "HealthCheckTimeoutSeconds",
            "path": "HealthCheckPath",
            "matcher": "HttpCode",
        },
    ),
    "aws:lb/targetGroupAttachment:TargetGroupAttachment": ("elbv2", ["RegisterTargets"], {"targetId": "Id"}),
    "aws:route53/record:Record": (
        "route53",
        ["ChangeResourceRecordSets"],
        {"zoneId": "HostedZoneId", "records": "Value"},
    ),
    "aws:route53/zone:Zone": ("route53", ["CreateHostedZone"], {}),
    "aws:s3/bucket:Bucket": ("s3", ["CreateBucket"], {}),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": (
        "s3",
        ["PutBucketLifecycleConfiguration"],
        {},
    ),
    "aws:s3/bucketObjectv2:BucketObjectv2": ("s3", ["PutObject"], {}),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": ("s3", ["PutBucketOwnershipControls"], {}),
    "aws:s3/bucketPolicy:BucketPolicy": ("s3", ["PutBucketPolicy"], {}),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": ("s3", ["PutPublicAccessBlock"], {}),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        "s3",
        ["PutBucketEncryption"],
        {},
    ),
    "aws:s3/bucketVersioning:BucketVersioning": ("s3", ["PutBucketVersioning"], {}),
    "aws:secretsmanager/secret:Secret": ("secretsmanager", ["CreateSecret", "DeleteSecret"], {}),
    "aws:secretsmanager/secretVersion:SecretVersion": ("secretsmanager", ["PutSecretValue"], {}),
    "aws:sns/topic:Topic": ("sns", ["CreateTopic"], {}),
    "aws:sns/topicSubscription:TopicSubscription": ("sns", ["Subscribe"], {"topic": "TopicArn"}),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": (
        "ec2",
        ["AuthorizeSecurityGroupEgress"],
        {"securityGroupId": "GroupId", "referencedSecurityGroupId": "GroupId", "cidrIpv4": "CidrIp"},
    ),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": (
        "ec2",
        ["AuthorizeSecurityGroupIngress"],
        {"securityGroupId": "GroupId", "referencedSecurityGroupId": "GroupId", "cidrIpv4": "CidrIp"},
    ),
}


# What the provider does with calls of its own, or for itself.
THE_PROVIDERS = {
    "aws:autoscaling/group:Group": ["ignoreFailedScalingActivities", "waitForCapacityTimeout"],
    "aws:ec2/instance:Instance": ["userDataReplaceOnChange"],
    "aws:ec2/launchTemplate:LaunchTemplate": ["updateDefaultVersion"],
    "aws:ec2/volumeAttachment:VolumeAttachment": ["stopInstanceBeforeDetaching"],
    "aws:kms/key:Key": ["enableKeyRotation"],
    "aws:lb/loadBalancer:LoadBalancer": ["dropInvalidHeaderFields", "idleTimeout", "internal"],
    "aws:lb/targetGroup:TargetGroup": ["cookieDuration", "deregistrationDelay", "enabled", "type"],
    "aws:route53/record:Record": ["allowOverwrite"],
    "aws:route53/zone:Zone": ["forceDestroy"],
    "aws:s3/bucket:Bucket": ["forceDestroy"],
    "aws:s3/bucketObjectv2:BucketObjectv2": ["source"],
    "aws:sns/topic:Topic": ["kmsMasterKeyId"],
}
# Nothing that AWS is told: the provider waits.
WAITING = ["aws:acm/certificateValidation:CertificateValidation"]
# What the stand-in of the provider makes up for outputs, such as `loadbalancer-0000000000000006e.zoneId`.
MADE_UP = re.compile(r"[a-z]+-[0-9a-f]{17}\.\w+")
# Names in these are ours.
OURS = ["tags", "dimensions"]

RETENTION_DAYS = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731]
# Of load balancers and what they lead to.
NAME = re.compile(r"(?!internal-)[A-Za-z0-9]([A-Za-z0-9-]{0,30}[A-Za-z0-9])?")
BUCKET = re.compile(r"(?!xn--|sthree-)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")


def documented(kind, of):
    """What AWS's documentation says in words: a rule, and whether it holds."""
    if kind == "aws:cloudwatch/logGroup:LogGroup":
        yield "the days that logs can be kept for", of["retentionInDays"] in RETENTION_DAYS
    if kind == "aws:cloudwatch/metricAlarm:MetricAlarm":
        span, period = of["period"] * of["evaluationPeriods"], of["period"]
        yield "a multiple of a minute", period % 60 == 0
        yield "a week at most, a day with periods under an hour", span <= (604_800 if period >= 3_600 else 86_400)
    if kind == "aws:ebs/volume:Volume":
        yield "3,000 IOPS to 500 for each GiB", 3_000 <= of["iops"] <= min(80_000, max(3_000, 500 * of["size"]))
        yield "125 MiB/s to a quarter of the IOPS", 125 <= of["throughput"] <= min(2_000, of["iops"] / 4)
    if kind == "aws:iam/rolePolicy:RolePolicy":
        yield "10,240 characters for all policies of a role", len(re.sub(r"\s", "", of["policy"])) <= 10_240
    if kind == "aws:lb/loadBalancer:LoadBalancer":
        yield "a name of letters, digits and hyphens", NAME.fullmatch(of["name"])
        yield "an idle timeout of 1 to 4,000 seconds", 1 <= of["idleTimeout"] <= 4_000
    if kind == "aws:lb/targetGroup:TargetGroup":
        yield "a name of letters, digits and hyphens", NAME.fullmatch(of["name"])
        yield "a deregistration of up to an hour", 0 <= of["deregistrationDelay"] <= 3_600
        yield "a check that ends before the next", of["healthCheck"]["timeout"] < of["healthCheck"]["interval"]
        yield "a cookie of up to a week", 1 <= of.get("stickiness", {}).get("cookieDuration", 1) <= 604_800
    if kind == "aws:s3/bucket:Bucket":
        yield "a name of lower case, digits and hyphens", BUCKET.fullmatch(of["bucket"])


@cache
def model(service):
    return Session().get_service_model(service)


def words(shape, found, above=()):
    """Collects the shapes of all single values in `shape`, by name in lower case."""
    if shape.name in above:
        return
    above = (*above, shape.name)
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            leaf = member
            while leaf.type_name == "list":
                leaf = leaf.member
            # EC2's way to say that something is not set.
            if leaf.type_name == "structure" and list(leaf.members) == ["Value"]:
                leaf = leaf.members["Value"]
            if leaf.type_name not in ("structure", "map"):
                found.setdefault(name.lower(), []).append(leaf)
            words(member, found, above)
    elif shape.type_name == "list":
        words(shape.member, found, above)
    elif shape.type_name == "map":
        words(shape.value, found, above)


@cache
def takes(kind):
    service, operations, _ = TYPES[kind]
    found = {}
    for operation in operations:
        words(model(service).operation_model(operation).input_shape, found)
    return found


def shapes(kind, key):
    """What AWS takes under the provider's name `key`."""
    names = TYPES[kind][2].get(key, key)
    found = []
    for name in [names] if isinstance(names, str) else names:
        # Lists have names in the plural with one of the two, often.
        for one in (name.lower(), name.lower() + "s", name.lower().removesuffix("s")):
            found += takes(kind).get(one, [])
    return found


def fits(shape, value):
    """Whether AWS's description allows it; None if that has no rule."""
    rules = shape.metadata
    if getattr(shape, "enum", None):
        return value in shape.enum
    if shape.type_name == "string":
        text = value if isinstance(value, str) else json.dumps(value)
        pattern = rules.get("pattern")
        try:
            # Java's classes of characters, which all that is written here is of.
            form = pattern and re.compile(re.sub(r"\\p\{\w+\}", r"\\S", pattern))
        except re.error:
            form = None
        limits = [limit for limit in ("min", "max") if limit in rules]
        if not form and not limits:
            return None
        length_fits = rules.get("min", 0) <= len(text) <= rules.get("max", sys.maxsize)
        return length_fits and (not form or bool(form.fullmatch(text)))
    if shape.type_name in ("integer", "long"):
        number = float(value)
        return number.is_integer() and rules.get("min", number) <= number <= rules.get("max", number)
    return None


def leaves(key, value, without):
    """Values that stand by themselves, with their names."""
    if key in without or value is None:
        return
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(name, inner, without)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(key, inner, without)
    elif not MADE_UP.fullmatch(str(value)):
        yield key, value


def main():
    ruled = 0
    for thing in json.load(open(sys.argv[1])):
        kind, name, inputs = thing["type"], thing["name"], thing["inputs"]
        if kind in WAITING:
            continue
        if kind not in TYPES:
            print(f"{kind} {name}: nothing is known about this type")
            continue
        for key, value in leaves("", inputs, OURS + THE_PROVIDERS.get(kind, [])):
            candidates = shapes(kind, key)
            if not candidates:
                print(f"{kind} {name}: nobody takes {key}")
                continue
            verdicts = [verdict for shape in candidates if (verdict := fits(shape, value)) is not None]
            ruled += bool(verdicts)
            if verdicts and not any(verdicts):
                print(f"{kind} {name}: {key} is {value!r}")
        for rule, holds in documented(kind, inputs):
            ruled += 1
            if not holds:
                print(f"{kind} {name}: not {rule}")
    print(ruled)


main()
