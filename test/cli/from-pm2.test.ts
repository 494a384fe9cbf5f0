import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { commentedConfig } from '../../lib/cli/init/commented-config.js';
import { fromPm2 } from '../../lib/cli/init/from-pm2.js';
import { ClusterError } from '../../lib/errors.js';
import { isOptionName } from '../../lib/protocol/options.js';
import { optionIssues } from '../../lib/system/option-issues.js';

const only = (app: Record<string, unknown>) => {
  const [translated] = fromPm2({ script: 'server.js', instances: 'max', ...app }).apps;
  assert.ok(translated);
  return translated;
};
const optionsOf = (app: Record<string, unknown>) => only(app).options;
const notesOf = (app: Record<string, unknown>) => only(app).notes;
const refused = (ecosystem: unknown, message: RegExp) => assert.throws(() => fromPm2(ecosystem), { name: 'ClusterError', code: 'ERR_INVALID_CONFIG', message });

suite('a PM2 ecosystem becomes options', () => {
  test('all at once', () => {
    const ecosystem = {
      apps: [
        {
          name: 'api',
          script: './dist/server.js',
          args: '--verbose "two words"',
          instances: '4',
          exec_mode: 'cluster',
          cwd: 'packages/api',
          env: { NODE_ENV: 'development', PORT: 3000, DEBUG: true },
          env_production: { NODE_ENV: 'production' },
          node_args: '--max-old-space-size=512',
          source_map_support: true,
          wait_ready: true,
          listen_timeout: 8000,
          kill_timeout: 5000,
          max_memory_restart: '300M',
          pid_file: 'api.pid',
        },
      ],
    };
    assert.deepEqual(fromPm2(ecosystem).apps, [
      {
        name: 'api',
        options: {
          name: 'api',
          entry: './dist/server.js',
          args: ['--verbose', 'two words'],
          baseDir: 'packages/api',
          workers: 4,
          port: 3000,
          setEnv: { NODE_ENV: 'production', DEBUG: 'true' },
          nodeOption: ['--max-old-space-size=512', '--enable-source-maps'],
          ready: 'signal',
          startTimeout: '8000ms',
          stopTimeout: '5000ms',
          maxMemory: '300M',
          pidFile: 'api.pid',
        },
        notes: ['env_production: is in setEnv, merged over env; give other values with --set-env KEY=VALUE or --env-file FILE'],
      },
    ]);
  });

  test('a list, one app and { apps } of one app are taken too; a name is wanted, or that of the script', () => {
    const app = { script: 'bin/web.mjs' };
    for (const ecosystem of [app, [app], { apps: app }, { apps: [app] }])
      assert.deepEqual(
        fromPm2(ecosystem).apps.map(({ name }) => name),
        ['web'],
      );
    const two = [app, { name: 'api', script: 'api.js' }];
    assert.deepEqual(
      fromPm2(two).apps.map(({ name, options }) => [name, options.entry]),
      [
        ['web', 'bin/web.mjs'],
        ['api', 'api.js'],
      ],
    );
    assert.deepEqual(
      fromPm2(two, 'api').apps.map(({ name }) => name),
      ['api'],
    );
    assert.throws(() => fromPm2(two, 'db'), { message: 'The PM2 ecosystem has no app named "db": name one of "web", "api".' });
  });

  test('instances: every CPU is the default here, one is the default there', () => {
    for (const instances of ['max', 0, '0']) assert.equal('workers' in optionsOf({ instances }), false);
    for (const instances of [3, '3']) assert.equal(optionsOf({ instances }).workers, 3);
    assert.equal(optionsOf({ instances: undefined }).workers, 1);
    assert.match(notesOf({ instances: undefined })[0] ?? '', /^instances: is missing, .*remove it/);
    assert.equal('workers' in optionsOf({ instances: -1 }), false);
    assert.match(notesOf({ instances: -1 })[0] ?? '', /^instances -1: .*set workers/);
  });

  test('a process of its own for each instance is not what app workers are', () => {
    assert.match(notesOf({ instances: 2, exec_mode: 'fork' })[0] ?? '', /^exec_mode "fork": app workers share their port/);
    assert.match(notesOf({ instances: 1, exec_mode: 'fork' }).join(), /set ready to "online"/);
    assert.deepEqual(notesOf({ instances: 1, exec_mode: 'fork', wait_ready: true }), []);
    assert.deepEqual(notesOf({ instances: 2, exec_mode: 'cluster' }), []);
  });

  test('args are a list, or split as a shell does', () => {
    assert.deepEqual(optionsOf({ args: ['a b', 1] }).args, ['a b', '1']);
    assert.deepEqual(optionsOf({ args: "-a 'b c' d\\ e" }).args, ['-a', 'b c', 'd e']);
  });

  test('the port: its own key, else PORT; a path in PORT stays in the environment', () => {
    assert.deepEqual(optionsOf({ port: '80', env: { PORT: 1, A: null, B: { c: 1 } } }), {
      name: 'server',
      entry: 'server.js',
      port: 80,
      setEnv: { B: '{"c":1}' },
    });
    assert.deepEqual(optionsOf({ env: { PORT: '/tmp/x.sock' } }).setEnv, { PORT: '/tmp/x.sock' });
    assert.equal(optionsOf({ env: { PORT: 1 }, env_production: { PORT: 2 } }).port, 2);
  });

  test('the other environments are told how to be given', () => {
    const { options, notes } = only({ env_staging: { A: 1 }, env_test: { A: 2 } });
    assert.equal(options.setEnv, undefined);
    assert.match(notes.join(), /^env_staging, env_test: left out, .*--set-env KEY=VALUE.*--env-file FILE$/);
    assert.match(notesOf({ env_production: { A: 1 } }).join(), /^env_production: is in setEnv; /);
  });

  test('interpreters other than node are told of, and their arguments with them', () => {
    for (const interpreter of ['node', '/usr/bin/node']) assert.deepEqual(notesOf({ interpreter, interpreter_args: '--a' }), []);
    assert.match(notesOf({ interpreter: 'node@18.0.0' }).join(), /the node that app-cluster is started with/);
    for (const interpreter of ['tsx', './node_modules/.bin/ts-node']) assert.match(notesOf({ interpreter }).join(), /TypeScript runs as it is/);
    const { options, notes } = only({ script: 'x.py', interpreter: 'python3', interpreter_args: '-u' });
    assert.equal(options.nodeOption, undefined);
    assert.match(notes.join('\n'), /^interpreter "python3": .*app-cluster run.*\nnode_args: are left out/);
    assert.match(notesOf({ script: './x.sh' }).join(), /"\.\/x\.sh": is not run by node: use app-cluster run/);
    const npm = only({ script: 'npm', args: 'start' });
    assert.equal(npm.options.entry, undefined);
    assert.match(npm.notes.join(), /^script "npm": is no file .*set entry/);
  });
});

