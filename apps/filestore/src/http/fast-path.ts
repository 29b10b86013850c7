import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ByteString } from '../bytes.js';
import type { ObjectMeta } from '../disk/object-file.js';
import type { Exchange, Services } from './exchange.js';

/** Host and path: the host may name the bucket. */
function addressOf({ headers, url }: IncomingMessage): string {
  return `${headers.host ?? ''} ${url ?? ''}`;
}

const MAX_URLS = 20_000;

interface Ready {
  readonly meta: ObjectMeta;
  readonly etag: string;
  readonly head: readonly string[];
}

/**
 * Answers 304 to agents that poll: a GET of a public object, seen before, with the ETag that it has now, and with nothing
 * in the request that could change the answer. Everything else takes the whole way. It rests on the store's memory being
 * right (see DiskStore): an object that changed or went is not found here with its old ETag.
 */
export class FastPath {
  private readonly keys = new Map<string, ByteString>();
  private readonly ready = new WeakMap<ObjectMeta, Ready>();

  constructor(private readonly services: Pick<Services, 'store' | 'publicPrefix'>) {}

  /** Answers, or says false and has done nothing. */
  answer(message: IncomingMessage, response: ServerResponse): boolean {
    const key = this.keys.get(addressOf(message));
    if (key === undefined || message.method !== 'GET') return false;
    const { headers } = message;
    const given = headers['if-none-match'];
    if (given === undefined || headers.authorization !== undefined) return false;
    if (headers['if-match'] !== undefined || headers['if-unmodified-since'] !== undefined) return false;
    if (headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined) return false;
    const meta = this.services.store.peek(key);
    if (meta === undefined) return false;
    const ready = this.readyFor(meta);
    if (ready.etag !== given) return false;
    response.writeHead(304, ready.head as string[]);
    response.end();
    return true;
  }

  /** Remembers the address of a public object that was answered without credentials. */
  learn({ message, request, authenticated }: Exchange): void {
    if (authenticated.principal.kind !== 'anonymous' || request.method !== 'GET' || request.query.size > 0) return;
    if (request.key === '' || request.headers.has('authorization')) return;
    if (this.keys.size >= MAX_URLS) this.keys.clear();
    this.keys.set(addressOf(message), request.key);
  }

  private readyFor(meta: ObjectMeta): Ready {
    const known = this.ready.get(meta);
    if (known !== undefined) return known;
    const etag = `"${meta.etag}"`;
    const head = ['ETag', etag, 'Last-Modified', new Date(meta.modified).toUTCString(), 'Server', 'rekall-filestore'];
    const cacheControl = meta.headers['cache-control'];
    if (cacheControl !== undefined) head.push('Cache-Control', cacheControl);
    const made = { meta, etag, head };
    this.ready.set(meta, made);
    return made;
  }
}
