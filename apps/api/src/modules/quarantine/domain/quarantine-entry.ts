/** A ticket that was put aside. `clientId` comes from its path: it says whose name was used, not who sent it. */
export interface QuarantineEntry {
  id: bigint;
  at: Date;
  key: string;
  reason: string;
  detail: string;
  clientId: string | null;
  flowId: string | null;
  archiveKey: string | null;
}
