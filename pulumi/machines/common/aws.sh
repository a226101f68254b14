#!/bin/bash
# To be sourced: what a machine asks AWS before, or without, the program aurora. Needs AWS_REGION.

# What the instance metadata service says about this machine under a path: metadata PATH. Version 2 only.
metadata() {
  local base=${AWS_EC2_METADATA_SERVICE_ENDPOINT:-http://169.254.169.254} token
  local -a patient=(--silent --show-error --fail --noproxy '*' --max-time 10 --retry 8 --retry-connrefused --retry-delay 2)
  token=$(curl "${patient[@]}" --request PUT --header 'X-aws-ec2-metadata-token-ttl-seconds: 60' "$base/latest/api/token") || return
  curl "${patient[@]}" --config - "$base/latest/meta-data/$1" <<<"header = \"X-aws-ec2-metadata-token: $token\""
}

# A text of a flat JSON object: json_text KEY OBJECT.
json_text() {
  sed -n "s/.*\"$1\" *: *\"\\([^\"]*\\)\".*/\\1/p" <<<"$2"
}

# A request signed with the credentials of this machine's role: signed SERVICE CURL-ARGUMENT...
# They go through standard input, since any process of the machine can read arguments.
signed() {
  local service=$1 role credentials
  shift
  role=$(metadata iam/security-credentials/) || return
  credentials=$(metadata "iam/security-credentials/${role%%$'\n'*}") || return
  curl --config - --silent --show-error --fail --connect-timeout 10 --retry 8 --retry-connrefused --retry-delay 2 "$@" <<CONFIG
aws-sigv4 = "aws:amz:$AWS_REGION:$service"
user = "$(json_text AccessKeyId "$credentials"):$(json_text SecretAccessKey "$credentials")"
header = "x-amz-security-token: $(json_text Token "$credentials")"
CONFIG
}

# Publishes a figure of this deployment: put_metric NAME VALUE UNIT. Needs AURORA_METRICS_URL and AURORA_DEPLOYMENT.
put_metric() {
  signed monitoring --output /dev/null --max-time 60 --url "$AURORA_METRICS_URL" --data-urlencode Action=PutMetricData \
    --data-urlencode Version=2010-08-01 --data-urlencode Namespace=Aurora \
    --data-urlencode "MetricData.member.1.MetricName=$1" \
    --data-urlencode "MetricData.member.1.Value=$2" \
    --data-urlencode "MetricData.member.1.Unit=$3" \
    --data-urlencode MetricData.member.1.Dimensions.member.1.Name=Deployment \
    --data-urlencode "MetricData.member.1.Dimensions.member.1.Value=$AURORA_DEPLOYMENT"
}
