import { Injectable, type OnApplicationBootstrap, RequestMethod } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';
import { ACCESS_METADATA, type AccessRule } from './access.decorator.js';

export interface InventoryRow {
  handler: string;
  method: string;
  path: string;
  rule: AccessRule | undefined;
}

/** Lists every route handler at the start; one without an access rule stops the application. */
@Injectable()
export class AccessInventory implements OnApplicationBootstrap {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly reflector: Reflector,
  ) {}

  onApplicationBootstrap(): void {
    const open = this.rows().filter((row) => row.rule === undefined);
    if (open.length > 0) {
      const names = open.map((row) => `${row.handler} (${row.method} ${row.path})`).join(', ');
      throw new Error(`refusing to start: no @Access or @Public on ${names}`);
    }
  }

  rows(): InventoryRow[] {
    return this.discovery.getControllers().flatMap((wrapper) => {
      const { metatype } = wrapper;
      if (typeof metatype !== 'function') return [];
      const prototype = metatype.prototype as Record<string, unknown>;
      const base = String(Reflect.getMetadata(PATH_METADATA, metatype) ?? '');
      return this.scanner.getAllMethodNames(prototype).flatMap((name) => {
        const handler = prototype[name];
        if (typeof handler !== 'function') return [];
        const path = Reflect.getMetadata(PATH_METADATA, handler) as string | string[] | undefined;
        if (path === undefined) return [];
        const method =
          RequestMethod[(Reflect.getMetadata(METHOD_METADATA, handler) as number | undefined) ?? 0] ?? 'GET';
        const paths = Array.isArray(path) ? path : [path];
        return paths.map((p) => ({
          handler: `${metatype.name}.${name}`,
          method,
          path: `/${base}/${p}`.replace(/\/+/g, '/').replace(/(.)\/$/, '$1'),
          rule: this.reflector.get<AccessRule | undefined>(ACCESS_METADATA, handler as () => unknown),
        }));
      });
    });
  }
}
