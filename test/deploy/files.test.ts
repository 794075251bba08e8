/** The files with which a cluster is deployed and watched say what this build takes, tells and means. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parse, parseAllDocuments } from 'yaml';
import { newCounts } from '../../actors/counts.js';
import type { NodeSettings } from '../../actors/ports.js';
import { resolveOptions } from '../../deploy/config.js';
import { exitCodes } from '../../deploy/exit-codes.js';
import { createExposition, metricRows } from '../../deploy/metrics/exposition.js';
import { findNatsServer } from '../../deploy/nats-server.js';
import { nodeSettings, serveOptions } from '../../deploy/node-options.js';
import { stillSigns } from '../model/still-vitals.js';

const root = process.cwd();
const folder = join(root, 'deploy');
const read = (path: string): string => readFileSync(join(folder, path), 'utf8');

/** Checked as the program itself checks them: unknown flags, values, and what values must be to one another. */
function settingsOf(words: readonly string[], configFile?: string) {
  assert.equal(words[0], 'serve');
  const flags: Record<string, string> = {};
  for (const word of words.slice(1)) {
    const [, flag = '', text = ''] = /^--([a-z-]+)=(.+)$/.exec(word) ?? [];
    assert.ok(flag in serveOptions, `no flag of quorate serve: ${word}`);
    flags[flag] = text;
  }
  if (configFile !== undefined) flags['config-file'] = configFile;
  const values = resolveOptions(serveOptions, { flags, environment: {} });
  const port = Number(new URL(values['listen-metrics-urls']?.[0] ?? 'http://none:1').port);
  return { values, settings: nodeSettings(values), port };
}

describe('compose.yaml', () => {
  interface Service {
    readonly command: readonly string[];
    readonly environment?: Readonly<Record<string, string>>;
    readonly volumes: readonly string[];
    readonly secrets?: readonly string[];
    readonly restart: string;
    readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
    readonly healthcheck: { readonly test: readonly string[] };
    readonly build?: { readonly context: string; readonly dockerfile: string };
  }
  const compose = parse(read('compose.yaml'), { merge: true }) as {
    readonly services: Readonly<Record<string, Service>>;
    readonly volumes: Readonly<Record<string, unknown>>;
    readonly secrets: Readonly<Record<string, unknown>>;
  };
  const services = Object.entries(compose.services);
  const servers = services.filter(([, { environment }]) => environment !== undefined);
  const nodes = services.filter(([, { command }]) => command[0] === 'serve');

  test('three NATS servers and three nodes, each of which has health checks', () => {
    assert.deepEqual([servers.length, nodes.length, services.length], [3, 3, 6]);
    for (const [name, { healthcheck }] of services) assert.ok(healthcheck.test.length > 2, name);
  });

  for (const [name, service] of nodes) {
    test(`${name} takes its flags, has its volume and its key, and is checked where it listens`, () => {
      const { values, settings, port } = settingsOf(service.command);
      assert.equal(settings.name, name);
      assert.deepEqual(
        settings.initial_members,
        nodes.map(([each]) => each),
      );
      assert.deepEqual(
        values.servers,
        servers.map(([each]) => `nats://${each}:4222`),
      );
      assert.deepEqual(service.volumes, [`${name}:/data`]);
      assert.ok(name in compose.volumes && values['data-dir']?.startsWith('/data/') === true);
      assert.deepEqual(service.secrets, Object.keys(compose.secrets));
      assert.equal(values['peer-key-file'], `/run/secrets/${service.secrets?.[0]}`);
      assert.match(service.healthcheck.test.join(' '), new RegExp(`http://127.0.0.1:${port}/readyz`));
      assert.deepEqual(
        Object.keys(service.depends_on ?? {}),
        servers.map(([each]) => each),
      );
      assert.ok(existsSync(join(folder, service.build?.context ?? '', service.build?.dockerfile ?? '')));
    });
  }

  test('the NATS servers are named, and are routed to each other; their configuration is one', () => {
    const config = read('nats.conf');
    for (const [name, { environment }] of servers) {
      assert.equal(environment?.['NATS_NAME'], name);
      assert.ok(config.includes(`nats-route://${name}:6222`), name);
    }
    const environment = { ...process.env, NATS_NAME: 'nats-1' };
    const checked = spawnSync(findNatsServer(), ['-t', '-c', join(folder, 'nats.conf')], { env: environment });
    assert.equal(checked.status, 0, checked.stderr.toString());
  });
});

