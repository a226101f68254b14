/** ClickHouse's SQL as the editor knows it. */
import { SQLDialect } from '@codemirror/lang-sql';

const KEYWORDS =
  'select from where group by having order limit offset as with and or not in is null like ilike between case when then else end join inner left right full outer cross any all asof semi anti on using union distinct except intersect array prewhere sample final settings format interval asc desc nulls first last fill to step rollup cube totals grouping sets window over partition rows range preceding following unbounded current row explain describe show tables databases create table exists global qualify interpolate';

const TYPES =
  'UInt8 UInt16 UInt32 UInt64 UInt128 UInt256 Int8 Int16 Int32 Int64 Int128 Int256 Float32 Float64 Decimal String FixedString Date Date32 DateTime DateTime64 Bool UUID IPv4 IPv6 Array Tuple Map Nullable LowCardinality Enum8 Enum16 JSON';

export const clickhouse = SQLDialect.define({
  keywords: KEYWORDS,
  types: TYPES.toLowerCase(),
  identifierQuotes: '`"',
  backslashEscapes: true,
  hashComments: true,
  charSetCasts: false,
  doubleDollarQuotedStrings: false,
  operatorChars: '*+-%<>!=&|~^/?:',
});
