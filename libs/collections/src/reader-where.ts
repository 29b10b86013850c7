import { conditionToSql, type ConditionPlan, parse } from '#efilter';
import type { ColumnShape, TableShape, WhereShape } from './protocol.js';
import { quoted } from './types.js';

/** How many values the SQL of a condition may bind; the statements around it bind a few more. */
export const MAX_CONDITION_VALUES = 50;

type CellSql = ReturnType<Parameters<typeof conditionToSql>[1]>;

/**
 * A cell as a condition sees it, in SQL: what is of another type than its column, or too large to be read, is NULL.
 * Undefined for what SQL would see otherwise: bytes are base64 there, json is what it says.
 */
const cellSql = ({ name, type }: ColumnShape, maxCellBytes: number): CellSql => {
  const cell = quoted(name);
  switch (type) {
    case 'int':
      return { sql: `(CASE WHEN typeof(${cell}) = 'integer' THEN ${cell} END)`, textless: true };
    case 'float':
    case 'epoch':
      return {
        sql: `(CASE WHEN typeof(${cell}) IN ('integer', 'real') AND ${cell} BETWEEN -1.7976931348623157e308 AND 1.7976931348623157e308 THEN ${cell} END)`,
        textless: true,
      };
    case 'bool':
      return { sql: `(CASE WHEN typeof(${cell}) = 'integer' AND ${cell} IN (0, 1) THEN ${cell} END)`, textless: true };
    case 'unicode':
      return {
        sql: `(CASE WHEN typeof(${cell}) = 'text' AND octet_length(${cell}) <= ${maxCellBytes} THEN ${cell} END)`,
      };
    case 'bytes':
    case 'json':
      return undefined;
  }
};

/** A condition in two parts: the first decides in SQL, the rest is evaluated for the rows that remain. */
export const planOf = (where: WhereShape, { columns }: TableShape, maxCellBytes: number): ConditionPlan => {
  const cells = new Map(
    columns.filter(({ as }) => !Object.hasOwn(where.members, as)).map((column) => [column.as, column]),
  );
  return conditionToSql(
    parse(where.clause, where.params),
    (name) => {
      const column = cells.get(name);
      return column === undefined ? undefined : cellSql(column, maxCellBytes);
    },
    MAX_CONDITION_VALUES,
  );
};
