import { getCACertificates } from 'node:tls';
import { Agent, ProxyAgent, type Dispatcher } from 'undici';
import { LocationConfigError } from '../errors.js';

/** How connections are made. */
export interface DispatcherOptions {
  /** The proxy's URL; may hold a name and a password. HTTPS goes through CONNECT, plain HTTP is forwarded. */
  proxy?: string;
  /** PEM text: certificates of authorities that are trusted beside the system's. */
  extraCa?: string;
  /** Milliseconds to connect, and to wait for an answer's head and between two pieces of it. */
  timeoutMs: number;
  /** Connections kept to one origin. */
  connections: number;
}

const proxyUrl = (proxy: string): string => {
  const url = URL.canParse(proxy) ? new URL(proxy) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new LocationConfigError(
      `the proxy ${JSON.stringify(proxy)} is not an http:// or https:// URL; give it as http://host:port`,
    );
  return url.href;
};

/** A pool of kept-alive connections, through a proxy or not. Bodies come as they were sent; redirects are not followed. */
export const createDispatcher = (options: DispatcherOptions): Dispatcher => {
  if (options.extraCa !== undefined && !options.extraCa.includes('-----BEGIN CERTIFICATE-----'))
    throw new LocationConfigError(
      'the extra CA is not a PEM certificate: it has no line "-----BEGIN CERTIFICATE-----"',
    );
  const tls = options.extraCa === undefined ? {} : { ca: [...getCACertificates('default'), options.extraCa] };
  const common = {
    connections: options.connections,
    headersTimeout: options.timeoutMs,
    bodyTimeout: options.timeoutMs,
    allowH2: false,
  };
  if (options.proxy === undefined) return new Agent({ ...common, connect: { ...tls, timeout: options.timeoutMs } });
  return new ProxyAgent({
    ...common,
    uri: proxyUrl(options.proxy),
    proxyTunnel: false,
    connectTimeout: options.timeoutMs,
    requestTls: tls,
    proxyTls: tls,
  });
};
