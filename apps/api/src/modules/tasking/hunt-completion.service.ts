import { Injectable } from '@nestjs/common';
import { ALL_LABEL } from '#wire';
import { Clock } from '../../platform/clock/clock.js';
import { UnitOfWork } from '../../platform/prisma/unit-of-work.js';
import { type AnsweredHunt, HuntCompletionRepository } from './hunt-completion.repository.js';

const SEEN_MS = 30 * 86_400_000;
/** What took long is not asked again before so many times as long has gone by: a large fleet costs a small part of the time. */
const REST = 20;

/** Where the look through a hunt's target has come to. */
interface Look {
  /** A client that had not answered. */
  waitsFor: string;
  /** On the monotonic clock, milliseconds. */
  notBeforeMs: number;
}

/**
 * Which hunts every client of their target, seen in 30 days, has answered. A turn costs the same for ten clients and a
 * million: counters are asked first, and then one client that the hunt was waiting for when it was last looked at. Only
 * when that one has answered the look goes on from there; the whole target is gone through once in a hunt's life, and
 * again at its end.
 */
@Injectable()
export class HuntCompletion {
  private readonly looks = new Map<string, Look>();
  private counts: { by: Map<string, number>; asked: Set<string>; goodUntilMs: number } | undefined;

  constructor(
    private readonly repository: HuntCompletionRepository,
    private readonly work: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  /** Ids of those that are complete; of those given, or of all. */
  async complete(huntIds?: readonly string[]): Promise<string[]> {
    const hunts = await this.repository.answered(this.work.plain, huntIds);
    if (huntIds === undefined) {
      const running = new Set(hunts.map((h) => h.id));
      for (const id of this.looks.keys()) if (!running.has(id)) this.looks.delete(id);
    }
    const seenSince = new Date(this.clock.now().getTime() - SEEN_MS);
    const complete: string[] = [];
    for (const hunt of await this.withEnoughAnswers(hunts, seenSince))
      if (await this.allAnswered(hunt.id, seenSince)) complete.push(hunt.id);
    return complete;
  }

  /**
   * As many have answered as the largest label of the target has clients. Of a sample the counters say nothing. A count
   * that is a little old lets a hunt wait, or be looked at in vain; it completes none.
   */
  private async withEnoughAnswers(hunts: readonly AnsweredHunt[], seenSince: Date): Promise<AnsweredHunt[]> {
    const counted = hunts.filter((hunt) => !hunt.sampled);
    const counts = await this.registered(
      counted.flatMap((hunt) => labelsOf(hunt)),
      seenSince,
    );
    const least = (hunt: AnsweredHunt): number => Math.max(...labelsOf(hunt).map((label) => counts.get(label) ?? 0));
    return hunts.filter((hunt) => hunt.sampled || hunt.finals >= least(hunt));
  }

  private async registered(labels: readonly string[], seenSince: Date): Promise<Map<string, number>> {
    const startedMs = performance.now();
    const asked = new Set(labels);
    if (asked.size === 0) return new Map();
    const { counts } = this;
    if (counts !== undefined && startedMs < counts.goodUntilMs && labels.every((label) => counts.asked.has(label)))
      return counts.by;
    const by = await this.repository.registered(this.work.plain, [...asked], seenSince);
    this.counts = { by, asked, goodUntilMs: restUntil(startedMs) };
    return by;
  }

  private async allAnswered(huntId: string, seenSince: Date): Promise<boolean> {
    const startedMs = performance.now();
    const look = this.looks.get(huntId);
    const tx = this.work.plain;
    if (look !== undefined) {
      if (startedMs < look.notBeforeMs) return false;
      if (await this.repository.waitsFor(tx, huntId, seenSince, look.waitsFor)) return false;
    }
    const next =
      (look === undefined ? undefined : await this.repository.firstWaitedFor(tx, huntId, seenSince, look.waitsFor)) ??
      (await this.repository.firstWaitedFor(tx, huntId, seenSince, '')); // who came, or came back, since
    if (next === undefined) {
      this.looks.delete(huntId);
      return true;
    }
    this.looks.set(huntId, { waitsFor: next, notBeforeMs: restUntil(startedMs) });
    return false;
  }
}

const labelsOf = (hunt: AnsweredHunt): string[] => (hunt.labels.includes(ALL_LABEL) ? [ALL_LABEL] : hunt.labels);

const restUntil = (startedMs: number): number => {
  const nowMs = performance.now();
  return nowMs + (nowMs - startedMs) * REST;
};
