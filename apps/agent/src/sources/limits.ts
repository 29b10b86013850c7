/** Steps and time are the business of the flow's quota; what a query may hold in memory stays limited. */
export const LIMITS = { steps: Infinity, milliseconds: Infinity };