describe('k8s/quorate.yaml', () => {
  interface Probe {
    readonly httpGet: { readonly path: string; readonly port: string };
  }
  interface Manifest {
    readonly kind: string;
    readonly metadata: { readonly name: string };
    readonly spec: unknown;
  }
  const documents = parseAllDocuments(read('k8s/quorate.yaml')).map((document) => {
    assert.deepEqual(document.errors, []);
    return document.toJS() as Manifest;
  });
  const spec = <T>(kind: string): T => {
    const found = documents.find((each) => each.kind === kind);
    assert.ok(found !== undefined, kind);
    return found.spec as T;
  };
  const labels = { 'app.kubernetes.io/name': 'quorate' };
  const set = spec<{
    readonly serviceName: string;
    readonly replicas: number;
    readonly podManagementPolicy: string;
    readonly selector: { readonly matchLabels: unknown };
    readonly template: {
      readonly metadata: { readonly labels: unknown; readonly annotations: Readonly<Record<string, string>> };
      readonly spec: {
        readonly terminationGracePeriodSeconds: number;
        readonly containers: readonly {
          readonly args: readonly string[];
          readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
          readonly livenessProbe: Probe;
          readonly readinessProbe: Probe;
          readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
        }[];
        readonly volumes: readonly { readonly name: string; readonly secret?: { readonly secretName: string } }[];
      };
    };
    readonly volumeClaimTemplates: readonly { readonly metadata: { readonly name: string } }[];
  }>('StatefulSet');
  const pod = set.template.spec;
  const [container] = pod.containers;

  test('a pod is a member under its own name, with a volume and the key', () => {
    assert.ok(container !== undefined);
    const names = Array.from({ length: set.replicas }, (_, place) => `quorate-${place}`);
    for (const name of names) {
      const { settings, values } = settingsOf(container.args.map((word) => word.replaceAll('$(POD_NAME)', name)));
      assert.equal(settings.name, name);
      assert.deepEqual(settings.initial_members, names);
      const mounted = (path = ''): { readonly name: string } | undefined =>
        container.volumeMounts.find(({ mountPath }) => path.startsWith(`${mountPath}/`));
      assert.equal(mounted(values['data-dir'])?.name, set.volumeClaimTemplates[0]?.metadata.name);
      const key = pod.volumes.find((volume) => volume.name === mounted(values['peer-key-file'])?.name);
      assert.equal(key?.secret?.secretName, 'quorate-peer-key');
    }
    // One after the other, the first would never be ready: a cluster is born when all its members are there.
    assert.equal(set.podManagementPolicy, 'Parallel');
    assert.ok(pod.terminationGracePeriodSeconds >= 30);
  });

  test('it is probed where it listens', () => {
    assert.ok(container !== undefined);
    const { port } = settingsOf(container.args.map((word) => word.replaceAll('$(POD_NAME)', 'quorate-0')));
    assert.deepEqual(container.ports, [{ name: 'metrics', containerPort: port }]);
    assert.deepEqual(container.livenessProbe.httpGet, { path: '/livez', port: 'metrics' });
    assert.deepEqual(container.readinessProbe.httpGet, { path: '/readyz', port: 'metrics' });
    assert.equal(set.template.metadata.annotations['prometheus.io/port'], String(port));
  });

  test('the service is headless, and at most one pod is away by choice', () => {
    const service = spec<{ readonly clusterIP: string; readonly selector: unknown }>('Service');
    assert.deepEqual([service.clusterIP, service.selector], ['None', labels]);
    const budget = spec<{ readonly maxUnavailable: number; readonly selector: unknown }>('PodDisruptionBudget');
    assert.deepEqual(budget, { maxUnavailable: 1, selector: { matchLabels: labels } });
    assert.deepEqual([set.selector.matchLabels, set.template.metadata.labels], [labels, labels]);
    assert.equal(set.serviceName, documents.find(({ kind }) => kind === 'Service')?.metadata.name);
  });
});

describe('systemd and Docker', () => {
  const unit = read('systemd/quorate@.service');
  const valueOf = (key: string): string => new RegExp(`^${key}=(.*)$`, 'm').exec(unit)?.[1] ?? '';

  test('the unit starts a node with the example’s flags, and not again on damaged data', () => {
    const [program, ...words] = valueOf('ExecStart').replaceAll('%i', 'n1').split(' ');
    assert.equal(program, '/usr/local/bin/quorate');
    assert.ok(words.includes('--config-file=/etc/quorate/n1.yaml'));
    const { settings, values } = settingsOf(words, join(folder, 'systemd', 'example.yaml'));
    assert.equal(settings.initial_members.length, 3);
    assert.equal(values['data-dir'], `/var/lib/${valueOf('StateDirectory').replace('%i', 'n1')}`);
    assert.equal(valueOf('RestartPreventExitStatus'), String(exitCodes.damaged));
    assert.equal(valueOf('KillSignal'), 'SIGTERM');
  });

  test('the image is made of what there is, without what is secret', () => {
    const file = read('Dockerfile');
    for (const [, from = ''] of file.matchAll(/^COPY (?!--from)(.+) \S+$/gm)) {
      for (const name of from.split(' ')) assert.ok(existsSync(join(root, name)), name);
    }
    for (const [, name = ''] of file.matchAll(/\/app\/(deploy\/bin\/\w+)/g))
      assert.ok(existsSync(join(root, name)), name);
    const [, ...kept] = read('Dockerfile.dockerignore').trim().split('\n');
    for (const line of kept.filter((each) => each.startsWith('!')))
      assert.ok(existsSync(join(root, line.slice(1))), line);
    assert.ok(kept.includes('deploy/peer.key'), 'a key beside compose.yaml is not baked in');
  });
});

