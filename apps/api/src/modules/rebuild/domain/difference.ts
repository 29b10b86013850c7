/** A counter that is not what the runs say. */
export interface Difference {
  flowId: string;
  counter: string;
  kept: string;
  counted: string;
}
