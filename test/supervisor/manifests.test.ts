import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { fill } from '../../lib/protocol/placeholders.js';
import { manifestServices } from '../../lib/supervisor/sources/manifests.js';
import { emptyFolder } from '../support/fixtures.js';

const GOOD = { service_id: 'web', exec: './serve.js', health_check: 'http://127.0.0.1:8080/health' };

/** The services of a folder with these files. */
async function servicesOf(files: Readonly<Record<string, unknown>>) {
  using folder = emptyFolder();
  for (const [path, content] of Object.entries(files)) {
    const file = join(folder.path, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  }
  return { root: folder.path, ...(await manifestServices('.', folder.path)) };
}

test('a manifest becomes a service in its own folder, on the port of its health check', async () => {
  const { services, invalid, warnings, issues, root } = await servicesOf({
    'a/manifest.json': { ...GOOD, args: ['--x', 'y z'], stop: ['./stop', '1'], version: 3 },
  });
  const [service] = services;
  const cwd = join(root, 'a');
  assert.deepEqual([services.length, invalid, warnings, issues], [1, [], [], undefined]);
  assert.deepEqual(service?.run, { kind: 'program', exec: join(cwd, 'serve.js'), args: ['--x', 'y z'] });
  assert.deepEqual([service?.name, service?.cwd, service?.home, service?.source], ['web', cwd, cwd, join(cwd, 'manifest.json')]);
  assert.deepEqual([service?.host, service?.port], ['127.0.0.1', { from: 8080, to: 8080, isFixed: true }]);
  assert.deepEqual([service?.health.kind, 'target' in (service?.health ?? {}) && service?.health], ['http', { ...service?.health, target: GOOD.health_check }]);
  assert.deepEqual(service?.stop.command, ['./stop', '1']);
});

test('the port and the host are those of the URL, whatever it looks like', async () => {
  for (const [url, host, port] of [
    ['http://localhost', 'localhost', 80],
    ['https://example.test/x?y=1', 'example.test', 443],
    ['http://[::1]:9000/', '::1', 9_000],
    ['HTTP://127.0.0.1:8081', '127.0.0.1', 8_081],
  ] as const) {
    const { services } = await servicesOf({ 'manifest.json': { ...GOOD, health_check: url } });
    assert.deepEqual([services[0]?.host, services[0]?.port?.from], [host, port], url);
  }
});

test('an absolute path stays one; another starts from the folder of the manifest, even a bare word', async () => {
  const { services, root } = await servicesOf({
    'a/manifest.json': { ...GOOD, exec: '/bin/true' },
    'b/manifest.json': { ...GOOD, service_id: 'b', exec: 'serve' },
  });
  assert.deepEqual(
    services.map(({ run }) => run.kind === 'program' && run.exec),
    ['/bin/true', join(root, 'b', 'serve')],
  );
});

test('nothing in a manifest is a placeholder', async () => {
  const url = `http://h/${'$'}{port}`;
  await fc.assert(
    fc.asyncProperty(fc.array(fc.stringMatching(/^[$a{}:]{1,6}$/), { maxLength: 4 }), async words => {
      const { services } = await servicesOf({ 'manifest.json': { ...GOOD, args: words, stop: ['x', ...words], health_check: url } });
      const [service] = services;
      const filled = (text: string) => fill(text, { port: undefined, host: '', home: '', env: () => undefined });
      assert.deepEqual(service?.run.kind === 'program' && service.run.args.map(filled), words);
      assert.deepEqual(service?.stop.command?.map(filled), ['x', ...words]);
      assert.equal(service?.health.kind === 'http' && filled(service.health.target), url);
    }),
    { numRuns: 50 },
  );
});

test('the misspelling of existing manifests is accepted with a warning, a near miss is told', async () => {
  const { service_id, ...rest } = GOOD;
  const misspelt = await servicesOf({ 'manifest.json': { ...rest, serivce_id: service_id } });
  assert.deepEqual([misspelt.services[0]?.name, misspelt.warnings?.length], ['web', 1]);
  assert.match(misspelt.warnings?.[0] ?? '', /manifest\.json: serivce_id is taken for service_id/);
  const both = await servicesOf({ 'manifest.json': { ...GOOD, serivce_id: 'other', argz: [] } });
  assert.equal(both.services[0]?.name, 'web');
  assert.deepEqual(
    both.warnings?.map(text => /serivce_id is ignored|did you mean args/.test(text)),
    [true, true],
  );
});

for (const [title, content, reason] of [
  ['not JSON', '{"service_id": }', /^it is not JSON: 1:\d+: Unexpected/],
  ['empty', '', /^it is not JSON: 1:\d+: Unexpected/],
  ['a list', [GOOD], /^it should be an object, got a list$/],
  ['null', null, /^it should be an object, got null$/],
  ['a text', '"web"', /^it should be an object, got a string$/],
  ['without anything', {}, /^service_id is missing; exec is missing; health_check is missing$/],
  ['a near miss of a required key', { ...GOOD, health_check: undefined, healthcheck: 'x' }, /^health_check is missing \(healthcheck is not health_check\)$/],
  ['an id of the wrong type', { ...GOOD, service_id: 7 }, /^service_id should be a text, got a number$/],
  ['an id that is no name', { ...GOOD, service_id: '../web' }, /^service_id should begin with/],
  ['exec as a list', { ...GOOD, exec: ['node', 'x'] }, /^exec should be a text, got a list$/],
  ['exec with arguments', { ...GOOD, exec: 'node serve.js' }, /^exec should be one path without spaces/],
  ['exec empty', { ...GOOD, exec: '' }, /^exec should be one path/],
  ['args as a text', { ...GOOD, args: '--x' }, /^args should be a list of texts$/],
  ['args with a number', { ...GOOD, args: ['--port', 80] }, /^args should be a list of texts$/],
  ['args null', { ...GOOD, args: null }, /^args should be a list of texts$/],
  ['stop as a text', { ...GOOD, stop: 'kill it' }, /^stop should be a list of texts/],
  ['stop empty', { ...GOOD, stop: [] }, /^stop should be a list of texts/],
  ['a health check that is no URL', { ...GOOD, health_check: '/health' }, /^health_check should be a URL/],
  ['a health check of another kind', { ...GOOD, health_check: 'ftp://x/' }, /^health_check should be a URL/],
  ['a health check on port 0', { ...GOOD, health_check: 'http://x:0/' }, /^health_check should be a URL/],
  ['a health check of the wrong type', { ...GOOD, health_check: true }, /^health_check should be a text, got a boolean$/],
  ['several things', { ...GOOD, exec: 1, args: 1 }, /^exec should be .*; args should be/],
] as const) {
  test(`a bad manifest is listed with its reason, and the others go on: ${title}`, async () => {
    const { services, invalid = [], root } = await servicesOf({ 'bad/manifest.json': content, 'good/manifest.json': { ...GOOD, service_id: 'good' } });
    assert.deepEqual(
      services.map(({ name }) => name),
      ['good'],
    );
    assert.equal(invalid.length, 1);
    assert.equal(invalid[0]?.source, join(root, 'bad', 'manifest.json'));
    assert.match(invalid[0]?.reason ?? '', reason);
    assert.match(invalid[0]?.name ?? '', /^(bad|web)$/);
  });
}

test('of two with one id the first is the service, and the second says so', async () => {
  const {
    services,
    invalid = [],
    root,
  } = await servicesOf({ 'b/manifest.json': GOOD, 'a/manifest.json': GOOD, 'manifest.json': { ...GOOD, service_id: 'c' } });
  assert.deepEqual(
    services.map(({ name, cwd }) => [name, cwd]),
    [
      ['web', join(root, 'a')],
      ['c', root],
    ],
  );
  assert.deepEqual(
    invalid.map(({ name, reason }) => [name, reason]),
    [['web', `service_id: web is the service of ${join(root, 'a', 'manifest.json')} already`]],
  );
});

test('every folder is looked at but node_modules, dot folders and what is too deep', async () => {
  const deep = Array.from({ length: 20 }, () => 'd').join('/');
  const manifest = (id: string) => ({ ...GOOD, service_id: id });
  const { services, warnings } = await servicesOf({
    'a/b/c/manifest.json': manifest('nested'),
    'a/b/manifest.json': manifest('above'),
    'node_modules/x/manifest.json': manifest('package'),
    '.git/manifest.json': manifest('hidden'),
    'a/manifest.json.bak': manifest('other'),
    [`${deep}/manifest.json`]: manifest('deep'),
  });
  assert.deepEqual(
    services.map(({ name }) => name),
    ['nested', 'above'],
  );
  assert.match(warnings?.join() ?? '', /levels below/);
});

test('links: a circle ends, what two ways lead to is one service, a dangling one is nothing', async () => {
  using folder = emptyFolder();
  using elsewhere = emptyFolder();
  const at = (...parts: string[]) => join(folder.path, ...parts);
  mkdirSync(at('z'));
  writeFileSync(at('z', 'manifest.json'), JSON.stringify(GOOD));
  writeFileSync(join(elsewhere.path, 'manifest.json'), JSON.stringify({ ...GOOD, service_id: 'elsewhere' }));
  symlinkSync('.', at('z', 'self'));
  symlinkSync('..', at('z', 'up'));
  symlinkSync('z', at('a'));
  symlinkSync(elsewhere.path, at('linked'));
  symlinkSync('nowhere', at('dangling'));
  const { services, invalid, warnings } = await manifestServices(folder.path, '/');
  assert.deepEqual(
    services.map(({ name, cwd }) => [name, cwd]),
    [
      ['elsewhere', at('linked')],
      ['web', at('z')],
    ],
  );
  assert.deepEqual([invalid, warnings], [[], []]);
});

test('a folder that is not there is wrong with the source itself', async () => {
  using folder = emptyFolder();
  const { services, issues } = await manifestServices('none', folder.path);
  assert.deepEqual([services, issues], [[], [`manifests: there is no folder ${join(folder.path, 'none')}`]]);
});
