// Reads the tables in which operating systems list their listening TCP sockets. Pure and tolerant: a line that is no row is skipped.

export interface ListeningSocket {
  readonly port: number;
  /** Without brackets: `127.0.0.1`, `::1`. */
  readonly address: string;
  readonly inode: string;
}

export interface PortUse {
  readonly port: number;
  readonly address: string;
  readonly pid: number;
}

type Endpoint = Omit<PortUse, 'pid'>;

const LISTEN = '0A';
/** Of a row in /proc/net/tcp. */
export const isListening = (row: string): boolean => / [\dA-F]+:[\dA-F]{4} 0A /.test(row);

/**
 * The listening sockets in /proc/net/tcp or tcp6. Columns: sl, local_address, rem_address, st, …, inode at 9 (proc_pid_net(5)).
 * @param byteOrder of the machine: addresses are printed as numbers of 32 bits
 */
export function parseProcNetTcp(text: string, byteOrder: 'LE' | 'BE' = 'LE'): ListeningSocket[] {
  return rowsOf(text).flatMap(columns => {
    const [, hexAddress = '', hexPort = ''] = /^([\dA-F]{8}|[\dA-F]{32}):([\dA-F]{4})$/.exec(columns[1] ?? '') ?? [];
    const inode = columns[9] ?? '';
    const port = Number.parseInt(hexPort, 16);
    if (columns[3] !== LISTEN || !isPort(port) || !/^\d+$/.test(inode)) return [];
    return [{ port, address: readableAddress(hexAddress, byteOrder), inode }];
  });
}

/** `lsof -F ptn`: one field a line, named by its first character; a process (p), then type (t) and name (n) of each of its files. */
export function parseLsof(text: string): PortUse[] {
  let pid = 0;
  let type = '';
  return text.split(/\r?\n/).flatMap(line => {
    const value = line.slice(1);
    if (line.startsWith('p')) [pid, type] = [pidOf(value), ''];
    if (line.startsWith('t')) type = value;
    const endpoint = line.startsWith('n') && pid > 0 ? parseEndpoint(value) : undefined;
    return endpoint ? [{ ...endpoint, address: spelledOut(endpoint.address, type), pid }] : [];
  });
}

/** Windows' `netstat -ano`: Proto, Local Address, Foreign Address, State, PID. State is translated; only who listens has a foreign port 0. */
export function parseNetstat(text: string): PortUse[] {
  return rowsOf(text).flatMap(([protocol = '', local = '', foreign = '', ...rest]) => {
    const endpoint = parseEndpoint(local);
    const pid = pidOf(rest.at(-1) ?? '');
    const isListening = /^TCP/i.test(protocol) && foreign.endsWith(':0');
    return endpoint && isListening && pid > 0 ? [{ ...endpoint, pid }] : [];
  });
}

function rowsOf(text: string): string[][] {
  return text.split('\n').map(row => row.trim().split(/\s+/));
}

function parseEndpoint(text: string): Endpoint | undefined {
  const [, address = '', digits = ''] = /^(\*|[\d.]+|\[[\da-f:.]+(?:%\w+)?\]):(\d{1,5})$/i.exec(text) ?? [];
  const port = Number(digits);
  return isPort(port) ? { port, address: address.replace(/^\[|\]$/g, '') } : undefined;
}

function spelledOut(address: string, type: string): string {
  if (address !== '*') return address;
  return type === 'IPv6' ? '::' : type === 'IPv4' ? '0.0.0.0' : '*';
}

const isPort = (port: number): boolean => Number.isInteger(port) && port >= 1 && port <= 65_535;

function pidOf(text: string): number {
  const pid = /^\d+$/.test(text) ? Number(text) : 0;
  return Number.isSafeInteger(pid) ? pid : 0;
}

function readableAddress(hex: string, byteOrder: 'LE' | 'BE'): string {
  const words = hex.match(/.{8}/g) ?? [];
  const bytes = words.flatMap(word => inOrder(word.match(/../g) ?? [], byteOrder).map(byte => Number.parseInt(byte, 16)));
  return bytes.length === 4 ? bytes.join('.') : ipv6(bytes);
}

const inOrder = (bytes: readonly string[], byteOrder: 'LE' | 'BE'): string[] => (byteOrder === 'LE' ? bytes.toReversed() : [...bytes]);

/** As RFC 5952 writes it: URL knows which zeros to leave out, and IPv4 in IPv6 stays readable. */
function ipv6(bytes: readonly number[]): string {
  const hex = bytes.map(byte => byte.toString(16).padStart(2, '0')).join('');
  if (hex.startsWith(`${'0'.repeat(20)}ffff`)) return `::ffff:${bytes.slice(12).join('.')}`;
  return new URL(`http://[${hex.match(/.{4}/g)?.join(':')}]`).hostname.slice(1, -1);
}
