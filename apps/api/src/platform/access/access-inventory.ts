import { Injectable, type OnApplicationBootstrap, RequestMethod } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';
import { RESOLVER_NAME_METADATA, RESOLVER_PROPERTY_METADATA, RESOLVER_TYPE_METADATA } from '@nestjs/graphql';
import { ACCESS_METADATA, type AccessRule } from './access.decorator.js';

/** A route, or with the method GRAPHQL an operation or a field that has a resolver, such as `Query.hunts`. */
export interface InventoryRow {
  handler: string;
  method: string;
  path: string;
  rule: AccessRule | undefined;
}

/** Lists every handler of both doors at the start; one without an access rule stops the application. */
@Injectable()
export class AccessInventory implements OnApplicationBootstrap {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly reflector: Reflector,
  ) {}

  onApplicationBootstrap(): void {
    const open = [...this.rows(), ...this.fields()].filter((row) => row.rule === undefined);
    if (open.length > 0) {
      const names = open.map((row) => `${row.handler} (${row.method} ${row.path})`).join(', ');
      throw new Error(`refusing to start: no @Access or @Public on ${names}`);
    }
  }

  /** The GraphQL door's. */
  fields(): InventoryRow[] {
    return this.discovery.getProviders().flatMap(({ metatype }) => {
      if (typeof metatype !== 'function') return [];
      const prototype = metatype.prototype as Record<string, unknown> | undefined;
      if (prototype === undefined) return [];
      return this.scanner.getAllMethodNames(prototype).flatMap((name) => {
        const handler = prototype[name];
        if (typeof handler !== 'function') return [];
        const named = Reflect.getMetadata(RESOLVER_NAME_METADATA, handler) as string | undefined;
        const isField = Reflect.getMetadata(RESOLVER_PROPERTY_METADATA, handler) === true;
        const own = Reflect.getMetadata(RESOLVER_TYPE_METADATA, handler) as string | undefined;
        if (own === undefined && !isField) return [];
        const type = own ?? (Reflect.getMetadata(RESOLVER_TYPE_METADATA, metatype) as string);
        return [
          {
            handler: `${metatype.name}.${name}`,
            method: 'GRAPHQL',
            path: `${type}.${named ?? name}`,
            rule: this.reflector.get<AccessRule | undefined>(ACCESS_METADATA, handler as () => unknown),
          },
        ];
      });
    });
  }

  /** The routes. */
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
