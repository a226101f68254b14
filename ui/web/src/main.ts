import { fetchCluster, fetchStreams, Problem } from './api';
import { Banner } from './banner';
import { ClusterStatus } from './cluster';
import { byId } from './dom';
import { sentence } from './format';
import { poll } from './poll';
import { QueryBox } from './query';
import { Streams } from './streams';

const banner = new Banner(byId('banner'));
const cluster = new ClusterStatus(byId('cluster'));
const query = new QueryBox(byId('query'));
const streams = new Streams(byId('streams'));

async function refresh(): Promise<void> {
  const [streamList, clusterView] = await Promise.all([fetchStreams(), fetchCluster()]);
  streams.update(streamList);
  cluster.update(clusterView);
  query.offerExamples(streamList);
  banner.showContact();
}

function reportFailure(error: unknown): void {
  cluster.unknown();
  if (!(error instanceof Problem)) {
    console.error(error);
    banner.showLost('This page could not show what the node answered. Retrying…');
  } else if (error.status === 0) {
    banner.showLost('Lost contact with the node. Retrying…');
  } else {
    banner.showLost(`${sentence(error.title)} ${sentence(error.detail)} Retrying…`);
  }
}

poll(refresh, reportFailure);