describe('alerts and dashboard', () => {
  /** The name and the labels of every metric that this build exports. */
  const exported = (async () => {
    const known = new Map<string, readonly string[]>();
    for (const { name, type, labels } of metricRows) {
      if (type !== 'histogram') known.set(name, labels);
      else for (const part of ['bucket', 'sum', 'count']) known.set(`${name}_${part}`, [...labels, 'le']);
    }
    const view = { settings: {} as NodeSettings, facts: null, counts: newCounts(), signs: stillSigns, links: [] };
    const rest = {
      log_written_bytes: 0,
      health: { success: 0, failures: 0, checks: [] },
      descriptors: null,
      now_ms: 0,
    };
    const [door, peers] = [
      { served: new Map(), streams_opened: 0 },
      { members: new Map(), heartbeats_unsent: 0 },
    ];
    const settings = { version: '0.0.0', quota_bytes: 0 } as NodeSettings;
    const text = await createExposition(() => ({ ...view, ...rest, door, peers, settings })).text();
    for (const [, name = ''] of text.matchAll(/^# TYPE ((?:process|nodejs)_\S+)/gm)) known.set(name, []);
    return known;
  })();

  async function checkQuery(query: string, where: string): Promise<void> {
    const known = await exported;
    const names = [...query.matchAll(/\b((?:etcd|os|quorate|process|nodejs)_[a-z0-9_]+)(?:\{([^}]*)\})?/g)];
    assert.ok(names.length > 0 || /\bup\{job=/.test(query), `${where}: ${query}`);
    for (const [, name = '', matchers = ''] of names) {
      const labels = known.get(name);
      assert.ok(labels !== undefined, `${where}: ${name} is not exported`);
      for (const [, label = ''] of matchers.matchAll(/(\w+)[!=]~?"/g)) {
        assert.ok(['job', 'instance', ...labels].includes(label), `${where}: ${name} has no label ${label}`);
      }
    }
    for (const [open, close] of ['()', '{}', '[]']) {
      assert.equal(query.split(open ?? '').length, query.split(close ?? '').length, `${where}: ${query}`);
    }
  }

  test('every alert asks for what is exported, and says what it means', async () => {
    const { groups } = parse(read('prometheus/alerts.yaml')) as {
      readonly groups: readonly {
        readonly rules: readonly {
          readonly alert: string;
          readonly expr: string;
          readonly labels: { readonly severity: string };
          readonly annotations: { readonly summary: string; readonly description: string };
        }[];
      }[];
    };
    const rules = groups.flatMap((group) => group.rules);
    assert.equal(new Set(rules.map(({ alert }) => alert)).size, rules.length);
    for (const { alert, expr, labels, annotations } of rules) {
      await checkQuery(expr, alert);
      assert.match(labels.severity, /^(warning|critical)$/, alert);
      assert.ok(annotations.summary.length > 10 && annotations.description.length > 10, alert);
    }
    const wanted = [/has_leader/, /leader_changes/, /fsync/, /quota/, /up\{/, /slow_consumers/, /event_loop/];
    for (const each of wanted)
      assert.ok(
        rules.some(({ expr }) => each.test(expr)),
        String(each),
      );
  });

  test('every panel asks for what is exported, and stands beside the others', async () => {
    interface Panel {
      readonly id: number;
      readonly type: string;
      readonly title: string;
      readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
      readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
    }
    const { panels, templating } = JSON.parse(read('grafana/quorate.json')) as {
      readonly panels: readonly Panel[];
      readonly templating: { readonly list: readonly { readonly query: string; readonly name: string }[] };
    };
    assert.ok(panels.length > 20);
    assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
    const taken = new Set<string>();
    for (const { type, title, targets, gridPos } of panels) {
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          assert.ok(x < 24 && !taken.has(`${x} ${y}`), `${title} stands on another`);
          taken.add(`${x} ${y}`);
        }
      }
      assert.ok(type === 'row' || (targets?.length ?? 0) > 0, title);
      for (const { expr } of targets ?? []) await checkQuery(expr, title);
    }
    for (const { name, query } of templating.list) {
      if (name !== 'datasource') await checkQuery(query, name);
    }
  });
});