suite('what has no option is told', () => {
  const told: readonly (readonly [key: string, value: unknown, note: RegExp])[] = [
    ['out_file', 'a.log', /^out_file: .*app-cluster logs/],
    ['error', 'a.log', /^error_file: .*app-cluster logs/],
    ['log_date_format', 'YYYY', /app-cluster logs/],
    ['merge_logs', true, /app-cluster logs/],
    ['watch', ['src'], /app-cluster reload/],
    ['cron_restart', '0 0 * * *', /^cron_restart: .*app-cluster reload/],
    ['autorestart', false, /^autorestart: .*78/],
    ['max_restarts', 10, /restart policy/],
    ['min_uptime', '10s', /restart policy/],
    ['exp_backoff_restart_delay', 100, /restart policy/],
    ['increment_var', 'PORT', /APP_CLUSTER_WORKER_INDEX/],
    ['instance_var', 'INSTANCE', /APP_CLUSTER_WORKER_INDEX/],
    ['flux_capacitor', 1, /^flux_capacitor: is not known here/],
  ];
  for (const [key, value, note] of told) {
    test(key, () => {
      assert.equal(notesOf({ [key]: value }).length, 1);
      assert.match(notesOf({ [key]: value })[0] ?? '', note);
    });
  }

  test('but not what asks for nothing', () => {
    assert.deepEqual(notesOf({ watch: false, autorestart: true, cron_restart: 0, merge_logs: false, uid: null, error_file: '' }), []);
  });

  test('keys beside apps are told once', () => {
    const { apps } = fromPm2({
      apps: [
        { script: 'a.js', instances: 0 },
        { script: 'b.js', instances: 0 },
      ],
      deploy: {},
    });
    assert.deepEqual(
      apps.map(({ notes }) => notes.length),
      [1, 0],
    );
  });

  test('camel case is the same', () => {
    assert.equal(optionsOf({ killTimeout: 5 }).stopTimeout, '5ms');
  });
});

