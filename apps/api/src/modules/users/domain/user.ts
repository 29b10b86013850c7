import type { RoleName } from '../../../platform/access/permission.js';

/** A person, who signs in with a password, or a service account, which has API tokens only. */
export type UserKind = 'person' | 'service';

export interface User {
  id: string;
  name: string;
  kind: UserKind;
  email: string | null;
  hasPassword: boolean;
  createdAt: Date;
  disabledAt: Date | null;
}

/** What a user may do where, from when until when (null: for good). */
export interface Grant {
  id: string;
  userId: string;
  role: RoleName;
  scope: string;
  validFrom: Date;
  validUntil: Date | null;
  createdAt: Date;
  createdBy: string;
}
