// Netflix Eureka over its REST operations: https://github.com/Netflix/eureka/wiki/Eureka-REST-operations

import { ClusterError } from '../../errors.js';
import { type HttpCall, httpCall } from '../../system/http-call.js';
import { CALL_LIMIT_MS, type Registrar, type Registration } from './registrar.js';

/** What Eureka's own clients ask for, in seconds. Said, because a server may have another default. */
const LEASE = { renewalIntervalInSecs: 30, durationInSecs: 90 };

export class Eureka implements Registrar {
  readonly registry: string;
  readonly #authorization: string | undefined;

  /**
   * @param url of the server, as Eureka's clients are told: `http://host:8761/eureka`, https as well, with `user:password@` for Basic
   *   authentication. Throws ERR_INVALID_CONFIG, which does not repeat it.
   */
  constructor(url: string) {
    const { username, password, origin, pathname } = checked(url);
    this.registry = `${origin}${pathname.replace(/\/+$/, '')}`;
    this.#authorization = username === '' && password === '' ? undefined : basic(username, password);
  }

  async register(registration: Registration, signal: AbortSignal): Promise<void> {
    const status = await this.#call('POST', pathOfApp(registration), { signal, body: { instance: instanceOf(registration) } });
    if (!isFine(status)) throw refused('POST', status);
  }

  async renew(registration: Registration, signal: AbortSignal): Promise<'renewed' | 'unknown'> {
    const status = await this.#call('PUT', pathOfInstance(registration), { signal });
    if (status === 404) return 'unknown';
    if (!isFine(status)) throw refused('PUT', status);
    return 'renewed';
  }

  async deregister(registration: Registration, signal: AbortSignal): Promise<void> {
    const status = await this.#call('DELETE', pathOfInstance(registration), { signal });
    if (!isFine(status) && status !== 404) throw refused('DELETE', status);
  }

  async #call(method: HttpCall['method'], path: string, more: Pick<HttpCall, 'signal' | 'body'>): Promise<number> {
    const url = new URL(`${this.registry}${path}`);
    const { status } = await httpCall({ method, url, authorization: this.#authorization, limitMs: CALL_LIMIT_MS, ...more });
    return status;
  }
}

/** Register answers 204, the others 200; proxies may say another 2xx. */
const isFine = (status: number) => status >= 200 && status < 300;
const refused = (method: string, status: number) => new Error(`it answered ${method} with status ${status}`);

function checked(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol)) return url;
  throw new ClusterError('ERR_INVALID_CONFIG', 'eureka: expected a URL such as http://host:8761/eureka.');
}

function basic(username: string, password: string): string {
  try {
    return `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')}`;
  } catch {
    throw new ClusterError('ERR_INVALID_CONFIG', 'eureka: user and password in the URL are not percent-encoded (a lone % is %25).');
  }
}

/** Eureka's own clients and its dashboard write it so. */
const nameOf = ({ app }: Registration) => app.toUpperCase();
const pathOfApp = (registration: Registration) => `/apps/${encodeURIComponent(nameOf(registration))}`;
const pathOfInstance = (registration: Registration) => `${pathOfApp(registration)}/${encodeURIComponent(registration.instanceId)}`;

/** Names, a host, an address and the data centre are what the server refuses to go without. */
function instanceOf(registration: Registration): object {
  const { app, instanceId, host, port, ipAddress = host, homePageUrl, statusPageUrl, healthCheckUrl } = registration;
  return {
    instanceId,
    hostName: host,
    app: nameOf(registration),
    ipAddr: ipAddress,
    vipAddress: app,
    secureVipAddress: app,
    status: 'UP',
    port: { $: port, '@enabled': 'true' },
    securePort: { $: 443, '@enabled': 'false' },
    homePageUrl,
    statusPageUrl,
    healthCheckUrl,
    dataCenterInfo: { '@class': 'com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo', name: 'MyOwn' },
    leaseInfo: LEASE,
  };
}
