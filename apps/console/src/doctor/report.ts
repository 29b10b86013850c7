/** How a check ended. */
export type Verdict = 'ok' | 'warn' | 'FAIL';

/** One thing that was looked at. */
export interface Finding {
  verdict: Verdict;
  /** What should hold. */
  what: string;
  /** What was seen. */
  seen: string;
  /** What to do about it, as commands or sentences. */
  todo: string[];
}

/** Collects findings in the order in which they are made. */
export class Report {
  readonly findings: Finding[] = [];

  /** Takes note of a check. @param todo what to do when it does not hold */
  note(what: string, holds: boolean, seen: string, todo: string[], severity: 'warn' | 'FAIL' = 'FAIL'): void {
    this.findings.push({ what, seen, verdict: holds ? 'ok' : severity, todo: holds ? [] : todo });
  }

  get failed(): boolean {
    return this.findings.some(({ verdict }) => verdict === 'FAIL');
  }
}
