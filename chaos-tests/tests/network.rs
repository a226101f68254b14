//! Network namespaces and their faults, with real packets. It takes the right to make namespaces.

use std::net::Ipv4Addr;
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, ensure};
use aurora_chaos_tests::clickhouse::ClickHouse;
use aurora_chaos_tests::kafka::{Kafka, KafkaOptions};
use aurora_chaos_tests::netns::{Member, Network, NetworkFault};
use aurora_chaos_tests::process::Process;
use aurora_chaos_tests::sandbox::{Sandbox, eventually};
use aurora_chaos_tests::toxiproxy::{Toxiproxy, bootstrap_servers};
use rdkafka::consumer::{BaseConsumer, Consumer};
use tokio::net::{TcpListener, TcpStream};

const PATIENCE: Duration = Duration::from_secs(60);

/// Whether a TCP connection from a member to port 7000 of `to` comes about.
async fn hears(sandbox: &Sandbox, from: &Member, to: Ipv4Addr) -> Result<bool> {
    // Bash connects by itself, so that it takes no further program.
    let mut connect = Command::new("bash");
    connect.args(["-c", &format!("exec timeout 3 bash -c '</dev/tcp/{to}/7000'")]);
    let process = Process::spawn(
        sandbox.directory(),
        &format!("connect-to-{to}"),
        from.command(&connect),
    )?;
    Ok(process.wait(PATIENCE).await?.success())
}

/// Something that listens on port 7000 in a member.
async fn listen(sandbox: &Sandbox, index: usize, member: &Member) -> Result<Process> {
    let script =
        "my $socket = IO::Socket::INET->new(LocalPort => 7000, Listen => 20, ReuseAddr => 1) or die $!;
        while (1) { $socket->accept }";
    let mut server = Command::new("perl");
    server.args(["-MIO::Socket::INET", "-e", script]);
    let name = format!("server-{index}");
    let process = Process::spawn(sandbox.directory(), &name, member.command(&server))?;
    let address = (member.address(), 7000);
    eventually("a server in a namespace", PATIENCE, async || {
        ensure!(process.is_running(), "it has ended:\n{}", process.log_tail(5));
        TcpStream::connect(address)
            .await
            .map(|_| true)
            .map_err(anyhow::Error::from)
    })
    .await?;
    Ok(process)
}

#[tokio::test]
async fn links_between_namespaces_can_be_cut_and_healed() -> Result<()> {
    Sandbox::run("netns", async |sandbox| {
        let network = Network::new(3)?;
        let members = network.members();
        let mut servers = Vec::new();
        for (index, member) in members.iter().enumerate() {
            servers.push(listen(sandbox, index, member).await?);
        }
        let outside = TcpListener::bind((network.host(), 7000)).await?;
        let all = [(0, 1), (1, 0), (0, 2), (2, 1)];
        let links = async || {
            let hears = async |(from, to): (usize, usize)| {
                let heard = hears(sandbox, &members[from], members[to].address()).await?;
                anyhow::Ok(heard.then_some((from, to)))
            };
            let found = tokio::try_join!(hears(all[0]), hears(all[1]), hears(all[2]), hears(all[3]))?;
            anyhow::Ok(<[_; 4]>::from(found).into_iter().flatten().collect::<Vec<_>>())
        };
        // A machine that is busy may not connect in time.
        let until = async |expected: &[(usize, usize)]| {
            eventually("the links to be as they should", PATIENCE, async || {
                let found = links().await?;
                ensure!(found == expected, "{found:?}");
                anyhow::Ok(true)
            })
            .await
        };
        until(&all).await?;
        let split = NetworkFault::Split {
            left: vec![0],
            right: vec![1, 2],
        };
        let split = network.add(split)?;
        until(&[(2, 1)]).await?;
        ensure!(
            hears(sandbox, &members[0], network.host()).await?,
            "the split cuts from this machine"
        );
        network.add(NetworkFault::CutOff { member: 1 })?;
        ensure!(links().await?.is_empty());
        ensure!(!hears(sandbox, &members[1], network.host()).await?);
        network.remove(split)?;
        until(&[(0, 2)]).await?;
        network.heal()?;
        until(&all).await?;

        // No TCP connection comes about when only one side is heard; a datagram arrives one way.
        network.add(NetworkFault::OneWay { from: 0, to: 1 })?;
        until(&[(0, 2), (2, 1)]).await?;
        network.heal()?;
        network.add(NetworkFault::Loss { percent: 100 })?;
        ensure!(links().await?.is_empty());
        ensure!(hears(sandbox, &members[0], network.host()).await?);
        ensure!(network.add(NetworkFault::CutOff { member: 3 }).is_err());
        drop(outside);

        // The process in the namespace is the one that was started: it can be killed, and nothing lives on.
        let pid = servers[0].pid();
        servers[0].kill9()?;
        ensure!(!servers[0].is_running());
        ensure!(!std::fs::read_to_string(format!("/proc/{pid}/cmdline"))?.contains("IO::Socket"));
        let names = (network.host(), members[0].clone());
        drop(servers);
        drop(network);
        let left = Command::new("ip").args(["-4", "addr"]).output()?;
        ensure!(!String::from_utf8_lossy(&left.stdout).contains(&format!("{}/", names.0)));
        let gone = names.1.command(&Command::new("true")).output()?;
        ensure!(!gone.status.success(), "the namespace has outlived its network");
        Ok(())
    })
    .await
}

