/** etcd's JSON: bytes as base64, 64-bit numbers as strings, defaults left out. */
import type { Pair, Text } from './driver.js';

export type Json = Record<string, unknown>;

export const bytes = (text: Text | undefined): string => Buffer.from(text ?? '', 'latin1').toString('base64');
export const text = (base64: unknown): Text =>
  Buffer.from(typeof base64 === 'string' ? base64 : '', 'base64').toString('latin1');
export const number = (value: unknown): number => Number(value ?? 0);
export const list = (value: unknown): Json[] => (Array.isArray(value) ? (value as Json[]) : []);
export const object = (value: unknown): Json => (typeof value === 'object' && value !== null ? (value as Json) : {});

export const pair = (kv: Json): Pair => ({
  key: text(kv['key']),
  value: text(kv['value']),
  create_revision: number(kv['create_revision']),
  mod_revision: number(kv['mod_revision']),
  version: number(kv['version']),
  lease: BigInt((kv['lease'] as string | undefined) ?? 0),
});
