// A services file that says everything that can be said.

export const EXAMPLE = `# What runs on this machine
stopTimeout: 45s
services:
  db:
    exec: postgres
    args: [-D, "\${home}/data", -p, "\${port}"]
    port: 5432
    health: {tcp: true}
    user: postgres:postgres
    pidFile: data/postmaster.pid
  cache:
    exec: redis-server
    port: auto
    health: {exec: [redis-cli, -p, "\${port}", ping], interval: 10s}
    desired: down
  api: # the one everybody talks to
    exec: ./api/serve.js
    args: ["--port=\${port}", "costs $$5"]
    cwd: api
    port: {from: 9000, to: 9010}
    host: 127.0.0.1
    health: {http: /health, interval: 2s, timeout: 1s, startTimeout: 20s, failures: 2}
    dependsOn: {db: ready, cache: started}
    env: {PORT: "\${port}", LEVEL: 3, DEBUG: false, TOKEN: "\${env:TOKEN}"}
    envFile: .env
    restart: {policy: always, maxFailures: 5, delays: {first: 500ms, longest: 1m}}
    stop: {command: [./drain.sh, "\${port}"], signal: SIGINT, timeout: 5s}
    logs: false
    register: {eureka: "http://127.0.0.1:8761/eureka", app: API, instanceId: api-1}
  web:
    cluster: {baseDir: web, workers: 2, stopTimeout: 10s}
    port: 7001
    dependsOn: {api: ready}
  mailer:
    exec: mailer
    health: none
    envFile: [.env, .env.mailer]
sources:
- manifests: services
- profiles: gateways
  exec: gateway
  args: [run, "\${home}"]
  homeVariable: GATEWAY_HOME
  configFile: config.yaml
  portKey: port
  hostKey: host
  staleKeys: [old_port]
  pidFile: gateway.pid
  lockFile: gateway.lock
  apiKeyVariable: GATEWAY_KEY
  basePort: 8642
  containerHost: gateway
  stopCommand: [gateway, stop]
  active: default
`;
