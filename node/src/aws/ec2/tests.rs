use super::*;
use crate::aws::stub::Stub;

fn parsed(xml: &str) -> Result<InstancesPage, quick_xml::DeError> {
    quick_xml::de::from_str(xml)
}

#[test]
fn instances_are_read_from_all_reservations() {
    let xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>
        <DescribeInstancesResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">
          <requestId>8f7724cf</requestId>
          <reservationSet>
            <item>
              <reservationId>r-1</reservationId><groupSet/>
              <instancesSet>
                <item>
                  <instanceId>i-1</instanceId><instanceType>m7g.large</instanceType>
                  <instanceState><code>16</code><name>running</name></instanceState>
                  <launchTime>2026-11-23T00:47:54.000Z</launchTime>
                  <placement><availabilityZone>eu-west-1b</availabilityZone><groupName/></placement>
                  <privateIpAddress>10.0.0.5</privateIpAddress>
                  <tagSet><item><key>aurora</key><value>a &amp; b</value></item></tagSet>
                  <cpuOptions><coreCount>2</coreCount><threadsPerCore>1</threadsPerCore></cpuOptions>
                </item>
                <item>
                  <instanceState><code>0</code><name>pending</name></instanceState>
                  <networkInterfaceSet><item><privateIpAddress>10.9.9.9</privateIpAddress></item></networkInterfaceSet>
                </item>
              </instancesSet>
            </item>
            <item><instancesSet><item><privateIpAddress>10.0.0.7</privateIpAddress></item></instancesSet></item>
            <item><instancesSet/></item>
          </reservationSet>
          <nextToken>more==</nextToken>
        </DescribeInstancesResponse>";
    let page = parsed(xml).unwrap();
    assert_eq!(page.next_token.as_deref(), Some("more=="));
    let instances: Vec<Instance> = page
        .reservation_set
        .item
        .into_iter()
        .flat_map(|found| found.instances_set.item)
        .collect();
    let addresses = instances
        .iter()
        .map(|instance| instance.private_ip_address.as_deref());
    assert_eq!(
        addresses.collect::<Vec<_>>(),
        [Some("10.0.0.5"), None, Some("10.0.0.7")]
    );
    assert!(instances[0].is_running() && !instances[1].is_running());
    assert_eq!(
        (instances[0].state(), instances[0].zone()),
        ("running", "eu-west-1b")
    );
    assert_eq!((instances[1].state(), instances[1].zone()), ("pending", ""));
    assert_eq!((instances[0].vcpus(), instances[1].vcpus()), (Some(2), None));
    assert_eq!(
        instances[0].launch_time.as_deref(),
        Some("2026-11-23T00:47:54.000Z")
    );

    let nobody = "<DescribeInstancesResponse><reservationSet/></DescribeInstancesResponse>";
    let nobody = parsed(nobody).unwrap();
    assert!(nobody.reservation_set.item.is_empty() && nobody.next_token.is_none());
    assert!(parsed("<html><body>Log in to the hotel's WLAN</body></html>").is_err());
}

#[tokio::test]
async fn instances_are_asked_for_by_their_ids() {
    let stopped =
        "<DescribeInstancesResponse><reservationSet><item><instancesSet><item><instanceId>i-1</instanceId>
        <instanceState><name>stopped</name></instanceState></item></instancesSet></item></reservationSet>
        </DescribeInstancesResponse>";
    let stub = Stub::start(&[(200, stopped)]).await;
    assert_eq!(stub.aws.instances_with_ids(&[]).await, Ok(Vec::new()));
    let found = stub.aws.instances_with_ids(&["i-1", "i-2"]).await.unwrap();
    assert_eq!((found.len(), found[0].state()), (1, "stopped"));
    let asked = stub.asked();
    let asked = &asked[0].body;
    for expected in [
        "Filter.1.Name=instance-id",
        "Filter.1.Value.1=i-1",
        "Filter.1.Value.2=i-2",
    ] {
        assert!(asked.contains(expected), "{expected:?} is not in {asked}");
    }
    // Those that are not running are just what somebody wants to see.
    assert!(!asked.contains("instance-state-name"), "{asked}");
}

#[test]
fn wildcards_in_a_tag_mean_themselves() {
    assert_eq!(literally(r"a*b?c\d"), r"a\*b\?c\\d");
    assert_eq!(literally("prod-1"), "prod-1");
}

#[test]
fn the_quota_counts_ordinary_families_only() {
    for (kind, counts) in [
        ("m7g.large", true),
        ("t4g.small", true),
        ("i4i.xlarge", true),
        ("c7i.2xlarge", true),
        ("p5.48xlarge", false),
        ("g6.xlarge", false),
        ("inf2.xlarge", false),
        ("hpc7g.4xlarge", false),
        ("mac2.metal", false),
        ("x2gd.large", false),
        ("u-6tb1.metal", false),
    ] {
        assert_eq!(is_standard(kind), counts, "{kind}");
    }
    let spot = Instance {
        instance_type: "m7g.large".to_owned(),
        instance_lifecycle: Some("spot".to_owned()),
        ..Instance::default()
    };
    assert!(spot.counts_for(Market::Spot) && !spot.counts_for(Market::OnDemand));
}

#[test]
fn filters_are_numbered() {
    let form = filter_form(&[("a", &["1", "2"]), ("b", &["3"])]);
    let names: Vec<&str> = form.iter().map(|(name, _)| name.as_str()).collect();
    let expected = [
        "Filter.1.Name",
        "Filter.1.Value.1",
        "Filter.1.Value.2",
        "Filter.2.Name",
        "Filter.2.Value.1",
    ];
    assert_eq!(names, expected);
    assert_eq!(
        page_form(&form[..1], Some("5"), Some("t")),
        [("Filter.1.Name", "a"), ("MaxResults", "5"), ("NextToken", "t")]
    );
}