suite('what is wrong is named', () => {
  test('no ecosystem', () => {
    for (const [value, name] of [
      [undefined, 'undefined'],
      [null, 'null'],
      ['x', '"x"'],
      [{ apps: 3 }, '3'],
    ] as const)
      refused(value, new RegExp(`should be .*got ${name}`));
    refused([], /empty list of apps/);
    refused([1], /^apps\[0\] should be an object with a script, got 1/);
  });

  test('no script', () => {
    refused({ apps: [{ script: 'a.js' }, { name: 'b', watch: true }] }, /^apps\[1\] has no script, only name, watch: add the file to run/);
    refused({}, /^apps\[0\] has no script, only nothing/);
  });

  test('keys of prototypes', () => {
    const texts = [
      '{ "__proto__": {}, "apps": [] }',
      '[{ "script": "a", "__proto__": { "x": 1 } }]',
      '[{ "script": "a", "env": { "__proto__": "x" } }]',
      '[{ "script": "a", "constructor": 1 }]',
    ];
    for (const text of texts) refused(JSON.parse(text), /has the key (__proto__|constructor), which cannot be .*remove it/);
  });

  test('every wrong value of every app, in one error', () => {
    const ecosystem = [
      { script: 'a.js', instances: 'many', kill_timeout: 'long', env: 'A=1' },
      { script: 'b.js', args: 'it"s', port: 70_000 },
    ];
    refused(ecosystem, /^5 things are wrong:\n {2}- apps\[0\] \("a"\): instances: should be max or a whole number up to 1024, got "many"\n/);
  });

  test('half a worker', () => {
    for (const instances of [1.5, '1.5', 1025, true]) refused({ script: 'a.js', instances }, /instances: should be max or a whole number up to 1024/);
  });

  test('a value that cannot become a text is one of them', () => {
    const rude = { toString: 1 };
    for (const key of ['script', 'name', 'instances', 'kill_timeout', 'interpreter', 'wait_ready', 'cwd', 'port'])
      refused([{ script: 'a.js', [key]: rude }], new RegExp(`${key}: should be .*got an object of toString`));
    fromPm2({ script: 'a.js', exec_mode: rude, cron_restart: rude, unknown: rude });
  });
});

suite('whatever an ecosystem holds', () => {
  const KEYS =
    'script exec name args instances exec_mode cwd env env_production env_x node_args interpreter wait_ready listen_timeout kill_timeout pid_file port watch uid cron_restart source_map_support toString unknown';
  const likely = fc.oneof(fc.integer(), fc.constantFrom('max', '4', 'fork', 'a b', '"', '10s', '3000', true, 'node', 'tsx', '\n'), fc.jsonValue());
  const app = fc.dictionary(fc.constantFrom(...KEYS.split(' ')), likely);
  const ecosystem = fc.oneof(fc.jsonValue(), app, fc.array(app), fc.record({ apps: fc.oneof(fc.array(app), app, fc.jsonValue()), deploy: fc.jsonValue() }));
  const plain = app.map(keys => ({ ...keys, script: 'a.js', env: { A: 1 }, env_production: {}, env_x: {} }));

  const translated = (value: unknown) => {
    try {
      return fromPm2(value).apps;
    } catch (error) {
      assert.ok(error instanceof ClusterError, String((error as Error)?.stack));
      assert.equal(error.code, 'ERR_INVALID_CONFIG');
      assert.ok(error.message.length > 20);
      return [];
    }
  };

  test('the answer is valid options that can be written to a file, or a ClusterError', () => {
    let count = 0;
    const property = fc.property(fc.oneof(ecosystem, plain), value => {
      for (const { options } of translated(value)) {
        count++;
        assert.deepEqual(optionIssues(options), []);
        assert.deepEqual(
          Object.keys(options).filter(key => !isOptionName(key)),
          [],
        );
        assert.deepEqual(JSON.parse(commentedConfig(options, { format: 'json' })), options);
      }
    });
    fc.assert(property, { numRuns: 3_000 });
    assert.ok(count > 300, `only ${count} were translated`);
  });
});
