/** Ways of querying that this agent offers; of an action's queries the first whose mode is here is run. */
export const MODES: readonly string[] = ['mode_live', 'mode_live_api', 'mode_agent', `mode_${process.platform}`];
