/** What a NATS service says of itself (`$SRV.INFO`), where it is a member of a Quorate cluster. */
import { toText } from '../machines/language/bytes.js';

/** What it does not say is missing. */
export interface MemberInfo {
  readonly cluster?: string;
  readonly cluster_id?: string;
  readonly member?: string;
}

/** Empty where these are somebody else's words. */
export function readMemberInfo(data: Uint8Array): MemberInfo {
  try {
    const { metadata } = JSON.parse(toText(data) ?? '') as { metadata?: Record<string, unknown> };
    const told = Object.entries(metadata ?? {}).filter(([, value]) => typeof value === 'string');
    return Object.fromEntries(told);
  } catch {
    return {};
  }
}
