/** Injection tokens of the parsed environment. A root provides the one of its role; `COMMON_CONFIG` is always there. */
export const COMMON_CONFIG = Symbol('COMMON_CONFIG');
export const HTTP_CONFIG = Symbol('HTTP_CONFIG');
export const WORKER_CONFIG = Symbol('WORKER_CONFIG');