/// Packets between members are lost by chance, as many as was said, give or take.
#[tokio::test]
async fn a_share_of_packets_is_lost() -> Result<()> {
    const SENT: usize = 1_000;
    Sandbox::run("netns-loss", async |sandbox| {
        let network = Network::new(2)?;
        let [from, to] = network.members() else {
            anyhow::bail!("two members")
        };
        let perl = |member: &Member, name: &str, script: &str| {
            let mut perl = Command::new("perl");
            perl.args(["-MIO::Socket::INET", "-e", script]);
            Process::spawn(sandbox.directory(), name, member.command(&perl))
        };
        // What is not read at once must not be lost for lack of room.
        let receive = "$| = 1; my $socket = IO::Socket::INET->new(LocalPort => 7000, Proto => 'udp') or die $!;
            setsockopt($socket, SOL_SOCKET, 33, 4_000_000) or die $!;
            print \"ready\\n\"; while (defined $socket->recv(my $text, 100)) { print \"$text\\n\" }";
        let receiver = perl(to, "receiver", receive)?;
        let until = async |text: &str| {
            eventually(text, PATIENCE, async || receiver.find_in_log(text)).await
        };
        until("ready").await?;
        let send = async |text: &str, count: usize| {
            let script = format!(
                "my $socket = IO::Socket::INET->new(PeerAddr => '{}', PeerPort => 7000, Proto => 'udp') or die $!;
                 for (1..{count}) {{ $socket->send('{text}'); select(undef, undef, undef, 0.0005) }}",
                to.address()
            );
            let status = perl(from, "sender", &script)?.wait(PATIENCE).await?;
            ensure!(status.success());
            Ok(())
        };
        network.add(NetworkFault::Loss { percent: 30 })?;
        send("packet", SENT).await?;
        network.heal()?;
        send("end", 1).await?;
        until("end").await?;
        let arrived = receiver.log_tail(usize::MAX).matches("packet").count();
        // Five standard deviations.
        ensure!(arrived.abs_diff(SENT * 70 / 100) < 75, "{arrived} of {SENT} arrived");
        Ok(())
    })
    .await
}

/// Through proxies on the bridge, Kafka's clients are sent to addresses on the bridge only.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kafka_advertises_proxies_that_members_reach() -> Result<()> {
    Sandbox::run("netns-kafka", async |sandbox| {
        let network = Network::new(1)?;
        let options = KafkaOptions {
            proxy_host: network.host(),
            ..KafkaOptions::default()
        };
        let kafka = Kafka::start(sandbox, options).await?;
        let toxiproxy = Toxiproxy::start(sandbox).await?;
        let proxies = toxiproxy.before_kafka(&kafka).await?;
        let mut config = kafka.client_config();
        config.set("bootstrap.servers", bootstrap_servers(&proxies));
        let consumer: BaseConsumer = config.create()?;
        let metadata = tokio::task::block_in_place(|| consumer.fetch_metadata(None, PATIENCE))?;
        let advertised: Vec<String> = metadata
            .brokers()
            .iter()
            .map(|broker| format!("{}:{}", broker.host(), broker.port()))
            .collect();
        ensure!(advertised == [proxies[0].address().to_string()], "{advertised:?}");
        ensure!(proxies[0].address().ip() == network.host());
        Ok(())
    })
    .await
}

#[tokio::test]
async fn what_a_killed_run_has_left_goes_with_the_next_network() -> Result<()> {
    // No process has this id: the kernel's limit is 2^22. And nobody else who tests has it.
    let dead = (1 << 22) + std::process::id();
    let (leftover, bridge) = (&format!("aurora-{dead}-0-0"), &format!("aur{dead}b0"));
    let ip = |arguments: &[&str]| Command::new("ip").args(arguments).output();
    let first = Network::new(1)?;
    // Another network may take them away as soon as they are there.
    ensure!(ip(&["netns", "add", leftover])?.status.success());
    ensure!(ip(&["link", "add", bridge, "type", "bridge"])?.status.success());
    let list = || -> Result<String> {
        let (spaces, links) = (ip(&["netns", "list"])?.stdout, ip(&["link"])?.stdout);
        Ok(String::from_utf8_lossy(&[spaces, links].concat()).into_owned())
    };
    let second = Network::new(1)?;
    ensure!(!list()?.contains(leftover) && !list()?.contains(bridge));
    ensure!(first.host() != second.host());
    let own = format!("aurora-{}-", std::process::id());
    ensure!(
        list()?.matches(&own).count() >= 2,
        "networks that are in use must stay"
    );
    Ok(())
}

/// A node in a namespace reaches ClickHouse, which binds loopback only, through a proxy on the bridge.
#[tokio::test]
async fn a_member_reaches_clickhouse_through_a_proxy() -> Result<()> {
    Sandbox::run("netns-proxy", async |sandbox| {
        let network = Network::new(1)?;
        let clickhouse = ClickHouse::start(sandbox).await?;
        let toxiproxy = Toxiproxy::start(sandbox).await?;
        let proxy = toxiproxy
            .before_clickhouse_on(&clickhouse, network.host())
            .await?;
        let address = proxy.address();
        let script = format!(
            "exec 3<>/dev/tcp/{}/{}; printf 'GET /ping HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3",
            address.ip(),
            address.port()
        );
        let mut ping = Command::new("bash");
        ping.args(["-c", &script]);
        let ping = Process::spawn(sandbox.directory(), "ping", network.members()[0].command(&ping))?;
        ping.wait(PATIENCE).await?;
        ensure!(
            ping.find_in_log("Ok.").is_some(),
            "it said:\n{}",
            ping.log_tail(10)
        );
        Ok(())
    })
    .await
}
