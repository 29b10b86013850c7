import os from 'node:os';
import { linesOf, namesIn, pidsOf, readLink, readText } from './read.js';
import { userNames } from './proc.js';

const TCP_STATES: Readonly<Record<string, string>> = {
  '01': 'ESTABLISHED',
  '02': 'SYN_SENT',
  '03': 'SYN_RECV',
  '04': 'FIN_WAIT1',
  '05': 'FIN_WAIT2',
  '06': 'TIME_WAIT',
  '07': 'CLOSE',
  '08': 'CLOSE_WAIT',
  '09': 'LAST_ACK',
  '0A': 'LISTEN',
  '0B': 'CLOSING',
  '0C': 'NEW_SYN_RECV',
};

const TABLES = ['tcp', 'tcp6', 'udp', 'udp6', 'raw', 'raw6'] as const;

/** The kernel prints addresses as 32-bit words in the machine's own byte order. */
const addressBytes = (hex: string): Buffer => {
  const bytes = Buffer.from(hex, 'hex');
  if (os.endianness() === 'LE') bytes.swap32();
  return bytes;
};

/** IPv6 as RFC 5952 writes it; addresses that hold an IPv4 one in its words. */
export const ipv6Text = (bytes: Buffer): string => {
  if (bytes.subarray(0, 12).equals(Buffer.from('00000000000000000000ffff', 'hex')))
    return `::ffff:${[...bytes.subarray(12)].join('.')}`;
  const words = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(i * 2));
  let best = { from: 0, length: 0 };
  for (let from = 0; from < 8; from++) {
    let length = 0;
    while (from + length < 8 && words[from + length] === 0) length += 1;
    if (length > best.length) best = { from, length };
  }
  const hex = (part: number[]): string => part.map((word) => word.toString(16)).join(':');
  if (best.length < 2) return hex(words);
  return `${hex(words.slice(0, best.from))}::${hex(words.slice(best.from + best.length))}`;
};

const addressText = (hex: string): string => {
  const bytes = addressBytes(hex);
  return bytes.length === 4 ? [...bytes].join('.') : ipv6Text(bytes);
};

interface Owner {
  pid: number;
  name: string | null;
}

/** Which process holds which socket, as far as it may be seen. */
const socketOwners = (pids?: readonly number[]): ReadonlyMap<string, Owner> => {
  const owners = new Map<string, Owner>();
  for (const pid of pidsOf(pids)) {
    let name: string | null | undefined;
    for (const fd of namesIn(`/proc/${pid}/fd`)) {
      const inode = /^socket:\[(\d+)\]$/.exec(readLink(`/proc/${pid}/fd/${fd}`) ?? '')?.[1];
      if (inode === undefined || owners.has(inode)) continue;
      name ??= readText(`/proc/${pid}/comm`)?.trim() ?? null;
      owners.set(inode, { pid, name });
    }
  }
  return owners;
};

const endpoint = (text: string): { address: string; port: number } => {
  const [address = '', port = '0'] = text.split(':');
  return { address: addressText(address), port: Number.parseInt(port, 16) };
};

/** Internet sockets, with the process that holds each; only those of `pids` when given. */
export function* netstat(pids?: readonly number[]): Generator<object> {
  const owners = socketOwners(pids);
  const users = userNames();
  for (const protocol of TABLES) {
    for (const line of linesOf(`/proc/net/${protocol}`).slice(1)) {
      const [, local = '', remote = '', state = '', , , , uid = '', , inode = ''] = line.trim().split(/\s+/);
      const owner = owners.get(inode);
      if (pids !== undefined && owner === undefined) continue;
      const [from, to] = [endpoint(local), endpoint(remote)];
      yield {
        protocol,
        local_address: from.address,
        local_port: from.port,
        remote_address: to.address,
        remote_port: to.port,
        state: protocol.startsWith('tcp') ? (TCP_STATES[state] ?? state) : null,
        pid: owner?.pid ?? null,
        name: owner?.name ?? null,
        uid: Number(uid),
        username: users.get(Number(uid)) ?? uid,
        inode: Number(inode),
      };
    }
  }
}

const counters = (name: string): { rx: number | null; tx: number | null } => {
  const value = (what: string): number | null => {
    const text = readText(`/sys/class/net/${name}/statistics/${what}`);
    return text === undefined ? null : Number(text);
  };
  return { rx: value('rx_bytes'), tx: value('tx_bytes') };
};

/** Network interfaces, those that are down included; one row each. */
export function* interfaces(): Generator<object> {
  const known = os.networkInterfaces();
  const names = new Set([...namesIn('/sys/class/net'), ...Object.keys(known)]);
  for (const name of [...names].toSorted()) {
    const mtu = readText(`/sys/class/net/${name}/mtu`);
    if (mtu === undefined && known[name] === undefined) continue; // bonding_masters and the like
    const { rx, tx } = counters(name);
    yield {
      name,
      mac: readText(`/sys/class/net/${name}/address`)?.trim() ?? known[name]?.[0]?.mac ?? null,
      state: readText(`/sys/class/net/${name}/operstate`)?.trim() ?? null,
      mtu: mtu === undefined ? null : Number(mtu),
      addresses: (known[name] ?? []).map(({ cidr, address }) => cidr ?? address),
      rx_bytes: rx,
      tx_bytes: tx,
    };
  }
}

/** Which hardware address answers for which IPv4 address. */
export function* arp(): Generator<object> {
  for (const line of linesOf('/proc/net/arp').slice(1)) {
    const [address, , flags = '0x0', mac, , name] = line.split(/\s+/);
    yield { address, mac, interface: name, flags: Number(flags) };
  }
}

const prefixLength = (hex: string): number =>
  [...addressBytes(hex)].reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0);

/** IPv4 and IPv6 routes of the main table. */
export function* routes(): Generator<object> {
  for (const line of linesOf('/proc/net/route').slice(1)) {
    const [name, destination = '', gateway = '', flags = '', , , metric, mask = ''] = line.trim().split(/\s+/);
    const via = addressText(gateway);
    yield {
      destination: `${addressText(destination)}/${prefixLength(mask)}`,
      gateway: via === '0.0.0.0' ? null : via,
      interface: name,
      metric: Number(metric),
      flags: Number.parseInt(flags, 16),
    };
  }
  for (const line of linesOf('/proc/net/ipv6_route')) {
    const [destination = '', length = '', , , gateway = '', metric = '', , , flags = '', name] = line
      .trim()
      .split(/\s+/);
    const via = ipv6Text(Buffer.from(gateway, 'hex'));
    yield {
      destination: `${ipv6Text(Buffer.from(destination, 'hex'))}/${Number.parseInt(length, 16)}`,
      gateway: via === '::' ? null : via,
      interface: name,
      metric: Number.parseInt(metric, 16),
      flags: Number.parseInt(flags, 16),
    };
  }
}
